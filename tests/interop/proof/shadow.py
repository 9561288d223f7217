"""Shadows a real old service with new ones: our host, the old one with changes, a provider's file, and services in trouble. See shadow.sh.

    shadow.py TOOL FOLDER OLD    FOLDER has Mixed.exe and its proxies; OLD is the C# service's origin
"""

import base64
import html
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

from description import escape
from provider import NAMESPACE

HERE = Path(__file__).resolve().parent
PASSWORD = os.environ["INTEROP_PASSWORD"]
# What Mixed.cs sends and nobody may find again.
SECRETS = [PASSWORD, "mypassword", "verkehrt & <dienst>", "falsch & <böse>", "geheim & <im Feld>"]
CHANGES = [word for name in ("StartTicket", "StartChat", "HandleEvent", "RegisterUser") for word in ("--allow-changes", name)]

# What must be found where Alteration.cs changes an answer: the operation, and all parts that may be named.
ALTERATIONS = {
    "success": ("GetUserInfo", {"Success"}),
    "message": ("GetSignInCookieInfo", {"Message"}),
    "output-value": ("Authenticate", {"output EmailAddress"}),
    "output-missing": ("Authenticate", {"output DisplayName"}),
    "output-added": ("StartTicket", {"output cf_Plan"}),
    "order": ("GetUserInfo", {"order of outputs"}),
    "field-visible": ("GetCustomFieldOptions", {"field Notes: NewVisibleValue"}),
    "list-options": ("GetCustomFieldOptions", {"field Server: ListOptions", "field Product: ListOptions"}),
    "fault": ("StartChat", {"a fault in place of a result"}),
    "fault-text": ("HandleEvent", {"fault reason"}),
}


class Rig:
    def __init__(self, tool, folder, old):
        self.tool, self.folder, self.old = tool, Path(folder), old
        self.processes, self.shadows, self.results, self.number = [], [], [], 0
        for left in ("kept", "logs"):
            shutil.rmtree(self.folder / left, ignore_errors=True)
        (self.folder / "logs").mkdir()

    def expect(self, what, expected, got):
        wrong = "" if expected == got else f": expected {expected}, got {got}"
        print(f"{'FAIL' if wrong else 'ok  '} {what}{wrong}", flush=True)
        self.results.append(not wrong)

    def start(self, *command, environment=None):
        """A process, and the URL at which it says that it listens."""
        self.number += 1
        log = self.folder / "logs" / f"{self.number}"
        with open(f"{log}.out", "wb") as out, open(f"{log}.err", "wb") as err:
            process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        process.log = log
        self.processes.append(process)
        deadline = time.monotonic() + 30
        while not (found := re.search(r"^listening on (http:[^\s,]*)", Path(f"{log}.out").read_text("utf-8"), re.M)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command} did not start: {Path(f'{log}.err').read_text('utf-8')}")
            time.sleep(0.02)
        return process, found[1]

    def peer(self, *arguments):
        return self.start(sys.executable, HERE / "peers.py", *map(str, arguments))[1]

    def shadow(self, *options, upstream=None, report=None, **more):
        report = report or self.folder / "logs" / f"{self.number + 1}.json"
        process, url = self.start(self.tool, "shadow", "--upstream", upstream or self.old, "--listen", "127.0.0.1:0", "--report", report, *options, **more)
        process.report = report
        self.shadows.append(process)
        return process, url

    def mixed(self, url, calls):
        """What the .NET client was answered, a line for each call."""
        command = ["mono", self.folder / "Mixed.exe", url, str(calls)]
        done = subprocess.run(command, env={**os.environ, "LC_ALL": "en_US.UTF-8"}, capture_output=True, text=True, encoding="utf-8")
        if done.returncode:
            raise SystemExit(f"Mixed.exe: {done.stdout[-500:]}{done.stderr}")
        return done.stdout

    def end(self, process, told=True):
        """The exit code, and the report."""
        if told:
            process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        report = json.loads(process.report.read_text("utf-8"))
        uncompared = sum(reason["count"] for reason in report["notCompared"])
        if report["calls"] != report["compared"] + uncompared + report["dropped"]:
            self.expect("every call is accounted for", report["calls"], (report["compared"], uncompared, report["dropped"]))
        return code, report

    def stop(self):
        for process in self.processes:
            process.kill()


