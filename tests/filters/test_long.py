"""Prompts that are too long for one body."""

import itertools
import re

import pytest

from tests.filters.calling.conversations import asked, calls, did, result, said, texts_of
from tests.filters.too_long import (
    CHOICE,
    FILES,
    MOST,
    TOOLS,
    chat,
    files,
    loop,
    room_of,
    shortened,
    shown,
)
from tray_app.core.model import Message, Part, Prompt, Tool
from tray_app.filters.calling.history import traced
from tray_app.filters.calling.names import Names
from tray_app.filters.long import ITEM_BYTES, Room, parted
from tray_app.filters.notes import KEPT, told_twice
from tray_app.upstreams.qwen.encode import weigh
from tray_app.upstreams.qwen.flatten import transcript


def test_the_past_goes_as_one_file_and_the_newest_stays_in_its_place() -> None:
    messages = chat(200)
    found = shortened(messages)

    assert list(files(found)) == ["conversation.txt"]
    assert [file.type for file in found.documents] == ["text/plain"]
    inline = found.prompt.messages
    assert inline[0] == messages[0]
    assert inline[1].role == "system"
    assert texts_of(inline[1]).startswith(
        "The earlier part of this conversation is in the file conversation.txt"
    )
    told = len(inline) - 2
    assert inline[2:] == tuple(messages[-told:])
    assert files(found)["conversation.txt"] == transcript(tuple(messages[1:-told]))
    assert told > 20
    assert found.shortened == ()


def test_a_lone_message_of_two_megabytes_is_shown_by_its_ends_and_goes_whole_as_a_file() -> None:
    text = "It begins.\n" + "x" * 2_000_000 + "\nWhat is it?"
    found = shortened([said("user", text)])

    assert files(found) == {"message.txt": text}
    told = shown(found.prompt)
    assert told.startswith("It begins.\nxxx")
    assert told.endswith("xxx\nWhat is it?")
    assert 80_000 < len(told) < MOST
    head, tail = len(told.split("\n[…")[0]), len(told.split("…]\n")[1])
    assert 1.9 < tail / head < 2.1
    assert re.search(
        r"\n\[… \d{7} bytes are left out here\. The whole text is in the file message\.txt: it is "
        r"attached to this message, and its text is before you already: no tool opens it …\]\n",
        told,
    )


def test_a_latest_turn_that_fits_stays_whole_however_long_the_past_is() -> None:
    text = "y" * 80_000
    found = shortened([*chat(2_000), did("Yes."), said("user", text)])

    assert list(files(found)) == ["conversation.txt"]
    assert texts_of(found.prompt.messages[-1]) == text


def test_the_task_stays_beside_what_runs_for_it() -> None:
    messages = loop(*("r" * 2_000 for _ in range(100)))
    before = [said("system", "S"), said("user", "Hello."), did("Hi.")]
    found = shortened([*before, *messages[1:]], *TOOLS[:9])

    told = [texts_of(message) for message in found.prompt.messages]
    assert told[1].startswith("The earlier part of this conversation is in the file")
    assert told[2] == "The task."
    assert told[3].startswith("What came next is in conversation.txt as well")
    assert told[4].startswith("<tool_call>")
    file = files(found)["conversation.txt"]
    assert "The task." not in file
    assert file.index("Hi.") < file.index(KEPT) < file.index("<tool_call>")


def test_a_task_at_the_beginning_stands_before_the_note() -> None:
    found = shortened(loop(*("r" * 2_000 for _ in range(100))))

    told = [texts_of(message) for message in found.prompt.messages]
    assert told[1] == "The task."
    assert told[2].startswith("The earlier part of this conversation is in the file")
    assert KEPT not in files(found)["conversation.txt"]


def test_a_long_task_is_shown_by_its_ends_beside_what_runs_for_it() -> None:
    messages = loop(*("r" * 2_000 for _ in range(100)))
    messages[1] = said("user", "Do this: " + "t" * 50_000 + " That is all.")
    found = shortened(messages)

    told = texts_of(found.prompt.messages[1])
    assert told.startswith("Do this: ttt")
    assert told.endswith("That is all.")
    assert "The whole text is in the file conversation.txt" in told
    assert files(found)["conversation.txt"].startswith(f"<user>\n{texts_of(messages[1])}")


