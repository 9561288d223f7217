"""A small provider as the contract and ASMX have it, which wrong.py can spoil anywhere.

All operations are those of the class at /Provider.asmx, in both SOAP versions; what they answer is near wsdl/SAMPLE.md, with characters that
must be escaped or are not ASCII; a variable diagnostic=echo has them all said back. Python's library alone.
"""

import html
import os
import re
import xml.parsers.expat
from dataclasses import dataclass, field
from urllib.parse import unquote

import description
from description import FLAGS, escape
from wire import Response, head

NAMESPACE = "http://tempuri.org/"
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NULL_REFERENCE = "Server was unable to process request. ---> Object reference not set to an instance of an object."
NO_EQUALS_SIGN = "Server was unable to process request. ---> Index was outside the bounds of the array."
LIMIT = 4096 * 1024
USER, USER_PASSWORD, EMAIL, NAME = "myusername", "mypassword", "myusername@example.com", "Jörg Müßig & Söhne <GmbH>"
PASSWORD = os.environ.get("INTEROP_PASSWORD", "s3cret")


@dataclass
class Result:
    success: bool = False
    message: str = "Permission Denied"
    outputs: list = field(default_factory=list)
    items: list = None


class Fault(Exception):
    """A SOAP fault: the code in the words of SOAP 1.1."""

    def __init__(self, code, text, detail=True):
        super().__init__(text)
        self.code, self.text, self.detail = code, text, detail


class Element:
    def __init__(self, name, attributes):
        self.name, self.attributes, self.text, self.children, self.markup = name, attributes, "", [], False

    def child(self, *names):
        return next((child for child in self.children if child.name in names), None)

    def is_nil(self):
        return self.attributes.get(XSI + " nil") in ("true", "1")


def parse(text):
    """The root of a document; ValueError for what ASMX's reader rejects."""
    root = Element("", {})
    open_elements = [root]

    def start(name, attributes):
        open_elements[-1].markup = True
        element = Element(name, attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def characters(data):
        open_elements[-1].text += data

    def markup(*_):
        open_elements[-1].markup = True

    def doctype(*_):
        raise ValueError("a DTD")

    parser = xml.parsers.expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, lambda _: open_elements.pop()
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    parser.CommentHandler = parser.ProcessingInstructionHandler = markup
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except xml.parsers.expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return root.children[0]


def named(name, namespace=NAMESPACE):
    return f"{namespace} {name}"


def media_type(header):
    """The type, and its parameters with quotes and white space off, as .NET takes them."""
    parts = [part.strip() for part in (header or "").split(";")]
    pairs = [part.split("=", 1) for part in parts[1:] if "=" in part]
    return parts[0].lower(), {key.strip().lower(): value.strip(" \t\"'") for key, value in pairs}


def decode(body, charset):
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark):].decode(encoding, "replace")
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("ascii", "replace").replace("\ufffd", "?")