def parts(report):
    return {(group["operation"], group["part"]) for group in report["groups"]}


def lines(file):
    return Path(file).read_text("utf-8").splitlines()


def same(rig):
    """Our host answers as the old service does."""
    log = rig.folder / "logs" / "candidate"
    _, host = rig.start(rig.tool, "serve", "--sample", "--listen", "127.0.0.1:0", environment={"EXTERNAL_PROVIDERS_AUTH_PASSWORD": PASSWORD})
    candidate = rig.peer("relay", origin(host), log)
    expected = rig.mixed(rig.old, 1000)
    process, url = rig.shadow("--candidate", candidate, "--until", "1000 calls, 0 differences", *CHANGES)
    began = time.monotonic()
    got = rig.mixed(url, 1000)
    code, report = rig.end(process, told=False)
    rig.expect(f"1000 mixed calls, no difference ({len(got.splitlines())} calls in {time.monotonic() - began:.1f} s)",
               (0, True, 0, set()), (code, report["compared"] >= 1000, report["different"], parts(report)))
    rig.expect("the caller is answered as without a shadow", True, expected == got)
    seen = [line for line in lines(log) if line.startswith("POST")]
    rig.expect("no login that the old service refused reaches the candidate", [], [line for line in seen if line.startswith("POST Authenticate ") and not line.endswith("right")])
    rig.expect("the candidate is asked once for each call that is compared", report["compared"], len(seen))
    operations = {line.split()[1] for line in seen}
    rig.expect("all operations are among them", 8, len(operations))

    open(log, "w", encoding="utf-8").close()
    process, url = rig.shadow("--candidate", candidate)
    rig.mixed(url, 200)
    code, report = rig.end(process)
    changing = {"StartTicket", "StartChat", "HandleEvent", "RegisterUser"}
    rig.expect("what changes something is not shown unasked", (0, set()), (code, changing & {line.split()[1] for line in lines(log)}))
    rig.expect("and counted by its operation", changing, changing & {reason["operation"] for reason in report["notCompared"]})


def altered(rig):
    """The old service with one change."""
    for name, (operation, expected) in ALTERATIONS.items():
        candidate = rig.peer("relay", f"{rig.old}/altered/{name}", rig.folder / "logs" / "altered")
        process, url = rig.shadow("--candidate", candidate, *CHANGES)
        rig.mixed(url, 200)
        code, report = rig.end(process)
        found = parts(report)
        shown = all(group["examples"] and group["count"] <= report["different"] for group in report["groups"])
        rig.expect(f"altered, {name}: found and named ({report['different']} of {report['compared']} calls)",
                   (8, True, {(operation, part) for part in expected}, True), (code, report["different"] > 0, found, shown))
    process, url = rig.shadow("--candidate", rig.peer("relay", f"{rig.old}/altered/message", rig.folder / "logs" / "altered"),
                              "--until", "5000 calls, 0 differences", *CHANGES)
    # It ends while calls come: the rest of them fails.
    rig.mixed(url, 300)
    code, report = rig.end(process, told=False)
    rig.expect("--until is out of reach after a difference", (8, True), (code, report["different"] >= 1))
    for rule, left in (("Message", set()), ("Message=Login [A-Z][a-z]*!?", set()), ("DisplayName", {("GetSignInCookieInfo", "Message")})):
        process, url = rig.shadow("--candidate", rig.peer("relay", f"{rig.old}/altered/message", rig.folder / "logs" / "altered"), "--ignore", rule)
        rig.mixed(url, 100)
        code, report = rig.end(process)
        rig.expect(f"--ignore {rule}", (8 if left else 0, left), (code, parts(report)))


