"""The lines between a window and its parent."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desktop.windows.views import HOSTILE, QUESTION, hostile_question, hostile_status, status
from tray_app.desktop.look import Row
from tray_app.desktop.windows.messages import (
    LINE_BYTES,
    Close,
    Closed,
    Failed,
    Focus,
    FromWindow,
    MessageError,
    Ping,
    Pong,
    Pressed,
    Ready,
    Show,
    ToWindow,
    from_window,
    line,
    to_window,
)


@pytest.mark.parametrize(
    "message",
    [
        Show(status()), Show(QUESTION), Show(hostile_status()), Show(hostile_question()), Focus(),
        Ping(7), Close(),
    ],
)  # fmt: skip
def test_a_window_hears_what_its_parent_says(message: ToWindow) -> None:
    said = line(message)

    assert to_window(said) == message
    assert said.count(b"\n") == 1


@pytest.mark.parametrize(
    "message",
    [Ready(), Pressed(3), Pressed("yes"), Pong(7), Closed(), Failed("no_gi"), Failed("bad_line")],
)
def test_a_parent_hears_what_its_window_says(message: FromWindow) -> None:
    assert from_window(line(message)) == message


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_as_it_is(text: str) -> None:
    view = status(rows=(Row(1, text),), tip=text)

    assert to_window(line(Show(view))) == Show(view)


@pytest.mark.parametrize(
    "received",
    [
        b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\n", b"{\n", b'{"told":"ready"}',
        b'{"told":"nonsense"}\n', b'{"told":"pressed"}\n', b'{"told":"pressed","id":null}\n',
        b'{"told":"pressed","id":1.5}\n', b'{"told":"pressed","id":[1]}\n',
        b'{"told":"pong","n":"7"}\n', b'{"told":"failed","why":"rm -rf"}\n',
        b'{"told":"ready","more":1}\n', b'{"do":"close"}\n',
    ],
)  # fmt: skip
def test_what_no_window_says_is_refused(received: bytes) -> None:
    with pytest.raises(MessageError):
        from_window(received)


@pytest.mark.parametrize(
    "received",
    [
        b'{"do":"show"}\n', b'{"do":"show","view":{}}\n', b'{"do":"show","view":{"view":"x"}}\n',
        b'{"do":"run","script":"1"}\n', b'{"do":"ping","n":true}\n', b'{"told":"ready"}\n',
        b'{"do":"show","view":{"view":"question","title":1}}\n', b"Focus\n",
    ],
)  # fmt: skip
def test_what_no_parent_says_is_refused(received: bytes) -> None:
    with pytest.raises(MessageError):
        to_window(received)


def test_a_row_that_is_none_is_refused() -> None:
    said = line(Show(status())).replace(b'"id":2,', b'"id":"two",')

    with pytest.raises(MessageError):
        to_window(said)


def test_a_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    room = LINE_BYTES - len(line(Show(status(tip=""))))

    assert len(line(Show(status(tip="x" * room)))) == LINE_BYTES
    with pytest.raises(MessageError):
        line(Show(status(tip="x" * (room + 1))))


def test_a_line_that_is_longer_is_not_read() -> None:
    received = msgspec.json.encode(Show(status(tip="x" * LINE_BYTES))) + b"\n"

    with pytest.raises(MessageError):
        to_window(received)


def test_a_text_that_is_no_unicode_is_refused_where_it_is_said() -> None:
    with pytest.raises(MessageError):
        line(Show(status(tip="\ud800")))


@pytest.mark.parametrize("text", HOSTILE)
def test_an_error_tells_nothing_of_what_was_in_the_line(text: str) -> None:
    received = msgspec.json.encode({"do": "show", "view": {"view": "status", "title": [text]}})

    with pytest.raises(MessageError) as refused:
        to_window(received + b"\n")

    assert text not in str(refused.value)
