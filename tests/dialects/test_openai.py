"""What the OpenAI dialects share."""

import msgspec
import pytest

from tray_app.core.errors import ProxyError
from tray_app.core.model import Usage
from tray_app.dialects.openai import decode, flag, ignored_fields, usage_object, wish_of_effort


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
