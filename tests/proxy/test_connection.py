"""What is told on a connection whose request is refused unread, and who makes room for others."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.harness import Running, running
from tests.proxy.unharmed import connections, unharmed
from tests.proxy.wire import Said, answers, exchanged, first, head
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits

POST = "POST /v1/chat/completions"
GET = "GET /v1/models"
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORTER = "Shorten it; in a browser, clear the cookies of this address."
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(range(193))


def message(answer: Said) -> str:

    error = json.loads(answer.body)["error"]
    assert error["param"] is None
    return str(error["message"])


@pytest.mark.parametrize(
    ("line", "headers", "told"),
    [
        (
            GET, ["Cookie: " + "a=b; " * 2000],
            f"A header of the request is longer than 8 KB. {SHORTER}",
        ),
        ("GET /" + "a" * 9216, [], "The address of the request is longer than 8 KB. Shorten it."),
        (GET, ["X: a"] * 200, "The request has more than 128 headers. Send fewer."),
        (GET, ["X : a"], "This is no proper HTTP request. Correct the request."),
        (
            GET, ["Content-Length: " + "0" * 20],
            "Where this request ends can be read in two ways. Correct the request.",
        ),
    ],
    ids=["header", "address", "headers", "spelling", "end"],
)  # fmt: skip
def test_who_is_refused_unread_is_told_why(
    proxy: Running, line: str, headers: list[str], told: str
) -> None:
    """S68"""
    (answer,) = answers(exchanged(proxy, head(proxy, line, *headers)))

    assert (answer.status, answer.code, message(answer)) == (400, "invalid_request", told)


def test_who_speaks_tls_is_told_to_do_without(proxy: Running) -> None:
    (answer,) = answers(exchanged(proxy, TLS))

    assert (
        message(answer)
        == "This is HTTPS, which is not spoken here. Begin the address with http://."
    )


@contextmanager
def crowded(
    site: PracticeSite, number: int, idle_s: float = 0.0, more: int = 8
) -> Iterator[Running]:
    """A proxy that takes so many connections."""
    limits = Limits(connections=number, idle_connection_s=idle_s, surplus_connections=more)
    with running(site, limits=limits) as proxy:
        assert proxy.chat().status == 200
        with unharmed(proxy):
            yield proxy


def connected(proxy: Running, data: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
    sock.sendall(data)
    return sock


def kept(proxy: Running) -> http.client.HTTPConnection:
    """A client that asked for something, and may ask for more."""
    line = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    asks(line)
    return line


def asks(line: http.client.HTTPConnection) -> None:
    line.request("GET", "/health")
    assert line.getresponse().read() == b'{"status":"ok"}'


def is_closed(sock: socket.socket) -> bool:
    """Whether the other side closed a connection, having read what was sent or not."""
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_who_asked_for_nothing_for_the_longest_time_makes_room(site: PracticeSite) -> None:
    with crowded(site, 3) as proxy:
        one, two, three = (kept(proxy) for _ in range(3))
        asks(one)
        four = kept(proxy)

        assert two.sock is not None
        assert is_closed(two.sock)
        for line in (one, three, four):
            asks(line)
        for line in (one, two, three, four):
            line.close()


def test_who_never_asked_makes_room_before_one_who_did(site: PracticeSite) -> None:
    with crowded(site, 2) as proxy:
        one, silent = kept(proxy), connected(proxy, b"GET / HT")
        until(lambda: connections(proxy) == 2)
        two = kept(proxy)

        assert is_closed(silent)
        asks(one)
        for line in (one, two, silent):
            line.close()


def test_no_rush_of_those_who_never_asked_shuts_out_one_who_did(site: PracticeSite) -> None:
    """S70"""
    with crowded(site, 4) as proxy, ExitStack() as stack:
        one, silent = kept(proxy), [connected(proxy) for _ in range(3)]
        until(lambda: connections(proxy) == 4)
        # They come while the loop is busy, and so all at once.
        with held_up(proxy):
            silent += [connected(proxy) for _ in range(8)]
        for sock in silent:
            stack.callback(sock.close)
        stack.callback(one.close)

        assert all(map(is_closed, silent[:3]))
        asks(one)


@contextmanager
def held_up(proxy: Running) -> Iterator[None]:
    """The proxy's loop does nothing in this context, and goes on after it."""
    over = threading.Event()

    async def wait() -> None:
        over.wait(20)

    proxy.service.post(wait())
    try:
        yield
    finally:
        over.set()


@pytest.mark.parametrize("busy", [True, False])
def test_where_nobody_can_make_room_it_is_told_so(site: PracticeSite, busy: bool) -> None:
    # Some are in mid-request, or were used a moment ago.
    with crowded(site, 2, 0.0 if busy else 600.0) as proxy:
        asked = head(proxy, POST, "Content-Length: 100", "Expect: 100-continue") if busy else HEALTH
        begun = [connected(proxy, asked) for _ in range(2)]
        for one in begun:
            assert one.recv(9)
        answer = first(proxy, HEALTH)

        assert (answer.status, answer.code) == (503, "queue_full")
        assert json.loads(answer.body)["error"]["type"] == "server_error"
        assert message(answer).endswith("open than it takes. Wait and ask again.")
        assert answer.header("Connection") == "close"
        assert answer.header("Retry-After") == "10"
        for one in begun:
            one.close()
        until(lambda: not connections(proxy))
        assert first(proxy, HEALTH).status == 200


def test_of_those_who_are_told_so_there_are_not_many_at_once(site: PracticeSite) -> None:
    with crowded(site, 1, 600.0, more=1) as proxy:
        one = kept(proxy)
        told = connected(proxy, b"GET / HT")
        until(lambda: connections(proxy) == 2)

        assert exchanged(proxy, HEALTH) == b""
        told.sendall(b"TP/1.1\r\nHost: localhost\r\n\r\n")
        assert told.recv(12) == b"HTTP/1.1 503"
        told.close()
        one.close()
