"""What the OpenAI dialects share."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.busy import longest_hold
from tray_app.core.errors import ProxyError
from tray_app.core.model import Usage
from tray_app.dialects.openai import (
    decode,
    decoded,
    flag,
    ignored_fields,
    usage_object,
    wish_of_effort,
)


def test_ignored_fields_are_named_if_their_names_can_be_headers() -> None:
    body = b'{"a":1,"b":null,"c":2,"d e":3,"\\u00e9":4,"f.g-h_1":5}'
    assert ignored_fields(body, frozenset({"c"})) == ("a", "f.g-h_1")


def test_no_more_than_twenty_are_named() -> None:
    body = msgspec.json.encode({f"field{number}": 1 for number in range(50)})
    assert len(ignored_fields(body, frozenset())) == 20


def test_a_fault_of_the_whole_body_has_no_field() -> None:
    with pytest.raises(ProxyError) as caught:
        decode(b"[]", msgspec.json.Decoder(dict[str, int]))
    assert caught.value.param is None
    assert "object" in caught.value.text


def test_usages_add_up() -> None:
    told = usage_object([Usage(1, 2, 3, 4), Usage(5, 6, estimated=True)])

    assert told["total_tokens"] == 14
    assert told["completion_tokens_details"]["reasoning_tokens"] == 3
    assert told["estimated"] is True
    assert "estimated" not in usage_object([Usage(1, 2)])


def test_loose_switches_are_read_carefully() -> None:
    assert flag({"a": True}, "a") is True
    assert flag({"a": "true"}, "a") is None
    assert flag(None, "a") is None
    assert [wish_of_effort(effort) for effort in (None, "none", "xhigh")] == [None, False, True]


_any = msgspec.json.Decoder(str)
_pieces = st.sampled_from(
    [
        "\\ud83d",
        "\\ude00",
        "\\uD83D",
        "\\uDE00",
        "\\\\",
        "\\n",
        "\\u4f60",
        '\\"',
        "ud83d",
        "x" * 150,
        "你",
    ]
)


@given(st.lists(_pieces, max_size=30), st.integers(0, 3_000))
def test_halves_of_an_emoji_are_mended_wherever_a_body_is_cut(
    pieces: list[str], before: int
) -> None:
    body = '"' + "\\n" * before + "".join(pieces) + '"'

    read = decode(body.encode(), _any)

    assert read == re.sub("[\ud800-\udfff]", "\ufffd", json.loads(body))


@pytest.mark.parametrize("before", range(990, 1_010))
def test_no_emoji_is_cut_in_half_by_mending(before: int) -> None:
    body = '"' + "\\n" * before + "\\ud83d\\ude00\\\\ud83d\\ud83d" + '"'

    assert decode(body.encode(), _any) == "\n" * before + "\U0001f600\\ud83d\ufffd"


def test_a_body_is_handed_on_as_it_could_be_read() -> None:
    assert decoded(b'\xef\xbb\xbf"a"', _any) == ("a", b'"a"')
    assert decoded(b'"\\ud83d"', _any) == ("\ufffd", b'"\\ufffd"')


@pytest.mark.slow
def test_half_an_emoji_beside_a_large_picture_holds_nobody_up() -> None:
    """S76"""
    body = b'["\\ud83d","' + b"Adud" * 15_000_000 + b'"]'

    with longest_hold() as held_s:
        read = decode(body, msgspec.json.Decoder(list[str]))

    assert read == ["\ufffd", "Adud" * 15_000_000]
    assert held_s() < 0.2
