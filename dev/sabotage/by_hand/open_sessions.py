"""Rules 2, 3, 15 and 28 for what is recorded of logins: it is shown to their person alone, and kept no longer."""

from dev.sabotage.entry import Sabotage

QUERIES = "app/auth/queries.py"

OF_OPEN_SESSIONS = ("tests/unit/auth/test_open_sessions.py",)

SABOTAGES = (
    Sabotage(
        "sessions that were ended are listed",
        rule=2,
        file=QUERIES,
        take_out=", OpenSession.epoch == User.session_epoch)",
        put=")",
        tests=OF_OPEN_SESSIONS,
    ),
    Sabotage(
        "everybody's sessions are listed",
        rule=15,
        file=QUERIES,
        take_out="own = statement.where(User.id == user_id, ",
        put="own = statement.where(User.id > 0, ",
        tests=OF_OPEN_SESSIONS,
    ),
    Sabotage(
        "from where somebody logged in is kept for good",
        rule=3,
        file=QUERIES,
        take_out="    session.execute(delete(OpenSession).where(OpenSession.id.in_(over.limit(SWEPT_AT_A_LOGIN))))\n",
        put="",
        tests=OF_OPEN_SESSIONS,
    ),
    Sabotage(
        "as many logins as one likes are recorded",
        rule=3,
        file=QUERIES,
        take_out="    session.execute(delete(OpenSession).where(own, OpenSession.id.not_in(latest)))\n",
        put="",
        tests=OF_OPEN_SESSIONS,
    ),
    Sabotage(
        "an address of any length is recorded",
        rule=28,
        file=QUERIES,
        take_out="address=address[:ADDRESS_LENGTH]",
        put="address=address",
        tests=OF_OPEN_SESSIONS,
    ),
)
