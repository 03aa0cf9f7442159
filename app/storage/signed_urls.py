"""Addresses that this side signs for the disk store: each is good for one thing, and not for long."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeSerializer

from app.storage.store import StoreError

PURPOSE = "inkwell.disk-store"


class Refused(StoreError):
    """The address does not allow that, or no longer does."""

    status = 403
    sentence = "The address does not allow that, or no longer does."


class SignedUrls:
    """One itsdangerous token an address, with everything that the address is bound to."""

    def __init__(self, base_url: str, secret: str) -> None:
        self._base_url = base_url
        self._serializer = URLSafeSerializer(
            secret, salt=PURPOSE, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def sign(self, method: str, key: str, expires_in: int, **bound: Any) -> str:
        """An address below the base URL, for `expires_in` seconds."""
        token = self._serializer.dumps({"for": [method, key], "until": int(time.time()) + expires_in, **bound})
        return f"{self._base_url}/{key}?{urlencode({'token': token})}"

    def verify(self, method: str, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """What the address was bound to. Raises Refused."""
        try:
            signed: dict[str, Any] = self._serializer.loads(query.get("token", "").encode(errors="replace"))
        except BadData as error:
            raise Refused from error
        if query.keys() != {"token"} or signed["for"] != [method, key] or time.time() >= signed["until"]:
            raise Refused
        return signed
