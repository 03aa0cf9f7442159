"""Rules 41, 45 and 46: what an operator may set, and whom an operator lets in."""

from dev.sabotage.entry import Sabotage

METRICS = "app/web/metrics.py"
ROUTES = "app/auth/routes.py"
CHECKS = "app/setting_checks.py"
CONFIG = "app/config.py"
GUNICORN = "gunicorn.conf.py"
USERS = "app/auth/user_commands.py"
FILES = "app/attachments/commands.py"

OF_METRICS = ("tests/unit/web/test_metrics.py",)
OF_LOGINS = ("tests/unit/auth/test_routes.py",)
OF_SETTINGS = ("tests/unit/test_config.py",)
OF_SERVER = ("tests/unit/test_gunicorn_conf.py",)
OF_USERS = ("tests/unit/auth/test_user_commands.py",)

SABOTAGES = (
    Sabotage(
        "a secret may be a word again and again",
        rule=41,
        file=CHECKS,
        take_out=" or _repeats(secret)",
        put="",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "a secret may count",
        rule=41,
        file=CHECKS,
        take_out=" or _counts(secret)",
        put="",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "a secret may have fewer than 128 bits",
        rule=41,
        file=CHECKS,
        take_out=" or _bits(secret) < SECRET_BITS",
        put="",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "anybody reads the metrics",
        rule=45,
        file=METRICS,
        take_out="    if not _is_scraper(request.environ, settings().metrics_allow):\n",
        put="    if False:\n",
        tests=OF_METRICS,
    ),
    Sabotage(
        "a stranger behind a proxy is this machine",
        rule=45,
        file=METRICS,
        take_out='    named = [environ.get("REMOTE_ADDR", ""), *environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]\n',
        put='    named = [environ.get("REMOTE_ADDR", "")]\n',
        tests=OF_METRICS,
    ),
    Sabotage(
        "files go to a store in the clear",
        rule=45,
        file=CONFIG,
        take_out='        if url and url.scheme != "https" and _production(info) and not is_loopback(url.hostname):\n',
        put="        if False:\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "production is at an address of this machine",
        rule=45,
        file=CONFIG,
        take_out="        if _production(info) and is_loopback(url.hostname):\n",
        put="        if False:\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "this machine has one spelling as a number",
        rule=45,
        file=CHECKS,
        take_out="            address = ipaddress.ip_address(socket.inet_aton(name))\n",
        put="            address = ipaddress.ip_address(name)\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "a development blog does not say that it is one",
        rule=45,
        file=GUNICORN,
        take_out='    if "app_env" not in _settings.model_fields_set:\n',
        put="    if False:\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "what gunicorn answers lacks our headers",
        rule=45,
        file=GUNICORN,
        take_out="    util.write_error = _write_error\n",
        put="",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a disabled user's old cookie counts once they are enabled",
        rule=46,
        file=USERS,
        take_out="        db.flush()\n        end_sessions(db, user.id)\n",
        put="",
        tests=OF_USERS,
    ),
    Sabotage(
        "a deleted user's files stay",
        rule=46,
        file=FILES,
        take_out="        count = delete_files_of(user.id)\n",
        put="        count = 3\n",
        tests=OF_USERS,
    ),
    Sabotage(
        "a user is deleted without a question",
        rule=46,
        file=FILES,
        take_out="    if not yes:\n",
        put="    if False:\n",
        tests=OF_USERS,
    ),
    Sabotage(
        "everybody may log in",
        rule=46,
        file="app/auth/addresses.py",
        take_out="    return not allowed or bool(",
        put="    return True or bool(",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "an address that nobody verified lets in",
        rule=46,
        file=ROUTES,
        take_out="identity.email if identity.email_verified else None",
        put="identity.email",
        tests=OF_LOGINS,
    ),
)
