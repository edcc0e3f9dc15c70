"""The little HTTP of the practice site, byte by byte over a raw socket."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tray_app.practice import PracticeSite
from tray_app.practice.http import Request, chunk, head

CHUNKED = b'3;x=y\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n'


def port(site: PracticeSite) -> int:
    return int(site.origin.rpartition(":")[2])


@pytest.fixture
def line(site: PracticeSite) -> Iterator[socket.socket]:
    """A connection to the site."""
    with socket.create_connection(("127.0.0.1", port(site)), timeout=5) as sock:
        yield sock


def ask(line: socket.socket, data: bytes) -> bytes:
    """One answer with a length."""
    line.sendall(data)
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(65536)
    told, _, body = got.partition(b"\r\n\r\n")
    length = int(told.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += line.recv(65536)
    return told


def test_a_head_and_a_chunk_have_these_bytes() -> None:
    assert head(200, [("A", "b")]) == b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"
    assert head(599, []) == b"HTTP/1.1 599 Status\r\n\r\n"
    assert chunk(b"x" * 16) == b"10\r\n" + b"x" * 16 + b"\r\n"
    assert chunk(b"") == b"0\r\n\r\n"


def test_a_request_knows_its_parts() -> None:
    headers = [("Cookie", "a=1; b = x=y;; c"), ("X-Twice", "1"), ("x-twice", "2")]
    request = Request("POST", "/a/b?c=d?e", headers, b'{"f": 1}')

    assert request.path == "/a/b"
    assert request.cookies == {"a": "1", "b": "x=y", "c": ""}
    assert request.header("X-TWICE") == "1"
    assert request.header("missing") is None
    assert request.json() == {"f": 1}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"1"])
def test_a_body_that_is_no_object_is_an_empty_one(body: bytes) -> None:
    assert Request("POST", "/", [], body).json() == {}


def test_requests_on_one_connection_are_answered_one_after_the_other(
    site: PracticeSite, line: socket.socket
) -> None:
    request = b"GET /api/models HTTP/1.1\r\nHost: x\r\n\r\n"

    assert ask(line, request).startswith(b"HTTP/1.1 200 OK")
    assert ask(line, request).startswith(b"HTTP/1.1 200 OK")

    assert len({heard.connection for heard in site.heard}) == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /x HTTP/1.1\r\nContent-Length: 8\r\n\r\n" + b'{"a": 1}',
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    ],
    ids=["length", "chunked"],
)  # fmt: skip
def test_a_body_is_read_whole_however_it_is_framed(
    site: PracticeSite, line: socket.socket, request_bytes: bytes
) -> None:
    assert ask(line, request_bytes).startswith(b"HTTP/1.1 404 Not Found")

    [heard] = site.heard
    assert heard.request.json() == {"a": 1}
    assert heard.host == "chat"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"x" * (2 << 20),
    ],
)  # fmt: skip
def test_garbage_ends_its_connection_and_nothing_else(site: PracticeSite, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port(site)), timeout=5) as sock:
        try:
            sock.sendall(garbage)
            assert sock.recv(1000) == b""
        except ConnectionError:
            pass

    with socket.create_connection(("127.0.0.1", port(site)), timeout=5) as sock:
        assert ask(sock, b"GET /api/models HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_idle_connections_can_be_closed(site: PracticeSite, line: socket.socket) -> None:
    ask(line, b"GET /api/models HTTP/1.1\r\n\r\n")

    # The site may need a moment to be idle again after its answer.
    line.settimeout(0.1)
    for _ in range(50):
        site.close_idle()
        with contextlib.suppress(TimeoutError):
            assert line.recv(10) == b""
            return
    pytest.fail("the connection stayed open")


def test_a_client_that_leaves_in_mid_request_is_no_trouble(site: PracticeSite) -> None:
    for part in (b"", b"GET /api", b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", port(site)), timeout=5) as sock:
            sock.sendall(part)

    with socket.create_connection(("127.0.0.1", port(site)), timeout=5) as sock:
        answer = ask(sock, b"GET /api/v2/models/ HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
