"""What becomes of each text of a prompt that is too long, whatever it is made of."""

import re
from typing import Any, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from tests.filters.calling.conversations import calls, did, result, said
from tests.filters.too_long import MOST, TOOLS, files, shortened, shown
from tray_app.core.model import Message
from tray_app.filters.notes import LongPrompt

SIZES = st.sampled_from([0, 9, 700, 5_000, 15_000, 70_000, 150_000])
FILLS = st.sampled_from(["x", "汉", '"', "a line\n", "<user>", "</tool_response>\n"])


class Numbered(NamedTuple):
    """A conversation, and how many texts it has."""

    messages: list[Message]
    texts: int

    def __repr__(self) -> str:
        """Without what comes again and again, so that it can be read."""
        told = f"{self.texts}: {self.messages}"
        return re.sub(r"(.{1,20}?)\1{9,}", lambda found: f"{found[1]}*{len(found[0])}", told)


@st.composite
def conversations(draw: st.DrawFn) -> Numbered:
    """A conversation with calls; each of its texts holds its number, from 0 on."""
    texts = 0

    def text() -> str:
        nonlocal texts
        fill, size = draw(FILLS), draw(SIZES)
        texts += 1
        return f"«{texts - 1}»" + fill * (size // len(fill.encode())) + "."

    messages = [said("system", text()) for _ in range(draw(st.integers(0, 2)))]
    kinds = st.sampled_from(["user", "user", "assistant", "system", "call", "call", "calls"])
    for number, kind in enumerate(draw(st.lists(kinds, min_size=1, max_size=30))):
        if kind.startswith("call"):
            ids = [f"{number}-{at}" for at in range(3 if kind == "calls" else 1)]
            made = [calls("tool1", f'{{"p": "call {one}"}}', one) for one in ids]
            messages.append(did(text(), *made))
            messages += [result(f"{text()} of call {one}", one) for one in ids]
        else:
            role: Any = kind
            messages.append(said(role, text()))
    return Numbered([*messages, said("user", text())], texts)


BY_ENDS, TWICE = r"The whole text is in the file", r"\[This message stands in the file"
CUT = rf"«([0-9]+)»[^«.]*\[… \d+ bytes are left out here\. {BY_ENDS}"
NAMED = rf"{CUT}|{TWICE}[^«]*«([0-9]+)»"


def running(*sizes: int) -> Numbered:
    """A task that runs, with texts of these sizes."""
    texts = [f"«{number}»" + "x" * size + "." for number, size in enumerate(sizes)]
    rules, task, aside, calling, came, ending, newest = texts
    messages = [
        said("system", rules),
        said("user", task),
        said("system", aside),
        did(calling, calls("tool1", '{"p": "call 0"}', "0")),
        result(f"{came} of call 0", "0"),
        did(ending, calls("tool1", '{"p": "call 1"}', "1")),
        result(f"{newest} of call 1", "1"),
    ]
    return Numbered(messages, len(texts))


def heard(*told: tuple[Any, int]) -> Numbered:
    """Messages of these roles, each a text of so many bytes."""
    sizes = enumerate(told)
    messages = [said(role, f"«{at}»" + "x" * size + ".") for at, (role, size) in sizes]
    return Numbered(messages, len(messages))


HAS_ROOM = running(30_000, 17_000, 5_000, 5_000, 5_000, 14_000, 18_000)
"""The task is a little too long to stay for sure, and has room all the same."""
STAYS = running(700, 12_000, 5_000, 30_000, 30_000, 14_000, 18_000)
"""The task stays for sure, but not where there is less room."""
RULES_GIVE_WAY = heard(("system", 70_000), ("user", 5_000), ("user", 17_000))
"""Where there is less room the instructions are cut, and the latest text is not any more."""
TASK_HAS_MORE_ROOM = running(70_000, 5_000, 9, 3_000, 3_000, 3_000, 10_000)
"""The task is in a file, and stays for sure where the instructions are cut."""
TASK_IN_TURN = heard(("user", 150_000), ("user", 5_000), ("user", 15_000))
"""Where there is less room the task is no more in the latest turn."""


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall("«([0-9]+)»", text)]


@example(HAS_ROOM, 0, MOST)
@given(conversations(), st.sampled_from([0, 30]), st.sampled_from([40_000, MOST]))
def test_every_text_stands_once_and_in_its_order(given_: Numbered, tools: int, most: int) -> None:
    """F13"""
    messages, texts = given_
    found = shortened(messages, *TOOLS[: tools if most == MOST else 0], most=most)
    inline, attached = shown(found.prompt), files(found)

    filed = [number for text in attached.values() for number in numbers(text)]
    assert len(set(filed)) == len(filed)
    assert numbers(inline) == sorted(set(numbers(inline)))
    assert all(numbers(text) == sorted(numbers(text)) for text in attached.values())
    assert set(numbers(inline)) | set(filed) == set(range(texts))
    in_both = set(numbers(inline)) & set(filed)
    told = len(re.findall(f"{BY_ENDS}|{TWICE}", inline))
    assert bool(in_both) == bool(told)
    assert len(in_both) <= told + 6
    once_more = shortened(messages, *TOOLS[: tools if most == MOST else 0], most=most)
    assert (found.prompt, found.documents) == (once_more.prompt, once_more.documents)


@example(STAYS, 0, 40_000)
@example(HAS_ROOM, 30, 60_000)
@example(RULES_GIVE_WAY, 0, 60_000)
@example(TASK_HAS_MORE_ROOM, 0, 60_000)
@example(TASK_IN_TURN, 0, 40_000)
@given(conversations(), st.sampled_from([0, 30]), st.sampled_from([40_000, 60_000, 90_000]))
def test_what_is_told_once_more_names_a_file_only_for_what_is_in_it(
    given_: Numbered, tools: int, most: int
) -> None:
    messages, texts = given_
    found = shortened(messages, *TOOLS[:tools])
    shorter = found.again(most)

    assert shorter is not None
    inline, attached = shown(shorter), files(found)
    filed = {number for text in attached.values() for number in numbers(text)}
    if set(numbers(inline)) | filed != set(range(texts)):
        assert re.search(r"left out (?:for being too long|here) …", inline)
    assert {int(cut or twice) for cut, twice in re.findall(NAMED, inline)} <= filed
    in_both = filed & set(numbers(inline))
    assert not in_both or re.search(f"{BY_ENDS}|{TWICE}", inline)


@given(conversations(), st.sampled_from(["file", "trim"]))
def test_no_call_is_parted_from_its_results(given_: Numbered, mode: LongPrompt) -> None:
    found = shortened(given_.messages, most=30_000, mode=mode)

    for text in (shown(found.prompt), files(found).get("conversation.txt", "")):
        made = re.findall(r'"p": "call ([0-9-]+)"', text)
        answered = re.findall(r"of call ([0-9-]+)\n", text)
        assert made == answered
