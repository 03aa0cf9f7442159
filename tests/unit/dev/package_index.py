"""Package indexes of our own over real HTTP, and the wheels in them."""

import datetime
import hashlib
import ssl
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any", script: str = "") -> str:
    """Put a wheel into the folder, with a program of its name if there is a script, and return its line of a lock."""
    about = f"{name}-{version}.dist-info"
    contents = {
        f"{name}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if script:
        contents[f"{name}-{version}.data/scripts/{name}"] = script
    contents[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*contents, f"{about}/RECORD"])
    file = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in contents.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)
    return f"{name}=={version} \\\n    --hash=sha256:{sha256(file)}\n"


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Authority:
    """Vouches for localhost: `certificate` is what one has to trust, `identity` a key with what was signed for it."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "authority.pem"
        self.identity = folder / "identity.pem"
        ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.certificate.write_bytes(signed("authority", ours, ours, x509.BasicConstraints(ca=True, path_length=None)))
        address = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        key = theirs.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.identity.write_bytes(key + signed("index", theirs, ours, address))

    def context(self, *, asks_back: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.identity)
        if asks_back:
            context.load_verify_locations(self.certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def signed(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    certificate = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
        issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(days=1),
        not_valid_after=now + datetime.timedelta(days=1),
    )
    return (
        certificate.add_extension(extension, critical=True)
        .sign(issuer, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


class PackageIndex:
    """Serves the wheels in a folder, and is a proxy of any address to that same folder too."""

    def __init__(self, folder: Path, context: ssl.SSLContext | None = None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(folder))
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"localhost:{self._server.server_port}"
        self.url = f"{'https' if context else 'http'}://{self.host}/simple"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = urlsplit(self.path).path.rstrip("/").rpartition("/")[2]
            if name.endswith(".whl"):
                self.respond("application/octet-stream", (folder / name).read_bytes())
            elif files := sorted(folder.glob(f"{name}-*.whl")):
                links = "".join(f'<a href="/{file.name}#sha256={sha256(file)}">{file.name}</a>' for file in files)
                self.respond("text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
            else:
                self.send_error(404)

        def respond(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  the server's own word

        def log_message(self, *_: object) -> None: ...

    return Handler
