"""Rules 36, 45 and 47: the blog's own files, its settings, and what is left after a restore."""

from dev.sabotage.entry import Sabotage

INSTANCE = "app/instance.py"
POOL = "app/images/pool.py"
COMMANDS = "app/attachments/commands.py"
SWEEP = "app/attachments/sweep.py"

OF_SETTINGS = ("tests/unit/test_config.py",)
OF_POOL = ("tests/unit/images/test_pool.py",)
OF_RESTORES = ("tests/unit/attachments/test_restore_check.py",)
OF_SWEEPS = ("tests/unit/attachments/test_sweep.py", "tests/unit/attachments/test_sweep_command.py")

SABOTAGES = (
    Sabotage(
        "other users read the instance folder",
        rule=36,
        file=INSTANCE,
        take_out="            instance_dir.chmod(mode & 0o700)\n",
        put="            pass\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "other users read what is written there",
        rule=36,
        file=INSTANCE,
        take_out="    os.umask(0o077)\n",
        put="",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "everybody's folder is closed to everybody",
        rule=36,
        file=INSTANCE,
        take_out="if mode & 0o077 and not mode & stat.S_ISVTX:",
        put="if mode & 0o077:",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "each process has a secret of its own",
        rule=36,
        file=INSTANCE,
        take_out="    return path.read_text()\n",
        put="    return secrets.token_hex(SECRET_BYTES)\n",
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "the image program has our secrets",
        rule=36,
        file=POOL,
        take_out=", stderr=pipe, env={})",
        put=", stderr=pipe)",
        tests=OF_POOL,
    ),
    Sabotage(
        "the image program opens what it likes",
        rule=36,
        file="app/images/decoder.py",
        take_out="    resource.setrlimit(resource.RLIMIT_NOFILE, (STANDARD_STREAMS, STANDARD_STREAMS))\n",
        put="",
        tests=OF_POOL,
    ),
    Sabotage(
        "a provider on this machine by another spelling will do",
        rule=45,
        file="app/setting_checks.py",
        take_out="    return (mapped or address).is_loopback or (mapped or address).is_unspecified\n",
        put='    return str(mapped or address) == "127.0.0.1"\n',
        tests=OF_SETTINGS,
    ),
    Sabotage(
        "the wheel holds the tests",
        rule=45,
        file="pyproject.toml",
        take_out='packages = ["app"]',
        put='packages = ["app", "tests"]',
        tests=("tests/unit/test_wheel.py",),
    ),
    Sabotage(
        "a new person's epoch is anybody's first",
        rule=47,
        file="app/auth/models.py",
        take_out="session_epoch: Mapped[int] = mapped_column(default=new_version)",
        put="session_epoch: Mapped[int] = mapped_column(default=1)",
        tests=("tests/unit/auth/test_routes.py", "tests/unit/auth/test_session.py", *OF_RESTORES),
    ),
    Sabotage(
        "an epoch moves to what was there before",
        rule=47,
        file="app/auth/queries.py",
        take_out="values(session_epoch=next_version(User.session_epoch))",
        put="values(session_epoch=User.session_epoch - 1)",
        tests=("tests/unit/auth/test_routes.py", *OF_RESTORES),
    ),
    Sabotage(
        "an id is given out again",
        rule=47,
        file="app/migrations/versions/0001_users_and_blogs.py",
        take_out='name=op.f("uq_users_issuer_subject")),\n        sqlite_autoincrement=True,\n',
        put='name=op.f("uq_users_issuer_subject")),\n',
        tests=("tests/unit/test_migrations.py", "tests/unit/test_db.py", *OF_RESTORES),
    ),
    Sabotage(
        "an image's address is kept whatever it shows",
        rule=47,
        file="app/attachments/routes.py",
        take_out='    if request.args.get("v") == fingerprint(file.sha256):\n',
        put='    if request.args.get("v"):\n',
        tests=("tests/unit/attachments/test_routes.py",),
    ),
    Sabotage(
        "two images have one fingerprint",
        rule=47,
        file="app/attachments/models.py",
        take_out="return blake2b(sha256.encode(), digest_size=8).hexdigest()",
        put='return blake2b(b"", digest_size=8).hexdigest()',
        tests=("tests/unit/attachments/test_routes.py",),
    ),
    Sabotage(
        "a restore leaves sessions as they were",
        rule=47,
        file=COMMANDS,
        take_out="        session_epoch=next_version(User.session_epoch), cache_version",
        put="        cache_version",
        tests=OF_RESTORES,
    ),
    Sabotage(
        "a restore leaves versions as they were",
        rule=47,
        file=COMMANDS,
        take_out="session_epoch=next_version(User.session_epoch), cache_version=next_version(User.cache_version)\n",
        put="session_epoch=next_version(User.session_epoch)\n",
        tests=OF_RESTORES,
    ),
    Sabotage(
        "a restore leaves the cache as it was",
        rule=47,
        file=COMMANDS,
        take_out="        cleared = cache().clear()\n",
        put="        cleared = 0\n",
        tests=OF_RESTORES,
    ),
    Sabotage(
        "a restore says that all is well while files are missing",
        rule=47,
        file=COMMANDS,
        take_out="    if lacking:\n",
        put="    if False:\n",
        tests=OF_RESTORES,
    ),
    Sabotage(
        "a sweep takes what an old database does not know",
        rule=47,
        file=SWEEP,
        take_out="    if len(useless) > max(FEW, len(found) * FEW_OF_ALL) and not all_unknown:\n",
        put="    if False:\n",
        tests=OF_SWEEPS,
    ),
    Sabotage(
        "a sweep takes what is just arriving",
        rule=47,
        file=SWEEP,
        take_out="if each.since < before]",
        put="if each.since]",
        tests=OF_SWEEPS,
    ),
)
