from hashlib import blake2b

from app.cache.document import Document


class TestADocument:
    def test_is_digested_as_the_bytes_that_it_is(self) -> None:
        assert Document(b"[]").digest == blake2b(b"[]", digest_size=16).digest()

    def test_is_digested_once(self) -> None:
        document = Document(b"[]")
        assert document.digest is document.digest
