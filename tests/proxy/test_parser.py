"""What is no proper request, byte by byte, to a proxy that runs."""

import os
import random
import re
import time
from collections.abc import Iterator

import pytest

from tests.harness import Running, running
from tests.proxy.unharmed import Ear, resident_bytes, unharmed
from tests.proxy.wire import CHAT, Said, answers, exchanged, first, head
from tests.waiting import until
from tray_app.practice import PracticeSite

SIZE = len(CHAT)
LENGTH = f"Content-Length: {SIZE}"
CHUNKED = "Transfer-Encoding: chunked"
PIECES = b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE, CHAT)
POST = "POST /v1/chat/completions"
MIB = 1 << 20
LINE_CHARS = 200


@pytest.fixture(scope="module")
def live() -> Iterator[Running]:
    """One proxy for all of them: what one does to it, the next one meets."""
    site = PracticeSite(pace_s=0.0)
    site.start()
    with running(site, clock=lambda: time.monotonic() + AHEAD_S[0]) as proxy:
        assert proxy.chat().status == 200
        yield proxy
    site.stop()


AHEAD_S = [0.0]


def later() -> None:
    """Let a while pass: of many who come in one, few are told."""
    AHEAD_S[0] += 61.0


@pytest.fixture(autouse=True)
def ear(live: Running) -> Iterator[Ear]:
    """After every test all is well, and here is what was logged."""
    with unharmed(live) as heard:
        yield heard


def asked(proxy: Running) -> int:
    return len(proxy.site.heard_on("/api/v2/chat/completions"))


def refused(proxy: Running, data: bytes) -> Said:
    """The one answer to these bytes, which is a 400; then the connection was closed."""
    before = asked(proxy)
    (answer,) = answers(exchanged(proxy, data))
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.header("x-request-id") or "")
    assert asked(proxy) == before
    return answer


TWO_ENDS = [
    (LENGTH, CHUNKED), (CHUNKED, LENGTH), (CHUNKED, "Content-Length: 0"),
    ("Transfer-Encoding: xchunked",), ("Transfer-Encoding: identity",),
    ("Transfer-Encoding: chunked, identity",), ("Transfer-Encoding: identity, chunked",),
    ("Transfer-Encoding: gzip, chunked",), ("Transfer-Encoding: chunked, chunked",),
    ("Transfer-Encoding: ,chunked",), ("Transfer-Encoding: chunked,",),
    ("Transfer-Encoding: chunked;x=1",), ("Transfer-Encoding: \x0bchunked",),
    ("Transfer-Encoding: chunked\x00",), ("Transfer-Encoding : chunked",),
    ("Transfer-Encoding: gzip",), ("Transfer-Encoding:", CHUNKED), (CHUNKED, CHUNKED),
    (CHUNKED, "Transfer-Encoding: identity"),
]  # fmt: skip


def test_a_request_with_two_ways_to_end_is_refused(live: Running) -> None:
    """S63"""
    for headers in TWO_ENDS:
        refused(live, head(live, POST, *headers) + PIECES)


def test_pieces_need_a_version_that_has_them(live: Running) -> None:
    """S63"""
    for body in (PIECES, b"0\r\n\r\n"):
        data = head(live, POST, CHUNKED, version="HTTP/1.0") + body
        refused(live, data)


LENGTHS = [
    (str(SIZE), str(SIZE)), (str(SIZE), "0"), (f"+{SIZE}",), ("-1",), ("7_1",), (hex(SIZE),),
    ("9" * 20,), ("9" * 400,), ("",), (f"{SIZE},{SIZE}",), (f"{SIZE} {SIZE}",),
    (f"{SIZE}.0",), ("\xb2",), (f"{SIZE};",), ("0" * 19 + str(SIZE),),
]  # fmt: skip


def test_a_length_that_is_none_or_two_is_refused(live: Running) -> None:
    """S64"""
    for lengths in LENGTHS:
        headers = [f"Content-Length: {length}" for length in lengths]
        refused(live, head(live, POST, *headers) + CHAT)


def test_a_length_that_no_body_has_is_refused_at_once(live: Running) -> None:
    """S64"""
    answer = first(live, head(live, POST, f"Content-Length: {'1' * 20}"))

    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.header("Connection") == "close"


HEADERS = [
    "X: a\r\n b", "X: a\r\n\tb", " X: a", "X : a", "X\t: a", "X: a\nY: b", "X: a\rY: b",
    "X: a\n", "X: a\r", "X: a\x00b", "X\x00: a", "X: \x01", "X: \x7f", "X\x7f: a", "X: a\x08b",
    "(X): a", "X", ":a", "X\xe9: a", "X[]: a",
]  # fmt: skip


def test_a_header_that_is_written_wrongly_is_refused(live: Running) -> None:
    """S65"""
    for header in HEADERS:
        refused(live, head(live, POST, header, LENGTH) + CHAT)


