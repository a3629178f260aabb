"""A web server with the Python function behind it: front.py PORT SHAPE

SHAPE is `ours`, or the key under which SeBS's wrappers answer: `output` (up to 1.2) or `result` (since). In these two
shapes the function speaks text under an id of its own, keeps its exchanges to itself, and insists on a bucket.
With TLS_CERT and TLS_KEY set it speaks https. With NEEDS_TOKEN set every request must carry it. With SLEEPS_FIRST set
to two numbers every call takes a random time between them, in seconds, longer until the function's first instruction.
"""

import http.server
import json
import os
import random
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../assets/python"))
import handler

SHAPE = sys.argv[2]


class Front(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sleep(random.uniform(*map(float, os.environ.get("SLEEPS_FIRST", "0 0").split())))
        entry = time.time_ns()
        invocation = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = os.environ.get("NEEDS_TOKEN")
        if token and self.headers["Authorization"] != token:
            return self.respond(401, {"error": "got %s" % self.headers["Authorization"]})
        request_id = os.urandom(8).hex()
        if SHAPE == "ours":
            return self.respond(200, handler.answer(invocation, request_id, entry))
        invocation["bucket"]["output"]
        del invocation["clock"]
        # What a host of SeBS's kind gets to see: the id as text.
        handler.Orders.__init__.__globals__["os"] = Ids(request_id)
        reply = handler.answer(invocation, request_id, entry)
        if reply["clock"]["stop"] != "settled":
            return self.respond(500, {"error": "the host did not answer: %s" % reply["clock"]})
        result = {"bucket-key": "k", "timestamp": entry / 1e9}
        self.respond(200, {"is_cold": reply["is_cold"], "request_id": request_id, "result": {SHAPE: result}})

    def respond(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def sleep(seconds):
    """Sleeps for so long and no longer: a sleep alone wakes late."""
    end = time.monotonic() + seconds
    time.sleep(seconds * 0.8)
    while time.monotonic() < end:
        pass


class Ids:
    """Random bytes that are the request's id, so that it is what the function sends."""

    def __init__(self, request_id):
        self.id = bytes.fromhex(request_id)

    def urandom(self, _):
        return self.id


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Front)
if "TLS_CERT" in os.environ:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
