"""Nothing that a client sends may cause a 5xx."""

import base64
import json
import random
import time
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from tests.factories.blog import BlogFactory
from tests.factories.session import SessionCookie, SessionFactory

pytestmark = pytest.mark.both_databases

DEEP = "[" * 100_000 + "]" * 100_000
ODD_CONTENTS: list[Any] = [
    None, True, 0, 1, -1, 2**63, 1.5, "", "x", [], [1], [[1, 2]], {}, {"": ""}, {"_user_id": {}}, {"_user_id": []},
    {"_user_id": 2**63, "epoch": 1, "iat": 1}, {"_user_id": "1", "epoch": {}, "iat": []}, {" t": 1}, {" t": [1]},
    {" u": "x"}, {" d": "x"}, {" b": "%"}, {" di": 7}, {" m": None}, {"logins": 1}, {"logins": [None] * 50},
    {"logins": [{"state": []}]}, {"_fresh": 1, "_id": 2, "_remember": "set"}, {"_flashes": 7}, {"_permanent": "x"},
    json.loads("[" * 100 + "]" * 100),
    {"_user_id": "1", "epoch": 2**63, "iat": int(time.time())},
    {"_user_id": "1", "epoch": 1, "iat": 10**400},
    {"logins": [{"state": "s", "nonce": "n", "verifier": "v", "next": "/", "at": 10**400}]},
]  # fmt: skip
ODD_IDS = [
    "0",
    "-1",
    "+1",
    "01",
    "1.0",
    "1e3",
    "abc",
    "%00",
    "9223372036854775808",
    "9" * 400,
    "\uff11",
    "1%2F2",
    "null",
    " 1",
]
ODD_JSON = [
    b"", b"{", b"null", b"7", b"[]", b'"x"', b"NaN", b'{"title": NaN, "content": Infinity}', DEEP.encode(),
    b'{"title": ' + DEEP.encode() + b', "content": "C"}', b'{"title": "\\ud800", "content": "C"}',
    b'{"title": "\xff", "content": "C"}', b'\xef\xbb\xbf{"title": "T", "content": "C"}',
    b'{"title": 9223372036854775808, "content": "C"}', b'{"title": 1e999, "content": "C"}',
    b'{"title": true, "content": []}', b'{"title": null, "content": {}}', b'{"title": "T\\u0000", "content": "C"}',
    b'{"title": "T", "content": "C", "owner_id": 1}', b'{"title": "' + b"x" * 201 + b'", "content": "C"}',
    b'{"title": "T", "content": "' + b"x" * 100_001 + b'"}', b"x" * (2 * 1024 * 1024 + 1), b"1" * 5000,
    b'{"email": 7}', b'{"email": "a@b\\u0000"}', b'{"email": ["a@b.c"]}', b'{"email": "' + b"@" * 999_999 + b'"}',
    b'{"version": 9223372036854775808}', b'{"version": -1}', b'{"version": "1"}',
    b'{"title": "T", "content": "C", "attachment_id": 9223372036854775808}',
    b'{"title": "T", "content": "C", "tags": {}}', b'{"title": "T", "content": "C", "tags": [["a"], null]}',
    b'{"title": "T", "content": "C", "tags": ["' + b"x," * 500_000 + b'"]}',
]  # fmt: skip
ODD_HOSTS = [
    "",
    " ",
    "a b",
    "evil.example",
    "localhost:x",
    "localhost:99999",
    "[::1",
    "]",
    "..",
    "\xe9",
    "a" * 300,
    "@",
    "localhost/",
]
LETTERS = [chr(code) for code in range(33, 127) if chr(code) not in "+/"]


def odd_cookie_values(signed: str) -> list[str]:
    """Two hundred values, from a fixed seed: noise, pieces of a true cookie, and a true one with one letter changed."""
    chance = random.Random(7)  # noqa: S311  no secret
    # A payload that is compressed begins with a dot.
    payload, stamp, signature = signed.rsplit(".", 2)
    bomb = "." + base64.urlsafe_b64encode(zlib.compress(b"0" * 1_000_000)).decode()
    values = ["", ".", "..", "...", "a.b.c", payload, f"{payload}.{stamp}", f".{payload}.{stamp}.{signature}", bomb * 3]
    values += [f"{payload}..{signature}", f"{payload}.{stamp}.{signature}.", signed * 40, "%00", '"', "\xff\xfe", "🖋"]
    while len(values) < 200:
        changed = list(signed)
        # Not the last, two of whose bits mean nothing, and not into base64's other spellings of - and _: either can be
        # the same signature.
        changed[chance.randrange(len(changed) - 1)] = chance.choice(LETTERS)
        noise = chance.randbytes(chance.randrange(60)).decode("latin-1")
        value = "".join(changed) if chance.random() < 0.5 else noise
        # No header has a line break, and one letter may be changed into itself.
        if value != signed and not set("\r\n") & set(value):
            values.append(value)
    return values


