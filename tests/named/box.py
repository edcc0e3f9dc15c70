"""A network of a test's own, in which the site's names lead to the stand-in and nowhere else.

The certificate is good where the box's own list of authorities says so. Programs that run in the
box share everything else with the test: its screen and its buses are reached by their sockets.
"""

import datetime
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.named.site.world import HOSTS
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PORT = 7936


class Line(http.client.HTTPConnection):
    """A connection to whatever listens on a socket in the file system."""

    def __init__(self, path: Path, patience_s: float = 30.0) -> None:
        super().__init__("127.0.0.1", PORT, timeout=patience_s)
        self._path = str(path)

    def connect(self) -> None:
        """Reach it; called by the library."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Site:
    """What a test tells and hears from the stand-in; `control` is its socket."""

    def __init__(self, control: Path) -> None:
        self._control = control

    def told(self) -> Any:
        """Everything that it tells."""
        return self._ask("GET")

    def set(self, **fields: Any) -> None:
        """Change how it behaves."""
        self._ask("POST", {"script": fields})

    def do(self, what: str) -> Any:
        """Have it `expire` its tokens, `revoke` its sessions, `forget` its log, or make a
        `session` without a page."""
        return self._ask("POST", {"do": what})

    def heard(self, what: str, **like: Any) -> list[dict[str, Any]]:
        """What it noted of one kind, where these fields are so."""
        return [
            one for one in self.told()["log"]
            if one["what"] == what and all(one.get(name) == value for name, value in like.items())
        ]  # fmt: skip

    def _ask(self, method: str, body: object = None) -> Any:
        line = Line(self._control)
        try:
            line.request(method, "/", None if body is None else json.dumps(body))
            return json.loads(line.getresponse().read())
        finally:
            line.close()


class Box:
    """The network, the site in it, and what a test starts there."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self.folder = folder
        self.site = Site(folder / "control")
        self._process = process

    def start(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Run a program in the box; gives its process id."""
        return int(self._say({"start": list(words), "environment": dict(environment),
                              "log": str(log)})["pid"])  # fmt: skip

    def ended(self, pid: int) -> int | None:
        """The exit code of a program that was started here; None while it runs."""
        code: int | None = self._say({"ended": pid})["code"]
        return code

    def run(
        self, words: Sequence[str], environment: Mapping[str, str], within_s: float = 60
    ) -> str:
        """What a program says, run in the box to its end."""
        log = self.folder / "run.log"
        log.unlink(missing_ok=True)
        pid = self.start(words, environment, log)
        until(lambda: self.ended(pid) is not None, within_s)
        return log.read_text("utf-8")

    @property
    def door(self) -> Path:
        """The socket that leads to Portico's port in the box."""
        return self.folder / "portico"

    def _say(self, told: object) -> Any:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(20)
            line.connect(str(self.folder / "inside"))
            line.sendall(json.dumps(told).encode() + b"\n")
            return json.loads(line.makefile().readline())


@contextmanager
def box(folder: Path, *, trusted: bool = True, online: bool = True) -> Iterator[Box]:
    """A box with the site in it, until the context is over.

    Args:
        folder: Empty; short, as sockets are in it.
        trusted: Whether the box's list of authorities has that of the site's certificate.
        online: Whether the box has a way out, as far as programs can see; without one, browsers
            say that they are offline, and reach the site all the same.
    """
    missing = [tool for tool in ("bwrap", "ip", "openssl") if shutil.which(tool) is None]
    assert not missing, f"{missing} missing: apt install bubblewrap iproute2 openssl"
    authority = _certificates(folder)
    _trust(folder / "certs", authority if trusted else None)
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {host}\n" for host in HOSTS))
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    words = [
        "bwrap", "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent",
        "--cap-add", "CAP_NET_BIND_SERVICE", "--cap-add", "CAP_NET_ADMIN",
        "--ro-bind", str(resolver), "/etc/resolv.conf",
        "--ro-bind", str(hosts), "/etc/hosts", "--ro-bind", str(folder / "certs"), "/etc/ssl/certs",
        "--", sys.executable, "-m", "tests.named.inside", str(folder), str(PORT),
        *(["online"] if online else []),
    ]  # fmt: skip
    with (folder / "inside.log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )  # fmt: skip
    started = Box(folder, process)
    try:
        until(lambda: process.poll() is not None or (folder / "inside").exists())
        until(lambda: process.poll() is not None or started.site.told())
        assert process.poll() is None, (folder / "inside.log").read_text()
        yield started
    finally:
        assert process.stdin is not None
        # The programs in the box end with the one that started them, which ends with its input.
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _trust(folder: Path, authority: bytes | None) -> None:
    folder.mkdir()
    known = Path("/etc/ssl/certs/ca-certificates.crt")
    told = known.read_bytes() if known.exists() else b""
    (folder / "ca-certificates.crt").write_bytes(told + (authority or b""))
    if authority is None:
        return
    (folder / "named.pem").write_bytes(authority)
    asked = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(folder / "named.pem")]
    found = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20)
    (folder / f"{found.stdout.strip()}.0").symlink_to("named.pem")


def _certificates(folder: Path) -> bytes:
    """Make the site's certificate; gives that of the authority that signed it."""
    now = datetime.datetime.now(datetime.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
             for name in ("Authority of a test", HOSTS[0])]  # fmt: skip

    def begun(at: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(names[at]).issuer_name(names[0]).public_key(keys[at].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=at == 0, path_length=None), critical=True)
        )  # fmt: skip

    server = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    authority = begun(0).sign(keys[0], hashes.SHA256())
    leaf = begun(1).add_extension(alternatives, critical=False)
    signed = leaf.add_extension(server, critical=False).sign(keys[0], hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "site.pem").write_bytes(signed.public_bytes(pem))
    secret = keys[1].private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "site.key").write_bytes(secret)
    return authority.public_bytes(pem)
