"""The shipped configurations of proxies, with this machine's addresses, and the real programs that read them."""

import datetime
import getpass
import os
import shutil
import ssl
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.forge.processes import listens, running
from tests.forge.redis_server import until
from tests.forge.seaweedfs import free_ports

DEPLOY = Path(__file__).parents[1] / "deploy"
START_SECONDS = 20


@dataclass(frozen=True)
class Proxy:
    """Where one listens, by https alone, and the certificate that its clients are to trust."""

    port: int
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


def nginx() -> str:
    """Skips where there is none."""
    found = os.environ.get("INKWELL_NGINX") or shutil.which("nginx")
    if not found:
        pytest.skip("There is no nginx on this machine")
    return found


def caddy() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "caddy")


def changed(file: Path, changes: Mapping[str, str]) -> str:
    """Its text with each of those that it has to hold replaced."""
    text = file.read_text()
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{file} has no {old!r}")
        text = text.replace(old, new)
    return text


def nginx_config(folder: Path, ports: tuple[int, int], upstream: str) -> Path:
    """For a server that anybody may run, on a port of http and one of https."""
    certificate = certified(folder)
    http, https = ports
    config = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        changed(
            DEPLOY / "nginx.conf",
            {
                "user www-data;": f"user {getpass.getuser()}; daemon off; error_log {folder}/errors;",
                "/run/nginx.pid": f"{folder}/pid",
                "include /etc/nginx/mime.types;": temporary,
                "worker_processes auto;": "worker_processes 1;",
                "worker_rlimit_nofile 16384;": "",
                "worker_connections 8192;": "worker_connections 1000;",
                "listen [::]:80;": "",
                "listen [::]:443 ssl http2;": "",
                "listen 80;": f"listen 127.0.0.1:{http};",
                "listen 443 ": f"listen 127.0.0.1:{https} ",
                "/etc/letsencrypt/live/blog.example/fullchain.pem": str(certificate),
                "/etc/letsencrypt/live/blog.example/privkey.pem": str(certificate),
                "server_name blog.example;": "server_name localhost;",
                "server 127.0.0.1:8000;": upstream,
            },
        )
    )
    return config


@contextmanager
def nginx_before(upstream: str, folder: Path) -> Iterator[Proxy]:
    """nginx before `127.0.0.1:1234`, or before several lines of such servers."""
    http, https = free_ports(2)
    lines = upstream if upstream.startswith("server") else f"server {upstream};"
    config = nginx_config(folder, (http, https), lines)
    with started([nginx(), "-p", str(folder), "-c", str(config)], https, folder):
        yield Proxy(https, folder / "certificate.pem")


@contextmanager
def caddy_before(upstream: str, folder: Path) -> Iterator[Proxy]:
    http, https = free_ports(2)
    certificate = certified(folder)
    config = folder / "Caddyfile"
    options = f"admin off\n\tskip_install_trust\n\thttp_port {http}\n\thttps_port {https}\n\tservers {{"
    site = f"localhost:{https} {{\n\ttls {certificate} {certificate}\n"
    config.write_text(changed(DEPLOY / "Caddyfile", {"servers {": options, "{$SITE:blog.example} {\n": site}))
    told = {"UPSTREAM": upstream, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with started([caddy(), "run", "--config", str(config), "--adapter", "caddyfile"], https, folder, **told):
        yield Proxy(https, certificate)


PROXIES = {"nginx": nginx_before, "caddy": caddy_before}


@contextmanager
def started(command: list[str], port: int, folder: Path, **environment: str) -> Iterator[None]:
    with (
        (folder / "proxy.log").open("wb") as log,
        running(command, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        until(lambda: process.poll() is not None or listens(f"http://127.0.0.1:{port}"), START_SECONDS)
        if process.poll() is not None:
            raise RuntimeError(f"The proxy did not start: {(folder / 'proxy.log').read_text()}")
        yield


def certified(folder: Path) -> Path:
    """A file with a key and its certificate for localhost, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(
            subject_name=name,
            issuer_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(days=1),
            not_valid_after=now + datetime.timedelta(days=1),
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.touch(0o600)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
