"""A provider that can be told to misbehave, over real HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import Key, RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "1"})


class StubProvider:
    """Answers well until an attribute says otherwise.

    `answers` replaces a whole answer by (status, body), `wire` by all its bytes. A redirect leads to a good answer.
    """

    def __init__(self) -> None:
        self.key: Key = KEY
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.wire: dict[str, bytes] = {}
        self.discovery: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "42", "email": "userinfo@example.com"}
        self.silent_at = ""
        self.trickling_at = ""
        self.requests: list[tuple[str, str]] = []
        self.authorization: dict[str, str | None] = {}
        self.released = threading.Event()
        self.hung_up = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "42", "aud": "blog", "iat": now, "exp": now + 60, "name": "Ada"}
        claims |= {"email": "ada@example.com", "email_verified": True, **self.claims}
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.signed(json.dumps(kept).encode())

    def signed(self, payload: bytes) -> str:
        # Not by jwt.encode, which writes no text that is none.
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jws.serialize_compact(header, payload, self.key, [self.algorithm])

    def body(self, path: str) -> str:
        """What came with the first request for this."""
        return next(body for asked, body in self.requests if asked == path)

    def asked(self, path: str) -> int:
        """How often this was asked for."""
        return [asked for asked, _ in self.requests].count(path)

    def response_to(self, path: str) -> tuple[int, bytes]:
        if path in self.answers:
            return self.answers[path]
        documents: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                **self.discovery,
            },
            "/jwks": {"keys": [self.key.as_dict(private=False)]},
            "/token": {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(), **self.token},
            "/userinfo": self.userinfo,
        }
        return 200, json.dumps(documents[path.removeprefix("/moved")]).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                stub.authorization[self.path] = self.headers["Authorization"]
                stub.requests.append((self.path, body))
                if self.path == stub.silent_at:
                    stub.released.wait()
                    return
                if self.path in stub.wire:
                    self.wfile.write(stub.wire[self.path])
                    trickling = self.path == stub.trickling_at
                    while trickling and not stub.released.wait(0.05):
                        self.wfile.write(b" ")
                    return
                status, content = stub.response_to(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Location", f"{stub.issuer}/moved{self.path}")
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815  the server's own word

            def log_message(self, *_: Any) -> None: ...

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    stub.hung_up.set()

        return Handler
