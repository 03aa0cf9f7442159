"""A doctor who believes no setting of a store, but tries every promise."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import requests

from app.attachments.bucket import Promise
from app.attachments.storage.store import ObjectInfo, Store, StoreError, Upload, sha256_of

BODY = b"The doctor was here."
OTHER_BODY = BODY.swapcase()
CONTENT_TYPE = "image/png"
TIMEOUT = 10
EXPIRED_WITHIN = 5


def examine(store: Store, origin: str) -> list[Promise]:
    """Try each promise over HTTP, as a browser or an attacker would, and leave nothing behind."""
    visit = Visit(store, origin, f"doctor/{uuid.uuid4()}")
    try:
        return [tried(name, examination, visit) for name, examination in EXAMINATIONS.items()]
    finally:
        visit.clean_up()


@dataclass(frozen=True)
class Visit:
    store: Store
    origin: str
    key: str

    def upload(self, body: bytes = BODY) -> Upload:
        return self.store.presign_put(self.key, CONTENT_TYPE, size=len(body), sha256=sha256_of(body), expires_in=60)

    def download(self, expires_in: int) -> str:
        return self.store.presign_get(
            self.key, "doctor.png", CONTENT_TYPE, disposition="attachment", expires_in=expires_in
        )

    def clean_up(self) -> None:
        try:
            self.store.delete(self.key)
        except StoreError:
            # Told already, by every promise.
            return


def tried(name: str, examination: Callable[[Visit], str], visit: Visit) -> Promise:
    try:
        problem = examination(visit)
    except StoreError as error:
        problem = str(error)
    except requests.RequestException as error:
        problem = f"It does not answer: {type(error).__name__}."
    return Promise(name, not problem, problem)


def refuses_another_type(visit: Visit) -> str:
    upload = visit.upload()
    return refused(send(replace(upload, headers={**upload.headers, "Content-Type": "text/html"}), BODY))


def refuses_another_length(visit: Visit) -> str:
    return refused(send(visit.upload(), BODY + b"!")) or refused(send(visit.upload(), BODY[:-1]))


def refuses_another_checksum(visit: Visit) -> str:
    return refused(send(visit.upload(), OTHER_BODY))


def refuses_another_key(visit: Visit) -> str:
    upload = visit.upload()
    return refused(send(replace(upload, url=upload.url.replace(visit.key, f"{visit.key}0")), BODY))


def refuses_another_part(visit: Visit) -> str:
    upload_id = visit.store.create_multipart(visit.key, CONTENT_TYPE)
    try:
        part = visit.store.presign_part(visit.key, upload_id, 1, size=len(BODY), sha256=sha256_of(BODY), expires_in=60)
        return refused(send(part, OTHER_BODY)) or refused(send(part, BODY[:-1])) or accepted(send(part, BODY))
    finally:
        visit.store.abort_multipart(visit.key, upload_id)


def accepts_an_upload(visit: Visit) -> str:
    return accepted(send(visit.upload(), BODY))


def tells_what_it_stored(visit: Visit) -> str:
    told = visit.store.head(visit.key)
    expected = ObjectInfo(len(BODY), CONTENT_TYPE, sha256_of(BODY))
    return "" if told == expected else f"It says {told} of {expected}."


def accepts_an_upload_once(visit: Visit) -> str:
    return refused(send(visit.upload(OTHER_BODY), OTHER_BODY))


def serves_a_signed_address(visit: Visit) -> str:
    return accepted(requests.get(visit.download(60), timeout=TIMEOUT))


def is_private(visit: Visit) -> str:
    return refused(requests.get(visit.download(60).partition("?")[0], timeout=TIMEOUT))


def forgets_expired_addresses(visit: Visit) -> str:
    url = visit.download(expires_in=1)
    until = time.monotonic() + EXPIRED_WITHIN
    while problem := refused(requests.get(url, timeout=TIMEOUT)):
        if time.monotonic() > until:
            return problem
        time.sleep(0.1)
    return ""


def lets_our_pages_upload(visit: Visit) -> str:
    upload = visit.upload()
    if origin_of(upload.url) == visit.origin:
        return ""
    allowed = preflight(upload, visit.origin)
    if allowed.get("Access-Control-Allow-Origin") not in {visit.origin, "*"}:
        return f"The bucket has no CORS rule for {visit.origin}."
    headers = {each.strip().lower() for each in allowed.get("Access-Control-Allow-Headers", "").split(",")}
    missing = {each.lower() for each in upload.headers} - headers
    return (
        f"The CORS rule does not allow {', '.join(sorted(missing))}." if missing - {"*"} and "*" not in headers else ""
    )


def lets_no_other_page_upload(visit: Visit) -> str:
    allowed = preflight(visit.upload(), "https://elsewhere.invalid").get("Access-Control-Allow-Origin")
    return f"A page of any site may upload: the CORS rule allows {allowed}." if allowed else ""


EXAMINATIONS: Mapping[str, Callable[[Visit], str]] = {
    "refuses another type": refuses_another_type,
    "refuses another length": refuses_another_length,
    "refuses another checksum": refuses_another_checksum,
    "refuses another key": refuses_another_key,
    "refuses another part": refuses_another_part,
    "accepts an upload": accepts_an_upload,
    "tells what it stored": tells_what_it_stored,
    "accepts an upload once": accepts_an_upload_once,
    "serves a signed address": serves_a_signed_address,
    "is private": is_private,
    "forgets expired addresses": forgets_expired_addresses,
    "lets our pages upload": lets_our_pages_upload,
    "lets no other page upload": lets_no_other_page_upload,
}


def send(upload: Upload, body: bytes) -> requests.Response:
    return requests.request(upload.method, upload.url, data=body, headers=dict(upload.headers), timeout=TIMEOUT)


def preflight(upload: Upload, origin: str) -> Mapping[str, str]:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": upload.method,
        "Access-Control-Request-Headers": ",".join(sorted(each.lower() for each in upload.headers)),
    }
    return requests.options(upload.url, headers=asked, timeout=TIMEOUT).headers


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def refused(answer: requests.Response) -> str:
    return "" if 400 <= answer.status_code < 500 else f"It answered {answer.status_code}."


def accepted(answer: requests.Response) -> str:
    return "" if answer.ok else f"It answered {answer.status_code}."
