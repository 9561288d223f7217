"""How real providers answer that are odd (wsdl/CONTRACT.md, section 3). See wrong.py, which serves them."""

from provider import PASSWORD, Fault, Result, Service, sign_in


class LoginFailureToAll(Service):
    """Everything is answered 'true, Login Failure, FAIL', whatever the web service password."""

    def call(self, operation, entries):
        self.variables(entries)
        return Result(True, *sign_in(False))


class PasswordForEach(Service):
    """Each operation has a web service password of its own; Authenticate has the one that is set."""

    def permitted(self, operation, variables):
        return variables.get("authPW") == (PASSWORD if operation == "Authenticate" else f"{PASSWORD} of {operation}")


class DirectoryDown(Service):
    """A directory that is down looks like a wrong password of the user."""

    def call(self, operation, entries):
        result = super().call(operation, entries)
        return Result(True, *sign_in(False)) if operation == "Authenticate" and result.success else result


class OptionsFault(Service):
    """GetCustomFieldOptions faults always."""

    def permitted(self, operation, variables):
        if operation == "GetCustomFieldOptions":
            raise Fault("Server", "Server was unable to process request. ---> Object reference not set to an instance of an object.")
        return super().permitted(operation, variables)


class Stack(Service):
    """Faults carry exception types and a stack over many lines (customErrors is Off)."""

    def write_fault(self, fault, version):
        first, *inner = fault.text.split(" ---> ")
        text = f"System.Web.Services.Protocols.SoapException: {first} ---> System.Exception: {': '.join(inner) or first}"
        lines = [text, "   at Provider.Authenticate(ExternalLoginProviderInputs inputs)", "   --- End of inner exception stack trace ---"]
        return super().write_fault(Fault(fault.code, "\n".join(lines), fault.detail), version)
