"""Answers StartTicket in JSON. Usage: TOKEN=… python3 json_provider.py PORT"""
import hmac, json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def start_ticket(ticket):
    if ticket.get("cf_Plan") == "None":
        return {"outcome": "refused", "message": "You have no support plan."}
    if "server down" in ticket.get("subject", "").lower():
        return {"outcome": "allowed", "outputs": {"departmentName": "Emergency", "cf_Priority": "High"}}
    return {"outcome": "allowed"}

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        given = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, b"Bearer " + os.environb[b"TOKEN"]):
            return self.send_error(401)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(start_ticket(json.loads(body))).encode())

server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Endpoint)
print(f"http://127.0.0.1:{server.server_port}/{{operation}}", flush=True)
server.serve_forever()
