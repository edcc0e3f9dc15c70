"""Messages as OpenAI clients send them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import TextPart
from tray_app.dialects.openai_messages import (
    ChatMessage,
    InputItem,
    messages_of,
    messages_of_input,
)

texts = st.text(min_size=1, max_size=20)


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), texts), min_size=1))
def test_order_roles_and_texts_are_kept(sent: list[tuple[str, str]]) -> None:
    """F13"""
    messages = [msgspec.convert({"role": r, "content": t}, ChatMessage) for r, t in sent]

    found = messages_of(messages)

    assert [(message.role, message.parts) for message in found] == [
        (role, (TextPart(text),)) for role, text in sent
    ]


def test_a_conversation_without_any_text_is_refused_at_its_last_message() -> None:
    empty = [ChatMessage(role="system"), ChatMessage(role="user", content=[])]
    with pytest.raises(ProxyError) as caught:
        messages_of(empty)
    assert caught.value.param == "messages[1].content"


def test_an_input_without_any_text_is_refused() -> None:
    for sent in ([], [InputItem(type="reasoning")], ""):
        with pytest.raises(ProxyError) as caught:
            messages_of_input(sent, None)
        assert caught.value.param == "input"


@pytest.mark.parametrize("kind", ["item_reference", "web_search_call", None])
def test_items_nobody_knows_are_named(kind: str | None) -> None:
    item = InputItem(type=kind) if kind else InputItem()
    with pytest.raises(ProxyError) as caught:
        messages_of_input([item], "instructions")
    assert caught.value.kind is Kind.INVALID_REQUEST
    assert caught.value.param == "input[0].type"
