"""A provider with faults, each at an address of its own: what a conformance test must find, and must name by the right case.

    wrong.py    listens on a free port of loopback and says so; /Provider.asmx is right, /NAME/Provider.asmx has the fault of that name

A fault is a class below: its name in small letters with hyphens, what is wrong in its first line, and the one step of the service that it
does wrongly. Those in odd.py are served the same way.
"""

import html
import re
import threading
import time

import odd
from description import escape
from provider import ENVELOPES, NAMESPACE, TYPES, Fault, Service, named
from wire import Handler, Response, Server, head


class ResultNamespace(Service):
    """The result is in the namespace of another service."""

    def write(self, operation, result):
        return super().write(operation, result).replace(f'xmlns="{NAMESPACE}"', 'xmlns="http://example.com/"')


class AnswerInSoap11(Service):
    """A call in SOAP 1.2 is answered in SOAP 1.1."""

    def encode(self, element, version, status):
        return super().encode(element, "1.1", status)

    def write_fault(self, fault, version):
        return super().write_fault(fault, "1.1")


class Charset(Service):
    """The answer does not say its charset, though it holds characters beyond ASCII."""

    def encode(self, *arguments):
        response = super().encode(*arguments)
        response.content_type = response.content_type.partition(";")[0]
        return response


class WrongCharset(Service):
    """The answer says that it is UTF-8, and is ISO 8859-1."""

    def encode(self, *arguments):
        response = super().encode(*arguments)
        response.body = response.body.decode().encode("latin-1")
        return response


class Boolean(Service):
    """Success is True or False, as .NET prints it, and not as XML has it."""

    def write(self, operation, result):
        return re.sub("<Success>(.)", lambda found: f"<Success>{found[1].upper()}", super().write(operation, result))


class JoinedOutputs(Service):
    """All outputs are one string."""

    def call(self, operation, entries):
        result = super().call(operation, entries)
        result.outputs = ["&".join(result.outputs)] if result.outputs else []
        return result


class SmallKeys(Service):
    """The keys of outputs are in small letters."""

    def call(self, operation, entries):
        result = super().call(operation, entries)
        result.outputs = [key.lower() + "=" + value for key, _, value in (output.partition("=") for output in result.outputs)]
        return result


class EqualsSign(Service):
    """A value that holds '=' cannot be read."""

    def variables(self, entries):
        variables = super().variables(entries)
        if any("=" in value for value in variables.values()):
            raise Fault("Server", "Server was unable to process request. ---> Index was outside the bounds of the array.")
        return variables


class UnknownVariable(Service):
    """A variable that the contract does not have is refused."""

    known = ("authpw loginusername loginpassword departmentname location interactiontype emailfrom subject ticketnumber eventname "
             "emailaddress displayname").split()

    def variables(self, entries):
        variables = super().variables(entries)
        for key in variables:
            if key.lower() not in self.known and key[:3].lower() != "cf_":
                raise Fault("Server", f"Server was unable to process request. ---> The given key '{key}' was not present in the dictionary.")
        return variables


class Dropped(Service):
    """A variable that the contract does not have is dropped before anybody sees it."""

    def route(self, *arguments):
        operation, entries = super().route(*arguments)
        kept = lambda key: key.lower() in (*UnknownVariable.known, "diagnostic") or key[:3].lower() == "cf_"
        return operation, entries and [entry for entry in entries if entry is None or kept(entry.partition("=")[0])]


class Trimmed(Service):
    """White space at the ends of a value is taken off."""

    def route(self, *arguments):
        operation, entries = super().route(*arguments)
        return operation, entries and [entry and entry.strip() for entry in entries]


class Misread(Service):
    """A request in UTF-8 is read as ISO 8859-1."""

    def route(self, *arguments):
        operation, entries = super().route(*arguments)
        return operation, entries and [entry and entry.encode().decode("latin-1") for entry in entries]


class TwiceRead(Service):
    """Entities are read twice, so that &amp;lt; becomes a bracket."""

    def route(self, *arguments):
        operation, entries = super().route(*arguments)
        return operation, entries and [entry and html.unescape(entry) for entry in entries]


class FirstDuplicate(Service):
    """Of variables with the same key, the first one counts."""

    def variables(self, entries):
        return {**super().variables(list(reversed(entries)) if entries else entries)}


class EmptyList(Service):
    """An empty list is left out."""

    def write(self, operation, result):
        return super().write(operation, result).replace("<OutputVariables />", "").replace("<CustomFieldDataItems />", "")


class AnyPassword(Service):
    """A wrong web service password lets in."""

    def permitted(self, operation, variables):
        return True


class NoPassword(Service):
    """A call without a web service password is let in."""

    def permitted(self, operation, variables):
        return "authPW" not in variables or super().permitted(operation, variables)


class PasswordFault(Service):
    """A wrong web service password is answered with a fault."""

    def permitted(self, operation, variables):
        if not super().permitted(operation, variables):
            raise Fault("Server", "Server was unable to process request. ---> Permission Denied")
        return True


class CustomFieldCase(Service):
    """A custom field is known by 'cf_' alone, and 'CF_' makes a fault."""

    def variables(self, entries):
        variables = super().variables(entries)
        if any(key[:3].lower() == "cf_" and key[:3] != "cf_" for key in variables):
            raise Fault("Server", "Server was unable to process request. ---> The given key was not present in the dictionary.")
        return variables


