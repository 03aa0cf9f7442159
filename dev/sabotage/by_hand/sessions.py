"""Rules 1 to 7: the session cookie, the secret that signs it, and who may forge it."""

from dev.sabotage.entry import Sabotage

SESSION = "app/auth/session.py"
COOKIE = "app/auth/session_cookie.py"
GUARD = "app/auth/guard.py"
QUERIES = "app/auth/queries.py"
ROUTES = "app/auth/routes.py"
CONFIG = "app/config.py"
CHECKS = "app/setting_checks.py"

OF_SESSIONS = ("tests/unit/auth/test_session.py",)
OF_ACCESS = ("tests/unit/test_access.py",)
OF_ODD_INPUT = ("tests/unit/test_odd_input.py",)
OF_ANSWERS = ("tests/unit/web/test_answers.py",)
OF_LOGINS = ("tests/unit/auth/test_routes.py",)
OF_SETTINGS = ("tests/unit/test_config.py",)

SABOTAGES = (
    Sabotage(
        "a cookie keeps every login that was begun",
        rule=1,
        file=SESSION,
        take_out="[-MAX_PENDING_LOGINS:]",
        put="",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "a cookie holds more than it must",
        rule=1,
        file=SESSION,
        take_out="ISSUED_AT: int(time.time())})",
        put='ISSUED_AT: int(time.time()), "agent": "a browser"})',
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "a login may lead to a path of any length",
        rule=1,
        file="app/web/paths.py",
        take_out="len(value) > MAX_LENGTH or ",
        put="",
        tests=("tests/unit/web/test_paths.py",),
    ),
    Sabotage(
        "a stale epoch logs in",
        rule=2,
        file=QUERIES,
        take_out='User.session_epoch == bindparam("epoch"),',
        put='User.session_epoch <= bindparam("epoch") + 10**18,',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a disabled person stays logged in",
        rule=2,
        file=QUERIES,
        take_out="User.disabled.is_(False),",
        put="User.disabled.is_not(None),",
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a disabled person logs in",
        rule=2,
        file=QUERIES,
        take_out="    if user.disabled:\n",
        put="    if False:\n",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "logging out leaves the epoch",
        rule=2,
        file=ROUTES,
        take_out="            queries.end_sessions(db, current_user().id)\n",
        put="            pass\n",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "a login keeps what the session held before",
        rule=3,
        file=SESSION,
        take_out="    session.clear()\n",
        put="",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "logging out leaves the cookie",
        rule=3,
        file=ROUTES,
        take_out="    session.clear()\n",
        put="",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "a session counts for ever when it is used",
        rule=3,
        file=SESSION,
        take_out="<= age < ABSOLUTE_SECONDS else None",
        put="<= age else None",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "a session from the future counts",
        rule=3,
        file=SESSION,
        take_out="if -CLOCK_SKEW_SECONDS <= age < ABSOLUTE_SECONDS",
        put="if age < ABSOLUTE_SECONDS",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "a session counts however long it was not used",
        rule=3,
        file=COOKIE,
        take_out="if not 0 <= int(time.time()) - signed_at <= self._lifetime:",
        put="if not 0 <= int(time.time()) - signed_at:",
        tests=OF_ANSWERS,
    ),
    Sabotage(
        "a session is not renewed by use",
        rule=3,
        file=COOKIE,
        take_out="session.modified or (session.accessed and _age(session) > RENEW_AFTER_SECONDS)",
        put="session.modified",
        tests=OF_ANSWERS,
    ),
    Sabotage(
        "a remember cookie is read",
        rule=4,
        file=GUARD,
        take_out="        g.visitor = self._visitor()\n",
        put="        self.user_loader(lambda _id: self._visitor())\n"
        "        super()._load_user()\n"
        "        g.visitor = g._login_user\n",
        tests=OF_ODD_INPUT,
    ),
    Sabotage(
        "a session is held against address and browser",
        rule=4,
        file=GUARD,
        take_out="        g.visitor = self._visitor()\n",
        put='        self.session_protection = "strong"\n'
        "        g.visitor = None if self._session_protection_failed() else self._visitor()\n",
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a signed cookie of any shape is a session",
        rule=5,
        file=COOKIE,
        take_out="if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):",
        put="if False:",
        tests=OF_ODD_INPUT,
    ),
    Sabotage(
        "an epoch may be of any type",
        rule=5,
        file=SESSION,
        take_out="if not _is_count(epoch) or not _is_count(issued_at):",
        put="if not _is_count(issued_at):",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "a user's id may be any text of digits",
        rule=5,
        file=SESSION,
        take_out="_ROW_ID.fullmatch(user_id)",
        put="user_id.strip().isdigit()",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "true passes for a number",
        rule=5,
        file=SESSION,
        take_out="return type(value) is int and",
        put="return isinstance(value, int) and",
        tests=OF_SESSIONS,
    ),
    Sabotage(
        "a pending login of an odd shape is taken",
        rule=5,
        file=SESSION,
        take_out='if not isinstance(entry, dict) or entry.keys() != {"state", "nonce", "verifier", "next", "at"}:',
        put="if not isinstance(entry, dict):",
        tests=("tests/unit/auth/test_session.py", "tests/unit/test_odd_input.py"),
    ),
    Sabotage(
        "a short secret is taken",
        rule=6,
        file=CHECKS,
        take_out="    if len(secret.encode()) < SECRET_BYTES:\n",
        put="    if not secret:\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "a known secret is taken",
        rule=6,
        file=CHECKS,
        take_out=" or any(word in secret.lower() for word in KNOWN_SECRETS)",
        put="",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "a secret of few letters is taken",
        rule=6,
        file=CHECKS,
        take_out="len(set(secret)) < 8 or ",
        put="",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "a weak older secret is taken",
        rule=6,
        file=CONFIG,
        take_out="return tuple(refuse_weak(key) for key in value)",
        put="return value",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "production starts without a secret",
        rule=6,
        file=CONFIG,
        take_out='        if not value and _production(info):\n            raise ValueError(f"is missing; `openssl',
        put='        if False:\n            raise ValueError(f"is missing; `openssl',
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "production starts with the debugger",
        rule=6,
        file=CONFIG,
        take_out="        if value and _production(info):\n",
        put="        if False:\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "production starts with a provider on this machine",
        rule=6,
        file=CONFIG,
        take_out="        if local and _production(info):\n",
        put="        if False:\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "production starts on plain http",
        rule=6,
        file=CONFIG,
        take_out='if _production(info) and not value.startswith("https://"):',
        put="if _production(info) and not value:",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "settings that do not hold end the server as if all were well",
        rule=6,
        file="wsgi.py",
        take_out="    sys.exit(APP_LOAD_ERROR)",
        put="    sys.exit(0)",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "the app imports the code that forges sessions",
        rule=7,
        file=ROUTES,
        take_out="from app.web.marks import public\n",
        put="from app.web.marks import public\nfrom tests.forge import session as forge  # noqa: F401\n",
        tests=("tests/unit/test_structure.py",),
    ),
    Sabotage(
        "a route logs in whoever asks for it",
        rule=7,
        file=ROUTES,
        take_out='@blueprint.get("/api/current_user")\n',
        put='@blueprint.get("/auth/as/<id:user_id>")\n'
        "@public\n"
        "def log_in_as(user_id: int) -> ResponseReturnValue:\n"
        "    start_session(session, user_id, 1)\n"
        '    return redirect("/blogs")\n\n\n'
        '@blueprint.get("/api/current_user")\n',
        tests=OF_ACCESS,
    ),
    Sabotage(
        "a page that read the session does not say so",
        rule=14,
        file=COOKIE,
        take_out='            response.headers.add("Vary", "Cookie")\n',
        put="            pass\n",
        tests=OF_ANSWERS,
    ),
)
