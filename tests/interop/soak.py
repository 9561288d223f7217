"""Callers, attackers and services that die, at once, for as long as it is told: no honest call may fail, memory and open files stay flat.
usage: soak.py TOOL FOLDER SECONDS                    (run by soak.sh; all on loopback, and it stops what it starts)"""

import functools
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOOL, FOLDER, SECONDS = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3])
PASSWORD, TOKEN = "s3cret", "the-token-of-the-soak-0123"
# Different exchanges that are recorded at most; after that, they come again.
EXCHANGES = 20_000
# Connections of attackers at the same time, for each server.
HOSTILE = 48
BACKLOG = 200  # exchanges that the recorder has still to write
CALM = 6  # seconds without attackers, at the end

# Whoever starts it by nohup has it ignored, by the servers, too, which would not reload then.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

stop_attacks, stop_calls = threading.Event(), threading.Event()
running = []
recorded = [0]


def room():
    """Where exchanges are recorded: in memory where there is enough, since each is synced to the disk, which is not what is tried here."""
    shared = pathlib.Path("/dev/shm")
    if shared.is_dir() and shutil.disk_usage(shared).free > 1 << 30:
        return pathlib.Path(tempfile.mkdtemp(prefix="soak-", dir=shared))
    return FOLDER


RECORDING = room() / "recording"


