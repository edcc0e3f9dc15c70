"""Server-sent events: R30, R31, R32, F1, F11."""

from itertools import pairwise

import httpx_sse
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.sse import EventTooLargeError, SseDecoder, frame

BOM = b"\xef\xbb\xbf"


def decoded(pieces: list[bytes]) -> list[bytes]:
    decoder = SseDecoder()
    return [data for piece in pieces for data in decoder.feed(piece)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\n\n", [b"a"], id="one"),
        pytest.param(b"data:a\n\n", [b"a"], id="no space"),
        pytest.param(b"data:  a\n\n", [b" a"], id="extra space"),
        pytest.param(b"data: a \n\n", [b"a "], id="trailing space"),
        pytest.param(b"data\n\n", [b""], id="no colon"),
        pytest.param(b"data:\n\n", [b""], id="empty data"),
        pytest.param(b"data: a\ndata: b\n\n", [b"a\nb"], id="two lines"),
        pytest.param(b": note\n\ndata: a\n\n", [b"a"], id="comment"),
        pytest.param(b": note\ndata: a\n: more\n\n", [b"a"], id="comments inside"),
        pytest.param(b"event: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"], id="other fields"),
        pytest.param(b"data: a\nevent: x\n\n", [b"a"], id="reversed fields"),
        pytest.param(b"event: x\n\n", [], id="no data"),
        pytest.param(b"unknown: x\ndata: a\n\n", [b"a"], id="unknown field"),
        pytest.param(b"datax: a\n\n", [], id="not data"),
        pytest.param(b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [b"a", b"b"], id="extra blank lines"),
        pytest.param(BOM + b"data: a\n\n", [b"a"], id="BOM"),
        pytest.param(b"data: a\n\n" + BOM + b"data: b\n\n", [b"a"], id="BOM only at the start"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\r", [b"a", b"b"], id="CRLF and CR"),
        pytest.param(b"data: a\r\ndata: b\n\r\n", [b"a\nb"], id="mixed"),
        pytest.param("data: a\u2028b\u2029c\x85d\n\n".encode(), ["a\u2028b\u2029c\x85d".encode()],
                     id="other separators are text"),
        pytest.param(b"data: a\n\ndata: b", [b"a"], id="unfinished event dropped"),
    ],
)  # fmt: skip
def test_events_are_read_as_the_rules_say(stream: bytes, events: list[bytes]) -> None:
    assert decoded([stream]) == events
    assert decoded([stream[at : at + 1] for at in range(len(stream))]) == events


lines = st.lists(
    st.one_of(
        st.text(max_size=20).map(lambda text: f"data: {text}"),
        st.text(alphabet="x \u2028\u0085:é", max_size=8).map(lambda text: f": {text}"),
        st.sampled_from(["", "event: x", "id: 1", "data", "data:", "retry: 3"]),
    ),
    max_size=12,
)


@given(
    lines=lines,
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1, max_size=4),
    bom=st.booleans(),
    places=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_where_the_socket_cuts_does_not_matter(
    lines: list[str], ends: list[str], bom: bool, places: list[int]
) -> None:
    """F1"""
    text = "".join(
        line.replace("\r", "").replace("\n", "") + ends[at % len(ends)]
        for at, line in enumerate(lines)
    )
    stream = BOM * bom + text.encode("utf-8", "surrogatepass")

    assert decoded(cut(stream, places)) == decoded([stream])


@given(
    texts=st.lists(
        st.text(alphabet=st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=30)
    )
)
def test_our_frames_read_the_same_with_another_parser(texts: list[str]) -> None:
    """F3"""
    payloads = [text.encode() for text in texts]
    stream = b"".join(frame(payload) for payload in payloads)

    other = httpx_sse._decoders.SSEDecoder()  # the parser alone, without its HTTP client
    events = [other.decode(line) for line in stream.decode().split("\n")]

    assert decoded([stream]) == payloads
    assert [event.data.encode() for event in events if event] == payloads


@given(pieces=st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_are_taken_and_little_is_kept(pieces: list[bytes]) -> None:
    """F11"""
    decoder = SseDecoder(limit_bytes=64)
    try:
        for piece in pieces:
            decoder.feed(piece)
    except EventTooLargeError:
        return
    assert len(decoder._tail) <= 64 + 200


def test_a_large_event_passes_and_a_huge_one_is_refused() -> None:
    """R31"""
    large = b'data: "' + b"x" * (2 << 20) + b'"\n\n'
    decoder = SseDecoder()

    assert len(decoded(cut(large, list(range(0, len(large), 9_999))))[0]) == (2 << 20) + 2
    with pytest.raises(EventTooLargeError):
        for _ in range(40):
            decoder.feed(b"x" * (1 << 20))


def test_lines_without_an_end_are_refused_too() -> None:
    """R31"""
    decoder = SseDecoder(limit_bytes=1000)
    with pytest.raises(EventTooLargeError):
        for _ in range(100):
            decoder.feed(b"data: " + b"y" * 90 + b"\r")
