import pytest

from app.web.client_address import client_address


def asked(hops: int, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address({"REMOTE_ADDR": "10.0.0.1", **headers}, hops)


class TestAClient:
    def test_is_whoever_connects_where_no_proxy_is_named(self) -> None:
        assert asked(0, forwarded="203.0.113.7") == "10.0.0.1"

    def test_is_whom_the_proxy_saw(self) -> None:
        assert asked(1, forwarded="203.0.113.7") == "203.0.113.7"

    def test_cannot_claim_another_address(self) -> None:
        assert asked(1, forwarded="198.51.100.1, 203.0.113.7") == "203.0.113.7"

    def test_is_whom_the_first_of_two_proxies_saw(self) -> None:
        assert asked(2, forwarded="198.51.100.1, 203.0.113.7, 10.0.0.2") == "203.0.113.7"

    @pytest.mark.parametrize("forwarded", [None, "", "unknown", "203.0.113.7:4711", "203.0.113.7, "])
    def test_is_the_proxy_where_it_names_nobody(self, forwarded: str | None) -> None:
        assert asked(1, forwarded) == "10.0.0.1"

    def test_is_the_nearest_proxy_where_there_are_fewer_than_named(self) -> None:
        assert asked(2, forwarded="203.0.113.7") == "10.0.0.1"

    def test_has_no_address_on_a_socket_file(self) -> None:
        assert client_address({}, 0) == ""

    def test_is_named_the_same_however_its_address_is_written(self) -> None:
        assert asked(1, forwarded="2001:DB8:0:0::1") == "2001:db8::1"
