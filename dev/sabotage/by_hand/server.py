"""Rules 28 to 30, 48, 49 and 51: the server, its reloads, and a disk that is full."""

from dev.sabotage.entry import Sabotage

GUNICORN = "gunicorn.conf.py"
HEALTH = "app/web/health.py"

OF_SERVER = ("tests/unit/test_gunicorn_conf.py",)
OF_HEALTH = ("tests/unit/web/test_health.py",)
OF_ANSWERS = ("tests/unit/web/test_answers.py",)

SABOTAGES = (
    Sabotage(
        "the server opens a control socket where every other does",
        rule=28,
        file=GUNICORN,
        take_out="control_socket_disable = True\n",
        put="control_socket_disable = False\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a request line may be of any length",
        rule=28,
        file=GUNICORN,
        take_out="limit_request_line = 4094\n",
        put="limit_request_line = 0\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a request may have more headers than any browser sends",
        rule=28,
        file=GUNICORN,
        take_out="limit_request_fields = 64\n",
        put="limit_request_fields = 30000\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a header may be of any length",
        rule=28,
        file=GUNICORN,
        take_out="limit_request_field_size = 8190\n",
        put="limit_request_field_size = 60000\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "any proxy is believed",
        rule=28,
        file=GUNICORN,
        take_out="forwarded_allow_ips = _settings.forwarded_allow_ips\n",
        put='forwarded_allow_ips = "*"\n',
        tests=OF_SERVER,
    ),
    Sabotage(
        "a client that says nothing holds a thread",
        rule=28,
        file=GUNICORN,
        take_out='struct.pack("ll", _CLIENT_SECONDS, 0)',
        put='struct.pack("ll", 0, 0)',
        tests=OF_SERVER,
    ),
    Sabotage(
        "a client that only connects is let in",
        rule=28,
        file=GUNICORN,
        take_out="            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _CLIENT_SECONDS)\n",
        put="            pass\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "the blog answers at any host",
        rule=28,
        file="app/web/__init__.py",
        take_out="        TRUSTED_HOSTS=settings.trusted_hosts,\n",
        put="",
        tests=("tests/unit/web/test_answers.py", "tests/unit/test_odd_input.py"),
    ),
    Sabotage(
        "production answers as localhost",
        rule=28,
        file="app/config.py",
        take_out='return [host] if self.production else [host, "localhost", "127.0.0.1"]',
        put='return [host, "localhost", "127.0.0.1"]',
        tests=OF_ANSWERS,
    ),
    Sabotage(
        "the process is dead when the database is",
        rule=29,
        file=HEALTH,
        take_out='    """The process lives."""\n',
        put='    """The process lives."""\n'
        '    _engine(settings().database_url).connect().execute(text("SELECT 1 FROM users"))\n',
        tests=("tests/unit/web/test_errors.py",),
    ),
    Sabotage(
        "a blog without its database is ready",
        rule=29,
        file=HEALTH,
        take_out='    works = database == "ok" and schema',
        put="    works = schema",
        tests=("tests/unit/web/test_health.py", "tests/unit/web/test_errors.py"),
    ),
    Sabotage(
        "health is told at our own host alone",
        rule=29,
        file=HEALTH,
        take_out='            environ["HTTP_HOST"] = host\n',
        put="            pass\n",
        tests=OF_ANSWERS,
    ),
    Sabotage(
        "a server that stops drops what is in flight",
        rule=30,
        file=GUNICORN,
        take_out="graceful_timeout = 30\n",
        put="graceful_timeout = 0\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a reload of broken code ends the site",
        rule=48,
        file=GUNICORN,
        take_out="    server.handle_hup = partial(_reload, server, server.handle_hup)\n",
        put="",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a worker that cannot load the code ends the site",
        rule=48,
        file=GUNICORN,
        take_out="    if failed and worker.age > server.cfg.workers:\n",
        put="    if False:\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a disk that is full is not said",
        rule=49,
        file=HEALTH,
        take_out='        return "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "down"\n',
        put='        return "ok"\n',
        tests=OF_HEALTH,
    ),
    Sabotage(
        "a log that cannot be written costs the answer",
        rule=49,
        file="app/web/log.py",
        take_out="        with suppress(OSError):\n",
        put="        with suppress(KeyError):\n",
        tests=("tests/unit/web/test_log.py",),
    ),
    Sabotage(
        "new code on an old schema is ready",
        rule=51,
        file=HEALTH,
        take_out=' and schema != "old"',
        put="",
        tests=OF_HEALTH,
    ),
    Sabotage(
        "a schema that is ahead of the code is not enough",
        rule=51,
        file=HEALTH,
        take_out="    if applied - KNOWN:\n",
        put="    if False:\n",
        tests=OF_HEALTH,
    ),
)
