"""Starts a server anew and waits until it listens: restart.py PID_FILE PORT COMMAND…"""

import os
import signal
import socket
import subprocess
import sys
import time

pid_file, port, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


def listens():
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(what, condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            sys.exit("the server did not %s within 30 s" % what)
        time.sleep(0.02)


if os.path.exists(pid_file):
    os.killpg(int(open(pid_file).read()), signal.SIGKILL)
    wait("end", lambda: not listens())
with open(pid_file + ".log", "ab") as log:
    server = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
with open(pid_file, "w") as file:
    file.write(str(server.pid))
wait("listen", listens)
