import os
import signal
import threading

bind = f"0.0.0.0:{int(os.environ['PORT'])}"
workers = 1
threads = 8
worker_class = "gthread"
# Idle connections would hold up its end: gunicorn waits for them when it is told to stop.
keepalive = 0
# Together below Compose's stop_grace_period of 10s.
LEAVE_S = 1
graceful_timeout = 8
# The worker's heartbeat file, in memory: a slow disk must not look like a dead worker.
worker_tmp_dir = "/dev/shm"
# Its user has no home to keep one in.
control_socket_disable = True


def when_ready(_server):
    """Goes on serving for a moment after SIGTERM.

    Whoever sends it requests learns of the signal at the same time as gunicorn does, and needs a moment to stop.
    """
    stop = signal.getsignal(signal.SIGTERM)
    signal.signal(
        signal.SIGTERM,
        lambda *said: threading.Timer(LEAVE_S, stop, said).start(),
    )
