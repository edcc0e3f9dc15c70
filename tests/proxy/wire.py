"""Requests byte by byte, for rows where every byte counts."""

import json
import re
import socket
from contextlib import suppress
from dataclasses import dataclass

from tests.harness import Running

CHAT = json.dumps(
    {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": "Hello"}]}
).encode()
NEVER = (
    "Access-Control-Allow-Credentials",
    "Set-Cookie",
    "Location",
)


@dataclass
class Said:
    """An answer as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def code(self) -> str:
        code: str = json.loads(self.body)["error"]["code"]
        return code

    @property
    def is_readable_by_pages(self) -> bool:
        return any(name.lower().startswith("access-control-allow") for name, _ in self.headers)


def request(
    proxy: Running,
    line: str = "GET /v1/models",
    *headers: str,
    host: str | None = "",
    key: str | None = "right",
    body: bytes = b"",
    version: str = "1.1",
    address: str = "127.0.0.1",
) -> Said:
    """One request with exactly these headers; `host=""` is our own, None is none."""
    lines = [f"{line} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host or f'127.0.0.1:{proxy.port}'}")
    if key is not None:
        lines.append(f"Authorization: Bearer {proxy.key if key == 'right' else key}")
    lines += [header.replace("PORT", str(proxy.port)) for header in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close")
    head = ("\r\n".join(lines).replace("PORT", str(proxy.port)) + "\r\n\r\n").encode("latin-1")
    return said(proxy.raw(head + body, host=address, timeout_s=20.0))


def chat(proxy: Running, *headers: str, key: str | None = "right") -> Said:
    """A small chat; its type is JSON unless a header says otherwise."""
    typed = any(header.lower().startswith("content-type") for header in headers)
    more = () if typed else ("Content-Type: application/json",)
    return request(proxy, "POST /v1/chat/completions", *headers, *more, key=key, body=CHAT)


def head(
    proxy: Running,
    line: str = "POST /v1/chat/completions",
    *headers: str,
    key: str | None = "right",
    version: str = "HTTP/1.1",
) -> bytes:
    """The head of a request for this proxy, with a type for its body, and headers as they are."""
    lines = [f"{line} {version}", f"Host: 127.0.0.1:{proxy.port}", "Content-Type: application/json"]
    if key is not None:
        lines.append(f"Authorization: Bearer {proxy.key if key == 'right' else key}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1")


def answers(data: bytes) -> list[Said]:
    """Take several answers apart, each of which tells its length."""
    found = []
    while data:
        told, _, rest = data.partition(b"\r\n\r\n")
        size = _length(told)
        found.append(said(told + b"\r\n\r\n" + rest[:size]))
        data = rest[size:]
    return found


def exchanged(proxy: Running, data: bytes, *, timeout_s: float = 20.0) -> bytes:
    """What came back until the connection was closed; a reset ends it as well."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout_s) as sock:
        came = b""
        with suppress(ConnectionError):
            sock.sendall(data)
        with suppress(ConnectionError):
            while piece := sock.recv(65536):
                came += piece
        return came


def first(proxy: Running, data: bytes, *, timeout_s: float = 20.0) -> Said:
    """The first answer to these bytes, after which the client leaves."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout_s) as sock:
        sock.sendall(data)
        came = b""
        while piece := sock.recv(65536):
            came += piece
            told, end, rest = came.partition(b"\r\n\r\n")
            if end and len(rest) >= _length(told):
                break
        return answers(came)[0]


def _length(told: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", told)
    return int(found[1]) if found else 0


def said(data: bytes) -> Said:
    """Take an answer apart, and check what holds for every answer there is."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    found = Said(status, headers, body)
    _check_every(found)
    return found


def _check_every(answer: Said) -> None:
    """S57 and S61: what no answer may say, and what each must."""
    allowed = answer.header("Access-Control-Allow-Origin")
    assert allowed != "*"
    assert allowed is None or "Origin" in (answer.header("Vary") or "")
    assert not any(answer.header(name) for name in NEVER)
    assert not re.search(r"\d", answer.header("Server") or "")
    if answer.status != 100:
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Cache-Control") == "no-store"
        assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"
        assert answer.header("Referrer-Policy") == "no-referrer"


def untouched(proxy: Running) -> None:
    """Nothing was asked upstream."""
    assert proxy.site.heard == []
