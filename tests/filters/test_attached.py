"""Files named in words: which go, which are too old, and where a mark says so."""

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import assume, given

from tests.filters.attaching import (
    WORDS,
    answered,
    conversations,
    doc,
    files_of,
    lines,
    numbers_in,
    outcome,
    pic,
    pieces,
    planned,
    same,
    says,
)
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import FileKind
from tray_app.core.model import (
    FilePart,
    FileWish,
    Message,
    ModelInfo,
    Part,
    Prompt,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from tray_app.filters.attached import OTHERS, PICTURES, Planned, needs, plan
from tray_app.filters.calling.history import rendered
from tray_app.filters.calling.names import Names


def refused(*messages: Message) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        planned(*messages)
    return caught.value


def test_a_prompt_without_files_is_returned_as_it_is() -> None:
    prompt = Prompt("m", (says("user", "Hi"), answered(TextPart("a")), says("assistant")))

    assert plan(prompt) == Planned(prompt, (), (), prompt)
    assert plan(prompt).prompt is prompt


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_a_mark_stands_where_the_file_was(role: Role) -> None:
    found = planned(
        says(role, "Before", pic("a", "cat.png"), "between", doc("b"), "after"),
        says("user", "Compare."),
    )

    assert lines(found.prompt.messages) == [
        "Before", "[attachment 1: cat.png]", "between", "[attachment 2]", "after", "Compare.",
    ]  # fmt: skip
    assert found.wanted == (pic("a", "cat.png"), doc("b"))


def test_what_a_tool_answered_is_one_text() -> None:
    found = planned(
        says("user", "Look."), answered(TextPart("Screen:"), pic("a"), TextPart("Done."))
    )

    assert found.prompt.messages[1].parts == (
        ToolResultPart("c", "Screen:\n[attachment 1]\nDone."),
    )
    assert found.wanted == (pic("a"),)


@pytest.mark.parametrize(
    "parts",
    [
        (pic("a"), "What is it?"),
        ("What is it?", pic("a")),
        (pic("a"), doc("b"), "What", "is it?"),
        ("What", "is it?", pic("a"), pic("a"), doc("b")),
    ],
)
@pytest.mark.parametrize("before", [(), (says("system", "Be short."),)])
def test_files_beside_the_one_thing_that_is_said_need_no_marks(
    parts: tuple[Part | str, ...], before: tuple[Message, ...]
) -> None:
    found = planned(*before, says("user", *parts))

    texts = [one for one in parts if isinstance(one, str)]
    assert lines(found.prompt.messages[-1:]) == texts
    assert found.wanted[0] == pic("a")
    assert found.prompt.messages[:-1] == before


@pytest.mark.parametrize(
    "messages",
    [
        (says("user", pic("a")),),
        (says("user", pic("a"), " \n"),),
        (says("user", "This", pic("a"), "or that?"),),
        (says("user", pic("a"), "or", pic("b")),),
        (says("user", "Hi"), says("user", pic("a"), "What is it?")),
        (says("system", pic("a")), says("user", pic("a"), "What is it?")),
        (says("user", pic("a"), "What is it?"), says("assistant", "A c")),
        (says("user", "Look"), answered(pic("a"))),
        (says("user", pic("a"), "What is it?", ToolResultPart("c", "Done")),),
    ],
)
def test_files_that_could_be_mistaken_have_marks(messages: tuple[Message, ...]) -> None:
    assert "[attachment 1]" in lines(planned(*messages).prompt.messages)


def test_the_same_source_is_one_attachment_with_one_number() -> None:
    found = planned(
        says("user", pic("a", "first.png"), pic("b"), "Which?"),
        says("assistant", "a"),
        says("user", pic("b"), pic("a", "again.png"), pic("c"), "And now?"),
    )

    assert found.wanted == (pic("a", "first.png"), pic("b"), pic("c"))
    assert lines(found.prompt.messages) == [
        "[attachment 1: first.png]", "[attachment 2]", "Which?", "a",
        "[attachment 2]", "[attachment 1: again.png]", "[attachment 3]", "And now?",
    ]  # fmt: skip


def test_one_text_under_two_names_is_two_documents_and_one_picture_is_one() -> None:
    found = planned(
        says("user", doc("a", "a.py"), doc("a", "b.py"), doc("a", "a.py"), "Which is right?"),
        says("user", pic("p", "a.png"), pic("p", "b.png")),
    )

    assert found.wanted == (doc("a", "a.py"), doc("a", "b.py"), pic("p", "a.png"))
    assert lines(found.prompt.messages) == [
        "[attachment 1: a.py]", "[attachment 2: b.py]", "[attachment 1: a.py]", "Which is right?",
        "[attachment 3: a.png]", "[attachment 3: b.png]",
    ]  # fmt: skip


def test_files_of_a_form_are_known_by_their_bytes() -> None:
    def form(data: bytes) -> FilePart:
        return FilePart("", "picture", "image", data=data)

    found = planned(says("user", form(b"a"), form(b"b"), form(b"a"), "Draw."))

    assert found.wanted == (form(b"a"), form(b"b"))


def test_the_newest_five_pictures_go_and_older_ones_become_a_note() -> None:
    turns = [
        message
        for at in range(12)
        for message in (
            says("user", pic(f"{at}", f"{at}.png", f"messages[{2 * at}].content[0].image_url")),
            says("assistant", f"It is {at}."),
        )
    ]

    found = planned(*turns, says("user", "Which was the best?"))

    said = lines(found.prompt.messages)
    assert [one.source for one in found.wanted] == ["7", "8", "9", "10", "11"]
    assert found.ignored == tuple(f"messages[{2 * at}].content[0].image_url" for at in range(7))
    assert said[0] == "[a picture that is no longer shown: 0.png]"
    assert said[12] == "[a picture that is no longer shown: 6.png]"
    assert said[14] == "[attachment 1: 7.png]"
    assert said[22] == "[attachment 5: 11.png]"


def test_a_picture_that_is_shown_again_is_new_again() -> None:
    old = [says("user", pic(f"{at}")) for at in range(6)]

    found = planned(*old, says("assistant", "Six."), says("user", pic("0"), "This one?"))

    assert [one.source for one in found.wanted] == ["0", "2", "3", "4", "5"]
    assert lines(found.prompt.messages)[:3] == [
        "[attachment 1]", "[a picture that is no longer shown]", "[attachment 2]",
    ]  # fmt: skip


def test_files_of_other_kinds_are_counted_apart() -> None:
    wishes: tuple[FileWish, ...] = ("file", "audio", "video", "file", "audio", "file")
    others = [FilePart(f"{at}", wish, f"f{at}") for at, wish in enumerate(wishes)]
    pictures = [pic(f"p{at}") for at in range(5)]

    found = planned(
        says("user", others[0]), says("assistant"), says("user", *pictures, *others[1:])
    )

    assert found.wanted == (*pictures, *others[1:])
    assert found.ignored == ("f0",)
    assert lines(found.prompt.messages)[0] == "[a file that is no longer shown]"


@pytest.mark.parametrize(
    ("make", "what"), [(pic, "5 pictures"), (doc, "5 files")], ids=["pictures", "others"]
)
def test_more_than_five_in_the_last_turn_are_refused_at_the_sixth(
    make: Callable[[str, str, str], FilePart], what: str
) -> None:
    many = [make(f"{at}", "", f"messages[3].content[{at}]") for at in (0, 1, 1, 2, 3, 4, 5, 6)]

    fault = refused(says("user", "Hi"), says("assistant", "Yes?"), says("user", *many))

    assert fault.kind is Kind.INVALID_REQUEST
    assert fault.param == "messages[3].content[5]"
    assert fault.text == (
        f"messages[3].content[5]: at most {what} can go with one message. "
        "Change the field that is named."
    )


def test_the_last_turn_is_all_that_follows_the_last_whole_answer() -> None:
    six = [pic(f"{at}") for at in range(6)]
    calls = says("assistant", "I look.")

    assert refused(calls, answered(*six[:3]), answered(*six[3:])).param == "p"
    assert refused(says("user", *six), says("assistant", "It is a")).param == "p"
    assert len(planned(says("user", *six), calls, answered(*six[:2])).wanted) == PICTURES


def test_what_follows_in_the_house_sees_texts_alone() -> None:
    look = ToolCallPart("c", "look", "{}")
    found = planned(
        says("user", pic("a"), "Look."),
        says("assistant", look),
        answered(TextPart("Here:"), pic("b")),
    )

    told = rendered(found.prompt, Names((), frozenset()))

    assert lines(told.messages)[:2] == ["[attachment 1]", "Look."]
    assert lines(told.messages)[-4:] == [
        "<tool_response>", "Here:", "[attachment 2]", "</tool_response>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat.png", "cat.png"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("/home/me/cat.png", "cat.png"),
        ("a]\n[attachment 2: b", "a attachment 2: b"),
        ("a\u202egnp.exe\x00\ud800", "a gnp.exe"),
        ("Bild ä 猫.png", "Bild ä 猫.png"),
        ("x" * 76 + ".png", "x" * 76 + ".png"),
        ("x" * 100 + ".png", "x" * 59 + "…" + "x" * 16 + ".png"),
    ],
)
def test_a_name_is_one_short_line_that_cannot_end_its_mark(name: str, shown: str) -> None:
    found = planned(says("user", pic("a", name)))

    assert lines(found.prompt.messages) == [f"[attachment 1: {shown}]"]


