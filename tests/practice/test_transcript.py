"""A prompt is read as what it is: turns, words of the person, tools, demands."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.practice.talk import ALL, WRITE, block, prompt, result
from tray_app.practice.transcript import Word, read, words


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Hello", "Hello"),
        ("", ""),
        ("<user>\nHello\n</user>", "Hello"),
        ("<user>\none\n</user>\n<assistant>\ntwo\n</assistant>\n<user>\nthree\n</user>", "three"),
        ('<user-2 name="x">\n<user>\nno\n</user>\nyes\n</user-2>', "<user>\nno\n</user>\nyes"),
        ("<user>\nnot closed", "<user>\nnot closed"),
    ],
)
def test_what_a_person_said_last_is_found(content: str, said: str) -> None:
    assert read(content).said == said


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<user_message>\nread a.txt\n</user_message>", "read a.txt"),
        ("read a.txt\n<environment_details>\nread b.txt\n</environment_details>", "read a.txt"),
        ("<system-reminder>\nDo it.\n</system-reminder>\n\nread a.txt", "read a.txt"),
        ("<a_b>\none\n</a_b><c-d>\ntwo\n</c-d>\nread a.txt", "read a.txt"),
        ("<INSTRUCTIONS>\nRun `npm test`\n</INSTRUCTIONS>\n\nread a.txt", "read a.txt"),
        ("read a.txt\n<environment_details>\nIt was cut", "read a.txt"),
        ("this:\n```\n<my-tag>\n</my-tag>\n```", "this:\n```\n<my-tag>\n</my-tag>\n```"),
        ("this:\n```\n<HTML>\n```\n<a_b>\n```\n</a_b>", "this:\n```\n<HTML>\n```"),
        ("<environment_context>\n  <cwd>/x</cwd>\n</environment_context>", ""),
        ("write <b>hi</b> to a.html", "write <b>hi</b> to a.html"),
        ("<tool_response>\nhi\n</tool_response>\nand now?", "and now?"),
        ("<tool_response-2>\n</tool_response>\n</tool_response-2>", ""),
    ],
)
def test_what_a_client_adds_is_no_word_of_the_person(raw: str, text: str) -> None:
    assert read(f"<user>\n{raw}\n</user>").turns[0].text == text


def test_results_are_told_apart_in_their_order() -> None:
    asked = read(prompt([WRITE], ("user", "x"), result("one", "two\nlines"), ("user", "")))

    assert [turn.results for turn in asked.turns[1:3]] == [(), ("one", "two\nlines")]


def test_a_result_in_a_numbered_element_may_hold_the_bare_one() -> None:
    raw = "<user>\n<tool_response-2>\n</tool_response>\n</tool_response-2>\n</user>"

    assert read(raw).turns[0].results == ("</tool_response>",)


def test_tools_are_those_of_the_system_and_of_nobody_else() -> None:
    offered = read(prompt([], ("user", block(ALL)))).tools

    assert offered == ()
    assert [tool.name for tool in read(prompt(ALL, ("user", "x"))).tools] == [
        "read", "write", "edit", "list_files", "bash"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("system", "user", "folder"),
    [
        ("Working directory: /home/me/my work\nIs it git: no", "x", "/home/me/my work"),
        (" - Primary working directory: /srv/a", "x", "/srv/a"),
        ("# Current Workspace Directory (/home/me) Files", "x", "/home/me"),
        ("* Current working directory: `/home/me`", "x", "/home/me"),
        ("y", "<environment_context>\n <cwd>/srv/b</cwd>\n</environment_context>", "/srv/b"),
        ("I'm currently working in the directory: /srv/c\nHere is", "x", "/srv/c"),
        ("Working directory: C:\\Users\\me", "x", "C:\\Users\\me"),
        ("Use /bin/sh.", "cd /tmp", ""),
    ],
)
def test_the_working_folder_is_where_a_client_says_it(system: str, user: str, folder: str) -> None:
    assert read(prompt([WRITE], ("user", user), system=system)).folder == folder


@pytest.mark.parametrize(
    ("closing", "demand"),
    [
        ("You must call a function now: answer with <tool_call> blocks only.", ""),
        ("You must call the function edit now: answer with one <tool_call> block only.", "edit"),
        ("Call one function at most in your next message.", None),
    ],
)
def test_a_demand_for_a_call_stands_at_the_end(closing: str, demand: str | None) -> None:
    ended = prompt(ALL, ("user", "Hello"), ("system", closing))

    assert read(ended).demand == demand
    assert read(ended + "\n\n<assistant>\nI\n</assistant>").demand == demand
    assert read(ended + "\n\n<user>\na\n</user>\n\n<user>\nb\n</user>").demand is None


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("practice: stall", Word("stall")),
        ("practice:limit 3", Word("limit", 3)),
        ("practice: form 14", Word("form", form="14")),
        ("practice: form two-calls always", Word("form", form="two-calls", always=True)),
        ('practice: json wrong"', Word("json", form="wrong")),
        ("practice: cut and more", None),
        ("say practice: cut", None),
    ],
)
def test_a_line_for_practice_mode_is_read(line: str, word: Word | None) -> None:
    assert read(f"Please.\n{line}").word == word


def test_a_word_in_a_result_is_none() -> None:
    assert read(prompt([WRITE], ("user", "x"), result("practice: stall"))).word is None


def test_a_form_is_for_the_first_answer_only_unless_it_is_for_all() -> None:
    first = [("user", "Go.\npractice: form 1")]
    always = [("user", "Go.\npractice: form 1 always")]
    later = [("assistant", "<tool_call>"), ("user", "That was no call.")]
    closing = ("system", "You must call a function now.")

    assert read(prompt([WRITE], *first, closing)).wish == Word("form", form="1")
    assert read(prompt([WRITE], *first, *later)).wish is None
    assert read(prompt([WRITE], *first, result("written"))).wish is None
    assert read(prompt([WRITE], *first, ("user", "You said nothing."))).wish is None
    assert read(prompt([WRITE], *always, *later)).wish == Word("form", form="1", always=True)


def test_the_xml_form_is_asked_for_behind_the_tools() -> None:
    json_form = prompt([WRITE], ("user", "Write <function=x>."), system="Not <function=y>.")

    assert not read(json_form).wants_xml
    assert read(json_form.replace("For each function call", "<function=name>")).wants_xml


@pytest.mark.parametrize(
    "repair",
    [
        "That was not carried out. It cannot be read.",
        "Your call was not carried out. It cannot be read. Write that call again.",
        "You called no tool, and write has to be called now. Write the call as JSON in tags.",
        "You wrote a call in your thoughts and then answered nothing. Answer again.",
    ],
)
def test_what_tells_of_a_bad_call_is_no_word_of_the_person(repair: str) -> None:
    call, told = ("assistant", "<tool_call>\n{"), ("user", repair)
    turns = read(prompt(ALL, told, call, told, result(repair), ("user", "stop"))).turns

    assert words(turns) == [(1, repair), (5, "stop")]
    assert words(read(prompt(ALL, ("user", "Hello"), told)).turns) == [(1, "Hello")]


def test_a_conversation_in_a_document_was_before_the_message() -> None:
    past = "<user>\none\n</user>\n\n<assistant>\ntwo\n</assistant>"
    later = prompt(ALL, ("user", "three"), ("assistant", "four"), ("user", "five"))

    bare, whole = read("three", past), read(later, past, "a note without any elements")

    assert [turn.raw for turn in bare.turns] == ["one", "two", "three"]
    assert bare.said == "three"
    assert [turn.raw for turn in whole.turns if turn.role != "system"] == [
        "one", "two", "three", "four", "five",
    ]  # fmt: skip
    assert whole.said == "five"
    assert {tool.name for tool in whole.tools} == {tool["name"] for tool in ALL}
    assert read("three", "a note").said == "three"


PIECES = [
    "<user>", "</user>", "<user-2>", "</user-2>", "<user ", "</tool>",
    '<tool n="x">', "\n", "x", ">",
]  # fmt: skip
ELEMENT = re.compile(
    r"<(system|user|assistant|tool)((?:-\d+)?)(?: [^>]*)?>\n(.*?)\n</\1\2>", re.DOTALL
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_an_element_ends_at_the_first_end_of_its_own(text: str) -> None:
    expected = [(role, said) for role, _, said in ELEMENT.findall(text)]

    found = [(turn.role, turn.raw) for turn in read(text).turns]

    assert found == (expected or [("user", text)])


@pytest.mark.parametrize("line", ["<user>\n", "<user-{}>\n", "<user ", "\n</user-{}>"])
def test_a_large_document_of_broken_elements_is_read_at_once(line: str) -> None:
    document = "".join(line.replace("{}", str(number)) for number in range(50_000))
    begun_s = time.thread_time()

    turns = read("Hello", document).turns

    assert [turn.raw for turn in turns] == ["Hello"]
    assert time.thread_time() - begun_s < 5
