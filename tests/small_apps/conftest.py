"""What the harness is told of each small app: three facts."""

import pytest

from tests.forge.project import Project
from tests.forge.server import gunicorn
from tests.forge.session import SessionForge
from tests.small_apps import with_flask_login, with_plain_sessions, with_rotated_keys, with_sessions_on_the_server

PROJECTS = {
    "Flask-Login": Project(
        app=with_flask_login.app,
        login=lambda session, user: session.update(_user_id=user),
        serve=gunicorn("tests.small_apps.with_flask_login:app"),
        new_user=lambda: "Ada",
    ),
    "plain sessions": Project(
        app=with_plain_sessions.app,
        login=lambda session, user: session.update(user=user),
        serve=gunicorn("tests.small_apps.with_plain_sessions:app"),
        new_user=lambda: "Ada",
    ),
    "rotated keys": Project(
        app=with_rotated_keys.app,
        login=lambda session, user: session.update(user=user),
        serve=gunicorn("tests.small_apps.with_rotated_keys:app"),
        new_user=lambda: "Ada",
    ),
    "sessions on the server": Project(
        app=with_sessions_on_the_server.app,
        login=lambda session, user: session.update(user=user),
        serve=gunicorn(
            "tests.small_apps.with_sessions_on_the_server:app", SESSION_FOLDER=with_sessions_on_the_server.FOLDER
        ),
        new_user=lambda: "Ada",
    ),
}


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Project:
    """The small app that a test is parametrised with."""
    if pytestconfig.getoption("--base-url"):
        pytest.skip("The small apps are started here.")
    return PROJECTS[request.param]


@pytest.fixture(scope="session")
def session_factory(project: Project) -> SessionForge:
    return SessionForge(project.app, project.login)