@pytest.mark.parametrize("name", ["", " \n", "[]", "/", "a/"])
def test_a_name_of_nothing_is_left_out(name: str) -> None:
    assert lines(planned(says("user", pic("a", name))).prompt.messages) == ["[attachment 1]"]


def test_ten_thousand_pictures_are_told_in_one_short_header() -> None:
    many = [says("user", pic(f"{at}", param=f"messages[{at}].content[0]")) for at in range(10_000)]

    found = planned(*many, says("assistant", "Many."), says("user", "Yes."))

    assert [one.source for one in found.wanted] == ["9995", "9996", "9997", "9998", "9999"]
    assert found.ignored == tuple(f"messages[{at}].content[0]" for at in range(20))


def test_what_a_model_has_to_be_able_to_do_follows_from_the_kinds() -> None:
    kinds: tuple[FileKind, ...] = ("video", "image", "image", "audio", "document")

    assert needs(kinds) == ("vision", "document", "audio", "video")
    assert needs(["document"]) == ("document",)
    assert needs([]) == ()
    assert all(
        isinstance(getattr(ModelInfo("m", "M"), ability), bool)
        for ability in needs(get_args(FileKind))
    )


@given(conversations())
def test_every_text_stays_in_order_and_every_file_is_words(messages: tuple[Message, ...]) -> None:
    """F13"""
    found = outcome(messages)
    assume(isinstance(found, Planned))
    assert isinstance(found, Planned)

    assert [message.role for message in found.prompt.messages] == [one.role for one in messages]
    for before, after in zip(messages, found.prompt.messages, strict=True):
        texts = [one.text for one in pieces(before) if isinstance(one, TextPart)]
        said = lines([after])
        marks = [one for one in said if WORDS.fullmatch(one)]
        assert "\n".join(one for one in said if one not in marks) == "\n".join(texts)
        assert len(marks) in {0, len(files_of([before]))}


