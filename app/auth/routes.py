"""Logging in at the identity provider, and logging out."""

from threading import Lock
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from typing_extensions import TypedDict

from app.auth import queries
from app.auth.addresses import is_allowed
from app.auth.browsers import in_words
from app.auth.guard import current_user, current_user_or_none, log_in
from app.auth.session import begin_login, pop_login, record_of
from app.current import database, settings
from app.errors import LoginFailed, LoginNotAllowed
from app.web import audit
from app.web.client_address import client_address
from app.web.marks import public
from app.web.openapi import answers, closed
from app.web.paths import local_path
from app.web.told import redirect_and_tell

if TYPE_CHECKING:
    from app.auth.oidc import OidcClient

blueprint = Blueprint("auth", __name__)

# How a browser says that a person clicked on a page of this site (W3C Fetch Metadata Request Headers).
CLICKED_HERE = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}

_building = Lock()


@closed
class CurrentUser(TypedDict):
    """Whoever is logged in, as their provider says."""

    id: int
    name: str
    email: str | None


@blueprint.get("/auth/google")
@public
def login() -> ResponseReturnValue:
    """Send the person to the provider, from the address that the provider will send them back to."""
    next_path = local_path(request.args.get("next")) or url_for("blogs.index")
    # The names alone: behind a proxy, neither the scheme nor the port is what people see.
    if urlsplit(request.host_url).hostname != urlsplit(settings().base_url).hostname:
        return redirect(settings().base_url + url_for("auth.login", next=next_path))
    return redirect(_oidc_client().authorization_url(begin_login(session, next_path)))


@blueprint.get("/auth/google/callback")
@public
def callback() -> ResponseReturnValue:
    login = pop_login(session, request.args.get("state", ""))
    if login is None:
        raise LoginFailed("This login has expired or was begun in another browser. Please try again.")
    g.login_next = login.next
    identity = _oidc_client().identify(login, request.args)
    if not is_allowed(identity.email if identity.email_verified else None, settings().login_allow):
        raise LoginNotAllowed
    with database().write() as db:
        user = queries.find_or_create_user(db, identity)
        opened = queries.record_session(db, user, **_client(), replaced=record_of(session))
    log_in(user.id, user.session_epoch, opened.id)
    audit.record("login")
    return redirect(login.next, 303)


@blueprint.get("/auth/logout")
@public
def logout() -> ResponseReturnValue:
    """Log out a person who clicked on our own link; whoever comes in any other way is asked first."""
    meant = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    if meant and all(request.headers.get(name) == value for name, value in CLICKED_HERE.items()):
        return end_session()
    return render_template("auth/logout.html")


@blueprint.post("/auth/logout")
@public
def end_session() -> ResponseReturnValue:
    if current_user_or_none():
        with database().write() as db:
            queries.end_sessions(db, current_user().id)
        audit.record("logout")
    session.clear()
    return redirect_and_tell(url_for("blogs.landing"), "logged_out")


@blueprint.get("/api/current_user")
@answers(CurrentUser | None)
@public
def show_current_user() -> ResponseReturnValue:
    """Who is logged in, or null."""
    user = current_user_or_none()
    return jsonify(user and {"id": user.id, "name": user.name, "email": user.email})


def _client() -> dict[str, str]:
    """Where the request comes from, and by which browser."""
    address = client_address(request.environ, settings().proxy_hops)
    return {"address": address, "browser": in_words(request.headers.get("User-Agent", ""))}


def _oidc_client() -> "OidcClient":
    with _building:
        if "oidc" not in current_app.extensions:
            # Here, because most workers' first requests are no logins: it is a quarter of all that the blog imports.
            from app.auth.oidc import OidcClient

            current_app.extensions["oidc"] = OidcClient(
                settings().oidc_issuer,
                client_id=settings().oidc_client_id,
                client_secret=settings().oidc_client_secret,
                redirect_uri=f"{settings().base_url}/auth/google/callback",
            )
        return cast("OidcClient", current_app.extensions["oidc"])
