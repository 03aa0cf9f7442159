"""Rules 27, 35 and 55: who did what, and what the log and the metrics tell."""

from dev.sabotage.entry import Sabotage

LOG = "app/log.py"
MIDDLEWARE = "app/web/middleware.py"
METRICS = "app/web/metrics.py"
SLOW = "app/web/slow.py"
GUARD = "app/auth/guard.py"
ERRORS = "app/error_handlers.py"
ROUTES = "app/auth/routes.py"
PAGES = "app/blogs/routes.py"
API = "app/blogs/api.py"
CHECKS = "app/setting_checks.py"
GUNICORN = "gunicorn.conf.py"

OF_AUDIT = ("tests/unit/web/test_audit.py",)
OF_LOG = ("tests/unit/web/test_log.py",)
OF_METRICS = ("tests/unit/web/test_metrics.py",)
OF_SLOW = ("tests/unit/web/test_slow.py",)
OF_LOGINS = ("tests/unit/auth/test_routes.py",)
OF_SETTINGS = ("tests/unit/test_config.py",)
OF_SERVER = ("tests/unit/test_gunicorn_conf.py",)

SABOTAGES = (
    Sabotage(
        "a line of a library has the query of an address",
        rule=27,
        file=LOG,
        take_out="name: without_queries(str(event[name]))",
        put="name: str(event[name])",
        tests=OF_LOG,
    ),
    Sabotage(
        "a traceback has the query of an address",
        rule=27,
        file=LOG,
        take_out='        event["exception"] = without_queries(event["exception"])\n',
        put="        pass\n",
        tests=OF_LOG,
    ),
    Sabotage(
        "a line does not say whose it is",
        rule=35,
        file=GUARD,
        take_out="        note(user=row.id, session=tag)\n",
        put="",
        tests=(*OF_LOG, *OF_AUDIT),
    ),
    Sabotage(
        "an ended session that is used is not told",
        rule=35,
        file=GUARD,
        take_out="            note(session=tag)\n",
        put="",
        tests=OF_AUDIT,
    ),
    Sabotage(
        "anybody can find the session that a line names",
        rule=35,
        file=GUARD,
        take_out=".encode(), key=key, digest_size=6)",
        put=".encode(), digest_size=6)",
        tests=OF_AUDIT,
    ),
    Sabotage(
        "a line has the address that a client claims",
        rule=35,
        file=MIDDLEWARE,
        take_out='"client": client_address(environ, self._hops)',
        put='"client": environ.get("HTTP_X_FORWARDED_FOR", "").partition(",")[0]',
        tests=OF_LOG,
    ),
    Sabotage(
        "a client chooses the id of its request",
        rule=35,
        file=MIDDLEWARE,
        take_out='request_id = noted["client_request_id"] = sent',
        put='request_id = noted["client_request_id"] = noted["request_id"] = sent',
        tests=OF_LOG,
    ),
    Sabotage(
        "a login leaves no trail",
        rule=35,
        file=ROUTES,
        take_out='    audit.record("login")\n',
        put="",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "a refused login leaves no trail",
        rule=35,
        file=ERRORS,
        take_out='        audit.record("login_refused", reason=sentence, cause=cause and without_queries(cause))\n',
        put="        pass\n",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "a logout leaves no trail",
        rule=35,
        file=ROUTES,
        take_out='        audit.record("logout")\n',
        put="",
        tests=OF_AUDIT,
    ),
    Sabotage(
        "a blog's end leaves no trail",
        rule=35,
        file=PAGES,
        take_out='    audit.record("delete", blog=blog_id)\n',
        put="",
        tests=OF_AUDIT,
    ),
    Sabotage(
        "a share by a program leaves no trail",
        rule=35,
        file=API,
        take_out='    audit.record("share", blog=blog_id, share=made.id, to=made.email)\n',
        put="",
        tests=OF_AUDIT,
    ),
    Sabotage(
        "the trail tells what was never committed",
        rule=35,
        file=API,
        take_out='    audit.record("publish", blog=blog.id)\n',
        put='        audit.record("publish", blog=blog.id)\n',
        tests=OF_AUDIT,
    ),
    Sabotage(
        "refused access leaves no trail",
        rule=35,
        file=ERRORS,
        take_out="    return status == 403 or (status in (401, 404) and writes)\n",
        put="    return False\n",
        tests=OF_AUDIT,
    ),
    Sabotage(
        "a request that hangs says nothing",
        rule=55,
        file=SLOW,
        take_out="            if seconds >= SLOW_SECONDS and not request.told:\n",
        put="            if False:\n",
        tests=OF_SLOW,
    ),
    Sabotage(
        "a slow request is told again and again",
        rule=55,
        file=SLOW,
        take_out="                request.told = True\n",
        put="",
        tests=OF_SLOW,
    ),
    Sabotage(
        "a line after a request is of that request",
        rule=55,
        file=MIDDLEWARE,
        take_out="            of_request.set(None)\n",
        put="",
        tests=OF_LOG,
    ),
    Sabotage(
        "an answer is not counted",
        rule=55,
        file=MIDDLEWARE,
        take_out='    observe_request(route or "none", status[:3], seconds)\n',
        put="",
        tests=OF_METRICS,
    ),
    Sabotage(
        "routes and statuses are counted without end",
        rule=55,
        file=METRICS,
        take_out='route if len(_pairs) < MOST_PAIRS else "other"',
        put="route",
        tests=OF_METRICS,
    ),
    Sabotage(
        "what gunicorn and libraries say is no JSON",
        rule=55,
        file=GUNICORN,
        take_out="    logconfig_dict = standard_logging()\n",
        put="",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a warning is no line of the log",
        rule=55,
        file=GUNICORN,
        take_out="    logging.captureWarnings(capture=True)\n",
        put="",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a start does not say how it is set",
        rule=55,
        file=GUNICORN,
        take_out="    on_reload(server)\n",
        put="",
        tests=OF_SERVER,
    ),
    Sabotage(
        "the settings in the log have a password",
        rule=55,
        file=CHECKS,
        take_out="url.netloc.rpartition('@')[2]",
        put="url.netloc",
        tests=OF_SETTINGS,
    ),
)
