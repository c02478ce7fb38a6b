import os

bind = f"0.0.0.0:{int(os.environ['PORT'])}"
workers = 1
threads = 8
worker_class = "gthread"
# Longer than nginx keeps an idle connection (60s), so that gunicorn never closes one that nginx is about to use.
keepalive = 75
# Below Compose's stop_grace_period of 10s.
graceful_timeout = 8
# The worker's heartbeat file, in memory: a slow disk must not look like a dead worker.
worker_tmp_dir = "/dev/shm"
