"""A member of a pool: says who answered, on two ports, and misbehaves as the file of its mood says."""

import os
import signal
import socket
import socketserver
import sys
import threading
import time

PORTS = (8000, 8001)
MOOD = "/chaos/moods/" + os.environ["SERVICE"]
BODY = '{"service": "%s", "hostname": "%s"}' % (os.environ["SERVICE"], socket.gethostname())
LONGEST_HANG_S = 20


def mood():
    try:
        with open(MOOD, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return "well"


class Member(socketserver.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().split()
        while self.rfile.readline().strip():
            pass
        if len(words) < 2:
            return
        end = time.monotonic() + LONGEST_HANG_S
        while mood() == "hanging" and time.monotonic() < end:
            time.sleep(0.05)
        is_failing = words[1] == b"/health" and mood() == "failing"
        status = "500 Unwell" if is_failing else "200 OK"
        answer = "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
        self.wfile.write((answer % (status, len(BODY), BODY)).encode())


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 64
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """A client that has gone is nobody's error."""


def leave(_signal, _frame):
    # What is in flight is finished.
    threading.Timer(0.2, os._exit, (0,)).start()


signal.signal(signal.SIGTERM, leave)
servers = [Server(("", port), Member) for port in PORTS]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
sys.exit(0)
