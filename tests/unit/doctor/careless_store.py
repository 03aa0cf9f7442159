"""A store that does what it should refuse, where it is told to, and keeps every other promise."""

import secrets
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from app.storage.disk import CHECKSUM_HEADER, DiskStore
from app.storage.labelled_files import Label
from app.storage.signed_urls import SignedUrls
from app.storage.store import ListedObject, ObjectInfo, ObjectNotFound, sha256_of

# What should be refused, and the promise that is broken by doing it.
MISUSES = {
    "second upload": "accepts an upload once",
    "another type": "refuses another type",
    "longer": "refuses another length",
    "shorter": "refuses another length",
    "other bytes": "refuses another checksum",
    "another checksum": "refuses another checksum",
    "another key": "refuses another key",
    "part: other bytes": "refuses another part",
    "part: another checksum": "refuses another part",
    "part: longer": "refuses another part",
    "part: shorter": "refuses another part",
    "part: another number": "refuses another part",
    "part: without x-checksum-sha256": "refuses another part",
    "GET for PUT": "refuses another method",
    "HEAD for PUT": "refuses another method",
    "DELETE for PUT": "refuses another method",
    "PUT for GET": "refuses another method",
    "DELETE for GET": "refuses another method",
    "without content-type": "refuses a missing header",
    "without x-checksum-sha256": "refuses a missing header",
    "without if-none-match": "refuses a missing header",
    "with x-amz-acl": "heeds no added header",
    "with x-amz-meta-doctor": "heeds no added header",
    "unsigned PUT": "accepts nothing unsigned",
    "unsigned DELETE": "accepts nothing unsigned",
    "shown with another type": "refuses another presentation",
    "shown with another disposition": "refuses another presentation",
    "unsigned GET": "is private",
    "unsigned list": "shows nobody its list",
    "expired GET": "forgets expired addresses",
    "expired PUT": "forgets expired uploads",
}
# What should be done and is not, or not right.
FAULTS = {
    "refuses a second upload for another reason": "accepts an upload once",
    "tells no checksum": "tells what it stored",
    "shows its own type": "serves a signed address",
    "shows no disposition": "serves a signed address",
    "lists nothing": "shows nobody its list",
    "keeps what is deleted": "deletes a file",
    "fails a preflight": "lets our pages upload",
    "names no origin before an upload": "lets our pages upload",
    "names no origin after an upload": "lets our pages upload",
    "allows no PUT": "lets our pages upload",
    "allows no content-type": "lets our pages upload",
    "allows every origin": "lets no other page upload",
    "allows any origin": "lets no other page upload",
}


@dataclass(frozen=True)
class Signed:
    """What an address is good for."""

    method: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    ends: float


