"""A web server with the Python function behind it: front.py PORT

By its environment: with TLS_CERT and TLS_KEY it speaks https; with NEEDS_TOKEN every request must carry it; with ECHO
its answer holds what it was sent for a token; with BUSY its first answer has this status and asks for a second's rest;
with CHUNKED it answers in chunks; with SAME_INSTANCE every process has this name; with IDLE_COLD it is cold whenever so
many seconds have passed since the last request, and only then.
"""

import http.server
import json
import os
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../assets/python"))
import handler

OPTION = os.environ.get
served, last = 0, 0.0


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global served, last
        entry = time.time_ns()
        invocation = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = self.headers["Authorization"]
        if OPTION("NEEDS_TOKEN") not in (None, token):
            return self.respond(401, {"error": "got %s" % token})
        served += 1
        if OPTION("BUSY") and served == 1:
            return self.respond(int(OPTION("BUSY")), {"error": "busy"}, {"Retry-After": "1"})
        request_id = token if OPTION("ECHO") else os.urandom(8).hex()
        reply = handler.answer(invocation, request_id, entry)
        if OPTION("ECHO"):
            reply["instance_id"] = "of %s" % token
            reply["clock"]["error"] = "told %s" % token
        if OPTION("SAME_INSTANCE"):
            reply["instance_id"] = OPTION("SAME_INSTANCE")
        if OPTION("IDLE_COLD"):
            reply["is_cold"] = time.monotonic() - last > float(OPTION("IDLE_COLD"))
            last = time.monotonic()
        self.respond(200, reply)

    def respond(self, status, answer, headers={}):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        if OPTION("CHUNKED"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(body), 100):
                part = body[start : start + 100]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Front)
if "TLS_CERT" in os.environ:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
