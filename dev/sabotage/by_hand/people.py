"""Rules 10, 11 and 37: who somebody is, and where their login may lead."""

from dev.sabotage.entry import Sabotage

SESSION = "app/auth/session.py"
PATHS = "app/web/paths.py"
OIDC = "app/auth/oidc.py"
QUERIES = "app/auth/queries.py"
ROUTES = "app/auth/routes.py"

OF_SESSIONS = ("tests/unit/auth/test_session.py",)
OF_PATHS = ("tests/unit/web/test_paths.py",)
OF_OIDC = ("tests/unit/auth/test_oidc.py",)
OF_LOGINS = ("tests/unit/auth/test_routes.py",)
OF_SHARES = ("tests/unit/blogs/test_shares.py",)

SABOTAGES = (
    Sabotage(
        "the slower of two first logins at once is nobody",
        rule=10,
        file=QUERIES,
        take_out="        return session.scalars(_of_identity(identity)).one()\n",
        put="        return user\n",
        tests=OF_LOGINS,
    ),
    Sabotage(
        "the same subject of another issuer is the same person",
        rule=10,
        file=QUERIES,
        take_out="User.issuer == identity.issuer, User.subject == identity.subject",
        put="User.subject == identity.subject",
        tests=("tests/unit/auth/test_routes.py", "tests/unit/test_db.py"),
    ),
    Sabotage(
        "two rows may be of one identity",
        rule=10,
        file="app/migrations/versions/0001_users_and_blogs.py",
        take_out='sa.UniqueConstraint("issuer", "subject"',
        put='sa.UniqueConstraint("issuer", "subject", "id"',
        tests=("tests/unit/test_db.py", "tests/unit/test_migrations.py"),
    ),
    Sabotage(
        "an address that nobody verified is verified",
        rule=10,
        file=OIDC,
        take_out='verified = email is not None and profile.get("email_verified") in ("true", True)',
        put="verified = email is not None",
        tests=OF_OIDC,
    ),
    Sabotage(
        "an address that is not verified opens a share",
        rule=10,
        file="app/auth/guard.py",
        take_out="if self.email and self.email_verified else None",
        put="if self.email else None",
        tests=("tests/unit/test_access.py",),
    ),
    Sabotage(
        "somebody else's userinfo is used",
        rule=10,
        file=OIDC,
        take_out='return info if info.get("sub") == claims["sub"] else {}',
        put="return info",
        tests=OF_OIDC,
    ),
    Sabotage(
        "a login leads to another site by two slashes",
        rule=11,
        file=PATHS,
        take_out='r"/(?!/)[!-\\[\\]-~]*"',
        put='r"/[!-\\[\\]-~]*"',
        tests=OF_PATHS,
    ),
    Sabotage(
        "a login leads to another site by a backslash",
        rule=11,
        file=PATHS,
        take_out='r"/(?!/)[!-\\[\\]-~]*"',
        put='r"/(?!/)[!-~]*"',
        tests=OF_PATHS,
    ),
    Sabotage(
        "a login leads wherever the address says",
        rule=11,
        file=ROUTES,
        take_out='local_path(request.args.get("next")) or',
        put='request.args.get("next") or',
        tests=OF_LOGINS,
    ),
    Sabotage(
        "a login leads to logging out",
        rule=11,
        file=PATHS,
        take_out='inside = not path.startswith("/auth/") and not',
        put="inside = not",
        tests=OF_PATHS,
    ),
    Sabotage(
        "a path may climb",
        rule=11,
        file=PATHS,
        take_out=' and not {".", ".."} & set(path.split("/"))',
        put="",
        tests=OF_PATHS,
    ),
    Sabotage(
        "the Kelvin sign is a k",
        rule=37,
        file="app/auth/addresses.py",
        take_out="return email.translate(_LOWER)",
        put="return email.lower()",
        tests=OF_SHARES,
    ),
    Sabotage(
        "an address has one spelling only",
        rule=37,
        file="app/auth/addresses.py",
        take_out="return email.translate(_LOWER)",
        put="return email",
        tests=OF_SHARES,
    ),
)
