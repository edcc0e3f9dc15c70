"""Requests of real clients with some of their bytes changed: F22."""

import contextlib
import http.client
import io
import json
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.captures import Capture, captures
from tests.harness import QUICK, Running, running
from tests.proxy.unharmed import unharmed
from tray_app.practice import PracticeSite

RECORDED = captures()
ALIASES = {"*": "qwen3.7-plus"}


@pytest.fixture(scope="module")
def live() -> Iterator[Running]:
    """One proxy for all examples, and what they leave of it."""
    site = PracticeSite(pace_s=0.0)
    site.start()
    quick = QUICK.__class__(start_spacing_s=0.0, aliases=ALIASES)
    with running(site, settings=quick) as proxy:
        assert proxy.chat().status == 200
        with unharmed(proxy):
            yield proxy
    site.stop()


class _Socket:
    """What came, as something that an HTTP client reads."""

    def __init__(self, data: io.BytesIO) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return self._data


def request_of(capture: Capture, key: str | None, port: int) -> bytes:
    """The bytes of a recorded request, which ends its connection; without a key for None."""
    body = json.dumps({**capture.body, "stream": False}).encode()
    kept = {
        name: value
        for name, value in capture.headers.items()
        if name.lower() not in {"host", "authorization", "content-length", "connection"}
    }
    head = {**kept, "Host": f"127.0.0.1:{port}", "Content-Length": str(len(body))}
    head["Connection"] = "close"
    if key is not None:
        head["Authorization"] = f"Bearer {key}"
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join(["POST /v1/chat/completions HTTP/1.1", *lines, "", ""]).encode() + body


def changed(data: bytes, changes: list[tuple[float, str, bytes]]) -> bytes:
    """The bytes after some changes, each at a share of their length."""
    for share, kind, new in changes:
        at = int(share * len(data))
        match kind:
            case "put":
                data = data[:at] + new + data[at:]
            case "replace":
                data = data[:at] + new + data[at + len(new) :]
            case "drop":
                data = data[:at] + data[at + len(new) :]
            case _:
                data = data[:at] + data[at:][: len(data) // 2] * 2
    return data


# Most of the bytes are body, and most of what matters is at the beginning.
PLACES = st.one_of(st.floats(0, 0.03), st.floats(0, 0.999))
CHANGES = st.lists(
    st.tuples(
        PLACES,
        st.sampled_from(["put", "replace", "drop", "double"]),
        st.one_of(
            st.binary(min_size=1, max_size=8),
            st.sampled_from([b"\r\n", b"\r\n\r\n", b"\x00", b'"', b"{", b"[", b"\xff", b"0"]),
        ),
    ),
    min_size=1,
    max_size=4,
)


NASTY = (
    "Content-Length: 0", "Content-Length: 7", "Content-Length: -1", "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked", "Expect: 100-continue", "Connection: Upgrade",
    "Upgrade: h2c", "Upgrade: websocket", "Connection: keep-alive", "Content-Encoding: gzip",
    "Content-Type: text/plain", "Host: evil.example", "Host:", "Origin: null", "Forwarded: for=x",
    "Authorization: Bearer wrong", "x-api-key: wrong", "X-HTTP-Method-Override: GET", " folded", "",
    "no colon", "X : y", "Sec-Fetch-Site: cross-site", "Trailer: Authorization",
)  # fmt: skip
FIRST_LINES = (
    "GET /v1/models HTTP/1.1", "POST /v1/chat/completions HTTP/1.0", "OPTIONS * HTTP/1.1",
    "GET http://127.0.0.1/v1/models HTTP/1.1", "POST //v1/chat/completions HTTP/1.1",
    "POST /v1/chat/completions HTTP/2.0", "CONNECT 127.0.0.1:1 HTTP/1.1", "POST /v1/models",
)  # fmt: skip


def with_lines(data: bytes, first: str | None, lines: list[tuple[float, str]]) -> bytes:
    """The request with another first line, perhaps, and more lines in its head."""
    head, _, body = data.partition(b"\r\n\r\n")
    told = head.split(b"\r\n")
    if first is not None:
        told[0] = first.encode()
    for share, line in lines:
        told.insert(1 + int(share * len(told)), line.encode())
    return b"\r\n".join(told) + b"\r\n\r\n" + body


class _Answers(io.BytesIO):
    """Answers one after the other; reading one to its end does not end the others."""

    def close(self) -> None:
        pass


def answers(came: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each; raises `HTTPException` where one is not whole."""
    left, found = _Answers(came), []
    while left.tell() < len(came):
        response = http.client.HTTPResponse(_Socket(left), method="POST")  # type: ignore[arg-type]
        response.begin()
        if response.length is None and not response.chunked:
            raise http.client.IncompleteRead(came)
        found.append((response.status, response.read()))
    return found


def answered(proxy: Running, sent: bytes) -> bytes:
    """What comes to these bytes until nothing more does, never half an answer."""
    came, end_s = b"", time.monotonic() + 20
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as sock:
        sock.sendall(sent)
        while True:
            try:
                piece = sock.recv(65536)
            except TimeoutError:
                with contextlib.suppress(http.client.HTTPException):
                    answers(came)
                    return came
                assert time.monotonic() < end_s, came
            else:
                came += piece
                if not piece:
                    return came


def check(proxy: Running, sent: bytes, *, with_key: bool) -> None:
    """Send these bytes: every answer is well formed, and none is good without a key."""
    for status, body in answers(answered(proxy, sent)):
        assert 100 <= status < 600
        assert status < 500 or status in {501, 502, 503}
        assert with_key or status >= 400
        if status >= 400:
            assert json.loads(body)["error"]["message"]
        elif status != 204:
            assert body
    assert proxy.ask("GET", "/v1/models").status == 200


@pytest.mark.slow
@settings(max_examples=60)
@given(capture=st.sampled_from(RECORDED), changes=CHANGES, with_key=st.booleans())
def test_any_request_gets_a_well_formed_answer_or_none_and_no_good_one_without_a_key(
    live: Running, capture: Capture, changes: list[tuple[float, str, bytes]], with_key: bool
) -> None:
    """F22"""
    data = request_of(capture, live.key if with_key else None, live.port)

    check(live, changed(data, changes), with_key=with_key)


@settings(max_examples=60)
@given(
    capture=st.sampled_from(RECORDED),
    first=st.none() | st.sampled_from(FIRST_LINES),
    lines=st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(NASTY)), max_size=3),
    with_key=st.booleans(),
)
def test_nor_with_any_lines_in_its_head(
    live: Running,
    capture: Capture,
    first: str | None,
    lines: list[tuple[float, str]],
    with_key: bool,
) -> None:
    """F22"""
    data = request_of(capture, live.key if with_key else None, live.port)

    check(live, with_lines(data, first, lines), with_key=with_key)


def test_the_proxy_answers_as_before_after_all_of_it(live: Running) -> None:
    """F22"""
    live.control("resume")
    assert live.chat("hello").status == 200
