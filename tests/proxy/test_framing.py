"""Where requests end, as far as the library does not see to it."""

import socket

from tests.harness import Running
from tests.proxy.unharmed import unharmed
from tests.proxy.wire import CHAT, answers, exchanged, first, head

POST = "POST /v1/chat/completions"
CHUNKED = "Transfer-Encoding: chunked"
MIB = 1 << 20


def test_a_version_that_is_not_spoken_gets_no_answer(proxy: Running) -> None:
    with unharmed(proxy) as ear:
        for version in ("HTTP/2.0", "HTTP/0.9"):
            assert exchanged(proxy, head(proxy, "GET /v1/models", version=version)) == b""
        assert ["reason=UnclearError" in line for line in ear.lines] == [True] * 2


def test_an_old_version_is_spoken(proxy: Running) -> None:
    data = head(proxy, POST, f"Content-Length: {len(CHAT)}", version="HTTP/1.0") + CHAT

    assert [one.status for one in answers(exchanged(proxy, data))] == [200]


def test_pieces_are_spelled_as_one_likes(proxy: Running) -> None:
    pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CHAT), CHAT)
    for name in ("chunked", "CHUNKED", " chunked ", "\tchunked"):
        data = head(proxy, POST, f"Transfer-Encoding:{name}") + pieces
        assert first(proxy, data).status == 200


def test_a_body_that_is_hardly_any_is_not_waited_for(proxy: Running) -> None:
    """S66"""
    with unharmed(proxy):
        # It never ends, and there is nothing in it yet.
        answer = first(proxy, head(proxy, POST, CHUNKED) + b"5;" + b"a" * (2 * MIB))

        assert (answer.status, answer.code) == (400, "invalid_request")
        assert answer.header("Connection") == "close"


def test_a_piece_that_is_none_is_refused_when_it_comes(proxy: Running) -> None:
    """S66: the body was being read by then, and nothing more comes."""
    with unharmed(proxy):
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
            sock.sendall(head(proxy, POST, CHUNKED, "Expect: 100-continue") + b'5\r\n{"mod\r\n')
            # It is waited for from now on.
            came = sock.recv(65536)
            assert came == b"HTTP/1.1 100 Continue\r\n\r\n"
            came = b""
            sock.sendall(b"zz\r\n")
            while piece := sock.recv(65536):
                came += piece
        (answer,) = answers(came)

    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.header("Connection") == "close"


def test_what_follows_a_body_is_not_counted_with_it(proxy: Running) -> None:
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in CHAT)
    asked = b'{"messages":[],"model":"' + b"x" * MIB + b'"}'
    next_one = head(proxy, POST, f"Content-Length: {len(asked)}", "Connection: close") + asked
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
        sock.sendall(head(proxy, POST, CHUNKED) + pieces)
        # The end of the one comes with all of the other.
        sock.sendall(b"0\r\n\r\n" + next_one)
        came = b""
        while piece := sock.recv(65536):
            came += piece

    assert [one.status for one in answers(came)] == [200, 400]
    assert b"messages" in answers(came)[1].body
