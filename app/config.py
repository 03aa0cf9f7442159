"""The settings: read once from the environment or from `.env`, checked together, never changed."""

import difflib
import os
import re
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, IPvAnyAddress, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from app.instance import SECRET_BYTES, keep_private, kept_secret
from app.limit_settings import Limits
from app.setting_checks import (
    SENTENCES,
    addresses,
    is_loopback,
    networks,
    refuse_weak,
    transport_security,
    web_address,
)

LOOPBACK = ("localhost", "127.0.0.1")


class SettingsError(Exception):
    """The environment does not describe a blog that can start."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Inkwell cannot start: {problem}")


class Settings(Limits, BaseSettings):
    """What the environment says about this blog. The descriptions are the table of docs/settings.md."""

    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", ".env"),
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    app_env: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start on anything unsafe"
    )
    flask_debug: bool = Field(default=False, description="Flask's debugger; refused in production")
    instance_dir: Annotated[Path, AfterValidator(Path.resolve)] = Field(
        Path("instance"), description="where the blog keeps its own files, for its own user alone"
    )
    secret_key: str = Field(
        "", repr=False, description="signs the session cookie: 32 random bytes or more. Development makes and keeps one"
    )
    secret_key_fallbacks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), repr=False, description="older keys whose cookies still count, separated by commas"
    )
    bind_address: IPvAnyAddress = Field(
        IPv4Address("127.0.0.1"), description="the address to listen on; in a container, `0.0.0.0`: all that it has"
    )
    port: int = Field(8000, ge=1, le=65535, description="the port to listen on")
    web_concurrency: int | None = Field(
        None,
        ge=1,
        le=256,
        description="the number of worker processes; not set: one per core that they may use, two at least",
    )
    forwarded_allow_ips: str = Field("", description="the proxies whose forwarded headers gunicorn believes")
    proxy_hops: int = Field(
        0, ge=0, le=8, description="how many proxies of yours a request passes, which tell the client's address"
    )
    metrics_allow: Annotated[tuple[str, ...], NoDecode, AfterValidator(networks)] = Field(
        ("127.0.0.0/8", "::1"), description="the addresses and networks that may read `/metrics`, separated by commas"
    )
    base_url: str = Field("", description="where people reach the blog; development: `http://localhost:$PORT`")
    hsts: Annotated[str, AfterValidator(transport_security)] = Field(
        "max-age=63072000; includeSubDomains",
        description="what production sends as Strict-Transport-Security; `max-age=0` has browsers forget it",
    )
    site_name: str = Field("Inkwell", min_length=1, max_length=40, description="the name in the header")
    database_url: str = Field("", repr=False, description="PostgreSQL or SQLite; not set: SQLite in `INSTANCE_DIR`")
    redis_url: str = Field("", repr=False, description="Redis for the query cache; not set: each worker's memory alone")
    cache_ttl: int = Field(
        3600, ge=1, le=30 * 24 * 3600, description="how long a cached answer may be kept, in seconds"
    )
    s3_endpoint_url: str = Field("", description="an S3 server other than Amazon's")
    s3_bucket: str = Field("", description="the bucket for files; not set: the disk, in `INSTANCE_DIR`")
    s3_prefix: str = Field("", description="the folder in the bucket, such as `blog`; not set: all of the bucket")
    aws_region: str = Field("us-east-1", description="the bucket's region")
    aws_access_key_id: str = Field("", description="as for every AWS client; not set: what the machine itself has")
    aws_secret_access_key: str = Field("", repr=False, description="as for every AWS client")
    aws_session_token: str = Field("", repr=False, description="as for every AWS client, with keys that expire")
    image_cache_bytes: int = Field(
        512 * 1024**2, ge=1024**2, description="how much disk the images that people see may take"
    )
    oidc_issuer: str = Field("https://accounts.google.com", description="the OpenID Connect issuer people log in with")
    provider_name: str = Field("Google", min_length=1, max_length=40, description="what people know the issuer as")
    oidc_client_id: str = Field("", description="the blog's client id at the issuer")
    oidc_client_secret: str = Field("", repr=False, description="the blog's client secret at the issuer")

    login_allow: Annotated[tuple[str, ...], NoDecode, AfterValidator(addresses)] = Field(
        (),
        description="who may log in: addresses and domains, such as `ada@ink.example, @school.example`; not set: all",
    )

    @field_validator("flask_debug")
    @classmethod
    def _no_debugger_in_production(cls, value: bool, info: ValidationInfo) -> bool:
        if value and _production(info):
            raise ValueError("must be off in production")
        return value

    @field_validator("secret_key")
    @classmethod
    def _strong_secret(cls, value: str, info: ValidationInfo) -> str:
        if not value and _production(info):
            raise ValueError(f"is missing; `openssl rand -hex {SECRET_BYTES}` makes one")
        return refuse_weak(value) if value else value

    @field_validator("secret_key_fallbacks", "metrics_allow", "login_allow", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        # Flask takes any sequence of keys: a plain string would be a key for each of its letters.
        return tuple(each.strip() for each in value.split(",")) if isinstance(value, str) else value

    @field_validator("secret_key_fallbacks")
    @classmethod
    def _strong_fallbacks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(refuse_weak(key) for key in value)

    @field_validator("base_url")
    @classmethod
    def _public_origin(cls, value: str, info: ValidationInfo) -> str:
        value = value.rstrip("/")
        if _production(info) and not value.startswith("https://"):
            raise ValueError("must be the blog's https:// address in production")
        value = web_address(value or f"http://localhost:{info.data.get('port')}")
        url = urlsplit(value)
        if _production(info) and is_loopback(url.hostname):
            raise ValueError("must not be this machine's own address in production: nobody else reaches it")
        if url.path:
            raise ValueError("must end after the host and port")
        # As a browser writes it in the Origin header (RFC 6454, 6.2).
        return value.lower().removesuffix(":443" if url.scheme == "https" else ":80")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str, info: ValidationInfo) -> str:
        scheme, _, rest = value.partition("://")
        if not value:
            return f"sqlite:///{info.data.get('instance_dir')}/inkwell.db"
        if scheme in ("postgres", "postgresql", "postgresql+psycopg"):
            return f"postgresql+psycopg://{rest}"
        if scheme != "sqlite":
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("s3_bucket")
    @classmethod
    def _bucket_name(cls, value: str, info: ValidationInfo) -> str:
        # On Amazon's it is part of a host name, where a dot would be outside the certificate.
        pattern = r"[A-Za-z0-9._-]{3,63}" if info.data.get("s3_endpoint_url") else r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
        if value and not re.fullmatch(pattern, value):
            raise ValueError("must be a bucket's name of lower-case letters, digits and dashes, such as pictures")
        return value

    @field_validator("s3_prefix")
    @classmethod
    def _folder(cls, value: str) -> str:
        value = value.strip("/")
        # A browser would resolve `.` and `..`, and the signature would be for another address.
        if not re.fullmatch(r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,63}/){0,4}", value and f"{value}/"):
            raise ValueError("must be a folder such as blog or sites/blog")
        return value and f"{value}/"

    @field_validator("aws_region")
    @classmethod
    def _region_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9-]{1,63}", value):
            raise ValueError("must be a region, such as eu-central-1")
        return value

    @field_validator("aws_secret_access_key")
    @classmethod
    def _both_or_neither(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("s3_bucket") and bool(value) != bool(info.data.get("aws_access_key_id")):
            raise ValueError("and AWS_ACCESS_KEY_ID must be set together")
        return value

    @field_validator("aws_session_token")
    @classmethod
    def _with_its_keys(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("s3_bucket") and value and not info.data.get("aws_access_key_id"):
            raise ValueError("is of no use without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        return value

    @field_validator("s3_endpoint_url")
    @classmethod
    def _known_endpoint(cls, value: str, info: ValidationInfo) -> str:
        url = urlsplit(web_address(value)) if value else None
        if url and url.scheme != "https" and _production(info) and not is_loopback(url.hostname):
            raise ValueError("must be https in production")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _trustworthy_issuer(cls, value: str, info: ValidationInfo) -> str:
        local = is_loopback(urlsplit(web_address(value)).hostname)
        if local and _production(info):
            raise ValueError("must not be a provider on this machine in production")
        if not local and not value.startswith("https://"):
            raise ValueError("must be https")
        return value

    @field_validator("oidc_client_id", "oidc_client_secret")
    @classmethod
    def _known_to_the_issuer(cls, value: str, info: ValidationInfo) -> str:
        if not value and _production(info):
            raise ValueError("is missing; the issuer's console shows it")
        return value

    @property
    def production(self) -> bool:
        return self.app_env == "production"

    @property
    def upload_origins(self) -> list[str]:
        """The origins besides our own that pages send files to."""
        if not self.s3_bucket:
            return []
        if self.s3_endpoint_url:
            url = urlsplit(self.s3_endpoint_url)
            return [f"{url.scheme}://{url.netloc}"]
        return [
            f"https://{self.s3_bucket}.s3.{self.aws_region}.amazonaws.com",
            f"https://{self.s3_bucket}.s3.amazonaws.com",
        ]

    @property
    def trusted_hosts(self) -> list[str]:
        """The host names, without ports, that this blog answers to."""
        host = urlsplit(self.base_url).hostname or ""
        return [host] if self.production else [host, *LOOPBACK]

    @property
    def static_addresses(self) -> list[str]:
        """Where our own static files are, which alone may hold scripts: a directory, as CSP3 matches its path."""
        loopback = [] if self.production else [f"http://{host}:*" for host in LOOPBACK]
        return [f"{origin}/static/" for origin in (self.base_url, *loopback)]


def load_settings() -> Settings:
    """The settings of this process, whose files are for its own user alone from now on.

    A development blog without a secret makes one and keeps it.

    Raises SettingsError, whose one line names every problem.
    """
    try:
        _refuse_misspelt(DotEnvSettingsSource(Settings).env_vars)
        settings = Settings()
        keep_private(settings.instance_dir)
        kept = {} if settings.secret_key else {"secret_key": kept_secret(settings.instance_dir)}
    except UnicodeDecodeError:
        raise SettingsError(".env is not text in UTF-8") from None
    except ValidationError as error:
        raise SettingsError(f"{'; '.join(map(_sentence, error.errors()))}") from None
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None
    return settings.model_copy(update=kept)


def _production(info: ValidationInfo) -> bool:
    return info.data.get("app_env") == "production"


def _refuse_misspelt(written: Iterable[str]) -> None:
    """Raise SettingsError for a name in `.env` that is nearly a setting's; other programs may have theirs there."""
    for name in set(written) - Settings.model_fields.keys():
        for meant in difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.8):
            raise SettingsError(f"{name.upper()} in .env is not a setting; did you mean {meant.upper()}?")


def _sentence(problem: Any) -> str:
    name, message = str(problem["loc"][0]).upper(), problem["msg"].removeprefix("Value error, ")
    return f"{name} {SENTENCES.get(problem['type'], message).format(**problem.get('ctx', {}))}"