LINES = [
    "GET /a\x00", "GET /\x01", "GET /\x7f", "GET /a\tb", "GET /a\rb", "GET /a\nb", "GET /a b",
    "GET /\xe9", "GET ", "GET *", "G@T /", "get /", "GET\t/", "\xe9 /", "GET\x00 /",
]  # fmt: skip


def test_a_first_line_that_is_written_wrongly_is_refused(live: Running) -> None:
    """S65"""
    for line in LINES:
        refused(live, head(live, line))


def test_lines_end_in_two_characters(live: Running) -> None:
    """S65"""
    whole = head(live, POST, LENGTH)
    refused(live, whole.replace(b"\r\n", b"\n") + CHAT)
    refused(live, whole.removesuffix(b"\r\n") + b"\n" + CHAT)
    refused(live, whole.replace(b"\r\n", b"\r") + CHAT + b"\r\n\r\n")


WRONG_PIECES = [
    b"xyz\r\n", b"-1\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
    b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n", b"f" * 17 + b"\r\n", b"1" * 5000 + b"\r\n",
    b"\r\n", b" 5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n",
    b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"4\r\nhello\r\n0\r\n\r\n",
    b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;\x00\r\nhello\r\n0\r\n\r\n",
    PIECES[:-2] + b"X T: 1\r\n\r\n", PIECES[:-2] + b"X: a\x00\r\n\r\n",
]  # fmt: skip


def test_a_piece_that_is_written_wrongly_is_refused(live: Running) -> None:
    """S66"""
    for pieces in WRONG_PIECES:
        refused(live, head(live, POST, CHUNKED) + pieces)


BESIDE = {
    "extension": b"5;" + b"a" * MIB + b"\r\nhello\r\n0\r\n\r\n",
    "extensions": b"".join(b"1;%s\r\n%c\r\n" % (b"a" * 20_000, one) for one in CHAT) + b"0\r\n\r\n",
    "trailers": PIECES[:-2] + b"X-T: 1\r\n" * 10_000 + b"\r\n",
    "trailer": PIECES[:-2] + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
}


def test_what_comes_with_a_body_must_not_be_much_more_than_the_body(live: Running) -> None:
    """S66"""
    before = resident_bytes()
    for pieces in BESIDE.values():
        refused(live, head(live, POST, CHUNKED) + pieces)

    assert resident_bytes() - before < 16 * MIB


def test_a_few_words_beside_a_body_do_no_harm(live: Running) -> None:
    pieces = b"%x;name=value\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (SIZE, CHAT)
    whole = head(live, POST, CHUNKED, "Connection: close")

    assert [one.status for one in answers(exchanged(live, whole + pieces))] == [200]


OUTER = [
    ("Content-Length: {size}",), ("Content-Length: 2",), (CHUNKED,),
    ("Content-Length: {size}", "Expect: 100-continue"),
    ("Content-Length: {size}", "Connection: Upgrade", "Upgrade: websocket"),
    ("Content-Length: {size}", "Connection: keep-alive"),
]  # fmt: skip


@pytest.mark.parametrize("key", [None, "wrong"])
def test_a_request_inside_a_refused_one_is_never_carried_out(
    live: Running, key: str | None
) -> None:
    """S67"""
    inner = head(live, POST, LENGTH) + CHAT
    before = asked(live)
    for headers in OUTER:
        sent = [one.format(size=len(inner)) for one in headers]
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner) if CHUNKED in headers else inner
        came = answers(exchanged(live, head(live, POST, *sent, key=key) + body))

        assert [one.status for one in came] in ([401], [400])
        assert asked(live) == before


def test_nor_is_one_inside_a_refused_one_that_still_comes(live: Running) -> None:
    """S67"""
    inner = head(live, POST, LENGTH) + CHAT
    before = asked(live)
    length = f"Content-Length: {len(inner) + 9}"

    answer = first(live, head(live, POST, length, key=None) + inner)

    assert (answer.status, answer.header("Connection")) == (401, "close")
    assert asked(live) == before


def test_nor_is_one_inside_what_nobody_reads(live: Running) -> None:
    """S67"""
    inner = head(live, POST, LENGTH) + CHAT
    before = asked(live)
    for line in ("POST /nowhere", "DELETE /v1/models", "POST /v1/embeddings"):
        came = answers(exchanged(live, head(live, line, f"Content-Length: {len(inner)}") + inner))

        assert [one.status >= 400 for one in came] == [True]
        assert asked(live) == before


def test_each_of_two_requests_has_only_its_own_key(live: Running) -> None:
    """S67"""
    good = head(live, POST, LENGTH) + CHAT
    bare = head(live, "GET /v1/models", "Connection: close", key=None)
    last = head(live, "GET /v1/models", "Connection: close")
    none = head(live, "GET /v1/models", key=None)

    assert [one.status for one in answers(exchanged(live, good + bare))] == [200, 401]
    assert [one.status for one in answers(exchanged(live, none + last))] == [401, 200]