class TestOddCookies:
    def test_that_nobody_signed_are_nobodys(
        self, client: FlaskClient, user: User, session_factory: SessionFactory
    ) -> None:
        true = session_factory(user)
        headers = [{"Cookie": f"{true.name}={value}"} for value in odd_cookie_values(true.value)]
        statuses = {client.get("/api/blogs", headers=header).status_code for header in headers}
        assert (statuses, len(headers)) == ({401}, 200)

    @pytest.mark.parametrize("content", ODD_CONTENTS, ids=lambda content: str(content)[:40])
    def test_that_were_rightly_signed_are_nobodys(
        self, client: FlaskClient, session_factory: SessionFactory, content: Any
    ) -> None:
        cookie = session_factory.holding(content)
        assert client.get("/api/blogs", headers=cookie.header).status_code == 401
        assert client.get("/auth/google/callback?state=s&code=c", headers=cookie.header).status_code == 400

    @pytest.mark.parametrize("value", ["garbage", "1|abc", "1|" + "0" * 128, "|", "", "1|é"])
    def test_of_a_remembered_login_are_not_read(self, client: FlaskClient, value: str) -> None:
        cookie = SessionCookie("remember_token", value)
        assert client.get("/api/blogs", headers=cookie.header).status_code == 401

    def test_of_a_remembered_login_do_not_log_out(
        self, client: FlaskClient, user: User, session_factory: SessionFactory
    ) -> None:
        cookie = session_factory(user).header["Cookie"] + "; remember_token=garbage"
        assert client.get("/api/blogs", headers={"Cookie": cookie}).status_code == 200


class TestOddBodies:
    @pytest.mark.parametrize("body", ODD_JSON, ids=lambda body: repr(body[:30]))
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/api/blogs"),
            ("PATCH", "/api/blogs/1"),
            ("POST", "/api/blogs/1/shares"),
            ("POST", "/api/attachments"),
        ],
    )
    def test_are_refused_with_a_sentence(self, caller: FlaskClient, method: str, path: str, body: bytes) -> None:
        answer = caller.open(path, method=method, data=body, content_type="application/json")
        assert answer.status_code in (400, 404, 413, 422)
        assert answer.get_json()["error"]

    def test_with_no_number_are_no_json(self, caller: FlaskClient) -> None:
        body = b'{"title": "T", "content": NaN}'
        answer = caller.post("/api/blogs", data=body, content_type="application/json")
        assert answer.status_code == 400

    @pytest.mark.parametrize("path", ["/api/blogs", "/blogs/new"])
    def test_that_are_too_large_are_not_read(self, caller: FlaskClient, path: str) -> None:
        kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
        answer = caller.post(path, data=b"x" * (2 * 1024 * 1024 + 1), content_type=kind)
        assert answer.status_code == 413

    @pytest.mark.parametrize("path", ["/api/blogs", "/blogs/new"])
    def test_with_too_many_fields_are_refused_at_once(self, caller: FlaskClient, path: str) -> None:
        fields = {f"f{number}": "x" for number in range(10_000)}
        body: dict[str, Any] = {"json": fields} if path.startswith("/api/") else {"data": fields}
        answer = caller.post(path, **body)
        assert (answer.status_code, len(answer.data) < 10_000) == (400, True)

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
    def test_of_another_type_are_not_read(self, caller: FlaskClient, kind: str) -> None:
        answer = caller.post("/api/blogs", data=b'{"title": "T", "content": "C"}', content_type=kind)
        assert answer.status_code == 415

    @pytest.mark.parametrize(
        "form",
        [
            b"", b"title", b"title=%ff&content=%00", b"title=%ed%a0%80&content=C", b"&&&==", b"step=save", b"step=%00",
            b"title=T&content=C&owner_id=7&step=save", b"title=" + b"x" * 3_000_000, b"title=T&title=U&content=C",
            b"title=T&content=C&version=" + b"9" * 5000, b"title=T&content=C&version=x",
            b"title=&content=C&attachment_id=9223372036854775808",
            b"email=%00@%ff", b"email=a@b&email=c@d&title=T", b"email=" + b"@" * 1_000_000,
        ],
        ids=lambda form: repr(form[:30]),
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["/blogs/new", "/blogs/{}/edit", "/blogs/{}/shares", "/blogs/{}/delete"])
    def test_from_a_form_never_break_the_page(
        self,
        caller: FlaskClient,
        user: User,
        blog_factory: BlogFactory,
        path: str,
        form: bytes,
    ) -> None:
        path = path.format(blog_factory(user).id)
        kind = "application/x-www-form-urlencoded"
        assert caller.post(path, data=form, content_type=kind).status_code < 500

    def test_in_broken_parts_never_break_the_page(self, caller: FlaskClient) -> None:
        body = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nT'
        kind = "multipart/form-data; boundary=x"
        assert caller.post("/blogs/new", data=body, content_type=kind).status_code < 500


