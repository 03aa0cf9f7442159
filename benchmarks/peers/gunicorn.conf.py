"""What Inkwell's own gunicorn.conf.py says of its worker; a test holds the two together."""

worker_class = "gthread"
threads = 8
keepalive = 5
control_socket_disable = True
loglevel = "warning"
