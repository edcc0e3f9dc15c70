"""Prompts that are too long for one body, and how much of them is told nevertheless."""

import pytest

from tests.filters.pieces import means
from tests.filters.test_talk import READ, chat, texts_of, weight_of
from tray_app.core.model import (
    Choice,
    Message,
    ModelInfo,
    Prompt,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Variant,
)
from tray_app.filters import ITEM_BYTES, prepared
from tray_app.filters.notes import LongPrompt
from tray_app.upstreams.qwen import encode as qwen

MODES: tuple[LongPrompt, ...] = ("file", "trim")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "messages",
    [
        (Message("user", (TextPart("x" * 97_000),)),),
        (
            Message("user", (TextPart("x" * 98_000),)),
            Message("assistant", (TextPart("Got it."),)),
            Message("user", (TextPart("Which machine failed?"),)),
        ),
        (
            Message("system", (TextPart("s" * 100_000),)),
            Message("user", (TextPart("Which machine failed?"),)),
        ),
        (*chat(60, 300), Message("user", (TextPart("汉" * 40_000),))),
        (Message("user", (TextPart("\x01" * 40_000 + "x" * 60_000),)),),
        chat(3, 60_000),
        chat(200),
        chat(5_000, 20),
    ],
    ids=["lone", "log", "system", "latest", "controls", "long", "middle", "small"],
)
def test_what_has_to_be_left_out_leaves_no_room_empty(
    mode: LongPrompt, messages: tuple[Message, ...]
) -> None:
    choice = Choice(ModelInfo("m", "m"), Variant())
    real = means(weigh=lambda told: qwen.weigh(told, choice), long_prompt=mode)
    ready = prepared(Prompt("m", messages), real)

    assert 72_000 <= weight_of(ready, ready.told) <= 96_000
    assert bool(ready.documents) == (mode == "file")


def test_many_small_instructions_go_as_a_file() -> None:
    system = [Message("system", (TextPart(f"{number} " + "i" * 200),)) for number in range(1_000)]
    ready = prepared(Prompt("m", (*system, *chat(1))), means())

    assert [file.name for file in ready.documents] == ["instructions.txt"]
    text = ready.documents[0].data.decode()
    assert all(f"{number} iii" in text for number in range(1_000))
    assert texts_of(ready.told)[-1] == "And now?"


def test_there_are_few_files_beside_those_of_the_client_and_none_has_the_name_of_one() -> None:
    system = Message("system", (TextPart("s" * 100_000),))
    latest = Message("user", tuple(TextPart(f"{number}" * 90_000) for number in range(3)))
    prompt = Prompt("m", (system, *chat(100), latest))
    taken = frozenset({"Conversation.txt", "message.txt"})

    def names(files: int) -> list[str]:
        reserved = {"files": files, "reserved_bytes": files * ITEM_BYTES}
        ready = prepared(prompt, means(taken=taken, **reserved))
        assert weight_of(ready, ready.told) + files * ITEM_BYTES <= 96_000
        assert all(file.name in "".join(texts_of(ready.told)) for file in ready.documents)
        return [file.name for file in ready.documents]

    assert names(0) == names(2) == ["instructions.txt", "conversation-2.txt", "message-2.txt"]
    assert names(3) == ["instructions.txt", "conversation-2.txt"]
    assert names(4) == names(5) == ["conversation-2.txt"]


def test_what_is_long_costs_next_to_nothing_to_weigh() -> None:
    weighed: list[int] = []

    def weigh(told: Prompt) -> int:
        size = sum(map(len, texts_of(told)))
        weighed.append(size)
        return size

    text = "<user>" * 400_000
    call = ToolCallPart("1", "read_file", "{}")
    for mode in MODES:
        for messages in (
            (Message("user", (TextPart(text),)),),
            (
                *chat(1),
                Message("assistant", (call,)),
                Message("tool", (ToolResultPart("1", text),)),
            ),
        ):
            weighed.clear()
            prepared(Prompt("m", messages, tools=(READ,)), means(weigh=weigh, long_prompt=mode))
            assert max(weighed) < 100_000
            assert sum(weighed) < 600_000