def file(rig):
    """A provider's file as the candidate."""
    folder = rig.folder / "file"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    asked, told = rig.folder / "logs" / "asked", rig.folder / "logs" / "told"
    old, hook = rig.peer("relay", rig.old, asked), rig.peer("webhook", told)
    with sqlite3.connect(folder / "billing.sqlite") as database:
        database.executescript("create table customers (tickets integer); insert into customers values (1000);")
    text = (HERE / "shadow.toml").read_text("utf-8").replace("OLD", old).replace("HOOK", hook)
    (folder / "provider.toml").write_text(text, "utf-8")
    process, url = rig.shadow("--provider", folder / "provider.toml", upstream=old)
    got = rig.mixed(url, 600)
    code, report = rig.end(process)
    tickets = sqlite3.connect(folder / "billing.sqlite").execute("select tickets from customers").fetchall()
    rig.expect("the statement with an effect is not run", [(1000,)], tickets)
    rig.expect("nobody is told of events", [], lines(told))
    rig.expect("no event is stored", 0, stored(folder / "events.sqlite"))
    rig.expect("the old service is asked once for each call", len(got.splitlines()), sum(line.startswith("POST") for line in lines(asked)))
    # It answers an event that is stored in its own words.
    differs = {("HandleEvent", part) for part in ("Message", "output eventName")}
    rig.expect(f"the same answers where the rules say so ({report['compared']} of {report['calls']} calls compared)", (8, differs), (code, parts(report)))
    emergency = [line for line in got.splitlines() if "\tStartTicket\t" in line and "Emergency" in line]
    rig.expect("among them tickets with the effect", True, len(emergency) > 3)


def stored(database):
    if not database.exists():
        return 0
    with sqlite3.connect(database) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table' and name like '%event%'")]
        return sum(connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in tables)


def trouble(rig):
    """Candidates that must not disturb anybody."""
    expected = rig.mixed(rig.old, 300)
    direct = raw(rig.old)
    for name, candidate in (
            ("good", lambda: rig.peer("slow", rig.old, 0)), ("hanging", lambda: rig.peer("hang")), ("dead", lambda: "http://127.0.0.1:9"),
            ("slow", lambda: rig.peer("slow", rig.old, 0.3)), ("a page", lambda: rig.peer("page")), ("50 MB", lambda: rig.peer("big"))):
        process, url = rig.shadow("--candidate", candidate(), "--queue", "50", "--drain", "1", *CHANGES)
        rig.expect(f"{name}: the bytes are the old service's", True, direct == raw(url))
        began = time.monotonic()
        got = rig.mixed(url, 300)
        took = time.monotonic() - began
        began = time.monotonic()
        code, report = rig.end(process)
        rig.expect(f"{name}: no caller notices ({took:.1f} s for {len(got.splitlines())} calls; {report['compared']} compared, {report['dropped']} dropped)",
                   True, got == expected)
        rig.expect(f"{name}: it ends soon", True, time.monotonic() - began < 10)
        rig.expect(f"{name}: what differs is said, and that nothing was compared", 8 if report["different"] or not report["compared"] else 0, code)
        rig.expect(f"{name}: it differs where it should", name in ("dead", "a page", "50 MB"), report["different"] > 0)
        if name == "hanging":
            rig.expect("hanging: what does not fit is counted", True, report["dropped"] > 200)


def raw(url):
    """What comes for these requests, byte for byte, but for the date and our own address."""
    at = urlsplit(url)
    authority = f"{at.hostname}:{at.port}"
    answers = []
    for request in requests():
        with socket.create_connection((at.hostname, at.port), 30) as connection:
            connection.sendall(request.replace(b"AUTHORITY", authority.encode()))
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        answer = re.sub(rb"\r\nDate: [^\r]*", b"", answer)
        answers.append(answer.replace(authority.encode(), b"AUTHORITY").decode("utf-8", "backslashreplace"))
    return answers


