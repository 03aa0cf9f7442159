"""Everything that runs while it is measured, started when it is first needed, and stopped together."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import Self

from dev.bench.asked import Asked, WrongAnswer, prepared
from dev.bench.blog import Blog
from dev.bench.load import Request, ask
from dev.bench.rows import FLOORS, LINES, Caller, Line, is_ours
from dev.bench.servers import HOST, Running, Server, peers, redis_database, started
from dev.postgres import postgres
from tests.forge.redis_server import RedisServer

UNCACHED = "-uncached"
STYLE = re.compile(r'href="([^"]+\.css[^"]*)"')


class Site:
    """The servers have `core` for themselves, one at a time."""

    def __init__(self, folder: Path, core: int) -> None:
        self._folder, self.core = folder, core
        self._stack = ExitStack()
        self._running: dict[str, Running] = {}
        self._headers: dict[tuple[str, Caller], dict[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def server(self, name: str) -> Running:
        if name not in self._running:
            self._running[name] = self._stack.enter_context(
                started(self.program(name), self.core, self._folder / f"{name}.log")
            )
        return self._running[name]

    def another(self, name: str) -> AbstractContextManager[Running]:
        """The same program once more, for a while."""
        return started(self.program(name), self.core, self._folder / f"{name}-again.log")

    def program(self, name: str) -> Server:
        if not is_ours(name):
            return self._peers[name]
        return self.blog(name).server("dev.bench.uncached:app" if name.endswith(UNCACHED) else "wsgi:app")

    def blog(self, name: str) -> Blog:
        return self._on_postgres if "postgres" in name else self._on_sqlite

    def asked(self, line: Line) -> Asked:
        """Raises NotThere or WrongAnswer."""
        path = line.path.format(**self._places) if is_ours(line.server) else line.path
        documents = self.blog(line.server).expected_list()
        return prepared(line, self.server(line.server), path, self.headers(line.server, line.by), documents)

    def first_asked(self, name: str) -> Asked:
        """What that program is asked for first in the tables."""
        return self.asked(next(line for line in (*FLOORS, *LINES) if line.server == name))

    def headers(self, server: str, by: Caller) -> Mapping[str, str]:
        if by == "nobody":
            return {"Host": HOST}
        if (server, by) not in self._headers:
            blog = self.blog(server)
            user = blog.reader if by == "reader" else blog.writer
            self._headers[server, by] = blog.headers(user) if is_ours(server) else self._logged_in(server, user.id)
        return self._headers[server, by]

    def _logged_in(self, peer: str, user_id: int) -> dict[str, str]:
        reply = ask(self.server(peer), Request(f"/login/{user_id}", {"Host": HOST}))
        cookies = [value.partition(";")[0] for value in reply.headers.get_all("Set-Cookie") or []]
        if not cookies:
            raise WrongAnswer(f"{peer} lets nobody in: {reply.status}")
        return {"Host": HOST, "Cookie": "; ".join(cookies)}

    @cached_property
    def _redis(self) -> RedisServer:
        redis = RedisServer(self._folder)
        self._stack.callback(redis.kill)
        return redis

    @cached_property
    def _on_sqlite(self) -> Blog:
        return self._closed(Blog(self._folder / "sqlite", self._redis.url))

    @cached_property
    def _on_postgres(self) -> Blog:
        url = self._stack.enter_context(postgres())
        return self._closed(Blog(self._folder / "postgres", redis_database(self._redis.url, 5), url))

    def _closed(self, blog: Blog) -> Blog:
        self._stack.callback(blog.close)
        return blog

    @cached_property
    def _peers(self) -> dict[str, Server]:
        database = self._on_sqlite.copy_for_peers(self._folder / "peers.db")
        return peers(database, self._redis.url)

    @cached_property
    def _places(self) -> dict[str, str]:
        """What the names in the lines' paths stand for."""
        blog = self._on_sqlite
        page = ask(self.server("inkwell"), Request("/", {"Host": HOST})).body.decode()
        found = STYLE.search(page)
        return {
            "blog": str(blog.newest_of(blog.reader)),
            "image": str(blog.picture()),
            "style": found.group(1) if found else "/static/inkwell.css",
        }