class Service:
    """Handles what comes to one address. Each step is a method, so that it can be done wrongly."""

    namespace = NAMESPACE

    def respond(self, request):
        path, query = request.path.lower(), unquote(request.query).lower()
        if not re.search(r"/provider\.asmx(/|$)", path):
            return Response(404, "text/html; charset=utf-8", b"<html><title>The resource cannot be found.</title></html>")
        if request.method not in ("GET", "POST"):
            return Response(405, "text/html; charset=utf-8", b"<html><title>Method Not Allowed</title></html>", ["Allow: GET, POST"])
        if not path.endswith("/provider.asmx"):
            last = html.escape(request.path[request.path.rindex("/"):])
            text = f"<html><title>Request format is unrecognized for URL unexpectedly ending in '{last}'.</title></html>"
            return Response(500, "text/html; charset=utf-8", text.encode())
        if request.method == "POST":
            return self.soap(request)
        address = f"http://{request.header('host')}{request.path}"
        if query == "wsdl":
            return Response(200, "text/xml; charset=utf-8", self.wsdl(address).encode())
        if query == "disco":
            return Response(200, "text/xml; charset=utf-8", description.disco(address, self.namespace).encode())
        return Response(200, "text/html; charset=utf-8", self.page(query).encode())

    def page(self, query):
        operation = next((name for name in OPERATIONS if query == f"op={name.lower()}"), None)
        what = f"<h2>{operation}</h2><pre>POST … SOAPAction: {self.namespace}{operation}</pre>" if operation else "".join(
            f'<li><a href="?op={name}">{name}</a></li>' for name in OPERATIONS)
        return f'<html><title>Provider Web Service</title><p><a href="?WSDL">Service Description</a></p>{what}</html>'

    def wsdl(self, address):
        return description.wsdl(address, self.namespace, {name: word for name, (word, _, _) in OPERATIONS.items()})

    def soap(self, request):
        kind, parameters = media_type(request.header("content-type"))
        if kind not in TYPES.values():
            return Response(415)
        version = "1.1" if kind == TYPES["1.1"] else "1.2"
        action = request.header("soapaction") if version == "1.1" else None
        charset = parameters.get("charset", "ascii" if version == "1.1" else "utf-8").lower()
        try:
            if len(request.body) > LIMIT:
                raise Fault("Server", "Server was unable to process request. ---> Maximum request length exceeded.")
            try:
                if not request.body and action is None and version == "1.1":
                    version = "1.2"
                    raise Fault("Server", "Server was unable to process request. ---> Root element is missing.")
                root = parse(decode(request.body, charset))
            except ValueError:
                return Response(400, f"{TYPES[version]}; charset=utf-8")
            found = next((key for key, value in ENVELOPES.items() if root.name == named("Envelope", value)), None)
            if found is None:
                raise Fault("VersionMismatch", "Possible SOAP version mismatch: Envelope namespace "
                            f"{root.name.rpartition(' ')[0]} was unexpected. Expecting {ENVELOPES['1.1']}.", False)
            if version == "1.2" and found == "1.1":
                return Response(415)
            version = found
            operation, inputs = self.route(root, action, version)
            return self.encode(self.write(operation, self.call(operation, inputs)), version, 200)
        except Fault as fault:
            return self.encode(self.write_fault(fault, version), version, 500)
        except ValueError:
            return Response(400, f"{TYPES[version]}; charset=utf-8")

    def route(self, root, action, version):
        """The operation, and its variables: None is no inputs at all."""
        soap = ENVELOPES[version]
        header, body = root.child(named("Header", soap)), root.child(named("Body", soap))
        for block in header.children if header else []:
            if block.attributes.get(soap + " mustUnderstand") in ("1", "true"):
                raise Fault("MustUnderstand", f"SOAP header {block.name.rpartition(' ')[2]} was not understood.", False)
        if body is None:
            raise Fault("Client", "Server was unable to read request. ---> Request format is invalid: Missing required soap:Body element.")
        first = body.children[0] if body.children else Element("", {})
        if action is None:
            operation = next((name for name in OPERATIONS if first.name == named(name, self.namespace)), None)
            if operation is None:
                raise Fault("Client", "Unable to handle request without a valid action parameter. Please supply a valid soap action.")
        else:
            shown = unquote(action.strip('"') if action.startswith('"') and action.endswith('"') and len(action) > 1 else action)
            operation = next((name for name in OPERATIONS if shown == f"{self.namespace}{name}"), None)
            if operation is None:
                raise Fault("Client", f"Server did not recognize the value of HTTP Header SOAPAction: {shown}.")
        inputs = first.child(named("inputs", self.namespace)) if first.name == named(operation, self.namespace) else None
        if inputs is None:
            return operation, None
        if inputs.is_nil():
            return operation, []
        entries = [entry for variables in inputs.children if variables.name == named("InputVariables", self.namespace) and not variables.is_nil()
                   for entry in variables.children if entry.name == named("string", self.namespace)]
        if any(entry.markup for entry in entries):
            raise ValueError("markup in a string")
        return operation, [None if entry.is_nil() else entry.text for entry in entries]

    def variables(self, entries):
        if entries is None or None in entries:
            raise Fault("Server", NULL_REFERENCE)
        if any("=" not in entry for entry in entries):
            raise Fault("Server", NO_EQUALS_SIGN)
        return {key: value for key, _, value in (entry.partition("=") for entry in entries)}

    def permitted(self, operation, variables):
        return variables.get("authPW") == PASSWORD

    def call(self, operation, entries):
        result = Result(items=[] if operation == "GetCustomFieldOptions" else None)
        if "diagnostic=echo" in (entries or []):
            result.success, result.message, result.outputs = True, f"echo {operation}", list(entries)
            return result
        variables = self.variables(entries)
        if not self.permitted(operation, variables):
            return result
        result.message = "Required Input Missing"
        _, required, answer = OPERATIONS[operation]
        if all(any(variables.get(name) for name in names.split(" or ")) for names in required):
            result.success = True
            result.message, result.outputs = answer(variables, result)
        return result

    def write(self, operation, result):
        """The body's element."""
        inside = write_result(result)
        return f'<{operation}Response xmlns="{self.namespace}"><{operation}Result>{inside}</{operation}Result></{operation}Response>'

    def write_fault(self, fault, version):
        text = escape(fault.text)
        if version == "1.2":
            code = {"Client": "Sender", "Server": "Receiver"}.get(fault.code, fault.code)
            detail = "<soap:Detail />" if fault.detail else ""
            return (f'<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">{text}'
                    f"</soap:Text></soap:Reason>{detail}</soap:Fault>")
        detail = "<detail />" if fault.detail else ""
        return f"<soap:Fault><faultcode>soap:{fault.code}</faultcode><faultstring>{text}</faultstring>{detail}</soap:Fault>"

    def encode(self, element, version, status):
        envelope = (f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPES[version]}" xmlns:xsi="{XSI}" '
                    f'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>{element}</soap:Body></soap:Envelope>')
        return Response(status, f"{TYPES[version]}; charset=utf-8", envelope.encode())

    def proceed(self, send):
        """Answers `Expect: 100-continue`."""
        send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def send(self, send, response, keep_alive):
        """Whether the connection stays open."""
        send(head(response, [f"Content-Length: {len(response.body)}"], keep_alive) + response.body)
        return keep_alive


