"""Every way the practice site can fail, seen from a raw socket."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.practice.test_site import Browser
from tray_app.practice import PracticeSite, acts, frames


@pytest.fixture
def line(site: PracticeSite) -> Iterator[socket.socket]:
    """A connection on which a request for an answer was sent, once `site.will` was called."""
    with socket.create_connection(("127.0.0.1", int(site.origin.split(":")[2])), 5) as sock:
        yield sock


def begin(site: PracticeSite, line: socket.socket, act: acts.Act) -> None:
    site.will(act)
    line.sendall(b"POST /api/v2/chat/completions?chat_id=c HTTP/1.1\r\nContent-Length: 0\r\n\r\n")


def everything(line: socket.socket) -> bytes:
    """All bytes until the site closes."""
    got = b""
    while piece := line.recv(65536):
        got += piece
    return got


def until(line: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        piece = line.recv(65536)
        assert piece, got
        got += piece
    return got


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def test_raw_bytes_come_as_they_are(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Raw(b"\xffdata"))

    assert until(line, b"0\r\n\r\n") == STREAM_HEAD + b"5\r\n\xffdata\r\n0\r\n\r\n"


def test_raw_bytes_may_come_in_pieces(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Raw(b"abcde", content_type="text/plain", pieces=2))

    head, _, body = until(line, b"0\r\n\r\n").partition(b"\r\n\r\n")
    assert b"Content-Type: text/plain" in head
    assert body == b"2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n"


def test_raw_bytes_may_have_a_head_of_their_own(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Raw(b"body", head=b"HTTP/1.0 299 Odd\r\nX: \xff\r\n\r\n", pieces=1))

    assert everything(line) == b"HTTP/1.0 299 Odd\r\nX: \xff\r\n\r\nbody"


@pytest.mark.parametrize("head", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
def test_raw_bytes_may_be_cut_off(
    site: PracticeSite, line: socket.socket, head: bytes | None
) -> None:
    begin(site, line, acts.Raw(b"abc", head=head, then="cut"))

    got = everything(line)
    assert got.endswith(b"abc" if head else b"3\r\nabc\r\n")


def test_raw_bytes_may_end_in_a_reset(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Raw(b"abc", then="reset", pace_s=0.1))

    until(line, b"abc\r\n")
    with pytest.raises(ConnectionResetError):
        everything(line)


@pytest.mark.parametrize("head", [None, b"HTTP/1.1 200 OK\r\n\r\n"])
def test_raw_bytes_may_be_followed_by_silence(
    site: PracticeSite, line: socket.socket, head: bytes | None
) -> None:
    begin(site, line, acts.Raw(b"abc", head=head, then="hang"))

    until(line, b"abc" if head else b"abc\r\n")
    line.settimeout(0.2)
    with pytest.raises(TimeoutError):
        line.recv(1)
    assert site.open_streams == 1

    line.close()
    site.wait_until(lambda: site.open_streams == 0)
    assert site.heard[0].closed_s is not None


def test_a_whole_answer_has_its_length_and_headers(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Whole(b"no", 418, "text/x", (("Retry-After", "7"),)))

    assert until(line, b"no") == (
        b"HTTP/1.1 418 Status\r\nContent-Type: text/x\r\nContent-Length: 2\r\n"
        b"Retry-After: 7\r\n\r\nno"
    )


def test_silence_lasts_until_the_client_leaves(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Silence())

    line.settimeout(0.2)
    with pytest.raises(TimeoutError):
        line.recv(1)
    line.shutdown(socket.SHUT_WR)

    line.settimeout(5)
    assert everything(line) == b""
    site.wait_until(lambda: site.open_streams == 0)


def test_a_drop_closes_without_a_byte(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Drop())

    assert everything(line) == b""


def test_a_drop_may_be_a_reset(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Drop(reset=True))

    with pytest.raises(ConnectionResetError):
        everything(line)


def test_slow_does_something_else_later(site: PracticeSite, line: socket.socket) -> None:
    began_s = time.monotonic()
    begin(site, line, acts.Slow(acts.Whole(b"late"), 0.3))

    until(line, b"late")

    assert 0.3 <= time.monotonic() - began_s < 20


def test_slow_ends_when_the_client_leaves(site: PracticeSite, line: socket.socket) -> None:
    begin(site, line, acts.Slow(acts.Whole(b"late"), 60))
    site.wait_until(lambda: site.open_streams == 1)

    line.close()

    site.wait_until(lambda: site.open_streams == 0)


@pytest.mark.parametrize(("per_write", "chunks"), [(1, 4), (2, 2), (3, 2)])
def test_paced_frames_keep_their_pace(
    site: PracticeSite, line: socket.socket, per_write: int, chunks: int
) -> None:
    began_s = time.monotonic()
    begin(site, line, acts.Paced([b"a", b"b", b"c", b"d"], 0.1, per_write))

    body = until(line, b"0\r\n\r\n").removeprefix(STREAM_HEAD)

    assert time.monotonic() - began_s >= 0.1 * chunks - 0.01
    assert body.count(b"\r\n") == 2 * chunks + 2
    assert b"".join(body.split(b"\r\n")[1::2]) == b"abcd"


def answer(browser: Browser, act: acts.Act) -> list[object]:
    browser.site.will(act)
    return browser.chat()


def phases(told: list[object]) -> list[tuple[str, str]]:
    deltas = [frame["choices"][0]["delta"] for frame in told[1:]]  # type: ignore[index]
    return [(delta["phase"], delta["status"]) for delta in deltas]


def test_what_is_said_comes_in_the_sites_order(site: PracticeSite) -> None:
    act = acts.say(
        "one", "two", thoughts=["t"], raw_thoughts=["r"], sources=[("https://a.example/x", "A")]
    )

    told = answer(Browser(site), act)

    assert phases(told) == [
        ("think", "typing"), ("think", "finished"),
        ("thinking_summary", "typing"), ("thinking_summary", "finished"),
        ("web_search", "typing"), ("web_search", "typing"), ("web_search", "finished"),
        ("answer", "typing"), ("answer", "typing"), ("answer", "typing"), ("answer", "typing"),
        ("answer", "finished"),
    ]  # fmt: skip


def test_an_answer_may_tell_no_usage_and_not_be_finished(site: PracticeSite) -> None:
    told = answer(Browser(site), acts.say("one", usage=False, finished=False))

    assert phases(told) == [("answer", "typing")]
    assert "usage" not in str(told)


@pytest.mark.parametrize("then", ["end", "cut", "reset", "hang"])
def test_an_answer_may_end_in_every_way(
    site: PracticeSite, line: socket.socket, then: acts.Then
) -> None:
    begin(site, line, acts.say("one", finished=False, pace_s=0.05, then=then))
    line.settimeout(0.5 if then == "hang" else 20)

    got, how = b"", "hang"
    try:
        while how == "hang":
            got += (piece := line.recv(65536))
            if not piece:
                how = "cut"
            elif got.endswith(b"\r\n0\r\n\r\n"):
                how = "end"
    except ConnectionResetError:
        how = "reset"
    except TimeoutError:
        pass

    assert how == then
    assert b'"one"' in got


def test_refusals_have_the_sites_envelope() -> None:
    told = json.loads(acts.refused("Code", "details", num=7).body)
    limited = acts.value({}, 429, Retry_After="7")

    assert told["data"] == {"code": "Code", "details": "details", "num": 7}
    assert limited.headers == (("Retry-After", "7"),)
    assert acts.error_frame("c", "d") == frames.frame({"error": {"code": "c", "details": "d"}})
    assert acts.page("<p>ü", 502).content_type == "text/html; charset=utf-8"
