"""Rules 33, 48, 49 and 54: how many workers there are, how one follows another, and one that hangs."""

from dev.sabotage.entry import Sabotage

ARBITER = "app/arbiter.py"
GUNICORN = "gunicorn.conf.py"
MACHINE = "app/machine.py"
WORKER = "app/worker.py"

ARBITER_TESTS = "tests/unit/test_arbiter.py"
OF_ARBITER = (ARBITER_TESTS,)
OF_SERVER = ("tests/unit/test_gunicorn_conf.py",)
OF_STATUS = ("tests/unit/test_status.py",)

SABOTAGES = (
    Sabotage(
        "the server listens to every machine",
        rule=33,
        file="app/config.py",
        take_out='IPv4Address("127.0.0.1")',
        put='IPv4Address("0.0.0.0")',
        tests=OF_SERVER,
    ),
    Sabotage(
        "whoever is connected comes before whoever waits",
        rule=33,
        file=WORKER,
        take_out="return 0 if others_wait else self._most_keepalived",
        put="return self._most_keepalived",
        tests=("tests/unit/test_worker.py",),
    ),
    Sabotage(
        "old workers go before new ones are ready",
        rule=48,
        file=ARBITER,
        take_out="        serving = [each for each in staying if each.ready]\n",
        put="        serving = list(staying)\n",
        tests=OF_ARBITER,
    ),
    Sabotage(
        "a reload starts twice as many workers at once",
        rule=48,
        file=ARBITER,
        take_out="self.num_workers + max(1, self.num_workers // SPARE)",
        put="self.num_workers * 2",
        tests=OF_ARBITER,
    ),
    Sabotage(
        "a reload waits for what old workers still do",
        rule=48,
        file=ARBITER,
        take_out="        self.outdated_age = self.worker_age\n",
        put="        self.outdated_age = self.worker_age\n        super().reload()\n",
        tests=OF_ARBITER,
    ),
    Sabotage(
        "a worker that was told to stop is still counted on",
        rule=48,
        file=WORKER,
        take_out="        self.figures.stopping = 1\n",
        put="",
        tests=OF_ARBITER,
    ),
    Sabotage(
        "a worker that has served for long stops before another is ready",
        rule=48,
        file=WORKER,
        take_out="        self.max_requests = sys.maxsize\n",
        put="",
        tests=OF_ARBITER,
    ),
    Sabotage(
        "a worker serves for ever",
        rule=48,
        file=GUNICORN,
        take_out="max_requests = 50_000\n",
        put="max_requests = 0\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a stopping worker waits long for what may be on its way",
        rule=48,
        file=WORKER,
        take_out="gthread.STOP_KEEPALIVE_LINGER = LINGER_SECONDS = 0.5",
        put="LINGER_SECONDS = 0.5",
        tests=("tests/unit/test_worker.py",),
    ),
    Sabotage(
        "a worker that is done takes its interpreter apart",
        rule=48,
        file=GUNICORN,
        take_out="        os._exit(0)\n",
        put="        return\n",
        tests=("tests/unit/test_worker.py",),
    ),
    Sabotage(
        "there is one worker where there is one core",
        rule=48,
        file=GUNICORN,
        take_out="max(2, usable_cores())",
        put="1",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a container has as many workers as its machine has cores",
        rule=48,
        file=MACHINE,
        take_out="min([_cores(), *map(math.ceil, _quotas(root))])",
        put="_cores()",
        tests=("tests/unit/test_machine.py",),
    ),
    Sabotage(
        "each worker that ever was leaves its metrics",
        rule=49,
        file=GUNICORN,
        take_out="    worker.number = min(set(range(1, len(taken) + 2)) - taken)\n",
        put="    worker.number = worker.age\n",
        tests=OF_SERVER,
    ),
    Sabotage(
        "a worker that is not heard is let be",
        rule=54,
        file=ARBITER,
        take_out="            if self.timeout and time.monotonic() - worker.tmp.last_update() > self.timeout:\n",
        put="            if False:\n",
        tests=(f"{ARBITER_TESTS}::TestAnArbiter",),
    ),
    Sabotage(
        "a worker whose threads all hang is let be",
        rule=54,
        file=ARBITER,
        take_out="        if worker.figures.stuck:\n",
        put="        if False:\n",
        tests=(f"{ARBITER_TESTS}::TestAWorkerWhoseThreadsAllWaitForEver",),
    ),
    Sabotage(
        "a worker that never begins is let be",
        rule=54,
        file=ARBITER,
        take_out=" > BOOT_SECONDS",
        put=" > 86400",
        tests=(f"{ARBITER_TESTS}::TestAnArbiter",),
    ),
    Sabotage(
        "a worker is killed for being slow",
        rule=54,
        file=WORKER,
        take_out="        if times != self._cpu_times or len",
        put="        if len",
        tests=(f"{ARBITER_TESTS}::TestAWorkerWhoseThreadsAreAllBusyForLong",),
    ),
    Sabotage(
        "all workers are killed when the machine stood still",
        rule=54,
        file=ARBITER,
        take_out="        if now - self._looked > AWAY_SECONDS:\n",
        put="        if not self._looked:\n",
        tests=(f"{ARBITER_TESTS}::TestAnArbiter",),
    ),
    Sabotage(
        "a busy worker takes clients that another is free for",
        rule=54,
        file=WORKER,
        take_out="min(self._most_connections, waiting + int(self.cfg.threads))",
        put="self._most_connections",
        tests=(f"{ARBITER_TESTS}::TestAWorkerWithoutAFreeThread",),
    ),
    Sabotage(
        "a server that was killed is shown as if it ran",
        rule=54,
        file="app/status.py",
        take_out="        fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        return False\n",
        put="        return True\n",
        tests=OF_STATUS,
    ),
)