def write_text(name, value):
    return "" if value is None else f"<{name}>{escape(value)}</{name}>" if value else f"<{name} />"


def write_list(name, values):
    if not values:
        return "" if values is None else f"<{name} />"
    entries = "".join('<string xsi:nil="true" />' if value is None else write_text("string", value) for value in values)
    return f"<{name}>{entries}</{name}>"


def write_result(result):
    success = "true" if result.success else "false"
    xml = f"<Success>{success}</Success>{write_text('Message', result.message)}{write_list('OutputVariables', result.outputs)}"
    if result.items is not None:
        items = "".join(f"<ExternalCustomFieldData>{write_item(item)}</ExternalCustomFieldData>" for item in result.items)
        xml += f"<CustomFieldDataItems>{items}</CustomFieldDataItems>" if items else "<CustomFieldDataItems />"
    return xml


def write_item(item):
    flags = [f"<{flag}>{'true' if flag in item['true'] else 'false'}</{flag}>" for flag in FLAGS]
    return write_text("CustomFieldName", item["name"]) + "".join(flags[:5]) + write_list("ListOptions", item.get("options")) + flags[5]


def sign_in(known):
    if not known:
        return "Login Failure", ["Authentication=FAIL"]
    return "Login Successful", ["Authentication=OK", f"EmailAddress={EMAIL}", f"DisplayName={NAME}"]


def custom_fields(variables, result):
    department = variables.get("departmentName", "")
    page_one = variables.get("location", "").upper() == "PRE"
    ticket = ["NewRequiredValue"] if variables.get("interactiontype", "TICKET").upper() == "TICKET" else []
    if department.startswith("Sales"):
        result.items.append({"name": "Product", "true": ["ChangeVisible", "NewVisibleValue", "ChangeRequired", "ChangeListOptions", *ticket],
                             "options": ["Small Box", "Große Kiste", "Box & Sons <special>"]})
    result.items.append({"name": "Notes", "true": ["ChangeVisible"] + ([] if page_one else ["NewVisibleValue"]), "options": []})
    return "Custom Fields Loaded", ["CanStartTickets=True", "CanStartChats=True"]


def start(decision, allowed, refused):
    def answer(variables, _):
        if variables.get("emailFrom", "").lower().startswith("outoftickets"):
            return refused, [f"{decision}=FALSE"]
        fields = {key[3:]: value for key, value in variables.items() if key[:3].lower() == "cf_" and len(key) > 3}
        down = any("server down" in value.lower() for value in fields.values())
        return allowed, [f"{decision}=TRUE"] + (["departmentName=Emergency Department", "cf_Priority=Critical"] if down else [])

    return answer


def user_info(variables, _):
    if variables["emailFrom"] == EMAIL:
        return "User Found", ["UserFound=TRUE", f"DisplayName={NAME}", "Plan=Gold"]
    return "User Not Found", ["UserFound=FALSE"]


def register(variables, _):
    if variables["loginUsername"] == USER:
        return "User Exists", ["Registration=FAIL"]
    return "User Registered", ["Registration=OK", f"loginUsername={variables['loginUsername']}"]


# The type's word, the required variables, and the answer: its message and outputs.
OPERATIONS = {
    "Authenticate": ("Login", ["loginUsername", "loginPassword"],
                     lambda v, _: sign_in((v["loginUsername"], v["loginPassword"]) == (USER, USER_PASSWORD))),
    "GetSignInCookieInfo": ("Login", ["loginUsername"], lambda v, _: sign_in(v["loginUsername"] == USER)),
    "GetCustomFieldOptions": ("CustomField", [], custom_fields),
    "StartTicket": ("Ticket", ["departmentName", "loginUsername or emailFrom"], start("TicketCreation", "Ticket Allowed", "Out of tickets")),
    "StartChat": ("Chat", ["departmentName", "loginUsername or emailFrom"], start("ChatCreation", "Chat Allowed", "Out of chats")),
    "GetUserInfo": ("UserInfo", ["emailFrom"], user_info),
    "HandleEvent": ("Event", ["eventName"], lambda v, _: ("Event Handled", [f"eventName={v['eventName']}"])),
    "RegisterUser": ("Registration", ["loginUsername", "loginPassword"], register),
}
