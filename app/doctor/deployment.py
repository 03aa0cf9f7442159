"""What is wrong with this deployment, and how to mend it. Each examination looks at one thing, and changes nothing."""

import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from flask import current_app
from redis import Redis, RedisError
from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from app.auth.oidc import CLOCK_SKEW_SECONDS, OidcClient
from app.auth.session import begin_login
from app.config import Settings
from app.current import database, settings
from app.errors import ProviderUnavailable
from app.migrations.revisions import VERSIONS, revisions
from app.setting_checks import is_loopback
from app.storage.current import store
from app.storage.s3 import S3Store
from app.storage.store import StoreError

SECONDS = 5
MB = 1024 * 1024
LEAST_FREE, LITTLE_FREE = 200 * MB, 2048 * MB
# The pool's own and its overflow, and those for prepared reads: see "What a worker takes" in docs/production.md.
CONNECTIONS_A_WORKER = 17
KEYS_LOOKED_AT = 1000
# Where SQLite's locks do not hold (sqlite.org/faq.html, question 5, and sqlite.org/wal.html).
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs"}

State = Literal["ok", "note", "WRONG"]


@dataclass(frozen=True)
class Finding:
    """What was seen of one thing. Only what is WRONG has to be mended."""

    about: str
    state: State
    sentence: str


Seen = Iterator[tuple[State, str]]


def examine() -> Iterator[Finding]:
    """What there is to say of each thing, as soon as it was looked at."""
    for about, look in EXAMINATIONS.items():
        for state, sentence in look(settings()):
            yield Finding(about, state, sentence)


def _settings(settings: Settings) -> Seen:
    if settings.production:
        yield "ok", "APP_ENV is production: anything unsafe is refused at the start."
    else:
        yield "note", "APP_ENV is not production: unsafe settings are accepted. Set it where others reach the blog."
    if settings.secret_key_fallbacks:
        yield "note", "SECRET_KEY_FALLBACKS is set: take the old keys out a week after they were replaced."
    endpoint = urlsplit(settings.s3_endpoint_url)
    if endpoint.scheme == "http" and not is_loopback(endpoint.hostname):
        yield "WRONG", "S3_ENDPOINT_URL is http: files would cross the network unprotected. Give its https address."


def _database(settings: Settings) -> Seen:
    try:
        with database().engine.connect() as connection:
            yield "ok", f"{connection.dialect.name} answers."
            yield from _schema(connection)
            of_its_kind = _sqlite if connection.dialect.name == "sqlite" else _postgresql
            yield from of_its_kind(connection, settings)
    except SQLAlchemyError as error:
        yield "WRONG", f"It does not answer: {_reason(error)}. Start it, or mend DATABASE_URL."


def _schema(connection: Connection) -> Seen:
    known, latest = revisions(VERSIONS)
    migrated = inspect(connection).has_table("alembic_version")
    applied = set(connection.scalars(text("SELECT version_num FROM alembic_version"))) if migrated else set()
    if applied - known:
        yield "note", "Its schema is newer than this code: finish the deployment, or bring the newer code back."
    elif applied != latest:
        yield "WRONG", "Its schema is older than this code. Apply the migrations: alembic upgrade head."


def _sqlite(connection: Connection, settings: Settings) -> Seen:
    path = Path(make_url(settings.database_url).database or "").absolute()
    if (disk := _disk_of(path)) in NETWORK_DISKS:
        yield (
            "WRONG",
            f"SQLite is on a network disk ({disk}), where its locks do not hold. Use a local one, or PostgreSQL.",
        )
    if (mode := connection.scalar(text("PRAGMA journal_mode"))) != "wal":
        yield (
            "WRONG",
            f"SQLite keeps no write-ahead log (journal_mode {mode}): readers wait for writers. Use a local disk.",
        )
    if path.exists() and path.stat().st_mode & path.parent.stat().st_mode & 0o077:
        yield "WRONG", f"Other users of this machine may read the database. Close it: chmod 600 {path}."


