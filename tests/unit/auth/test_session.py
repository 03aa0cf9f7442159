"""What the session cookie holds, whoever filled it, and where a login may lead."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.auth.session import begin_login, claimed_user, pop_login, start_session


class TestAStartedSession:
    @pytest.fixture(autouse=True)
    def started(self) -> None:
        self.session: dict[str, Any] = {"left": "over"}
        start_session(self.session, 7, 3)

    def test_claims_its_user_and_epoch(self) -> None:
        assert claimed_user(self.session) == (7, 3)

    def test_keeps_nothing_from_before(self) -> None:
        assert self.session.keys() == {"_user_id", "epoch", "iat"}

    def test_counts_for_a_month(self) -> None:
        with time_machine.travel(timedelta(days=29)):
            assert claimed_user(self.session) == (7, 3)

    def test_counts_no_longer(self) -> None:
        with time_machine.travel(timedelta(days=30)):
            assert claimed_user(self.session) is None

    def test_does_not_count_before_it_was_made(self) -> None:
        with time_machine.travel(timedelta(hours=-1)):
            assert claimed_user(self.session) is None


class TestASessionOfAnOddShape:
    @pytest.mark.parametrize(
        "odd",
        [
            {"_user_id": 7},
            {"_user_id": "0"},
            {"_user_id": "-1"},
            {"_user_id": "7 "},
            {"_user_id": "\uff19"},
            {"_user_id": "9" * 40},
            {"_user_id": ["7"]},
            {"_user_id": None},
            {"epoch": "3"},
            {"epoch": True},
            {"epoch": None},
            {"epoch": 3.0},
            {"iat": "now"},
            {"iat": True},
            {"iat": float("nan")},
        ],
    )
    def test_claims_nobody(self, odd: dict[str, Any]) -> None:
        session: dict[str, Any] = {}
        start_session(session, 7, 3)
        assert claimed_user({**session, **odd}) is None


class TestALoginBegun:
    @pytest.fixture(autouse=True)
    def begun(self) -> None:
        self.session: dict[str, Any] = {}
        self.login = begin_login(self.session, "/blogs")

    def test_can_be_finished(self) -> None:
        assert pop_login(self.session, self.login.state) == self.login

    def test_can_be_finished_only_once(self) -> None:
        pop_login(self.session, self.login.state)
        assert pop_login(self.session, self.login.state) is None

    def test_cannot_be_finished_with_another_state(self) -> None:
        assert pop_login(self.session, "another") is None

    def test_survives_an_attempt_with_another_state(self) -> None:
        pop_login(self.session, "another")
        assert pop_login(self.session, self.login.state) == self.login

    def test_cannot_be_finished_after_ten_minutes(self) -> None:
        with time_machine.travel(timedelta(minutes=10)):
            assert pop_login(self.session, self.login.state) is None

    def test_gives_way_to_three_newer_ones(self) -> None:
        newer = [begin_login(self.session, "/blogs") for _ in range(3)]
        assert [pop_login(self.session, login.state) for login in [self.login, *newer]] == [None, *newer]


class TestPendingLoginsOfAnOddShape:
    @pytest.mark.parametrize("odd", [7, "x", {}, [7], [[]], [{"state": "s"}], [{"state": "s", "at": "x"}], None])
    def test_are_none(self, odd: Any) -> None:
        assert pop_login({"logins": odd}, "s") is None