class Chunks(Service):
    """The answer comes in chunks, and one says a wrong length."""

    def send(self, send, response, keep_alive):
        body = response.body
        send(head(response, ["Transfer-Encoding: chunked"], keep_alive) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) // 2, body))
        return False


class SilentClose(Service):
    """The connection is closed after each answer, and the answer does not say so."""

    def send(self, send, response, keep_alive):
        super().send(send, response, keep_alive)
        return False


class Expect(Service):
    """'Expect: 100-continue' is not answered."""

    def proceed(self, send):
        pass


class Together(Service):
    """Of two calls at a time, one is answered with what the other asked."""

    last, lock = None, threading.Lock()

    def call(self, operation, entries):
        with Together.lock:
            Together.last = entries
        time.sleep(0.1)
        return super().call(operation, Together.last)


class Page(Service):
    """A refusal is a page, with status 200."""

    def call(self, operation, entries):
        result = super().call(operation, entries)
        if not result.success:
            raise Sent(Response(200, "text/html; charset=utf-8", b"<html><title>Sign in</title><p>Please sign in.</html>"))
        return result

    def soap(self, request):
        try:
            return super().soap(request)
        except Sent as sent:
            return sent.args[0]


class Sent(Exception):
    """A response in place of all that would follow."""


class EmptyFault(Service):
    """In place of a fault comes status 200 and an empty body."""

    def soap(self, request):
        response = super().soap(request)
        return Response(200, response.content_type) if response.status == 500 else response


class Fault200(Service):
    """A fault has status 200."""

    def soap(self, request):
        response = super().soap(request)
        response.status = 200 if response.status == 500 else response.status
        return response


class TwiceEscaped(Service):
    """Texts are escaped twice."""

    def call(self, operation, entries):
        result = super().call(operation, entries)
        result.outputs = [escape(output) for output in result.outputs]
        for item in result.items or []:
            item["options"] = [escape(option) for option in item["options"]]
        return result

    def write_fault(self, fault, version):
        return super().write_fault(Fault(fault.code, escape(fault.text), fault.detail), version)


class NotEscaped(Service):
    """Texts are not escaped."""

    def encode(self, element, version, status):
        for escaped, text in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            element = element.replace(escaped, text)
        return super().encode(element, version, status)


class Characters(Service):
    """A character that XML cannot hold is written as a reference, as .NET does."""

    def write(self, operation, result):
        return super().write(operation, result).replace("</Message>", "&#x1;</Message>")


class ContentLength(Service):
    """Content-Length is longer than the answer."""

    def send(self, send, response, keep_alive):
        send(head(response, [f"Content-Length: {len(response.body) + 16}"], keep_alive) + response.body)
        return False


class Slow(Service):
    """An answer takes longer than anybody waits."""

    def soap(self, request):
        time.sleep(60)
        return super().soap(request)


class Address(Service):
    """The WSDL names an address that nobody reaches."""

    def wsdl(self, address):
        return super().wsdl("http://127.0.0.1:9/Provider.asmx")


class NoDescription(Service):
    """There is no WSDL."""

    def respond(self, request):
        return Response(404) if request.method == "GET" else super().respond(request)


class AnyAction(Service):
    """An action that no operation has is taken for the operation of the body."""

    def route(self, root, action, version):
        return super().route(root, action if action and action.strip('"') in self.actions() else None, version)

    def actions(self):
        return [NAMESPACE + name for name in ("Authenticate", "GetSignInCookieInfo", "GetCustomFieldOptions", "StartTicket", "StartChat")]


class NoAction(Service):
    """A call without SOAPAction is refused."""

    def route(self, root, action, version):
        return super().route(root, "" if action is None and version == "1.1" else action, version)


class AnyType(Service):
    """Any content type is taken for text/xml."""

    def soap(self, request):
        if not (request.header("content-type") or "").startswith(tuple(TYPES.values())):
            request.headers.append(("Content-Type", "text/xml; charset=utf-8"))
        return super().soap(request)


class MustUnderstand(Service):
    """A header that must be understood is not looked at."""

    def route(self, root, action, version):
        root.children = [child for child in root.children if child.name != named("Header", ENVELOPES[version])]
        return super().route(root, action, version)


class NamespaceBlind(Service):
    """Elements are known by their names without a namespace: another one's call is answered."""

    def route(self, root, action, version):
        def rename(element):
            element.name = named(element.name.rpartition(" ")[2])
            for child in element.children:
                rename(child)

        for child in root.child(named("Body", ENVELOPES[version])).children if root.child(named("Body", ENVELOPES[version])) else []:
            rename(child)
        return super().route(root, action, version)


def hyphened(name):
    return re.sub("(?<=.)([A-Z])", r"-\1", name).lower()


FAULTS = {hyphened(kind.__name__): kind for kind in Service.__subclasses__()}
ODD = [name for name, kind in FAULTS.items() if kind.__module__ == odd.__name__]


class Wrong(Server):
    def service(self, request):
        first = request.path.strip("/").partition("/")[0].lower()
        return FAULTS.get(first, Service)()


if __name__ == "__main__":
    with Wrong(("127.0.0.1", 0), Handler) as server:
        print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
