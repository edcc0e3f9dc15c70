"""Requests byte by byte, for rows where every byte counts."""

import json
import re
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
    return said(proxy.raw(head + body, host=address))


def chat(proxy: Running, *headers: str, key: str | None = "right") -> Said:
    """A small chat; its type is JSON unless a header says otherwise."""
    typed = any(header.lower().startswith("content-type") for header in headers)
    more = () if typed else ("Content-Type: application/json",)
    return request(proxy, "POST /v1/chat/completions", *headers, *more, key=key, body=CHAT)


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
