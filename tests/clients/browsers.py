"""Real browsers with a real extension in them, and sites whose pages they open."""

import json
import os
import queue
import shutil
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Reply, Running

EXTENSIONS = Path(__file__).parent / "extensions"
PUBLIC = "public.example"
WAIT_S = 60.0


@dataclass
class Found:
    """What one place of a browser, like a page, found when it asked Portico."""

    origin: str
    told: dict[str, dict[str, Any]]

    def reply(self, what: str) -> Reply:
        """The answer to `models`, `whole`, `streamed` or `wrong`; fails where fetch gave none."""
        answer = self.told[what]
        assert "refused" not in answer, answer
        return Reply(answer["status"], {"content-type": answer["type"]}, answer["body"].encode())

    @property
    def refused(self) -> set[str]:
        """The questions that fetch gave no answer to."""
        return {what for what, answer in self.told.items() if "refused" in answer}


class Stage:
    """An extension in a folder of its own, and what its places tell.

    Args:
        folder: Where the extension, the browser's profile and its output go; a short path.
        manifest: The name of a manifest in `extensions`.
        without: Names to leave out of the manifest.
    """

    def __init__(self, folder: Path, manifest: str, without: Sequence[str] = ()) -> None:
        self.folder = folder
        self.extension = folder / "extension"
        self.output = folder / "output"
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._found: dict[str, Found] = {}
        self.extension.mkdir()
        for path in (*EXTENSIONS.glob("*.js"), EXTENSIONS / "page.html"):
            shutil.copy(path, self.extension)
        says = json.loads((EXTENSIONS / manifest).read_text())
        kept = {name: value for name, value in says.items() if name not in without}
        (self.extension / "manifest.json").write_text(json.dumps(kept))

    def configure(self, proxy: Running, port: int) -> None:
        """Give every place the address, the right key and a site to tell."""
        told = f"http://127.0.0.1:{port}/"
        config = {"base_url": proxy.base_url, "key": proxy.key, "told": told}
        (self.extension / "config.js").write_text(f"const CONFIG = {json.dumps(config)};\n")

    def found(self, place: str) -> Found:
        """What the worker, the content script or the page found; waits for it."""
        while place not in self._found:
            try:
                told = self.told.get(timeout=WAIT_S)
            except queue.Empty:
                said = self.output.read_text(errors="replace")[-3000:]
                pytest.fail(f"Nothing came from the {place}. The browser said:\n{said}")
            self._found[told.pop("place")] = Found(told.pop("origin"), told)
        return self._found[place]


class Site(ThreadingHTTPServer):
    """A site of the test: it serves the page, and takes what places tell."""

    daemon_threads = False

    def __init__(self, stage: Stage, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.stage = stage
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )


class _Visit(BaseHTTPRequestHandler):
    timeout = 10
    server: Site

    def do_GET(self) -> None:
        path = self.server.stage.extension / (self.path.strip("/") or "page.html")
        if path.is_file():
            kind = "text/html" if path.suffix == ".html" else "text/javascript"
            self._answer(200, kind, path.read_bytes())
        else:
            self._answer(404, "text/plain", b"")

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, "text/plain", b"")
        self.server.stage.told.put(told)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(stage: Stage, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A site on a free port; ends after whatever visits it."""
    with Site(stage, tls) as site:
        thread = threading.Thread(target=site.serve_forever, name="site")
        thread.start()
        try:
            yield site.server_port
        finally:
            site.shutdown()
            thread.join()


@contextmanager
def chromium(stage: Stage, page: str, public_port: int) -> Iterator[None]:
    """Chromium with the extension, at this page; the public name leads to this port."""
    rules = f"MAP {PUBLIC} 127.0.0.1:{public_port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--ignore-certificate-errors", "--disable-features=DisableLoadExtensionCommandLineSwitch",
        f"--host-resolver-rules={rules}", f"--user-data-dir={stage.folder / 'profile'}",
        f"--load-extension={stage.extension}", page,
    ]  # fmt: skip
    with _browsing(stage, [_path_of("chromium"), *arguments]):
        yield


@contextmanager
def firefox(stage: Stage, page: str, web_ext: Path) -> Iterator[None]:
    """Firefox with the extension, at this page; every other name leads nowhere."""
    preferences = {
        "network.dns.localDomains": PUBLIC,
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": 9,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": 9,
        "network.proxy.no_proxies_on": f"127.0.0.1,{PUBLIC}",
        "dom.security.https_first": "false",
    }
    arguments = [
        "run", f"--firefox={_path_of('firefox-esr')}", "--args=-headless", "--no-reload",
        "--no-input", f"--source-dir={stage.extension}", f"--start-url={page}",
        *(f"--pref={name}={value}" for name, value in preferences.items()),
    ]  # fmt: skip
    with _browsing(stage, [str(web_ext), *arguments]):
        yield


def _path_of(browser: str) -> str:
    path = shutil.which(browser)
    if path is None:
        pytest.fail(f"No {browser} here. On Debian: apt install chromium firefox-esr")
    return path


@contextmanager
def _browsing(stage: Stage, command: list[str]) -> Iterator[None]:
    """A browser and all its processes, in a home of its own; ended together."""
    env = {**os.environ, "HOME": str(stage.folder), "TMPDIR": str(stage.folder)}
    with (
        stage.output.open("wb") as output,
        subprocess.Popen(
            command, env=env, cwd=stage.folder, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        ) as process,
    ):  # fmt: skip
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