@given(conversations())
def test_what_goes_is_the_newest_of_each_sort_and_is_numbered_in_order(
    messages: tuple[Message, ...],
) -> None:
    found = outcome(messages)
    assume(isinstance(found, Planned))
    assert isinstance(found, Planned)

    files = files_of(messages)
    for is_picture, most in ((True, PICTURES), (False, OTHERS)):
        sort = [same(one) for one in files if (one.wish == "picture") is is_picture]
        newest = list(dict.fromkeys(reversed(sort)))[:most]
        went = [same(one) for one in found.wanted if (one.wish == "picture") is is_picture]
        assert went == [one for one in dict.fromkeys(sort) if one in newest]
    numbers = numbers_in(found)
    different = {same(one) for one in files}
    assert list(dict.fromkeys(numbers)) in ([], list(range(1, len(found.wanted) + 1)))
    assert (found.ignored == ()) is (len(found.wanted) == len(different))
    assert plan(found.prompt).prompt is found.prompt


@given(conversations())
def test_only_a_last_turn_with_too_many_is_refused(messages: tuple[Message, ...]) -> None:
    found = outcome(messages)

    whole = [at for at, one in enumerate(messages) if one.role != "assistant"]
    end = whole[-1] if whole else 0
    begin = max((at for at in range(end) if messages[at].role == "assistant"), default=-1) + 1
    last = files_of(messages[begin:])
    pictures = {same(one) for one in last if one.wish == "picture"}
    others = {same(one) for one in last if one.wish != "picture"}
    too_many = len(pictures) > PICTURES or len(others) > OTHERS
    assert isinstance(found, ProxyError) is too_many