class TestOddAddresses:
    @pytest.mark.parametrize("odd_id", ODD_IDS)
    @pytest.mark.parametrize(
        "path",
        [
            "/blogs/{}",
            "/blogs/{}/edit",
            "/api/blogs/{}",
            "/api/blogs/{}/shares",
            "/attachments/{}",
            "/api/attachments/{}/url",
        ],
    )
    def test_are_not_there(self, caller: FlaskClient, path: str, odd_id: str) -> None:
        assert caller.get(path.format(odd_id)).status_code == 404

    @pytest.mark.parametrize("odd_id", ODD_IDS)
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    def test_are_not_there_for_other_methods(self, caller: FlaskClient, method: str, odd_id: str) -> None:
        assert caller.open(f"/api/blogs/{odd_id}", method=method).status_code == 404

    @pytest.mark.parametrize("odd_id", ODD_IDS)
    @pytest.mark.parametrize("path", ["/api/blogs/{blog}/shares/{odd}", "/api/blogs/{odd}/shares/{blog}"])
    def test_of_a_share_are_not_there(
        self,
        caller: FlaskClient,
        user: User,
        blog_factory: BlogFactory,
        path: str,
        odd_id: str,
    ) -> None:
        address = path.format(blog=blog_factory(user).id, odd=odd_id)
        assert caller.delete(address).status_code == 404

    def test_with_the_largest_id_are_not_there(self, caller: FlaskClient) -> None:
        assert caller.get(f"/api/blogs/{2**63 - 1}").status_code == 404

    @pytest.mark.parametrize("host", ODD_HOSTS)
    @pytest.mark.parametrize("path", ["/", "/api/blogs", "/healthz"])
    def test_at_an_odd_host_never_break_the_blog(self, client: FlaskClient, path: str, host: str) -> None:
        assert client.get(path, headers={"Host": host}).status_code < 500

    @pytest.mark.parametrize("path", ["//", "//evil.example/", "//blogs", "/blogs//new", "/static//inkwell.css"])
    def test_with_two_slashes_are_not_there(self, client: FlaskClient, path: str) -> None:
        answer = client.get("/", environ_overrides={"PATH_INFO": path})
        assert (answer.status_code, "Location" in answer.headers) == (404, False)

    def test_at_another_host_are_refused(self, client: FlaskClient) -> None:
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400

    @pytest.mark.parametrize(
        "query", ["state=%ff", "state=a&state=b", "error=%00", "code=%ed%a0%80", "next=//e", "=&=&"]
    )
    @pytest.mark.parametrize("path", ["/auth/google/callback", "/auth/logout", "/"])
    def test_with_an_odd_query_never_break_the_blog(self, client: FlaskClient, path: str, query: str) -> None:
        assert client.get(f"{path}?{query}").status_code < 500

    @pytest.mark.parametrize("method", ["PUT", "TRACE", "CONNECT", "PROPFIND", "DELETE", "x"])
    def test_by_an_odd_method_never_break_the_blog(self, caller: FlaskClient, method: str) -> None:
        assert caller.open("/blogs", method=method).status_code == 405

    @pytest.mark.parametrize("name", ["X-Request-ID", "Origin", "Sec-Fetch-Site", "Referer", "Content-Type", "Accept"])
    def test_with_an_odd_header_never_break_the_blog(self, client: FlaskClient, name: str) -> None:
        assert client.post("/api/blogs", headers={name: "\xff; ,=" * 50}).status_code < 500
