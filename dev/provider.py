"""A sign-in provider for development and tests: OpenID Connect, made-up people, no passwords."""

import argparse
import contextlib
import hmac
import logging
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

from dev.people import FORM_FIELDS, PEOPLE, Person, UnknownPersonError, chosen_person

SCOPES = ("openid", "email", "profile")
CODE_SECONDS = 60


@dataclass(frozen=True)
class Client(ClientMixin):
    client_id: str
    client_secret: str
    redirect_uri: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        asked = (scope or "").split()
        return " ".join(s for s in SCOPES if s in asked) if "openid" in asked else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(client_secret.encode(), self.client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in Grant.TOKEN_ENDPOINT_AUTH_METHODS

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):
    person: Person
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str = "S256"
    made_at: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.made_at)


class Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.codes[code] = Code(
            person=request.user,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            nonce=data.get("nonce"),
            code_challenge=data["code_challenge"],
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        # Looking a code up takes it away, so that two requests at once cannot both use it.
        found: Code | None = self.server.codes.pop(code, None)
        return found if found and time.time() - found.made_at < CODE_SECONDS else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        pass

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class S256(CodeChallenge):
    """Authlib's own `required` does not bind a client that has a secret."""

    def validate_code_challenge(self, grant: Grant, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):
    def __init__(self, server: "Provider") -> None:
        super().__init__()
        self.server = server

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return False

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self.server.key

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "RS256", "kid": str(self.server.key.kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.server.issuer}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, Any]:
        return user.claims(scope)


class Provider(AuthorizationServer):
    """What it remembers is in memory only: a restart forgets codes and tokens, and makes a new key."""

    def __init__(self, issuer: str, client: Client) -> None:
        super().__init__()
        self.issuer = issuer
        self.client = client
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.load_config({})
        self.register_grant(Grant, [S256(), IdToken(self)])

    def query_client(self, client_id: str) -> Client | None:
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.tokens[token["access_token"]] = request.user.claims(token["scope"])

    def discovery(self) -> ResponseReturnValue:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": Grant.TOKEN_ENDPOINT_AUTH_METHODS,
            "claims_supported": ["sub", "email", "email_verified", "name"],
        }

    def jwks(self) -> ResponseReturnValue:
        return dict(KeySet([self.key]).as_dict(private=False))

    def authorize(self) -> ResponseReturnValue:
        try:
            grant = self.get_consent_grant()
        except OAuth2Error as error:
            return refusal(error)
        if request.method == "GET":
            return page()
        try:
            person = None if "cancel" in request.form else chosen_person(request.form)
        except UnknownPersonError as problem:
            return page(str(problem)), 400
        response: Response = self.create_authorization_response(grant_user=person, grant=grant)
        return response

    def token(self) -> ResponseReturnValue:
        response: Response = self.create_token_response()
        return response

    def userinfo(self) -> ResponseReturnValue:
        bearer = request.authorization.token if request.authorization else None
        if claims := self.tokens.get(bearer or ""):
            return claims
        return {"error": "invalid_token"}, 401, {"WWW-Authenticate": "Bearer"}


def page(problem: str = "") -> str:
    parameters = [item for item in request.values.items(multi=True) if item[0] not in FORM_FIELDS]
    return render_template("provider.html", parameters=parameters, people=PEOPLE, problem=problem)


def refusal(error: OAuth2Error) -> ResponseReturnValue:
    """Redirect only where Authlib found the client and its redirect URI to be right."""
    if error.redirect_uri:
        status, body, headers = error()
        return body, status, headers
    return render_template("refusal.html", error=error), 400


def create_provider(issuer: str, client_id: str, client_secret: str, redirect_uri: str) -> Flask:
    app = Flask(__name__)
    provider = Provider(issuer, Client(client_id, client_secret, redirect_uri))
    app.add_url_rule("/.well-known/openid-configuration", view_func=provider.discovery)
    app.add_url_rule("/jwks", view_func=provider.jwks)
    app.add_url_rule("/authorize", view_func=provider.authorize, methods=["GET", "POST"])
    app.add_url_rule("/token", view_func=provider.token, methods=["POST"])
    app.add_url_rule("/userinfo", view_func=provider.userinfo)
    # Chromium holds a form to form-action through its redirects too, so the blog is named.
    blog = "{0.scheme}://{0.netloc}".format(urlsplit(redirect_uri))
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {blog}"
    )

    # Authlib quotes what was sent in its messages, and refuses some characters there as a ValueError.
    @app.errorhandler(ValueError)
    def malformed(_: ValueError) -> ResponseReturnValue:
        return refusal(InvalidRequestError("The request holds characters that do not belong there."))

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.provider", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="listen on this port of 127.0.0.1")
    where.add_argument("--fd", type=int, help="serve the listening socket inherited under this number")
    for name in ("client-id", "client-secret", "redirect-uri"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()

    inherited = given.fd is not None
    listener = socket.socket(fileno=given.fd) if inherited else socket.create_server(("127.0.0.1", given.port))
    host, port = listener.getsockname()
    issuer = f"http://{host}:{port}"
    app = create_provider(issuer, given.client_id, given.client_secret, given.redirect_uri)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_server(host, port, app, threaded=True, fd=listener.fileno()).serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
