"""A site with pages that the practice site has not: hostile ones, and answers of every shape."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tray_app.core.site import Pages, Site

STORED = "qwen_access_token_state"
TOKEN = "a-canary-that-is-a-token"
SCRIPT = "/qwen-chat-fe/0.3.12/js/"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-src *; img-src 'self'"
)
_WRAP = """
const plain = window.fetch.bind(window);
window.fetch = (input, init = {}) =>
  plain(input, { ...init, headers: { ...init.headers, "x-of-the-page": "1" } });
"""
_KEEP = f"""
const state = {{ token: "{TOKEN}", load: Number(localStorage.getItem("loads") ?? 0) + 1 }};
localStorage.setItem("loads", state.load);
localStorage.setItem("{STORED}", JSON.stringify(state));
"""
_SCRIPTS = {
    "plain": _KEEP + _WRAP,
    "bare": _KEEP,
    "dialogs": _KEEP + _WRAP + """
const said = [alert("stop"), confirm("stop?"), prompt("what?")];
window.onbeforeunload = (event) => event.preventDefault();
fetch("/note?said=" + encodeURIComponent(JSON.stringify(said)));
""",
    "bridge": _KEEP + _WRAP + """
const found = ["pywebview", "_pywebview"].filter((name) => name in window);
const line = JSON.stringify({ funcName: "__init__.__globals__.get", params: "[]", id: "1" });
try {
  window.webkit.messageHandlers.jsBridge.postMessage(line);
  found.push("bridge");
} catch {}
const names = Object.keys(window).filter((name) => /^[0-9a-f]{32}$/.test(name));
fetch("/note?found=" + encodeURIComponent(JSON.stringify([...found, ...names])));
""",
    "liar": _KEEP + _WRAP + """
const told = JSON.stringify;
JSON.stringify = (value) =>
  Array.isArray(value)
    ? told([{ id: "0".repeat(32), head: { status: 200, headers: {} }, text: "lie", end: "" },
            ...value])
    : told(value);
""",
    "nonsense": _KEEP + _WRAP + """
const told = JSON.stringify;
JSON.stringify = (value) => (Array.isArray(value) ? '[{"id": 1}]' : told(value));
""",
    "checked": _KEEP + _WRAP + """
const frame = document.createElement("iframe");
frame.id = "baxia-dialog-content";
frame.src = "/planted?page=plain";
setTimeout(() => document.body.append(frame), 700);
setTimeout(() => frame.remove(), 3000);
""",
    "wanders": _KEEP + _WRAP + """
const to = new URLSearchParams(location.search).get("to");
setTimeout(() => { location.href = to; }, 300);
""",
    "opens": _KEEP + _WRAP + """
const to = new URLSearchParams(location.search).get("to");
document.onclick = () => { fetch("/note?opened=" + String(window.open(to))); };
""",
    "links": _KEEP + _WRAP + """
const query = new URLSearchParams(location.search);
const link = document.createElement("a");
link.href = query.get("to");
link.target = query.get("target") ?? "";
link.textContent = "Go there";
document.body.append(link);
document.onclick = (event) => {
  fetch("/note?clicked");
  if (event.target !== link) link.click();
};
""",
    "pops": _KEEP + _WRAP + """
const to = new URLSearchParams(location.search).get("to");
window.open(to);
fetch("/note?popped");
""",
}  # fmt: skip


class StrangeSite:
    """The site; `notes` is what its pages say, and `seen` what it was asked, in order."""

    def __init__(self, origin: str, other: str, elsewhere: str) -> None:
        self.origin = origin
        self.other = other
        self.elsewhere = elsewhere
        """A host that is not the site's, and is there all the same."""
        self.seen: list[tuple[str, str, dict[str, str], str]] = []
        self.notes: list[str] = []
        self.gone: list[str] = []

    @property
    def site(self) -> Site:
        """The site as a window is told it."""
        pages = Pages(
            sign_in="/auth?page=plain", home="/home?page=plain", hosts=("sso.example",),
            refusing=(), cookie_domains=("127.0.0.1", "localhost"), kept_back=(), bearer=STORED,
            stored=(STORED,), script=SCRIPT, check_path="/_____tmd_____/punish",
            check_frames="iframe#baxia-dialog-content", check_words=("aliyun_waf",),
            check_cookie="x5sec",
        )  # fmt: skip
        return Site("strange", self.origin, self.other, (), pages)

    def asked(self, path: str) -> list[tuple[str, str, dict[str, str], str]]:
        """Every call of a path."""
        return [one for one in self.seen if urlsplit(one[1]).path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else an answer in two parts waits for 40 ms between them.
    disable_nagle_algorithm = True
    server: "_Server"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(body.decode())

    def _answer(self, body: str) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.strange.seen.append((self.command, self.path, headers, body))
        match url.path.rsplit("/", 1)[-1]:
            case "note":
                self.server.strange.notes.append(url.query)
                self._say("text/plain", "")
            case "echo":
                self._say("text/plain", body)
            case "redirect":
                self._say("text/plain", "", 302, ("Location", asked.get("to", "/echo")))
            case "many":
                self._stream(asked)
            case "big":
                self._say("text/plain", "x" * int(asked["chars"]))
            case script if script.endswith(".js"):
                self._say("text/javascript", _SCRIPTS[script.removesuffix(".js")])
            case _:
                self._page(asked.get("page", "plain"))

    def _page(self, name: str) -> None:
        script = "" if name == "none" else f"<script src='{SCRIPT}{name}.js'></script>"
        text = f"<!doctype html><title>{name}</title><body><p>Here</p>{script}"
        cookies = [
            ("Set-Cookie", "acw_tc=a=b==; HttpOnly; Path=/; Max-Age=3600"),
            ("Set-Cookie", 'odd={"a": [1, "b"]}; Path=/; Max-Age=3600'),
        ]
        self._say("text/html; charset=utf-8", text, 200, ("Content-Security-Policy", _POLICY),
                  *cookies)  # fmt: skip

    def _say(self, kind: str, text: str, status: int = 200, *more: tuple[str, str]) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), *more):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, asked: dict[str, str]) -> None:
        """Events with the time in them; noted in `gone` where nobody reads them any more."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for at in range(int(asked["times"])):
                said = {"at": at, "s": time.monotonic(), "text": asked.get("text", "")}
                data = f"data: {json.dumps(said, ensure_ascii=False)}\n\n".encode()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                time.sleep(float(asked.get("apart_s", 0)))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.strange.gone.append(self.path)
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    strange: StrangeSite


@contextmanager
def strange_site() -> Iterator[StrangeSite]:
    """A strange site and a host elsewhere, for as long as they are needed."""
    names = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "127.0.0.2": "127.0.0.2"}
    hosts = [_Server((address, 0), _Handler) for address in names.values()]
    origins = [f"http://{name}:{host.server_port}" for name, host in zip(names, hosts, strict=True)]
    strange = StrangeSite(*origins)
    for host in hosts:
        host.strange = strange
        Thread(target=host.serve_forever, daemon=True).start()
    try:
        yield strange
    finally:
        for host in hosts:
            host.shutdown()
            host.server_close()
