"""Rules 25, 29 and 50: the database, the store or the provider away, and what goes on without them."""

from dev.sabotage.entry import Sabotage

BREAKER = "app/cache/breaker.py"
BULKHEAD = "app/bulkhead.py"
POSTGRES = "app/postgres.py"
S3 = "app/storage/s3.py"
IMAGES = "app/images/disk_cache.py"
CHECKS = "app/web/checks.py"
READINESS = "app/readiness.py"
HEALTH = "app/web/health.py"

OF_PLACES = ("tests/unit/test_bulkhead.py",)
OF_POSTGRES = ("tests/unit/test_postgres.py",)
OF_OUTAGES = ("tests/unit/test_outages.py",)
OF_IMAGES = ("tests/unit/images/test_disk_cache.py",)
OF_HEALTH = ("tests/unit/web/test_health.py",)

SABOTAGES = (
    Sabotage(
        "all threads may wait for one thing",
        rule=50,
        file=BULKHEAD,
        take_out="                if left <= 0:\n",
        put="                if left <= -3600:\n",
        tests=OF_PLACES,
    ),
    Sabotage(
        "whoever waits is sent away although others come and go",
        rule=50,
        file=BULKHEAD,
        take_out="            self._free -= 1\n            self._entered_at = monotonic()\n",
        put="            self._free -= 1\n",
        tests=OF_PLACES,
    ),
    Sabotage(
        "everybody who is sent away has a line of the log",
        rule=55,
        file=BULKHEAD,
        take_out="            first = self._count == 1\n",
        put="            first = True\n",
        tests=OF_PLACES,
    ),
    Sabotage(
        "nobody hears that a part is left alone",
        rule=55,
        file=BREAKER,
        take_out="            opened = self._failures == self._most\n",
        put="            opened = False\n",
        tests=("tests/unit/cache/test_breaker.py",),
    ),
    Sabotage(
        "more threads than there are wait for the database",
        rule=50,
        file=POSTGRES,
        take_out="PLACES = 4\n",
        put="PLACES = 8\n",
        tests=("tests/unit/test_bulkhead.py",),
    ),
    Sabotage(
        "a slow statement counts as a server that is silent",
        rule=25,
        file=POSTGRES,
        take_out="STATEMENT_SECONDS = 3\n",
        put="STATEMENT_SECONDS = 10\n",
        tests=OF_POSTGRES,
    ),
    Sabotage(
        "a frozen database is waited for longer than five seconds",
        rule=50,
        file=POSTGRES,
        take_out="ANSWER_SECONDS = 4\n",
        put="ANSWER_SECONDS = 40\n",
        tests=OF_POSTGRES,
    ),
    Sabotage(
        "a frozen store is waited for longer than five seconds",
        rule=50,
        file=S3,
        take_out="READ_TIMEOUT = 1.8\n",
        put="READ_TIMEOUT = 3\n",
        tests=("tests/unit/storage/test_s3.py",),
    ),
    Sabotage(
        "a store that is silent is asked by everybody",
        rule=50,
        file=S3,
        take_out="        if not self._breaker.may_probe():\n            raise StoreUnavailable\n",
        put="",
        tests=OF_OUTAGES,
    ),
    Sabotage(
        "many threads wait for one image that another fetches",
        rule=50,
        file=IMAGES,
        take_out="        with self._waiting:\n            while not try_lock(file):\n",
        put="        if True:\n            while not try_lock(file):\n",
        tests=OF_IMAGES,
    ),
    Sabotage(
        "an image that another fetches is waited for without end",
        rule=50,
        file=IMAGES,
        take_out="                if time.monotonic() - began > MOST_WAITED:\n                    raise Busy\n",
        put="",
        tests=OF_IMAGES,
    ),
    Sabotage(
        "whoever waited for a store that is silent asks it too",
        rule=50,
        file=IMAGES,
        take_out="                if not found and waited > LONG_ENOUGH:\n                    raise Busy\n",
        put="",
        tests=OF_IMAGES,
    ),
    Sabotage(
        "readiness waits for what is silent",
        rule=29,
        file=CHECKS,
        take_out="            return asked.result(max(until - monotonic(), 0))\n",
        put="            return asked.result()\n",
        tests=OF_HEALTH,
    ),
    Sabotage(
        "what is silent is asked again by everybody who asks for readiness",
        rule=29,
        file=CHECKS,
        take_out="            if asked is None or (asked.done() and",
        put="            if asked is None or (True and",
        tests=OF_HEALTH,
    ),
    Sabotage(
        "asking for readiness loads the store and the provider",
        rule=29,
        file=READINESS,
        take_out="KEPT_SECONDS = 5\n",
        put="KEPT_SECONDS = 0\n",
        tests=OF_HEALTH,
    ),
    Sabotage(
        "a provider that is away sends everybody elsewhere",
        rule=29,
        file=HEALTH,
        take_out="    if not works:\n",
        put='    if not works or states["provider"] != "ok":\n',
        tests=OF_OUTAGES,
    ),
)
