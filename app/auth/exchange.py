"""The requests of a login: bounded in time and size, never redirected, and parsed at one place."""

import base64
import http.client
import io
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.auth import encode_client_secret_post
from pydantic_core import from_json
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as TransportError

from app.errors import ProviderUnavailable
from app.setting_checks import is_loopback

T = TypeVar("T")

EXCHANGE_SECONDS = 4.0
MAX_RESPONSE_BYTES = 256 * 1024
TOKEN = ("access_token", "token_type", "id_token")


class NoAnswer(ProviderUnavailable):
    """The identity provider cannot be reached, or does not answer in time."""


class Exchange(OAuth2Session):
    """The requests of one step of one login: they share a deadline, and none is redirected."""

    def __init__(self, issuer: str, deadline: float, **client: Any) -> None:
        super().__init__(**client)
        self.max_redirects = 0
        # A proxy of the environment must not stand between the blog and a provider on the same machine.
        self.trust_env = not is_loopback(urlsplit(issuer).hostname)
        for scheme in ("http://", "https://"):
            self.mount(scheme, _BoundedAdapter(deadline))

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """The answer, whatever its status. Raises NoAnswer, or ProviderUnavailable for one that cannot be used."""
        try:
            response: requests.Response = super().request(*args, **options)
        except (requests.TooManyRedirects, requests.exceptions.ContentDecodingError) as error:
            raise ProviderUnavailable from error
        except (OSError, ValueError, TransportError) as error:
            raise NoAnswer from error
        return response

    def document(self, url: str, *, withhold_token: bool = True) -> dict[str, Any]:
        """The JSON object at that URL. Raises ProviderUnavailable when there is none."""
        response = self.get(url, withhold_token=withhold_token)
        try:
            response.raise_for_status()
            return json_object(response.content)
        except (requests.HTTPError, ValueError) as error:
            raise ProviderUnavailable from error

    def parse_response_token(self, resp: requests.Response) -> dict[str, Any]:
        """What the token endpoint says (RFC 6749, 5), of the texts that a login needs.

        In Authlib's own, JSON could be of any depth, and `expires_in` of any type.
        """
        if resp.status_code >= 500:
            raise ProviderUnavailable
        answer = json_object(resp.content)
        if "error" in answer:
            raise self.oauth_error_class(answer["error"], answer.get("error_description"))
        self.token = {name: answer[name] for name in TOKEN if isinstance(answer.get(name), str)}
        return dict(self.token)


class _BoundedAdapter(HTTPAdapter):
    """Ends at the deadline, whatever is trickling in, and at a size that no honest answer has."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline
        self._incoming: list[io.BufferedReader] = []

    def close(self) -> None:
        """Hang up, also where urllib3 could make nothing of an answer and forgot it."""
        for each in self._incoming:
            each.close()
        super().close()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        connection_class = type(pool).ConnectionCls

        def connection(**options: Any) -> Any:
            made = connection_class(**options)
            made.response_class = self._response
            return made

        pool.ConnectionCls = connection
        return pool

    def _response(self, sock: socket.socket, *args: Any, **options: Any) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp = io.BufferedReader(_Incoming(sock, response.fp, self._remaining))
        self._incoming.append(response.fp)
        return response

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        with super().send(request, **{**options, "stream": True, "timeout": self._remaining()}) as response:
            body = bytearray()
            # read1 returns what has come; read would wait for the rest.
            while chunk := response.raw.read1(8192, decode_content=True):
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise requests.exceptions.ContentDecodingError("the provider's answer is too large")
            response._content = bytes(body)  # noqa: SLF001  what `stream=False` would have set
            return response

    def _remaining(self) -> float:
        # Negative when there is none, which urllib3 and sockets refuse with a ValueError.
        return self._deadline - time.monotonic()


class _Incoming(io.RawIOBase):
    """What comes in on a socket, whose own time limit would begin anew with every byte."""

    def __init__(self, sock: socket.socket, file: io.BufferedIOBase, remaining: Callable[[], float]) -> None:
        self._sock, self._file, self._remaining = sock, file, remaining

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._remaining())
        return self._file.readinto1(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def awaited(step: Future[T], deadline: float) -> T:
    """What the step ends with. Raises NoAnswer at the deadline."""
    try:
        # The step ends by itself at its own deadline, but for a slow name server.
        return step.result(max(deadline - time.monotonic(), 0))
    except TimeoutError:
        raise NoAnswer from None


def client_secret_basic(client: Any, method: str, uri: str, headers: Any, body: str) -> tuple[str, Any, str]:
    """The client's id and secret as RFC 6749 (2.3.1) has them: each form-encoded first, which Authlib leaves out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body


# By the names of OpenID Connect Core 9, the one that we prefer first.
CLIENT_AUTHENTICATION = {"client_secret_basic": client_secret_basic, "client_secret_post": encode_client_secret_post}


def json_object(body: bytes) -> dict[str, Any]:
    """What a provider sent, at the one place where it is parsed. Raises ValueError: no object, or too deep."""
    document = from_json(body, allow_inf_nan=False)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  the provider's mistake, not a caller's
    return document
