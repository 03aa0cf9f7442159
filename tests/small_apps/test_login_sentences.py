"""A login that does not arrive: four sentences."""

import pytest

from tests.forge.page import ForgePage


def failed(page: ForgePage, path: str = "/", **session: str) -> str:
    page.goto("/new-home")
    with pytest.raises(AssertionError) as error:
        page.login("Grace", path, **session)
    return str(error.value)


@pytest.mark.parametrize("project", ["plain sessions"], indirect=True, scope="session")
class TestALoginThatDoesNotArrive:
    def test_was_refused(self, page: ForgePage) -> None:
        assert failed(page, key="another") == (
            "The site refused the session: GET / answered 401.\n"
            "key: none of the app's keys signed it with the app's salt, or it was changed since."
        )

    def test_met_a_failing_page(self, page: ForgePage, expected_errors: list[str]) -> None:
        expected_errors += ["500"]
        assert failed(page, "/broken") == "The site failed: GET /broken answered 500.\nException: ValueError: spilt"

    def test_was_led_elsewhere(self, page: ForgePage) -> None:
        assert failed(page, "/moved") == (
            "The page is elsewhere: GET /moved led to /new-home.\n"
            "If that is where a login leads by now, say so: login(path='/new-home'), or the project's home."
        )

    def test_met_no_page(self, page: ForgePage) -> None:
        assert failed(page, "/nothing").startswith("The page is missing: GET /nothing answered 404.")


@pytest.mark.parametrize("project", ["Flask-Login"], indirect=True, scope="session")
class TestAnAppThatAsksForALogin:
    def test_has_refused_the_session(self, page: ForgePage) -> None:
        with pytest.raises(AssertionError, match=r"^The site refused the session: GET / led to /login\.\nkey: "):
            page.login("Grace", key="another")
