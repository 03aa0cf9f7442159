"""What the doctor does in a store by its own rights: to prepare an examination, and to see what came of it."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, field

from app.doctor.probes import BODY
from app.storage.store import ObjectNotFound, Store, StoreError, Upload, sha256_of

FOLDER = "doctor/"
CONTENT_TYPE = "image/png"
# Another than the object's own: the address says how a file is shown, whatever was uploaded.
SHOWN_TYPE = "image/webp"
SHOWN_NAME = "doctor.webp"


@dataclass(frozen=True)
class Visit:
    """One examination, with keys of its own.

    An object that another one left there would refuse every upload, whatever is wrong with it.
    """

    store: Store
    origin: str
    keys: list[str] = field(default_factory=list)

    def new_key(self) -> str:
        self.keys.append(f"{FOLDER}{uuid.uuid4()}")
        return self.keys[-1]

    def stored(self) -> str:
        """The key of an object that is there, whatever becomes of uploads."""
        key = self.new_key()
        self.store.put(key, CONTENT_TYPE, BODY)
        return key

    def upload(self, key: str, body: bytes = BODY, expires_in: int = 60) -> Upload:
        return self.store.presign_put(key, CONTENT_TYPE, size=len(body), sha256=sha256_of(body), expires_in=expires_in)

    def download(self, key: str, expires_in: int = 60) -> str:
        return self.store.presign_get(key, SHOWN_NAME, SHOWN_TYPE, disposition="attachment", expires_in=expires_in)

    def has(self, key: str) -> bool:
        return self.store.head(key) is not None

    def has_any(self) -> bool:
        return any(map(self.has, self.keys))

    def contents(self, key: str) -> bytes | None:
        try:
            with self.store.open(key) as body:
                return body.read()
        except ObjectNotFound:
            return None

    def clean_up(self) -> None:
        for key in self.keys:
            # Told by "deletes a file".
            with suppress(StoreError):
                self.store.delete(key)