class Server:
    """One of our servers, or one that dies."""

    def __init__(self, name, *arguments):
        self.name, self.arguments, self.log = name, arguments, FOLDER / f"{name}.log"
        self.calls, self.refused, self.again, self.failures, self.seen, self.words = [], 0, 0, [], [], set()
        self.lock = threading.Lock()
        self.start()

    def start(self, address="127.0.0.1:0"):
        environment = {**os.environ, "EXTERNAL_PROVIDERS_AUTH_PASSWORD": PASSWORD, "EXTERNAL_PROVIDERS_LOG": "error"}
        with open(self.log, "w") as out, open(f"{self.log}.errors", "a") as errors:
            self.process = subprocess.Popen([TOOL, *self.arguments, "--listen", address], stdout=out, stderr=errors, env=environment)
        running.append(self.process)
        deadline = time.monotonic() + 30
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.log.read_text())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{self.name} did not start: {self.log.read_text()} {pathlib.Path(f'{self.log}.errors').read_text()}")
            time.sleep(0.05)
        self.port = int(found[1])

    def look(self):
        """Memory in KiB and open files."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "no end within a minute"
        # A recorder that is overrun passes on what it has no room for, says so of each, and ends with 1.
        self.lost = pathlib.Path(f"{self.log}.errors").read_text().count("wait to be written")
        if code != (1 if self.lost else 0):
            self.failures.append(f"ended with {code}: {self.log.read_text()[-500:]}")


def soap(operation, **variables):
    strings = "".join(f"<string>{name}={value}</string>" for name, value in variables.items())
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<{operation} xmlns="http://tempuri.org/"><inputs><InputVariables><string>authPW={PASSWORD}</string>{strings}'
        f"</InputVariables></inputs></{operation}></soap:Body></soap:Envelope>"
    ).encode()


def ask(server, connection, path, headers, body, expected, excused=lambda status, answer: False):
    """One honest call; on a connection that was closed while it was idle, once more on a new one, and on no other."""
    begin = time.perf_counter()
    try:
        while True:
            used = connection.sock is not None
            try:
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                status, answer = response.status, response.read().decode()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()
                if not used:
                    raise
                with server.lock:
                    server.again += 1
        took = time.perf_counter() - begin
        with server.lock:
            if expected(status, answer):
                server.calls.append(took)
            elif excused(status, answer):
                server.refused += 1
            else:
                server.failures.append(f"{status}: {answer[:300]}")
    except Exception as error:  # whatever it is, an honest caller has no answer
        with server.lock:
            server.failures.append(repr(error))
        connection.close()


def kept():
    """How many exchanges of honest callers are on the disk."""
    return sum(1 for entry in os.scandir(RECORDING) if entry.is_dir() and "-authenticate-" in entry.name)


def caller(server, number, path, headers, body, *judges):
    """Calls on one connection for a while, then on a new one."""
    connection, count = None, number
    while not stop_calls.is_set():
        # An answer is passed on before it is recorded: no more than this has to be written at the end.
        while server.name == "recorder" and len(server.calls) < EXCHANGES and len(server.calls) > recorded[0] + BACKLOG:
            if stop_calls.wait(0.1):
                return
        if connection is None or count % 50 == 0:
            if connection:
                connection.close()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        ask(server, connection, path, headers, body(count), *judges)
        count += 1
        # What comes again makes no folder by which its backlog could be seen, so it comes more slowly than a busy machine writes.
        time.sleep(0.03 if server.name == "recorder" and recorded[0] >= EXCHANGES else 0.002)


def slowly(connection, data, chance):
    for byte in data:
        connection.send(bytes([byte]))
        if stop_attacks.wait(chance.uniform(0.02, 0.2)):
            return


def attack(connection, kind, chance):
    head = b"POST /Provider.asmx HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml; charset=utf-8\r\n"
    match kind:
        case "slow head":
            slowly(connection, head[:60], chance)
        case "slow body":
            connection.sendall(head + b"Content-Length: 100000\r\n\r\n")
            slowly(connection, b"<soap:Envelope " * 3, chance)
        case "more than was announced":
            connection.sendall(head + b"Content-Length: 10\r\n\r\n" + b"x" * 5000)
        case "less than was announced":
            connection.sendall(head + b"Content-Length: 4000000\r\n\r\n" + b"x" * 1000)
        case "two lengths":
            connection.sendall(head + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcdefghi")
        case "a length and chunks":
            connection.sendall(head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        case "chunks without end":
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + b"x" * 5000)
        case "a huge head":
            connection.sendall(head + b"X-Header: " + b"y" * 200_000)
        case "a flood of headers":
            connection.sendall(head + b"".join(b"X-%d: y\r\n" % n for n in range(5000)))
        case "garbage":
            connection.sendall(chance.randbytes(2000))
        case "deep XML":
            body = b"<a>" * 20_000
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        case "answers that nobody reads":
            connection.sendall(b"GET /Provider.asmx?WSDL HTTP/1.1\r\nHost: h\r\n\r\n" * 10)
            stop_attacks.wait(1)
        case "idle":
            stop_attacks.wait(3)
    connection.settimeout(2)
    while not stop_attacks.is_set() and connection.recv(65536):
        pass


KINDS = [
    "slow head", "slow body", "more than was announced", "less than was announced", "two lengths", "a length and chunks",
    "chunks without end", "a huge head", "a flood of headers", "garbage", "deep XML", "answers that nobody reads", "idle",
]
attacks = dict.fromkeys(KINDS, 0)


def attacker(server, number):
    chance = random.Random(f"{server.name} {number}")
    while not stop_attacks.is_set():
        kind = chance.choice(KINDS)
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                attacks[kind] += 1
                attack(connection, kind, chance)
        except OSError:
            pass  # that is what they are there for
        stop_attacks.wait(chance.uniform(0, 0.05))


def reload(server, file, texts):
    """Other settings, again and again; some of them broken, which changes nothing."""
    count = 0
    while not stop_calls.wait(0.25):
        file.write_text(texts[count % len(texts)])
        server.process.send_signal(signal.SIGHUP)
        count += 1
    server.reloads = count
    file.write_text(texts[0])


def mortal(server):
    """A service that is killed and comes back on its port."""
    chance, count = random.Random(1), 0
    while not stop_attacks.wait(chance.uniform(0.5, 2)):
        server.process.kill()
        server.process.wait()
        count += 1
        stop_attacks.wait(chance.uniform(0.2, 1))
        server.start(f"127.0.0.1:{server.port}")
    server.deaths = count


def main():
    (FOLDER / "token").write_text(TOKEN)
    (FOLDER / "token").chmod(0o600)
    sample, dying = Server("sample", "serve", "--sample"), Server("dying", "serve", "--sample")

    provider_file = FOLDER / "provider.toml"
    rule = "[service]\npath = '/Provider.asmx'\n[ticket]\nrules = [{{ when = {{ subject = {{ contains = 'soak' }} }}, department = '{}' }}]\n"
    provider_texts = [rule.format("Blue"), rule.format("Green"), "[service]\nbroken"]
    provider_file.write_text(provider_texts[0])
    provider = Server("provider", "serve", "--provider", str(provider_file))

    settings_file = FOLDER / "settings.toml"
    settings = (
        "[options]\nlogin = true\nticket = true\n[defaults]\nprovider = 'external'\npassword = '{}'\ntimeout = '{}s'\n"
        "[login]\nurl = 'http://127.0.0.1:{}/Provider.asmx'\n"
        "[ticket]\nurl = 'http://127.0.0.1:{}/Provider.asmx'\nbreaker_pause = '1s'\n"
    )
    settings_texts = [settings.format(PASSWORD, seconds, sample.port, dying.port) for seconds in (20, 25)] + ["[options]\nlogin = 1"]
    settings_file.write_text(settings_texts[0])
    settings_file.chmod(0o600)
    gateway = Server("gateway", "gateway", "--settings", str(settings_file), "--token-file", str(FOLDER / "token"))
    recorder = Server("recorder", "record", "--upstream", f"http://127.0.0.1:{sample.port}", "--out", str(RECORDING))
    ours = [sample, provider, gateway, recorder]

    header = {"Content-Type": "text/xml; charset=utf-8"}
    login = {**header, "SOAPAction": '"http://tempuri.org/Authenticate"'}
    ticket = {**header, "SOAPAction": '"http://tempuri.org/StartTicket"'}
    bearer = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    person = {"loginUsername": "myusername", "loginPassword": "mypassword"}

    def allowed(status, answer):
        return status == 200 and "Authentication=OK" in answer

    def problem(status, answer):
        """The service is dead: a problem document says so, and whose fault it is."""
        return status in (502, 503, 504) and json.loads(answer)["blame"] in ("network", "provider")

    def ruled(status, answer):
        """The rule of one of the files that are put in turn, and in the end each has been seen to hold."""
        found = re.search("=(Blue|Green)<", answer)
        if found:
            provider.words.add(found[1])
        return status == 200 and found

    # The recorder's callers differ in a variable, so that each exchange is another.
    def another(caller, count):
        number = count % (EXCHANGES // 4)
        recorder.words.add((caller, number))
        return soap("Authenticate", **person, number=number)

    jobs = [
        *[(caller, sample, n, "/Provider.asmx", login, lambda _: soap("Authenticate", **person), allowed) for n in range(4)],
        *[
            (caller, provider, n, "/Provider.asmx", ticket, lambda _: soap("StartTicket", subject="a soak", departmentName="Red"), ruled)
            for n in range(2)
        ],
        *[(caller, gateway, n, "/v1/Authenticate", bearer, lambda _: json.dumps(person),
           lambda status, answer: status == 200 and json.loads(answer)["outcome"] == "authenticated") for n in range(2)],
        *[(caller, gateway, n, "/v1/StartTicket", bearer, lambda _: json.dumps({"subject": "urgent", "departmentName": "Support Department"}),
           lambda status, answer: status == 200, problem) for n in range(2)],
        *[(caller, recorder, n, f"/Provider.asmx?caller={n}", login, functools.partial(another, n), allowed) for n in range(4)],
        (reload, provider, provider_file, provider_texts),
        (reload, gateway, settings_file, settings_texts),
    ]
    hostile = [(attacker, server, n) for server in ours for n in range(HOSTILE)] + [(mortal, dying)]
    begin = time.monotonic()
    threads = [threading.Thread(target=job, args=arguments, daemon=True) for job, *arguments in jobs + hostile]
    for thread in threads:
        thread.start()

    calls_end, attacks_end = begin + SECONDS, begin + SECONDS - CALM
    while (now := time.monotonic()) < calls_end:
        if now >= attacks_end:
            stop_attacks.set()
        recorded[0] = kept()
        for server in ours:
            if server.process.poll() is not None:
                sys.exit(f"{server.name} ended by itself: {server.process.returncode}")
            server.seen.append((now - begin, *server.look()))
        time.sleep(0.25)
    refused_before = gateway.refused
    late = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    ask(gateway, late, "/v1/StartTicket", bearer, json.dumps({"subject": "urgent", "departmentName": "Support Department"}), lambda status, _: status == 200)
    stop_calls.set()
    for thread in threads:
        thread.join(40)
    time.sleep(1)
    for server in ours:
        server.seen.append((time.monotonic() - begin, *server.look()))
    for server in (recorder, gateway, provider, sample, dying):
        server.end()
    report(ours, recorder, dying, refused_before)


def report(ours, recorder, dying, refused_before):
    wrong = []
    recorded[0] = kept()
    print(f"{sum(attacks.values())} attacks: {', '.join(f'{kind} {count}' for kind, count in attacks.items())}")
    # Between a request's head and its body a caller may stand still, too, and is then told that it is slow.
    looks = [when for when, *_ in ours[0].seen]
    print(f"the callers stood still for {max(after - before for before, after in itertools.pairwise(looks)):.1f} s at most, for what else the machine did")
    print(f"{dying.deaths} deaths of a service, told by {refused_before} problem documents; {ours[1].reloads + ours[2].reloads} reloads; {recorded[0]} of {EXCHANGES} exchanges kept, {recorder.lost} that came again were too many to look at")
    for server in ours:
        calls = sorted(server.calls)
        at = lambda share: 1000 * calls[min(len(calls) - 1, int(share * len(calls)))]
        part = lambda low, high: [rss for when, rss, _ in server.seen if low * SECONDS <= when <= high * SECONDS]
        # Memory at the start, in the middle, and before the attackers leave; open files then, and when nobody is there.
        start, middle, late = (statistics.median(part(low, high)) for low, high in ((0.05, 0.15), (0.4, 0.5), (0.8, 0.9)))
        busy, files = statistics.median(files for when, _, files in server.seen if when > 0.8 * SECONDS), server.seen[-1][2]
        print(
            f"{server.name:9} {len(calls):7} calls, {len(server.failures)} failed, {server.again} once more on a new connection, "
            f"p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, longest {calls[-1] * 1000:.0f} ms; "
            f"memory {start / 1024:.1f}, {middle / 1024:.1f}, {late / 1024:.1f}, most {max(rss for _, rss, _ in server.seen) / 1024:.1f} MiB; "
            f"open files {busy:.0f}, at the end {files}"
        )
        if server.failures:
            wrong.append(f"{server.name}: {len(server.failures)} failed, the first: {server.failures[0]}")
        # What comes and goes with load, and a kilobyte for an exchange that the recorder knows again.
        if late > 1.15 * middle + 6 * 1024 + (recorded[0] if server is recorder else 0):
            wrong.append(f"{server.name}: memory grows, from {middle} to {late} KiB")
        if files > 40:
            wrong.append(f"{server.name}: {files} open files without callers")
        if len(calls) < 10 * SECONDS:
            wrong.append(f"{server.name}: {len(calls)} calls in {SECONDS:.0f} s")
    if dying.deaths < SECONDS / 10 or refused_before < dying.deaths or min(attacks.values()) < SECONDS / 10:
        wrong.append("there was hardly anything to suffer from")
    if ours[1].words != {"Blue", "Green"}:
        wrong.append(f"of the provider's files, these were seen to hold: {ours[1].words}")
    for server in ours[1:3]:
        if "not reloaded" not in pathlib.Path(f"{server.log}.errors").read_text():
            wrong.append(f"{server.name} was never told of settings that are broken")
    if recorded[0] != len(recorder.words):
        wrong.append(f"{len(recorder.words)} different exchanges were answered, {recorded[0]} are kept")
    for path in RECORDING.rglob("*"):
        if path.is_file() and any(secret in path.read_bytes() for secret in (PASSWORD.encode(), b"mypassword")):
            wrong.append(f"{path} holds a password")
    if wrong:
        sys.exit("\n".join(wrong))


try:
    main()
finally:
    stop_attacks.set()
    stop_calls.set()
    for process in running:
        if process.poll() is None:
            process.kill()
    if RECORDING.parent != FOLDER:
        shutil.rmtree(RECORDING.parent)
