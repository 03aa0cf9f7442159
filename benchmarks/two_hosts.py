"""Two machines behind nginx, and one of them cut off: `python -m benchmarks.two_hosts`, as root, on Linux.

Each machine is a network namespace with a worker on a core of its own. PostgreSQL, Redis, the S3 server, nginx and the
load share these cores, so the second machine brings less here than a real one would.
"""

import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any
from urllib.request import urlopen

from app.config import Settings
from app.factory import create_app
from benchmarks.experiment import SCRIPT, Load
from dev.postgres import postgres
from dev.steps import SetupError
from dev.tools import nginx
from tests.conftest import migrate
from tests.e2e.live_server import environment
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionFactory
from tests.factories.user import UserFactory
from tests.forge.processes import running
from tests.forge.redis_server import executable, until
from tests.forge.seaweedfs import SeaweedFS, command, free_ports, identities
from tests.limits import RAISED
from tests.proxies import Proxy, nginx_before
from tests.seaweedfs import made_bucket, settings_of

BRIDGE, HOME, PORT = "inkwell", "10.77.0.1", 8000
HOSTS = {"inkwell-a": "10.77.0.2", "inkwell-b": "10.77.0.3"}
SECONDS, CONNECTIONS, BLOGS = 8, 8, 20
CUT_AFTER, RUN = 5.0, 60.0
PATIENCE = 60


@contextmanager
def network() -> Iterator[None]:
    """A bridge, and a namespace at it for each host, gone afterwards."""
    if os.geteuid() or not shutil.which("ip"):
        raise SetupError("Network namespaces need root, and the command ip.")
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["ip", "link", "delete", BRIDGE], check=False)
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{HOME}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for name, address in HOSTS.items():
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
            stack.callback(subprocess.run, ["ip", "link", "delete", name], check=False)
            ip("netns", "add", name)
            ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", name, "master", BRIDGE, "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                ip("-n", name, "link", "set", link, "up")
        yield


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def services(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL, Redis and a bucket that the hosts reach: what the settings say of them."""
    [redis_port, *ports] = free_ports(11)
    store = SeaweedFS(f"http://{HOME}:{ports[0]}", secrets.token_hex(10), secrets.token_hex(20))
    (folder / "s3.json").write_text(json.dumps(identities(store)))
    weed = [word.replace("127.0.0.1", HOME) for word in command(folder, ports)]
    redis = [executable() or "redis-server", "--port", str(redis_port), "--bind", HOME, "--protected-mode", "no"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        postgres(HOME) as database_url,
        running([*redis, "--save", "", "--dir", str(folder)], **quiet),
        running(weed, cwd=folder, **quiet),
    ):
        until(lambda: answers(f"{store.endpoint_url}/healthz"), PATIENCE)
        bucket = settings_of(store, made_bucket(store))
        yield {"database_url": database_url, "redis_url": f"redis://{HOME}:{redis_port}/0", **bucket}


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):  # noqa: S310  an address of ours
            return True
    except OSError:
        return False


@contextmanager
def hosts(folder: Path, settings: Settings) -> Iterator[None]:
    with ExitStack() as stack:
        for core, (name, address) in enumerate(HOSTS.items()):
            own = settings.model_copy(update={"instance_dir": folder / name})
            inside = ["ip", "netns", "exec", name, "taskset", "-c", str(core % (os.cpu_count() or 1))]
            blog = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"{address}:{PORT}"]
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            told = os.environ | environment(own)
            stack.enter_context(running([*inside, *blog], env=told, stdout=log, stderr=log))
        until(lambda: all(answers(f"http://{address}:{PORT}/readyz") for address in HOSTS.values()), PATIENCE)
        yield


def main() -> int:
    os.environ["INKWELL_NGINX"] = nginx() or ""
    with tempfile.TemporaryDirectory() as place, network(), services(Path(place)) as told:
        folder = Path(place)
        settings = Settings(
            _env_file=None,
            secret_key=secrets.token_hex(32),
            instance_dir=folder / "home",
            base_url="https://localhost",
            web_concurrency=1,
            proxy_hops=1,
            **RAISED,
        ).model_copy(update=told)
        migrate(settings)
        headers = somebody(settings)
        with hosts(folder, settings):
            for number, name in ((1, "one host"), (2, "two hosts")):
                lines = " ".join(f"server {address}:{PORT};" for address in list(HOSTS.values())[:number])
                with nginx_before(lines, folder) as proxy:
                    for path in ("/api/blogs", "/blogs"):
                        found = load(proxy, path, headers)
                        told_of = f"p50 {found.p50:.1f}, p99 {found.p99:.1f} ms, {found.wrong} wrong"
                        print(f"{name}: {path:12} {found.per_second:7,.0f} requests/s, {told_of}")
                    if number == 2:
                        return cut_off(proxy, headers)
    return 1


def somebody(settings: Settings) -> dict[str, str]:
    app = create_app(settings)
    database = app.extensions["database"]
    user = UserFactory.on(database)()
    for number in range(BLOGS):
        BlogFactory.on(database)(user, title=f"Blog {number}", content="Some words. " * 40)
    headers = SessionFactory(app)(user).header
    database.close()
    database.engine.dispose()
    return headers


def load(proxy: Proxy, path: str, headers: Mapping[str, str]) -> Load:
    told = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    limits = ["-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--timeout", "60s"]
    asked = ["wrk", *limits, *told, "-s", str(SCRIPT), f"{proxy.url}{path}"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout.splitlines()[-1]))


def cut_off(proxy: Proxy, headers: Mapping[str, str]) -> int:
    """Read from many sides, cut the first host off in the middle, and tell what readers saw of it."""
    began = monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        readers = [pool.submit(read, proxy.port, proxy.context, headers, began + RUN) for _ in range(CONNECTIONS)]
        sleep(CUT_AFTER)
        ip("link", "set", next(iter(HOSTS)), "down")
        cut = monotonic()
        asked = [each for reader in readers for each in reader.result()]
    before = [took for at, took, _ in asked if at + took < cut]
    after = sorted(took for at, took, _ in asked if at + took >= cut)
    statuses = Counter(status for _, _, status in asked)
    waited = [took for took in after if took > 1]
    print(f"one host cut off: {len(before):,} answers before it, slowest {max(before) * 1000:.0f} ms")
    print(f"{len(after):,} after it, slowest {after[-1]:.1f} s; {len(waited)} waited longer than a second")
    print(f"statuses: {dict(statuses)}")
    return int(set(statuses) != {200})


def read(
    port: int, context: ssl.SSLContext, headers: Mapping[str, str], until: float
) -> list[tuple[float, float, int]]:
    """When each was asked, how many seconds it took, and its status; 0 is none."""
    asked = []
    while monotonic() < until:
        at, began = monotonic(), perf_counter()
        connection = HTTPSConnection("localhost", port, timeout=PATIENCE, context=context)
        try:
            connection.request("GET", "/api/blogs", headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, HTTPException):
            status = 0
        connection.close()
        asked.append((at, perf_counter() - began, status))
    return asked


if __name__ == "__main__":
    sys.exit(main())
