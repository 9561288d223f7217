"""What stands beside or in place of a service, to see or to disturb what goes there.

    peers.py relay URL LOG      hands each request on to URL, below whose path it puts what is asked for, and writes a line for it into LOG:
                                the method, the operation, and how the user's login stands
    peers.py hang               takes connections and never answers
    peers.py slow URL SECONDS   hands on, after so long
    peers.py page               answers an HTML page
    peers.py big                answers 50 MB of XML
    peers.py webhook LOG        takes events, and writes a line for each into LOG

Listens on a free port of loopback and says so.
"""

import http.client
import re
import sys
import threading
import time
from urllib.parse import urlsplit

from provider import OPERATIONS, USER_PASSWORD, Service
from wire import Handler, Response, Server

connections = threading.local()


class Relay(Service):
    url, log, seconds = None, None, 0

    def respond(self, request):
        if self.log:
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(line(request) + "\n")
        time.sleep(self.seconds)
        to = urlsplit(self.url)
        if not hasattr(connections, "kept"):
            connections.kept = http.client.HTTPConnection(to.netloc, timeout=120)
        target = to.path.rstrip("/") + request.path + (f"?{request.query}" if request.query else "")
        headers = {name: value for name, value in request.headers if name.lower() not in ("connection", "expect", "transfer-encoding")}
        connections.kept.request(request.method, target, request.body or None, headers)
        answer = connections.kept.getresponse()
        kept = [f"{name}: {value}" for name, value in answer.getheaders()
                if name.lower() not in ("connection", "keep-alive", "content-length", "content-type", "transfer-encoding", "date")]
        return Response(answer.status, answer.getheader("content-type", ""), answer.read(), kept)


def line(request):
    body = request.body.decode("utf-8", "replace")
    operation = next((name for name in OPERATIONS if re.search(rf"<(\w+:)?{name}[ >]", body)), "-")
    password = re.search("<(?:\\w+:)?string>loginPassword=([^<]*)", body)
    return f"{request.method} {operation} {'-' if not password else 'right' if password[1] == USER_PASSWORD else 'wrong'}"


class Hang(Service):
    def respond(self, request):
        threading.Event().wait()


class Page(Service):
    def respond(self, request):
        return Response(200, "text/html; charset=utf-8", b"<html><title>Sign in</title><p>Please sign in.</html>")


class Big(Service):
    def respond(self, request):
        return Response(200, "text/xml; charset=utf-8", b"<big>" + b"<string>0123456789</string>" * (50 * 1024 * 1024 // 27) + b"</big>")


class Webhook(Service):
    log = None

    def respond(self, request):
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{request.method} {request.path}\n")
        return Response(204)


def main(what, *arguments):
    service = {"relay": Relay, "hang": Hang, "slow": Relay, "page": Page, "big": Big, "webhook": Webhook}[what]
    if service is Relay:
        Relay.url = arguments[0]
    if what in ("relay", "webhook"):
        service.log = arguments[-1]
        open(service.log, "w", encoding="utf-8").close()
    if what == "slow":
        Relay.seconds = float(arguments[1])

    class Peer(Server):
        def service(self, request):
            return service()

    with Peer(("127.0.0.1", 0), Handler) as server:
        print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