LONG: list[tuple[str, list[str]]] = [
    ("GET /v1/models", ["X: " + "a" * 9216]),
    ("GET /v1/models", ["X" * 9216 + ": a"]),
    ("GET /v1/models", [f"X{number}: a" for number in range(200)]),
    ("GET /v1/models", ["Cookie: " + "a=b; " * 2000]),
    ("GET /" + "a" * 9216, []),
    ("GET /v1/models?" + "a" * 9216, []),
]


def test_a_head_that_is_too_long_is_refused(live: Running) -> None:
    """S68"""
    for line, headers in LONG:
        refused(live, head(live, line, *headers))


def test_a_head_without_end_gets_no_answer_or_a_400(live: Running) -> None:
    """S68"""
    before = resident_bytes()
    for begun in (
        b"GET /",
        b"A",
        b"GET / HTTP/1.1\r\nX: ",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 9,
    ):
        came = exchanged(live, begun + b"a" * (4 * MIB))
        # What was still on its way when it was refused may have undone the answer.
        assert [one.status for one in answers(came)] in ([400], [])
    assert resident_bytes() - before < 16 * MIB


STRANGE = {
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(range(193)),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(4) + b"\x04" + bytes(4),
    "http2 late": b"GET /v1/models HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "http3": b"GET / HTTP/3\r\nHost: localhost\r\n\r\n",
    "http0.9": b"GET /v1/models\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "smtp": b"EHLO localhost\r\nMAIL FROM:<a@b>\r\n",
    "redis": b"*1\r\n$7\r\nCOMMAND\r\n",
    "socks": b"\x05\x01\x00" + b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50",
    "zeros": bytes(1000),
    "random": random.Random(10).randbytes(3000),
    "any": os.urandom(300),
}


def test_another_language_gets_one_400_or_nothing_and_one_short_line(
    live: Running, ear: Ear
) -> None:
    """S77"""
    for sent in STRANGE.values():
        later()
        # The strangest place for a key is one where no key is looked for.
        came = exchanged(live, sent + f"\r\n{live.key}\r\n\r\n".encode())

        assert [(one.status, one.code) for one in answers(came)] in ([(400, "invalid_request")], [])
        until(lambda: ear.lines)
        assert [len(line) <= LINE_CHARS for line in ear.lines] == [True], ear.lines
        assert live.key not in ear.lines.pop()


def test_a_key_that_is_refused_with_its_header_is_not_written_down(live: Running, ear: Ear) -> None:
    """S77"""
    later()
    for spoilt in (f"{live.key}\x01", live.key + "a" * 9000, f"{live.key}\r\n {live.key}"):
        refused(live, head(live, "GET /v1/models", f"Authorization: Bearer {spoilt}", key=None))

    until(lambda: ear.lines)
    assert max(map(len, ear.lines)) <= LINE_CHARS


PLAIN = ("mine_1-2", "x" * 64, "0")
ODD = (
    "", "x" * 65, "a b", "a.b", "a\tb", "caf\xe9", "\xc3\xa9", "\xd9\xa1", '"><script>', "../../x",
)  # fmt: skip


def test_an_id_of_the_client_is_repeated_only_if_it_is_plain(live: Running) -> None:
    """S78b"""
    numbers = set()
    for given in (*PLAIN, *ODD):
        for name in ("x-request-id", "x-client-request-id"):
            data = head(live, "GET /v1/models", f"{name}: {given}", "Connection: close")
            (answer,) = answers(exchanged(live, data))
            assert answer.status == 200
            assert answer.header("x-client-request-id") == (given if given in PLAIN else None)
            numbers.add(answer.header("x-request-id") or "")
    assert len(numbers) == 2 * len(PLAIN + ODD)
    assert all(re.fullmatch(r"[0-9a-f-]{36}", number) for number in numbers)


def test_an_id_that_is_no_header_is_refused(live: Running) -> None:
    """S78b"""
    for given in ("x" * 10_240, "a\r\n b", "a\rSet-Cookie: b", "a\nSet-Cookie: b", "a\x00"):
        answer = refused(live, head(live, "GET /v1/models", f"x-request-id: {given}"))
        assert answer.header("x-client-request-id") is None


def test_a_line_end_in_an_id_begins_a_header_of_the_client_and_none_of_ours(live: Running) -> None:
    """S78b"""
    given = "x-request-id: a\r\nSet-Cookie: b"
    data = head(live, "GET /v1/models", given, "Connection: close")
    (answer,) = answers(exchanged(live, data))

    assert answer.header("x-client-request-id") == "a"
    assert answer.header("Set-Cookie") is None