def test_tools_are_told_shorter_before_the_latest_turn_is_cut() -> None:
    text = "y" * 55_000
    found = shortened([*chat(60), said("user", text)], *TOOLS)

    assert texts_of(found.prompt.messages[-1]) == text
    assert found.shortened[0] == "tool-schemas"
    assert list(files(found)) == ["conversation.txt"]


def test_tools_leave_a_third_of_the_room_where_nothing_is_lost_by_it() -> None:
    few = shortened([said("user", "y" * 300_000)], *TOOLS[:40])
    many = shortened([said("user", "y" * 300_000)], *TOOLS)

    assert few.shortened == ()
    assert many.shortened == ("tool-schemas",)
    assert list(files(many)) == ["message.txt"]
    assert shown(many.prompt).count("y") > MOST // 4


def test_long_instructions_go_as_a_file_at_the_last() -> None:
    text = "Rule one.\n" + "i" * 150_000
    found = shortened([said("system", text), *chat(90)[1:]], *TOOLS[:5])

    assert list(files(found)) == ["instructions.txt", "conversation.txt"]
    assert files(found)["instructions.txt"] == text
    told = texts_of(found.prompt.messages[0])
    assert told.startswith("Rule one.\niii")
    assert "in the file instructions.txt" in told
    assert '"name": "tool4"' in told


def test_a_few_long_results_have_a_file_each_and_many_have_one() -> None:
    def round_of(*texts: str) -> list[Message]:
        made: list[Part | str] = [calls("tool1", "{}", str(at)) for at in range(len(texts))]
        answers = [result(text, str(at)) for at, text in enumerate(texts)]
        return [said("user", "The task."), did(*made), *answers]

    few = shortened(round_of("a" * 90_000, "short", "b" * 90_000))
    many = shortened(round_of(*(f"{number} " * 9_000 for number in range(8))))

    assert files(few) == {
        "message.txt": f"<tool_response>\n{'a' * 90_000}\n</tool_response>",
        "message-2.txt": f"<tool_response>\n{'b' * 90_000}\n</tool_response>",
    }
    assert "<tool_response>\nshort\n</tool_response>" in shown(few.prompt)
    assert list(files(many)) == ["message.txt"]
    assert files(many)["message.txt"].count("</tool_response>") > 3
    assert shown(many.prompt).count("</tool_response>") == 8


def test_a_round_of_a_hundred_calls_is_told_however_short() -> None:
    made: list[Part | str] = [calls("tool1", "{}", str(at)) for at in range(100)]
    answers = [result("r" * 3_000, str(at)) for at in range(100)]
    found = shortened([said("user", "The task."), did(*made), *answers])

    assert list(files(found)) == ["message.txt"]
    assert files(found)["message.txt"].count("</tool_response>") == 100


def test_where_nothing_may_be_attached_every_gap_says_so() -> None:
    found = shortened([*chat(200), did("Yes."), said("user", "y" * 200_000)], mode="trim")

    assert found.documents == ()
    assert found.shortened == ("history", "messages")
    told = shown(found.prompt)
    assert "[… 402 messages were here, " in told
    assert re.search(r"\n\[… \d{6} bytes are left out here …\]\n", told)
    assert "attached" not in told


def test_tools_that_are_too_long_by_themselves_fit_in_no_form() -> None:
    choices = {"enum": ["x" * 100 for _ in range(30)]}
    tools = [
        Tool(f"t{at}", "", {"type": "object", "properties": {"p": choices}}) for at in range(50)
    ]
    room = room_of(MOST)
    names = Names(tools, frozenset())

    assert parted(traced(asked(chat(9), *tools), names), names, "json", room) is None