class CarelessStore(DiskStore):
    """A store on the disk behind real HTTP, with a CORS rule for the blog at `origin`, and with `faults`.

    A misuse that is among them is done, and answered with the status `done` where one is given. Every other misuse is
    answered with the status `refusal`, and not done.
    """

    def __init__(
        self, root: Path, origin: str, faults: Collection[str], *, done: int | None = None, refusal: int = 403
    ) -> None:
        super().__init__(root, "", "secret")
        self._urls = cast(SignedUrls, self)
        self.origin, self.faults, self.done, self.refusal = origin, faults, done, refusal
        self.signed: dict[str, Signed] = {}
        self.added: dict[str, dict[str, str]] = {}

    @contextmanager
    def running(self) -> Iterator["CarelessStore"]:
        server = make_server("127.0.0.1", 0, Request.application(self.handle), threaded=True)
        self.base_url = f"http://127.0.0.1:{server.port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield self
        server.shutdown()
        thread.join()
        server.server_close()

    def head(self, key: str) -> ObjectInfo | None:
        found = super().head(key)
        return replace(found, sha256=None) if found and "tells no checksum" in self.faults else found

    def list(self, prefix: str) -> Iterator[ListedObject]:
        return iter(()) if "lists nothing" in self.faults else super().list(prefix)

    def delete(self, key: str) -> None:
        if "keeps what is deleted" not in self.faults:
            super().delete(key)

    def sign(self, method: str, key: str, expires_in: int, **bound: Any) -> str:
        """An address whose query says in plain words what it is bound to."""
        query: dict[str, str] = {name: bound[name] for name in ("type", "disposition") if name in bound}
        if "part" in bound:
            query["upload"], query["part"] = map(str, bound["part"])
        headers: dict[str, str] = {name.lower(): value for name, value in bound.get("headers", {}).items()}
        signature = secrets.token_hex()
        # An address for a second has ended at once: nobody waits for it.
        ends = time.monotonic() + expires_in - 1
        self.signed[signature] = Signed(method, key, query, headers | {"content-length": str(bound.get("size"))}, ends)
        return f"{self.base_url}/{key}?{urlencode({**query, 'signature': signature})}"

    def handle(self, request: Request) -> Response:
        # Read whatever the answer: a sender that is cut off does not hear it.
        request.get_data()
        asking = request.method == "OPTIONS"
        response = self.preflight(request) if asking else self.decide(request)
        if "allows any origin" in self.faults:
            response.headers["Access-Control-Allow-Origin"] = "*"
        elif "allows every origin" in self.faults:
            response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "")
        elif f"names no origin {'before' if asking else 'after'} an upload" not in self.faults:
            # To others as well, as some do: browsers compare.
            response.headers["Access-Control-Allow-Origin"] = self.origin
        return response

    def preflight(self, request: Request) -> Response:
        asked = request.headers["Access-Control-Request-Headers"].split(",")
        methods = "GET" if "allows no PUT" in self.faults else "GET, PUT"
        headers = ", ".join(each for each in asked if f"allows no {each}" not in self.faults)
        return Response(
            status=405 if "fails a preflight" in self.faults else 200,
            headers={"Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": headers},
        )

    def decide(self, request: Request) -> Response:
        misuse = next(self.misuses(request), "")
        if misuse and misuse not in self.faults:
            known = misuse == "second upload" and "refuses a second upload for another reason" not in self.faults
            return Response(status=412 if known else self.refusal)
        if f"forgets every {request.method}" in self.faults and not misuse:
            return Response()
        response = self.carry_out(request)
        if misuse and self.done:
            response.status_code = self.done
        if f"fails after every {request.method}" in self.faults and not misuse:
            response.status_code = 503
        return response

    def misuses(self, request: Request) -> Iterator[str]:
        key, signed = request.path[1:], self.signed.get(request.args.get("signature", ""))
        if signed is None:
            yield self.unsigned(request.method, key)
            return
        if request.method != signed.method:
            yield f"{request.method} for {signed.method}"
        elif time.monotonic() > signed.ends:
            yield f"expired {signed.method}"
        elif signed.method == "GET":
            altered = (name for name, value in signed.query.items() if request.args[name] != value)
            yield from (f"shown with another {name}" for name in altered)
        elif "part" in signed.query:
            if request.args["part"] != signed.query["part"]:
                yield "part: another number"
            yield from (f"part: {each}" for each in differences(request, signed))
        else:
            if key != signed.key:
                yield "another key"
            yield from differences(request, signed)
            if super().head(key):
                yield "second upload"

    def unsigned(self, method: str, key: str) -> str:
        if method == "GET" and (not key or key.endswith("/")):
            return "unsigned list"
        return "with x-amz-acl" if "x-amz-acl" in self.added.get(key, {}) else f"unsigned {method}"

    def carry_out(self, request: Request) -> Response:
        key = request.path[1:]
        if request.method == "PUT":
            return self.keep(request, key)
        if request.method == "DELETE":
            self.delete(key)
            return Response(status=204)
        if not key or key.endswith("/"):
            return Response("\n".join(each.key for each in self.list(key + request.args.get("prefix", ""))))
        return self.show(request, key)

    def keep(self, request: Request, key: str) -> Response:
        body = request.get_data()
        if "part" in request.args:
            upload_id, number = request.args["upload"], int(request.args["part"])
            self._receive_part(key, upload_id, number, Label("", sha256_of(body)), len(body), BytesIO(body))
        else:
            super().delete(key)
            self.put(key, request.headers.get("Content-Type", ""), body)
            self.added[key] = {name.lower(): value for name, value in request.headers.items() if is_added(name)}
        return Response()

    def show(self, request: Request, key: str) -> Response:
        try:
            with self.open(key) as file:
                response = Response(file.read(), headers=self.added.get(key))
        except ObjectNotFound:
            return Response(status=404)
        response.headers["Content-Type"] = request.args.get("type", "")
        response.headers["Content-Disposition"] = request.args.get("disposition", "")
        if "shows its own type" in self.faults:
            response.headers["Content-Type"] = "image/png"
        if "shows no disposition" in self.faults:
            del response.headers["Content-Disposition"]
        return response


def differences(request: Request, signed: Signed) -> Iterator[str]:
    """Between what is sent and what was signed."""
    sent, body, size = request.headers, request.get_data(), int(signed.headers["content-length"])
    yield from (f"without {name}" for name in signed.headers if name not in sent)
    yield from (f"with {name.lower()}" for name, _ in sent if is_added(name))
    if sent.get("content-type") != signed.headers.get("content-type"):
        yield "another type"
    if len(body) != size:
        yield "longer" if len(body) > size else "shorter"
    if sent.get(CHECKSUM_HEADER) != signed.headers[CHECKSUM_HEADER]:
        yield "another checksum"
    if sha256_of(body) != signed.headers[CHECKSUM_HEADER]:
        yield "other bytes"


def is_added(name: str) -> bool:
    return name.lower().startswith("x-amz-")
