"""What strangers, users and a provider may do to the running blog, and what it is like for somebody else meanwhile."""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.client import HTTPResponse
from threading import Event, Thread
from typing import Any

import requests

from app.storage.store import sha256_of
from tests.e2e.site import Site
from tests.forge.redis_server import until

PATIENCE = 60
LOGINS = 80
UPLOADS = 16
UPLOAD_BYTES = 100_000
DRIP_SECONDS = 1


class Bystander:
    """Asks for a page again and again, each time anew, as long as the block lasts."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self._url, self._headers = url, headers
        self._over = Event()
        self._thread = Thread(target=self._ask)

    def __enter__(self) -> "Bystander":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def worst(self) -> float:
        """The longest wait for an answer, in seconds."""
        return max(self.seconds)

    def _ask(self) -> None:
        while not self._over.wait(0.05):
            began = time.monotonic()
            with suppress(requests.Timeout):
                self.statuses.add(requests.get(self._url, headers=self._headers, timeout=PATIENCE).status_code)
            self.seconds.append(time.monotonic() - began)


@contextmanager
def bystanders(blog: Site) -> Iterator[dict[str, Bystander]]:
    """Those who ask for `/healthz` and for a logged-in person's blogs."""
    with Bystander(f"{blog.url}/healthz") as health, Bystander(f"{blog.url}/blogs", blog.person(3)) as page:
        yield {"/healthz": health, "/blogs": page}


@contextmanager
def silent_provider() -> Iterator[str]:
    """An issuer to which everybody can connect, and which never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def log_in_at_once(blog: Site, people: int = LOGINS) -> list[requests.Response]:
    """What so many anonymous visitors read who press "Log in" at the same moment."""

    def press(_: int) -> requests.Response:
        return requests.get(f"{blog.url}/auth/google", allow_redirects=False, timeout=PATIENCE)

    with ThreadPoolExecutor(people) as visitors:
        return list(visitors.map(press, range(people)))


class SlowUpload:
    """A signed upload to the disk store, whose body comes by a byte a second."""

    def __init__(self, blog: Site, signed: Any) -> None:
        told = {**signed["headers"], "Host": f"{blog.host}:{blog.port}", "Content-Length": str(UPLOAD_BYTES)}
        lines = [f"PUT {signed['url'].removeprefix(blog.url)} HTTP/1.1", *(f"{name}: {told[name]}" for name in told)]
        self._socket = socket.create_connection((blog.host, blog.port), timeout=PATIENCE)
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def drip(self) -> None:
        # Who is hung up on may find that the connection is gone.
        with suppress(OSError):
            self._socket.sendall(b".")

    def answer(self, patience: float = 0) -> HTTPResponse | None:
        """What it was told within that time, if it was told anything."""
        if not select.select([self._socket], [], [], patience)[0]:
            return None
        response = HTTPResponse(self._socket)
        response.begin()
        return response

    def close(self) -> None:
        self._socket.close()


@contextmanager
def slow_uploads(blog: Site, count: int = UPLOADS) -> Iterator[list[SlowUpload]]:
    """So many at once, of one person, as long as the block lasts."""
    person, over = blog.person(), Event()
    # All of them now: a blog that is held up by the first would not sign the last.
    signed = [declared(blog, person, bytes(UPLOAD_BYTES), "film.mp4", "video/mp4") for _ in range(count)]

    def drip(uploads: Sequence[SlowUpload]) -> None:
        while not over.wait(DRIP_SECONDS):
            for upload in uploads:
                upload.drip()

    with ExitStack() as stack:
        uploads = [SlowUpload(blog, each) for each in signed]
        for upload in uploads:
            stack.callback(upload.close)
        dripping = Thread(target=drip, args=(uploads,))
        dripping.start()
        stack.callback(dripping.join)
        stack.callback(over.set)
        yield uploads


def declared(blog: Site, headers: dict[str, str], content: bytes, filename: str, content_type: str) -> Any:
    """What the blog says to somebody who announces that file."""
    told = {"filename": filename, "content_type": content_type, "size": len(content), "sha256": sha256_of(content)}
    answer = requests.post(f"{blog.url}/api/attachments", json=told, headers=headers, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json()


def uploaded(blog: Site, headers: dict[str, str], content: bytes) -> int:
    """The id of a picture that is in the store, and not finished yet."""
    signed = declared(blog, headers, content, "picture.png", "image/png")
    put = partial(requests.put, signed["url"], data=content, headers=signed["headers"], timeout=PATIENCE)
    # Its places may be taken, by a flood as well.
    answers: list[requests.Response] = []

    def is_answered() -> bool:
        answers.append(put())
        return answers[-1].status_code != 503

    until(is_answered, PATIENCE)
    answers[-1].raise_for_status()
    return int(signed["id"])


def finished(blog: Site, headers: dict[str, str], attachment_id: int) -> int:
    """The status of the answer to somebody who says that their picture is there."""
    path = f"{blog.url}/api/attachments/{attachment_id}/finish"
    return requests.post(path, json={}, headers=headers, timeout=PATIENCE).status_code


@contextmanager
def flood(blog: Site, picture: bytes, at_once: int) -> Iterator[None]:
    """Somebody who has that picture finished again and again, so many at once, until the block ends."""
    person, over = blog.person(), Event()

    def go_on(_: int) -> None:
        waiting = uploaded(blog, person, picture)
        while not over.is_set():
            if finished(blog, person, waiting) != 503:
                waiting = uploaded(blog, person, picture)

    with ThreadPoolExecutor(at_once) as threads:
        going = [threads.submit(go_on, number) for number in range(at_once)]
        try:
            yield
        finally:
            over.set()
        for each in going:
            each.result()
