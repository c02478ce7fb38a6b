"""Says who answered, so that a person (or a test) sees where nginx sent a request."""

import os
import socket
import time

from flask import Flask, jsonify, request

LONGEST_MS = 30_000

app = Flask(__name__)
HOSTNAME = socket.gethostname()
SERVICE = os.environ.get("SERVICE", HOSTNAME)
PORT = int(os.environ["PORT"])


def who(**more):
    return jsonify(service=SERVICE, hostname=HOSTNAME, port=PORT, **more)


@app.route("/", methods=["GET", "POST"])
def index():
    return who()


@app.get("/healthz")
def healthz():
    return jsonify(status="ok")


@app.get("/slow")
def slow():
    """Answers after `ms` milliseconds: a request that is still going when something changes."""
    text = request.args.get("ms", "1000")
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= LONGEST_MS):
        return jsonify(error=f"ms must be a whole number from 0 to {LONGEST_MS}"), 400
    time.sleep(int(text) / 1000)
    return who(ms=int(text))