def _disk_of(path: Path) -> str:
    """The kind of file system that the path is on, or nothing where that is not told."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    above = [(len(at), kind) for at, kind in mounts if path.is_relative_to(at)]
    return max(above, default=(0, ""))[1]


def _postgresql(connection: Connection, settings: Settings) -> Seen:
    most, wanted = int(connection.scalar(text("SHOW max_connections")) or 0), _workers(settings) * CONNECTIONS_A_WORKER
    if wanted > most:
        told = f"{_workers(settings)} workers may take {wanted} connections, and the server has {most}"
        yield "WRONG", f"{told}. Raise its max_connections, put pgbouncer before it, or lower WEB_CONCURRENCY."
    ahead = time.time() - float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
    if abs(ahead) > CLOCK_SKEW_SECONDS:
        yield "WRONG", _clocks(ahead, "the database's")


def _redis(settings: Settings) -> Seen:
    if not settings.redis_url:
        yield "ok", "None is set: each worker caches in its own memory, which is right, and gone at a restart."
        return
    try:
        with Redis.from_url(settings.redis_url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as redis:
            yield "ok", "It answers."
            yield from _memory(redis.info("memory"))
            endless = sum(redis.ttl(key) == -1 for key in islice(redis.scan_iter("inkwell:*"), KEYS_LOOKED_AT))
    except (RedisError, OSError) as error:
        yield "WRONG", f"It does not answer: {_reason(error)}. The blog is slower without. Start it, or mend REDIS_URL."
    else:
        if endless:
            yield "WRONG", f"{endless} keys of the blog never expire. Clear them: flask cache clear."


def _memory(info: Any) -> Seen:
    limit, policy = int(info.get("maxmemory", 0)), info.get("maxmemory_policy", "noeviction")
    if not limit:
        yield "note", "It has no limit of memory. Set maxmemory, and maxmemory-policy to allkeys-lru."
    elif policy == "noeviction":
        yield "WRONG", "It refuses writes when it is full (noeviction). Set maxmemory-policy to allkeys-lru."


def _store(settings: Settings) -> Seen:
    chosen = store()
    try:
        chosen.head(f"doctor/{uuid.uuid4()}")
    except (StoreError, OSError) as error:
        yield "WRONG", f"It does not answer: {error} Mend the S3 settings, or see docs/stores.md."
    else:
        where = f"The bucket {chosen.bucket} answers." if isinstance(chosen, S3Store) else "The files are on this disk."
        yield "ok", f"{where} flask store doctor tries every promise of it."


def _provider(settings: Settings) -> Seen:
    back = f"{settings.base_url}{current_app.url_map.bind('').build('auth.callback')}"
    client = OidcClient(
        settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_uri=back,
    )
    try:
        client.authorization_url(begin_login({}, "/"))
    except ProviderUnavailable:
        yield (
            "WRONG",
            f"{settings.oidc_issuer} does not answer as OpenID Connect says. Mend OIDC_ISSUER, or the way to it.",
        )
    else:
        yield "ok", f"{settings.oidc_issuer} answers. It must know the redirect address {back}"
    if not settings.oidc_client_id:
        yield "WRONG", "OIDC_CLIENT_ID is not set: nobody can log in. The issuer's console shows it."


def _clock(settings: Settings) -> Seen:
    answer = _get(f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
    if isinstance(answer, str) or "Date" not in answer.headers:
        yield "note", "No clock to compare this machine's with: the provider told no time."
        return
    ahead = time.time() - parsedate_to_datetime(answer.headers["Date"]).timestamp()
    if abs(ahead) > CLOCK_SKEW_SECONDS:
        yield "WRONG", _clocks(ahead, "the provider's")
    else:
        yield "ok", "It agrees with the provider's."


def _clocks(ahead: float, whose: str) -> str:
    told = f"It is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} {whose}"
    return f"{told}: logins and signed addresses fail. Let NTP set it."


def _disk(settings: Settings) -> Seen:
    folder, free = settings.instance_dir, shutil.disk_usage(settings.instance_dir).free
    if free < LEAST_FREE:
        yield "WRONG", f"{free // MB:,} MB are free at {folder}. Make room, or move INSTANCE_DIR to a larger disk."
    elif free < LITTLE_FREE:
        yield "note", f"{free // MB:,} MB are free at {folder}."
    else:
        yield "ok", f"{free // MB:,} MB are free."
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield "WRONG", f"Other users of this machine may look into {folder}. Close it: chmod 700 {folder}."
    if not os.access(folder, os.W_OK | os.X_OK):
        yield "WRONG", f"This user may not write to {folder}. Give it to the user that runs the blog."


def _address(settings: Settings) -> Seen:
    answer = _get(f"{settings.base_url}/healthz")
    if isinstance(answer, str):
        state: State = "WRONG" if settings.production else "note"
        yield (
            state,
            f"The blog does not answer at {settings.base_url}: {answer}. Start it, or mend BASE_URL or the proxy.",
        )
    elif not _is_healthy(answer):
        yield (
            "WRONG",
            f"What answers at {settings.base_url} is not this blog (status {answer.status_code}). Mend the proxy.",
        )
    else:
        yield "ok", f"The blog answers at {settings.base_url}."
    if settings.production and not settings.proxy_hops:
        yield "note", "PROXY_HOPS is 0, and the blog speaks no TLS: behind a proxy of yours, set it to 1 or more."


def _is_healthy(answer: requests.Response) -> bool:
    try:
        return bool(answer.json() == {"status": "ok"})
    except ValueError:
        return False


def _workers_and_cores(settings: Settings) -> Seen:
    cores, workers = os.cpu_count() or 1, _workers(settings)
    if workers > 4 * cores:
        yield "note", f"{workers} workers on {cores} cores wait for each other. Lower WEB_CONCURRENCY."
    elif workers == 1 and settings.production:
        yield "note", "One worker alone: while it hangs or starts anew, nobody is served. Set WEB_CONCURRENCY to 2."
    else:
        yield "ok", f"{workers} of them on {cores} cores."


EXAMINATIONS: dict[str, Callable[[Settings], Seen]] = {
    "settings": _settings,
    "database": _database,
    "Redis": _redis,
    "store": _store,
    "provider": _provider,
    "clock": _clock,
    "disk": _disk,
    "address": _address,
    "workers": _workers_and_cores,
}


def _workers(settings: Settings) -> int:
    return settings.web_concurrency or os.cpu_count() or 1


def _get(url: str) -> requests.Response | str:
    """The answer, or why there is none."""
    with requests.Session() as session:
        # A proxy of the environment must not stand between the blog and what is on the same machine.
        session.trust_env = not is_loopback(urlsplit(url).hostname)
        try:
            return session.get(url, timeout=SECONDS, allow_redirects=False)
        except requests.exceptions.SSLError:
            return "its certificate is not one that programs believe"
        except requests.RequestException as error:
            return "it takes too long" if isinstance(error, requests.Timeout) else "it cannot be reached"


def _reason(error: Exception) -> str:
    """What the driver said, in one line; a password is not in it."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")
