"""A doctor who believes no setting of a store, but tries every promise."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import requests

from app.doctor.probes import (
    BODY,
    OTHER_BODY,
    accepts,
    accepts_only,
    allowed_origin,
    first,
    get,
    not_allowed,
    origin_of,
    outcome,
    outlived,
    preflight,
    refuses,
    send,
    serves,
    serves_only,
    unsigned,
    with_header,
    with_parameter,
    with_their_checksum,
    without_header,
)
from app.doctor.setup import Promise
from app.doctor.visit import CONTENT_TYPE, FOLDER, SHOWN_NAME, SHOWN_TYPE, Visit
from app.storage.disposition import content_disposition
from app.storage.store import ObjectInfo, Store, StoreError, Upload, sha256_of

DISPOSITION = content_disposition(SHOWN_NAME, SHOWN_TYPE, "attachment")
ADDED_HEADERS = {"x-amz-acl": "public-read", "x-amz-meta-doctor": "was-here"}
ELSEWHERE = "https://elsewhere.invalid"


def examine(store: Store, origin: str) -> list[Promise]:
    """Try each promise over HTTP, as a browser or an attacker would, and leave nothing behind.

    Raises StoreError where the store does not even list for its owner: then there is nothing to try.
    """
    next(store.list(FOLDER), None)
    return [tried(name, examination, Visit(store, origin)) for name, examination in EXAMINATIONS.items()]


def answers(base_url: str) -> bool:
    """Whether a blog runs there."""
    try:
        return get(f"{base_url}/healthz").ok
    except requests.RequestException:
        return False


def shows_files_of(store: Store, base_url: str) -> bool:
    """Whether the blog that runs there has this store, and not one of its own."""
    visit = Visit(store, base_url)
    return tried("shows its files", lambda visit: serves(visit.download(visit.stored())), visit).holds


def tried(name: str, examination: Callable[[Visit], str], visit: Visit) -> Promise:
    try:
        problem = examination(visit)
    except StoreError as error:
        problem = str(error)
    except requests.RequestException as error:
        problem = f"It does not answer: {type(error).__name__}."
    finally:
        visit.clean_up()
    return Promise(name, not problem, problem)


def accepts_an_upload(visit: Visit) -> str:
    return accepts(visit.upload(visit.new_key()), visit.has_any)


def tells_what_it_stored(visit: Visit) -> str:
    told = visit.store.head(visit.stored())
    expected = ObjectInfo(len(BODY), CONTENT_TYPE, sha256_of(BODY))
    return "" if told == expected else f"It says {told} of {expected}."


def accepts_an_upload_once(visit: Visit) -> str:
    key = visit.new_key()
    if problem := accepts(visit.upload(key), visit.has_any):
        return problem
    answer = send(visit.upload(key, OTHER_BODY), OTHER_BODY)
    done = visit.contents(key) != BODY
    # Of all refusals only this one is for the object that is there.
    return "" if answer.status_code == 412 and not done else outcome("A second upload", answer, done=done)


def refuses_another_type(visit: Visit) -> str:
    upload = visit.upload(visit.new_key())
    altered = {"An upload of another type": (with_header(upload, "Content-Type", "text/html"), BODY)}
    return accepts_only(upload, altered, visit.has_any)


def refuses_another_length(visit: Visit) -> str:
    upload = visit.upload(visit.new_key())
    altered = {"A longer upload": (upload, BODY + b"!"), "A shorter upload": (upload, BODY[:-1])}
    return accepts_only(upload, altered, visit.has_any)


def refuses_another_checksum(visit: Visit) -> str:
    upload = visit.upload(visit.new_key())
    altered = {
        "An upload of other bytes": (upload, OTHER_BODY),
        "An upload of other bytes, with their checksum": (with_their_checksum(upload), OTHER_BODY),
    }
    return accepts_only(upload, altered, visit.has_any)


def refuses_another_key(visit: Visit) -> str:
    key, other = visit.new_key(), visit.new_key()
    upload = visit.upload(key)
    url = upload.url.replace(key.removeprefix(FOLDER), other.removeprefix(FOLDER))
    return accepts_only(upload, {"An upload under another key": (replace(upload, url=url), BODY)}, visit.has_any)


def refuses_another_part(visit: Visit) -> str:
    key = visit.new_key()
    upload_id = visit.store.create_multipart(key, CONTENT_TYPE)
    try:
        part = visit.store.presign_part(key, upload_id, 1, size=len(BODY), sha256=sha256_of(BODY), expires_in=60)
        altered = {
            "A part of other bytes": (part, OTHER_BODY),
            "A part of other bytes, with their checksum": (with_their_checksum(part), OTHER_BODY),
            "A longer part": (part, BODY + b"!"),
            "A shorter part": (part, BODY[:-1]),
            **{f"A part without {each}": (without_header(part, each), BODY) for each in part.headers},
        }
        other_number = with_parameter(part.url, "1", "2")
        # Not every address says which part it is for.
        if other_number != part.url:
            altered["A part under another number"] = (replace(part, url=other_number), BODY)
        return accepts_only(part, altered, lambda: bool(visit.store.list_parts(key, upload_id)))
    finally:
        visit.store.abort_multipart(key, upload_id)


def refuses_another_method(visit: Visit) -> str:
    key = visit.new_key()
    upload, url = visit.upload(key), visit.download(key)
    others = {
        f"{each} at the address for PUT": (replace(upload, method=each), BODY) for each in ("GET", "HEAD", "DELETE")
    }
    others |= {f"{each} at the address for GET": (Upload(url, each, {}), OTHER_BODY) for each in ("PUT", "DELETE")}
    return accepts(upload, visit.has_any) or refuses(others, lambda: visit.contents(key) != BODY) or serves(url)


def refuses_a_missing_header(visit: Visit) -> str:
    upload = visit.upload(visit.new_key())
    altered = {f"An upload without {each}": (without_header(upload, each), BODY) for each in upload.headers}
    return accepts_only(upload, altered, visit.has_any)


def heeds_no_added_header(visit: Visit) -> str:
    return first(heeds_not(visit, *header) for header in ADDED_HEADERS.items())


def heeds_not(visit: Visit, name: str, value: str) -> str:
    """A store may refuse it, or take the file as if it were not there."""
    key = visit.new_key()
    upload, url = visit.upload(key), visit.download(key)
    answer = send(with_header(upload, name, value))
    if BODY in get(unsigned(url)).content or name in get(url).headers:
        return outcome(f"An upload with {name}", answer, done=True)
    return "" if visit.has(key) else accepts(upload, lambda: visit.has(key))


def accepts_nothing_unsigned(visit: Visit) -> str:
    key = visit.new_key()
    upload = visit.upload(key)
    put, delete = replace(upload, url=unsigned(upload.url)), Upload(unsigned(upload.url), "DELETE", {})
    return accepts_only(upload, {"An unsigned PUT": (put, BODY)}, visit.has_any) or refuses(
        {"An unsigned DELETE": (delete, b"")}, lambda: visit.contents(key) != BODY
    )


def serves_a_signed_address(visit: Visit) -> str:
    url = visit.download(visit.stored())
    headers = get(url).headers
    shown = (headers.get("Content-Type"), headers.get("Content-Disposition"))
    expected = (SHOWN_TYPE, DISPOSITION)
    return serves(url) or ("" if shown == expected else f"It shows a file as {shown}, not as {expected}.")


def refuses_another_presentation(visit: Visit) -> str:
    url = visit.download(visit.stored())
    altered = {
        "A GET for another type": with_parameter(url, SHOWN_TYPE, "text/html"),
        "A GET for another disposition": with_parameter(url, DISPOSITION, "inline"),
    }
    # Not every address says how it shows the file.
    return serves_only(url, {what: each for what, each in altered.items() if each != url})


def is_private(visit: Visit) -> str:
    url = visit.download(visit.stored())
    return serves_only(url, {"An unsigned GET": unsigned(url)})


def shows_nobody_its_list(visit: Visit) -> str:
    key = visit.stored()
    if key not in [each.key for each in visit.store.list(FOLDER)]:
        return "Its own list does not name what is there."
    address = urlsplit(visit.download(key))
    *folders, name = address.path.strip("/").split("/")
    # The bucket is one of the folders, or the host.
    for depth in range(len(folders) + 1):
        above, below = ("".join(f"{each}/" for each in some) for some in (folders[:depth], folders[depth:]))
        url = f"{address.scheme}://{address.netloc}/{above}"
        if name in get(f"{url}?{urlencode({'list-type': 2, 'prefix': below})}").text:
            return f"Anybody may list {url}."
    return ""


def forgets_expired_addresses(visit: Visit) -> str:
    key = visit.stored()
    return outlived(visit.download(key, expires_in=1)) or serves(visit.download(key))


def forgets_expired_uploads(visit: Visit) -> str:
    key = visit.new_key()
    upload = visit.upload(key, expires_in=1)
    # Signed later, so that it ends no sooner, by the store's own clock.
    outlived(visit.download(visit.stored(), expires_in=1))
    expired = {"An expired PUT": (upload, BODY)}
    return accepts_only(visit.upload(key), expired, lambda: visit.has(key))


def deletes_a_file(visit: Visit) -> str:
    key = visit.stored()
    visit.store.delete(key)
    return f"What was deleted is still there, and all that the doctor left in {FOLDER}." if visit.has(key) else ""


def lets_our_pages_upload(visit: Visit) -> str:
    upload = visit.upload(visit.new_key())
    if origin_of(upload.url) == visit.origin:
        return ""
    asked, sent = preflight(upload, visit.origin), send(with_header(upload, "Origin", visit.origin))
    if not {allowed_origin(asked), allowed_origin(sent)} <= {visit.origin, "*"}:
        return f"The bucket has no CORS rule for {visit.origin}."
    if not asked.ok:
        return f"What browsers ask before an upload was answered with {asked.status_code}."
    missing = [
        *not_allowed([upload.method], asked.headers.get("Access-Control-Allow-Methods", "")),
        *not_allowed(upload.headers, asked.headers.get("Access-Control-Allow-Headers", "")),
    ]
    return f"The CORS rule does not allow {', '.join(missing)}." if missing else ""


def lets_no_other_page_upload(visit: Visit) -> str:
    allowed = allowed_origin(preflight(visit.upload(visit.new_key()), ELSEWHERE))
    return f"A page of any site may upload: the CORS rule allows {allowed}." if allowed in {ELSEWHERE, "*"} else ""


EXAMINATIONS: Mapping[str, Callable[[Visit], str]] = {
    "accepts an upload": accepts_an_upload,
    "tells what it stored": tells_what_it_stored,
    "accepts an upload once": accepts_an_upload_once,
    "refuses another type": refuses_another_type,
    "refuses another length": refuses_another_length,
    "refuses another checksum": refuses_another_checksum,
    "refuses another key": refuses_another_key,
    "refuses another part": refuses_another_part,
    "refuses another method": refuses_another_method,
    "refuses a missing header": refuses_a_missing_header,
    "heeds no added header": heeds_no_added_header,
    "accepts nothing unsigned": accepts_nothing_unsigned,
    "serves a signed address": serves_a_signed_address,
    "refuses another presentation": refuses_another_presentation,
    "is private": is_private,
    "shows nobody its list": shows_nobody_its_list,
    "forgets expired addresses": forgets_expired_addresses,
    "forgets expired uploads": forgets_expired_uploads,
    "deletes a file": deletes_a_file,
    "lets our pages upload": lets_our_pages_upload,
    "lets no other page upload": lets_no_other_page_upload,
}
