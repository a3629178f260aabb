"""A web server with a function of SeBS's kind in a wrapper of SeBS's kind: sebs.py PORT KEY BUCKETS

The function speaks text under the platform's request id and keeps its exchanges: they go as a table into a bucket, here
a directory in BUCKETS, and only their place and the time of the handler's entry are answered. KEY is where the wrapper
puts that answer: `output` (up to 1.2) or `result` (since).
"""

import http.server
import json
import os
import socket
import sys
import time
import uuid

KEY, BUCKETS = sys.argv[2], sys.argv[3]
LIMIT = 1000
cold = True


def synchronise(event):
    request_id, host = event["request-id"], (event["server-address"], event["server-port"])
    rows, smallest, streak, failures = [], 0, 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(4)
        number = 0
        while number < LIMIT:
            try:
                sent = time.time()
                udp.sendto(request_id.encode(), host)
                udp.recvfrom(1024)
                received = time.time()
            except socket.timeout:
                number, failures = number + 1, failures + 1
                if failures == 7:
                    raise RuntimeError("the host does not answer")
                continue
            if number > 0:
                rows.append((number, sent, received))
            if number > 0 and received - sent > smallest:
                streak += 1
                if streak == event["N"]:
                    udp.sendto(b"stop", host)
                    break
            else:
                smallest, streak = received - sent, 0
            number += 1
    name = "results-%s.%s.csv" % (request_id, os.urandom(4).hex())
    place = os.path.join(BUCKETS, event["bucket"]["bucket"], event["bucket"]["output"])
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, name), "w") as table:
        table.write("id,client_send,client_rcv\n")
        table.writelines("%d,%r,%r\n" % row for row in rows)
    return {"bucket-key": name, "timestamp": event["income-timestamp"]}


class Wrapper(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global cold
        begin = time.time()
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        event["request-id"], event["income-timestamp"] = str(uuid.uuid4()), begin
        is_cold, cold = cold, False
        result = synchronise(event)
        answer = {
            "begin": "%.6f" % begin,
            "end": "%.6f" % time.time(),
            "results_time": 0,
            "is_cold": is_cold,
            "result": {KEY: result},
            "request_id": event["request-id"],
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Wrapper).serve_forever()
