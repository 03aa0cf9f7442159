from hashlib import blake2b

import pytest

from app.cache.document import Document
from app.cache.stored_value import Codec, StoredValue
from tests.unit.claims import raised_by

STORED = StoredValue(Document(b'[{"title":"a b c"}]'), 1_795_000_000.125)
CODEC = Codec("secret")
VALUE = CODEC.encode("here", STORED)


class TestAValue:
    def test_comes_back_as_it_was(self) -> None:
        assert CODEC.decode("here", VALUE) == STORED

    @pytest.mark.parametrize(
        "other",
        [
            b"",
            b"1",
            b"1 ",
            b"1 2 3",
            b"null",
            b"\x80\x04K\x01.",
            VALUE[:-1],
            VALUE[:30],
            VALUE + b" ",
            VALUE.replace(b"a b", b"a c"),
            VALUE.replace(b"1795", b"1995"),
            b"2" + VALUE[1:],
            VALUE[1:],
            VALUE.decode(),
            7,
            None,
            [VALUE],
        ],
    )
    def test_that_does_not_fit_is_none(self, other: object) -> None:
        assert raised_by(lambda: CODEC.decode("here", other)) is None
        assert CODEC.decode("here", other) is None

    def test_of_somebody_else_is_none(self) -> None:
        assert CODEC.decode("here", Codec("another").encode("here", STORED)) is None

    @pytest.mark.parametrize("key", [None, b"", b"secret"], ids=str)
    def test_of_somebody_who_knows_the_format_alone_is_none(self, key: bytes | None) -> None:
        content = b"%d %b %b %b" % (len(b"here"), b"here", b"%.3f" % STORED.made, STORED.document)
        check = blake2b(content, key=key or b"", digest_size=16).hexdigest().encode()
        assert CODEC.decode("here", b"1 %.3f %b %b" % (STORED.made, check, STORED.document)) is None

    def test_is_sealed_as_others_would_with_the_key(self) -> None:
        content = b"%d %b %b %b" % (len(b"here"), b"here", b"%.3f" % STORED.made, STORED.document)
        check = blake2b(content, key=CODEC._key, digest_size=16).hexdigest().encode()
        assert CODEC.decode("here", b"1 %.3f %b %b" % (STORED.made, check, STORED.document)) == STORED

    def test_from_another_place_is_none(self) -> None:
        assert CODEC.decode("there", VALUE) is None