def requests():
    def post(path, body, *headers):
        lines = [f"POST {path} HTTP/1.1", "Host: AUTHORITY", f"Content-Length: {len(body)}", "Connection: close", *headers]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def envelope(operation, *entries, soap="http://schemas.xmlsoap.org/soap/envelope/"):
        strings = "".join(f"<string>{escape(entry)}</string>" for entry in (f"authPW={PASSWORD}", *entries))
        return (f'<s:Envelope xmlns:s="{soap}"><s:Body><{operation} xmlns="{NAMESPACE}"><inputs><InputVariables>{strings}</InputVariables></inputs>'
                f"</{operation}></s:Body></s:Envelope>").encode()

    def call(operation, *entries):
        action = f'SOAPAction: "{NAMESPACE}{operation}"'
        return post("/Provider.asmx", envelope(operation, *entries), "Content-Type: text/xml; charset=utf-8", action)

    login = ("loginUsername=myusername", "loginPassword=mypassword")
    yield call("Authenticate", *login)
    yield call("Authenticate", login[0], "loginPassword=falsch & <böse>")
    yield call("StartTicket", "departmentName=Größe", "emailFrom=jürgen@example.com", "cf_Server=server down")
    yield call("GetCustomFieldOptions", "no equals sign")
    yield call("GetCustomFieldOptions", "diagnostic=tricky")
    yield call("GetCustomFieldOptions", "diagnostic=nullresult")
    yield call("Unknown")
    yield post("/Provider.asmx", envelope("Authenticate", *login, soap="http://www.w3.org/2003/05/soap-envelope"),
               f'Content-Type: application/soap+xml; charset=utf-8; action="{NAMESPACE}Authenticate"')
    yield post("/Provider.asmx", b"<broken", "Content-Type: text/xml; charset=utf-8", f'SOAPAction: "{NAMESPACE}Authenticate"')
    yield post("/Provider.asmx", b"text", "Content-Type: text/plain")
    yield post("/Nowhere.asmx", envelope("Authenticate"), "Content-Type: text/xml; charset=utf-8")
    yield b"GET /Provider.asmx?WSDL HTTP/1.1\r\nHost: AUTHORITY\r\nConnection: close\r\n\r\n"
    yield b"GET /Provider.asmx HTTP/1.1\r\nHost: AUTHORITY\r\nConnection: close\r\n\r\n"


def secrets(rig):
    """A candidate that says passwords back, whatever is kept."""
    for end in ("json", "txt", "html"):
        report = rig.folder / "logs" / f"secret.{end}"
        process, url = rig.shadow("--candidate", f"{rig.old}/Owner.asmx", "--out", rig.folder / "kept" / end, *CHANGES, report=report,
                                  environment={"EXTERNAL_PROVIDERS_LOG": "trace"})
        rig.mixed(url, 150)
        process.send_signal(signal.SIGTERM)
        rig.expect(f"a candidate that says passwords back, report as {end}", (8, True), (process.wait(60), report.stat().st_size > 1000))
    examples = [path for path in (rig.folder / "kept").rglob("*") if path.is_file()]
    rig.expect("examples are kept", True, len(examples) > 20)
    found = set()
    # What others say is theirs: our sample names its password.
    logs = [Path(f"{process.log}.{end}") for process in rig.shadows for end in ("out", "err")]
    reports = [process.report for process in rig.shadows]
    for path in [*examples, *logs, *{path for path in reports if path.exists()}]:
        text = path.read_bytes()
        for secret in SECRETS:
            found |= {f"{form!r} in {path.name}" for form in forms(secret) if form in text}
    rig.expect(f"no secret in any output and any of {len(examples)} files", set(), found)


def forms(secret):
    """How a secret may be written."""
    raw = secret.encode()
    texts = {secret, escape(secret), html.escape(secret), html.escape(escape(secret)), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1],
             json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(escape(secret))[1:-1], repr(secret)[1:-1]}
    shifted = {base64.b64encode(b"x" * shift + raw)[4 * bool(shift):-4] for shift in range(3)}
    return {text.encode() for text in texts} | shifted | {raw.hex().encode(), secret.encode("utf-16-le"), secret.encode("latin-1", "replace")}


def origin(url):
    return url[:url.index("/", 8)] if "/" in url[8:] else url


def main(tool, folder, old):
    rig = Rig(tool, folder, old)
    try:
        for scenario in (same, altered, file, trouble, secrets):
            print(f"== {scenario.__doc__}", flush=True)
            scenario(rig)
    finally:
        rig.stop()
    failed = rig.results.count(False)
    print(f"{len(rig.results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
