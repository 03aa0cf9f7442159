"""How often somebody may ask."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from app.auth.models import User
from app.db import Database
from app.web.buckets import KEPT, Bucket
from tests.conftest import NewApp
from tests.factories.user import UserFactory
from tests.forge.redis_server import RedisServer
from tests.unit.conftest import ClientFor
from tests.unit.cost import counted

DRAFT = {"title": "First light", "content": "It was bright."}


def hits(kind: str, by: str) -> float:
    return REGISTRY.get_sample_value("inkwell_limits_hit_total", {"kind": kind, "by": by}) or 0


def statuses(client: FlaskClient, times: int, path: str, address: str = "127.0.0.1") -> list[int]:
    return [client.get(path, environ_base={"REMOTE_ADDR": address}).status_code for _ in range(times)]


class TestSomebodyWhoReadsTooOften:
    @pytest.fixture(autouse=True)
    def asked(self, new_app: NewApp, client_for: ClientFor, user: User) -> None:
        self.app, self.client_for = new_app(rate_reads=2), client_for
        self.caller = client_for(user, app=self.app)
        self.before = hits("reads", "user")
        self.statuses = statuses(self.caller, 2, "/api/blogs")
        self.answer = self.caller.get("/api/blogs")

    def test_is_answered_until_then(self) -> None:
        assert self.statuses == [200, 200]

    def test_is_told_how_long_to_wait(self) -> None:
        assert (self.answer.status_code, self.answer.headers.get("Retry-After")) == (429, "30")

    def test_reads_so_as_json_under_api(self) -> None:
        assert self.answer.get_json() == {"error": "That was too often. Wait 30 seconds, then try again."}

    def test_reads_so_on_a_page(self) -> None:
        answer = self.caller.get("/blogs")
        assert (answer.status_code, "<h1>Slow down</h1>" in answer.text) == (429, True)

    def test_is_counted(self) -> None:
        assert hits("reads", "user") == self.before + 1

    def test_may_still_write(self) -> None:
        assert self.caller.post("/api/blogs", json=DRAFT).status_code == 201

    def test_does_not_use_up_what_others_may(self, user_factory: UserFactory) -> None:
        assert self.client_for(user_factory(), app=self.app).get("/api/blogs").status_code == 200

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/inkwell.css"])
    def test_may_ask_for_what_is_never_limited(self, path: str) -> None:
        assert 429 not in statuses(self.caller, 12, path)


class TestSomebodyWhoWritesTooOften:
    @pytest.fixture(autouse=True)
    def written(self, new_app: NewApp, client_for: ClientFor, user: User) -> None:
        self.caller = client_for(user, app=new_app(rate_writes=1))
        self.status = self.caller.post("/api/blogs", json=DRAFT).status_code
        self.answer = self.caller.post("/blogs/new", data={**DRAFT, "step": "save", "key": "a-key"})

    def test_is_refused(self) -> None:
        assert (self.status, self.answer.status_code, self.answer.headers.get("Retry-After")) == (201, 429, "60")

    def test_finds_what_was_typed(self) -> None:
        text = self.answer.text
        assert [each in text for each in (*DRAFT.values(), 'action="/blogs/new"', "Send it again")] == [True] * 4

    def test_sends_all_of_the_form_again(self) -> None:
        assert re.findall(r'type="hidden" name="(\w+)" value="([\w-]+)"', self.answer.text) == [
            ("step", "save"),
            ("key", "a-key"),
        ]

    def test_may_still_read(self) -> None:
        assert self.caller.get("/api/blogs").status_code == 200

    def test_shows_nothing_of_what_another_site_sent(self) -> None:
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        answer = self.caller.post("/blogs/new", data=DRAFT, headers=headers)
        assert (answer.status_code, DRAFT["content"] in answer.text) == (429, False)


class TestAnAddressThatAsksTooOften:
    @pytest.fixture(autouse=True)
    def asked(self, new_app: NewApp, client_for: ClientFor) -> None:
        self.app = new_app(rate_reads=1, proxy_hops=1)
        self.client: FlaskClient = client_for(app=self.app)

    def asked_from(self, forwarded: str, times: int = 1) -> list[int]:
        headers = {"X-Forwarded-For": forwarded}
        return [self.client.get("/", headers=headers).status_code for _ in range(times)]

    def test_may_ask_as_often_as_five_people(self) -> None:
        assert self.asked_from("192.0.2.1", 6) == [200] * 5 + [429]

    def test_is_the_one_that_the_proxy_names(self) -> None:
        self.asked_from("192.0.2.2", 6)
        assert self.asked_from("192.0.2.3, 192.0.2.2") + self.asked_from("192.0.2.2, 192.0.2.3") == [429, 200]

    def test_is_the_whole_network_of_an_ipv6_address(self) -> None:
        self.asked_from("2001:db8:0:1::1", 6)
        assert self.asked_from("2001:db8:0:1:ffff::2") + self.asked_from("2001:db8:0:2::1") == [429, 200]

    def test_is_the_same_as_a_mapped_one(self) -> None:
        self.asked_from("192.0.2.4", 6)
        assert self.asked_from("::ffff:192.0.2.4") == [429]

    def test_costs_no_query(self, client_for: ClientFor, user: User) -> None:
        caller, database = client_for(user, app=self.app), self.app.extensions["database"]
        statuses(caller, 6, "/nothing/here", "192.0.2.5")
        headers = {"X-Forwarded-For": "192.0.2.5"}
        assert isinstance(database, Database)
        self.asked_from("192.0.2.5", 6)
        with counted(database) as cost:
            assert caller.get("/blogs", headers=headers).status_code == 429
        assert cost.statements == []

    def test_may_not_look_for_addresses_either(self) -> None:
        headers = {"X-Forwarded-For": "192.0.2.6"}
        found = [self.client.get("/nothing", headers=headers).status_code for _ in range(6)]
        assert found == [404] * 5 + [429]


class TestAnAddressThatLogsInTooOften:
    def test_waits(self, new_app: NewApp, client_for: ClientFor) -> None:
        client = client_for(app=new_app(rate_logins=2))
        assert statuses(client, 3, "/auth/google/callback") == [400, 400, 429]


class TestTwoWorkers:
    @pytest.fixture(autouse=True)
    def with_redis(self, redis_server: RedisServer, new_app: NewApp, client_for: ClientFor, user: User) -> None:
        self.redis = redis_server
        self.workers = [new_app(rate_writes=2, rate_reads=2, redis_url=redis_server.url) for _ in range(2)]
        self.callers = [client_for(user, app=worker) for worker in self.workers]

    def written(self) -> list[int]:
        return [caller.post("/api/blogs", json=DRAFT).status_code for caller in self.callers * 2]

    def test_count_writes_together(self) -> None:
        assert self.written() == [201, 201, 429, 429]

    def test_count_by_themselves_while_redis_is_away(self) -> None:
        self.redis.kill()
        assert self.written() == [201, 201, 201, 201]

    @pytest.mark.parametrize("content", ["nonsense", "9e15"])
    def test_count_by_themselves_what_somebody_else_wrote_there(self, user: User, content: str) -> None:
        self.redis.client.set(f"inkwell-limits:writes:user:{user.id}", content)
        assert self.written() == [201, 201, 201, 201]

    def test_leave_no_key_without_an_expiry(self) -> None:
        self.written()
        keys = self.redis.client.keys("inkwell-limits:*")
        assert [0 < self.redis.client.pttl(key) <= 60_000 for key in keys] == [True, True]

    def test_ask_redis_nothing_for_a_read(self) -> None:
        for caller in self.callers:
            caller.get("/api/blogs")
        assert self.redis.client.keys("inkwell-limits:*") == []


class TestABucket:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
        now = [1000.0]
        monkeypatch.setattr("app.web.buckets.time.monotonic", lambda: now[0])
        return lambda seconds: now.__setitem__(0, now[0] + seconds)

    def test_fills_evenly(self, clock: Callable[[float], None]) -> None:
        bucket = Bucket("reads", 60)
        taken = [bucket.take("ada") for _ in range(61)]
        clock(1)
        assert (taken, bucket.take("ada"), bucket.take("ada")) == ([0] * 60 + [1], 0, 1)

    def test_is_full_after_a_minute_and_holds_no_more(self, clock: Callable[[float], None]) -> None:
        bucket = Bucket("reads", 2)
        bucket.take("ada")
        clock(3600)
        assert [bucket.take("ada") for _ in range(3)] == [0, 0, 30]

    def test_remembers_a_limited_number(self, clock: Callable[[float], None]) -> None:
        bucket = Bucket("reads", 1)
        for number in range(3 * KEPT):
            bucket.take(number)
        assert len(bucket._recent) + len(bucket._older) <= 2 * KEPT

    def test_remembers_the_last_ones(self, clock: Callable[[float], None]) -> None:
        bucket = Bucket("reads", 1)
        for number in range(KEPT + 1):
            bucket.take(number)
        assert bucket.take(0) == 60
