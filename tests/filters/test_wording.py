"""The messages and files of prompts that are too long."""

from tests.filters.calling.conversations import asked, calls, did, names_of, result, said, texts_of
from tray_app.core.model import Message
from tray_app.filters.calling.history import traced
from tray_app.filters.calling.signatures import WHOLE
from tray_app.filters.parting import Conversation, weighed
from tray_app.filters.wording import Files, Plan, Wording, joined
from tray_app.upstreams.qwen.flatten import transcript

FILES = Files("file", transcript, 3, frozenset())
TURN = [said("user", "Hello."), did("Hi."), said("user", "And now?")]


def worded(messages: list[Message], cut: int, room: int, files: Files = FILES) -> Wording:
    conversation = Conversation(traced(asked(messages), names_of()))
    return Wording(conversation, Plan(WHOLE, cut, None, None, room), files)


def test_the_newest_of_the_past_is_shown_as_far_as_there_is_room() -> None:
    long = said("user", "It begins. " + "x" * 50_000 + " It ends.")
    wording = worded([said("user", "First."), did("Yes."), long, *TURN[1:]], 3, 20_000)

    note, shown, *others = wording.messages()
    assert "the file conversation.txt" in texts_of(note)
    assert texts_of(note).endswith("The last of it follows here once more, made shorter.")
    assert texts_of(shown).startswith("It begins. xxx")
    assert texts_of(shown).endswith(" It ends.")
    assert others == TURN[1:]
    assert 18_000 < sum(map(weighed, wording.messages())) <= 20_000
    assert texts_of(long) in wording.documents()[0].data.decode()


def test_a_task_that_is_shown_whole_says_that_it_is_in_the_file_as_well() -> None:
    task = said("user", "The task. " + "t" * 5_000)
    rounds = [did(calls("write", "{}", "1")), result("r", "1"), did(calls("write", "{}", "2"))]
    wording = worded([*TURN[:2], task, *rounds, result("r", "2")], 5, 20_000)

    told = [texts_of(message) for message in wording.messages()]
    twice = "[This message stands in the file conversation.txt as well.]"
    assert told[1] == f"{twice}\n{texts_of(task)}"
    assert texts_of(task) in wording.documents()[0].data.decode()


def test_a_call_is_shown_with_what_it_brought() -> None:
    loop = [did(calls("write", "{}", "1")), result("r" * 50_000, "1")]
    wording = worded([*TURN, *loop, did("Done."), said("user", "Next.")], 5, 20_000)

    told = [texts_of(message) for message in wording.messages()]
    assert told[1].startswith("<tool_call>")
    assert told[2].startswith("<tool_response>\nrrr")
    assert told[2].endswith("rrr\n</tool_response>")
    assert told[3:] == ["Done.", "Next."]


def test_nothing_of_a_past_is_shown_that_has_room_as_a_whole() -> None:
    wording = worded([said("user", "First."), did("Yes."), *TURN], 2, 20_000)

    assert [texts_of(message) for message in wording.messages()[1:]] == [
        texts_of(message) for message in TURN
    ]


def test_what_is_shown_is_not_counted_among_what_is_left_out() -> None:
    long = said("user", "x" * 50_000)
    trim = Files("trim", transcript, 3, frozenset())
    wording = worded([said("user", "First."), did("Yes."), long, *TURN[1:]], 3, 20_000, trim)

    note, shown, *_ = wording.messages()
    assert texts_of(note).startswith("[… 2 messages were here, 10 bytes in all")
    assert "bytes are left out here …]" in texts_of(shown)
    assert wording.documents() == ()


def test_many_instructions_are_one_where_they_are_cut() -> None:
    many = [said("system", f"Rule {number}.") for number in range(9)]

    assert joined(many, None) == many
    assert joined(many[:8], (9, 9)) == many[:8]
    assert [texts_of(one) for one in joined(many, (9, 9))] == ["\n\n".join(map(texts_of, many))]
