"""A web server with one or two instances of the Python function behind it: two_instances.py COUNT PROTOCOL [silent]

Two answer in turn, and the second one's clock is a second ahead. PROTOCOL is HTTP/1.0, which keeps no connection, or
HTTP/1.1. A silent function does not tell when it leaves. The first line of output is the port on loopback.
"""

import http.server
import importlib.util
import json
import os
import sys
import time
import types

SOURCE = os.path.join(os.path.dirname(__file__), "../../assets/python/handler.py")
SECOND = 1_000_000_000


def instance(name, ahead):
    """The function as a module of its own, on a clock that is so many nanoseconds ahead."""
    spec = importlib.util.spec_from_file_location(name, SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.time = types.SimpleNamespace(time_ns=lambda: time.time_ns() + ahead, monotonic_ns=time.monotonic_ns)
    return module


INSTANCES = [instance("first", 0), instance("second", SECOND)][: int(sys.argv[1])]
turns = 0


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = sys.argv[2]

    def do_POST(self):
        global turns
        function = INSTANCES[turns % len(INSTANCES)]
        turns += 1
        entry = function.time.time_ns()
        invocation = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = function.answer(invocation, os.urandom(8).hex(), entry)
        if "silent" in sys.argv:
            del reply["handler_leave"]
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
print(server.server_port, flush=True)
server.serve_forever()
