"""Very many, very large, very slow: what a proxy has to bear, and what it must be like after it."""

import http.client
import logging
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.harness import Running, running
from tests.proxy.unharmed import connections, resident_bytes, tasks, unharmed
from tests.proxy.wire import CHAT, answers, exchanged, first, head
from tests.waiting import until
from tray_app.practice import PracticeSite
from tray_app.proxy.limits import Limits

POST = "POST /v1/chat/completions"
CHUNKED = "Transfer-Encoding: chunked"
MIB = 1 << 20
PATIENCE_S = 0.3
"""What the limits are made for these tests, where they are what is tested."""
HEALTH = "GET /health HTTP/1.1\r\nHost: localhost\r\nx-request-id: {}\r\n\r\n"
BODY_IS_DUE = ("Content-Length: 100", CHUNKED)


@contextmanager
def impatient(site: PracticeSite) -> Iterator[Running]:
    """A proxy that waits for nobody."""
    limits = Limits(keepalive_s=PATIENCE_S, body_s=PATIENCE_S, linger_s=PATIENCE_S)
    with running(site, limits=limits) as proxy:
        assert proxy.chat().status == 200
        yield proxy


@contextmanager
def connected(proxy: Running, number: int, data: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many clients that have said so much; those that were refused are among them."""
    with ExitStack() as stack:
        socks = []
        for _ in range(number):
            sock = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
            socks.append(stack.enter_context(sock))
            with suppress(ConnectionError):
                sock.sendall(data)
        yield socks


def is_closed(sock: socket.socket) -> bool:
    """Wait until the other side has closed a connection; whatever came before is passed by."""
    with suppress(ConnectionError):
        while sock.recv(65536):
            pass
    return True


@pytest.mark.slow
def test_five_thousand_requests_at_once_are_answered_in_their_order(proxy: Running) -> None:
    """S69"""
    number = 5000
    assert proxy.chat().status == 200
    with unharmed(proxy):
        before = resident_bytes()
        most = [before]
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as sock:
            sending = threading.Thread(
                target=sock.sendall,
                args=("".join(map(HEALTH.format, range(number))).encode(),),
            )
            sending.start()
            came = b""
            while came.count(b'{"status":"ok"}') < number:
                came += sock.recv(65536)
                most.append(resident_bytes())
            sending.join()
        told = re.findall(rb"x-client-request-id: (\d+)\r\n", came)

        assert [int(one) for one in told] == list(range(number))
        assert max(most) - before < 20 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("begun", ["", "G", "GET / HTTP/1.1\r\nHost: local"])
def test_half_a_head_is_not_waited_for(site: PracticeSite, begun: str) -> None:
    """S70"""
    with impatient(site) as proxy, unharmed(proxy):
        assert exchanged(proxy, begun.encode()) == b""


@pytest.mark.slow
def test_half_a_second_head_is_not_waited_for_either(site: PracticeSite) -> None:
    """S70"""
    with impatient(site) as proxy, unharmed(proxy):
        begun = HEALTH.format(1).encode() + b"GET / HT"
        assert [one.status for one in answers(exchanged(proxy, begun))] == [200]


@pytest.mark.slow
@pytest.mark.parametrize("header", BODY_IS_DUE)
@pytest.mark.parametrize("begun", [b"", b"5\r\n{"])
def test_a_body_that_stalls_is_given_up(site: PracticeSite, header: str, begun: bytes) -> None:
    """S71"""
    with impatient(site) as proxy, unharmed(proxy):
        before = tasks(proxy)
        answer = first(proxy, head(proxy, POST, header) + begun)

        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.header("Connection") == "close"
        until(lambda: tasks(proxy) <= before)


@pytest.mark.slow
@pytest.mark.parametrize("header", BODY_IS_DUE)
def test_a_body_that_drips_is_given_up(site: PracticeSite, header: str) -> None:
    """S71"""
    with impatient(site) as proxy, unharmed(proxy), connected(proxy, 1) as [sock]:
        over = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                while not over.wait(PATIENCE_S / 10):
                    sock.sendall(b"1\r\n{\r\n" if header == CHUNKED else b"{")

        sock.sendall(head(proxy, POST, header))
        with ThreadPoolExecutor(1) as beside:
            beside.submit(drip)
            came = sock.recv(65536)
            over.set()

        assert (answers(came)[0].status, answers(came)[0].code) == (408, "request_timeout")
        assert answers(came)[0].header("Connection") == "close"


@pytest.mark.slow
def test_a_client_that_leaves_in_its_body_leaves_nothing(proxy: Running) -> None:
    """S71"""
    with unharmed(proxy):
        for header in BODY_IS_DUE:
            with connected(proxy, 20, head(proxy, POST, header) + b"5\r\n{"):
                until(lambda: connections(proxy) == 20)
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 1


def test_a_body_that_tells_that_it_is_too_large_is_not_read(proxy: Running) -> None:
    """S72"""
    with unharmed(proxy):
        # Nothing of it was sent, so nothing of it was waited for.
        for more in ((), ("Expect: 100-continue",)):
            answer = first(proxy, head(proxy, POST, f"Content-Length: {33 * MIB}", *more))

            assert (answer.status, answer.code) == (413, "request_too_large")
            assert answer.header("Connection") == "close"


@pytest.mark.slow
def test_a_body_that_turns_out_too_large_is_refused_with_little_memory(proxy: Running) -> None:
    """S72"""
    assert proxy.chat().status == 200
    piece = b"%x\r\n" % MIB + b" " * MIB + b"\r\n"
    with unharmed(proxy):
        before = resident_bytes()
        most = [before]
        for _ in range(3):
            with connected(proxy, 1, head(proxy, POST, CHUNKED)) as [sock]:
                with suppress(ConnectionError):
                    for _ in range(33):
                        sock.sendall(piece)
                        most.append(resident_bytes())
                (answer,) = answers(sock.recv(65536))

                assert (answer.status, answer.code) == (413, "request_too_large")
            until(lambda: not connections(proxy))

        assert max(most) - before < 64 * MIB


@pytest.mark.slow
def test_ten_thousand_wrong_keys_are_a_few_lines_and_keep_nobody_out(proxy: Running) -> None:
    """S30"""
    number = 10_000
    asked = [head(proxy, "GET /v1/models", key=f"wrong-key-{at}") for at in range(number)]
    last = head(proxy, "GET /v1/models", "Connection: close")
    with unharmed(proxy) as ear:
        with connected(proxy, 1) as [sock]:
            sending = threading.Thread(target=sock.sendall, args=(b"".join([*asked, last]),))
            sending.start()
            came = b"".join(iter(lambda: sock.recv(65536), b""))
            sending.join()
        lines = list(ear.lines)

        assert came.count(b"HTTP/1.1 401 ") == number
        assert came.count(b"HTTP/1.1 200 ") == 1
        assert 0 < len(lines) <= 20
        # They say how many there were that have none.
        assert max(map(int, re.findall(r"=(\d+)\b", "\n".join(lines)))) > number / 2
        assert "wrong-key" not in "".join(lines)
    assert proxy.service.status.turned_away.reasons == {"invalid_api_key": number}
    assert [one.outcome for one in proxy.service.status.recent] == ["ok"]


@pytest.mark.slow
def test_a_thousand_that_only_sit_there_are_let_go(site: PracticeSite) -> None:
    """S70"""
    limits = Limits(keepalive_s=60.0)
    with running(site, limits=limits) as proxy:
        assert proxy.chat().status == 200
        with unharmed(proxy) as ear, ExitStack() as stack:
            known = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
            stack.callback(known.close)
            known.request("GET", "/health")
            known.getresponse().read()
            before = resident_bytes()
            socks = [
                *stack.enter_context(connected(proxy, 100)),
                *stack.enter_context(connected(proxy, 900, b"GET / HTTP/1.1\r\nX: ")),
            ]
            until(lambda: held(socks) == limits.connections - 1)
            # Who was there before is served while all places are taken.
            known.request("GET", "/health")
            assert known.getresponse().read() == b'{"status":"ok"}'
            assert resident_bytes() - before < 64 * MIB
            stack.close()

            until(lambda: not connections(proxy))
            assert len([line for line in ear.lines if "dropped" in line]) <= 10


def held(socks: list[socket.socket]) -> int:
    """How many of these clients are still connected."""
    found = 0
    for sock in socks:
        sock.setblocking(False)
        try:
            found += sock.recv(1) != b""
        except BlockingIOError:
            found += 1
        except ConnectionError:
            pass
    return found


@pytest.mark.slow
def test_many_slow_ones_at_once_are_all_let_go_and_others_get_in(site: PracticeSite) -> None:
    """S70, S71"""
    with impatient(site) as proxy, unharmed(proxy):
        halves = [b"", b"GET / HT", head(proxy, POST, CHUNKED) + b"5\r\n{"]
        with ExitStack() as stack:
            socks = [
                sock for half in halves for sock in stack.enter_context(connected(proxy, 60, half))
            ]
            assert proxy.chat().status == 200
            with ThreadPoolExecutor(len(socks)) as beside:
                assert all(beside.map(is_closed, socks))


def test_a_body_of_nothing_but_brackets_is_refused(proxy: Running) -> None:
    """S74"""
    deep = 4 * MIB
    with unharmed(proxy):
        before = resident_bytes()
        for body in (b"[" * deep, b'{"a":' * (deep // 5), b"[" * deep + b"]" * deep):
            answer = first(proxy, head(proxy, POST, f"Content-Length: {len(body)}") + body)
            assert (answer.status, answer.code) == (400, "invalid_request")
        for body in (b"[" * 300 + b"]" * 300, b"1e999", b"9" * 4 * MIB, b'"\\ud83d"'):
            asked = CHAT[:-1] + b',"metadata":{"x":' + body + b"}}"
            answer = first(proxy, head(proxy, POST, f"Content-Length: {len(asked)}") + asked)
            assert answer.status in {200, 400}
        assert resident_bytes() - before < 64 * MIB


def test_of_many_who_speak_no_http_some_are_told(
    calm: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """A log that anybody can fill would hide what was there before; one a minute is told."""
    caplog.set_level(logging.INFO, "tray_app")
    for _ in range(120):
        assert b" 400 " in calm.raw(b"\x00 nonsense\r\n\r\n")

    told = [line for line in caplog.messages if line.startswith("connection=refused")]
    assert len(told) == 7
    assert told[-1].endswith("untold=89")