def test_the_same_files_serve_where_the_prompt_has_to_be_shorter_once_more() -> None:
    found = shortened([*chat(3)[:-1], *loop(*("r" * 2_000 for _ in range(100)))[1:]], *TOOLS[:9])

    shorter = found.again(40_000)

    assert shorter is not None
    assert weigh(shorter, CHOICE) + ITEM_BYTES <= 40_000
    told = [texts_of(message) for message in shorter.messages]
    assert told[:2] == [texts_of(message) for message in found.prompt.messages[:2]]
    assert told[2] == "The task."
    assert told[3].startswith("What came next is in conversation.txt as well")
    assert re.fullmatch(r"\[… \d+ messages were here, \d+ bytes in all, .*\]", told[4])
    assert told[5:] == [texts_of(one) for one in found.prompt.messages[-len(told[5:]) :]]
    assert len(told) > 10


def test_what_is_cut_once_more_says_what_is_in_a_file_and_what_is_nowhere() -> None:
    made: list[Part | str] = [calls("tool1", "{}", str(at)) for at in range(2)]
    answers = [result("a" * 90_000, "0"), result("b" * 30_000, "1")]
    found = shortened([said("user", "The task."), did(*made), *answers])
    assert list(files(found)) == ["message.txt"]

    shorter = found.again(36_000)

    assert shorter is not None
    assert re.findall(r"bytes are left out here(\. The| …)", shown(shorter)) == [". The", " …"]


def test_what_stood_in_no_file_is_said_to_be_in_none_where_it_is_cut_once_more() -> None:
    before = [said("system", "S"), said("user", "Hello. " + "h" * 9_000), did("Hi.")]
    kept = [said("system", "Mind " + "m" * 5_000), said("user", "The task. " + "t" * 12_000)]
    found = shortened([*before, *kept, *loop(*("r" * 2_000 for _ in range(100)))[2:]])
    assert files(found)["conversation.txt"].count(KEPT) == 2

    shorter = found.again(40_000)

    assert shorter is not None
    told = [texts_of(message) for message in shorter.messages]
    assert "[… 1 message was here, 5005 bytes in all, and left out for being too long …]" in told
    assert re.search(
        r"^The task\. t+\n\[… \d+ bytes are left out here …\]\nt+$", "\n".join(told), re.M
    )


def test_what_the_assistant_began_stops_where_it_stopped_though_a_file_holds_it() -> None:
    begun = did("It begins. " + "b" * 23_000 + " and so")
    found = shortened([said("system", "r" * 70_000), said("user", "Tell."), begun])
    assert list(files(found)) == ["message.txt"]

    shorter = found.again(60_000)

    assert shorter is not None
    told = texts_of(shorter.messages[-1])
    assert told == f"{told_twice('message.txt')}\n{texts_of(begun)}"


def test_a_body_that_is_heavier_than_its_texts_seem_to_be_fits_nevertheless() -> None:
    def heavier(told: Prompt) -> int:
        return weigh(told, CHOICE) * 11 // 10

    room = Room(MOST, heavier, FILES)
    names = Names((), frozenset())
    found = parted(
        traced(asked([*chat(9), did("Yes."), said("user", "y" * 87_000)]), names),
        names,
        "json",
        room,
    )

    assert found is not None
    assert heavier(found.prompt) + 2 * ITEM_BYTES <= MOST
    assert list(files(found)) == ["conversation.txt", "message.txt"]


@pytest.mark.parametrize("tools", [(), TOOLS[:30]], ids=["chat", "tools"])
def test_the_file_is_the_same_in_most_turns(tools: tuple[Tool, ...]) -> None:
    messages = chat(300, 300)
    found = [
        files(shortened(messages[: 2 * turns + 2], *tools))["conversation.txt"]
        for turns in range(160, 299)
    ]

    changes = sum(before != after for before, after in itertools.pairwise(found))
    assert changes <= 8
    assert all(after.startswith(before) for before, after in itertools.pairwise(found))


def test_the_file_of_an_agent_is_the_same_in_most_rounds() -> None:
    messages = loop(*(f"{number} " * 300 for number in range(200)))
    found = [
        files(shortened(messages[: 2 * rounds + 2], *TOOLS[:9]))["conversation.txt"]
        for rounds in range(110, 200)
    ]

    assert sum(before != after for before, after in itertools.pairwise(found)) <= 8
