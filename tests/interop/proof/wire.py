"""HTTP/1.1 by hand, so that it can be done wrongly: connections that are kept, chunks, Expect, pipelining. See provider.py."""

import email.utils
import re
import socketserver
from dataclasses import dataclass, field

# Bytes of a body that are read.
MOST = 8 << 20


@dataclass
class Request:
    method: str = ""
    path: str = ""
    query: str = ""
    version: str = ""
    headers: list = field(default_factory=list)
    body: bytes = b""

    def header(self, name):
        found = [value for key, value in self.headers if key.lower() == name]
        return found[-1] if found else None


@dataclass
class Response:
    status: int
    content_type: str = ""
    body: bytes = b""
    headers: list = field(default_factory=lambda: ["Cache-Control: private, max-age=0"])


def head(response, framing, keep_alive):
    lines = [f"HTTP/1.1 {response.status} {'OK' if response.status == 200 else 'Not OK'}", f"Date: {email.utils.formatdate(usegmt=True)}", *response.headers]
    lines += [f"Content-Type: {response.content_type}"] if response.content_type else []
    lines += framing + ([] if keep_alive else ["Connection: close"])
    return "".join(line + "\r\n" for line in [*lines, ""]).encode("latin-1")


class Handler(socketserver.StreamRequestHandler):
    """A connection: requests one after the other, pipelined ones, too."""

    disable_nagle_algorithm = True
    timeout = 60

    def handle(self):
        try:
            while self.one():
                pass
        except (OSError, ValueError):
            pass

    def one(self):
        line = self.rfile.readline(65536)
        while line in (b"\r\n", b"\n"):
            line = self.rfile.readline(65536)
        if not line:
            return False
        request = Request()
        try:
            request.method, target, request.version = line.decode("latin-1").split()
        except ValueError:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        target = re.sub("^https?://[^/]*", "", target)
        request.path, _, request.query = target.partition("?")
        while (line := self.rfile.readline(65536).rstrip(b"\r\n")):
            name, _, value = line.decode("latin-1").partition(":")
            request.headers.append((name, value.strip()))
        service = self.server.service(request)
        if "100-continue" in (request.header("expect") or "").lower():
            service.proceed(self.wfile.write)
        request.body = self.body(request)
        connection = (request.header("connection") or "").lower()
        keep_alive = "close" not in connection and (request.version != "HTTP/1.0" or "keep-alive" in connection)
        return service.send(self.wfile.write, service.respond(request), keep_alive)

    def body(self, request):
        if "chunked" not in (request.header("transfer-encoding") or "").lower():
            length = int(request.header("content-length") or 0)
            body = self.rfile.read(min(length, MOST))
            if len(body) < length:
                raise ValueError("the body is cut")
            return body
        chunks = []
        while (size := int(self.rfile.readline(1024).split(b";")[0], 16)):
            chunks.append(self.rfile.read(size))
            self.rfile.readline(16)
        while self.rfile.readline(1024).strip():
            pass
        return b"".join(chunks)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def service(self, request):
        """What answers a request, once its head is read: it has proceed, respond and send."""
        raise NotImplementedError
