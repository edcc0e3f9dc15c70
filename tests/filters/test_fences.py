"""Places in Markdown that are in code, and places that are not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.pieces import cut
from tray_app.filters.fences import Fences


def read(*pieces: str) -> Fences:
    fences = Fences()
    for piece in pieces:
        fences.remember(piece)
    return fences


@pytest.mark.parametrize(
    "text",
    [
        "```",
        "```py",
        "```py\n",
        "```\nx\n```py\n",
        "```\nx\n``\n",
        "```\nx\n~~~\n",
        "```\nx\n```",
        "````md\n```py\n",
        "````md\n```\n",
        "````md\n```py\nx\n```\n",
        "~~~ a `b` c\n",
        "~~~~\n~~~\n",
        "- ```\n  ",
        "1. ```xml\n ",
        "1. Example:\n   1. ```xml\n      ",
        "> ```\n> ",
        "> - ```\n> ",
        "```\n> ```\n",
        "            ```\n",
        "Here:```py\n",
        "Here: ```\n",
        "It`s here:```py\r\n",
        "`ls` gives:```c++\n",
        "```js\nconst md = `\n```js\n`\n",
        "````\n" + "`" * 90 + "\n",
        "```" + "x" * 200 + "\n",
    ],
)
def test_a_place_in_a_fence_is_in_code(text: str) -> None:
    fences = read(text)

    assert fences.is_fence
    assert fences.is_code


@pytest.mark.parametrize(
    "text",
    [
        "` <tool_call>",
        "`` <tool_call>",
        "`` a ` b",
        "``",
        "a `b` `c",
        "a ```b``",
        "a `b ``` c",
        "Let me look `",
        "```x``",
        "```\n```\nUse `",
    ],
)
def test_a_place_in_a_span_is_in_code_and_in_no_fence(text: str) -> None:
    fences = read(text)

    assert fences.is_code
    assert not fences.is_fence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "1. ```bash\n   npm i\n   ```\n",
        "Here:```py\nx\n```\n",
        "Here: ```\nx\n```\n",
        " ```x```\n",
        "- a\n- ```x```\n",
        "```x``` y",
        "```` ``` ````\n",
        "````\n```\n````\n",
        "````md\n```py\nx\n```\n````\n",
        "````md\n```py\nx\n````\n",
        "~~~~\n~~~\n~~~~\n",
        "~~~\n```\n~~~~~\n",
        "~~old~~",
        "so ~~~\n",
        "```\nfoo\n``` \t\r\n",
        "```\nfoo\n  `````\n",
        "> ```bash\n> ls\n> ```\n",
        "> ```bash\n> ls\n```\n",
        "- ```\n  x\n  ```\n",
        "    ```\n    x\n    ```\n",
        "    x = 1",
        "Use `<tool_call>`\n",
        "Let me look`\n",
        "a `` b ` c\n",
        "a `b` ",
        "``a ` b`` c",
        "Use ``` to open\n",
        "a ``` b ```py\n",
        "```js\nconst md = `\n```js\n`\n```\n",
        "```\nx\n```\ntext ~~~\n",
        "```a`b\n",
        "`" * 90 + "\n",
    ],
)
def test_a_place_behind_code_is_in_none(text: str) -> None:
    fences = read(text)

    assert not fences.is_code
    assert not fences.is_fence


@given(cut(st.text("`~>-1. \n\txé:", max_size=60)))
def test_pieces_do_not_matter(pieces: list[str]) -> None:
    text = "".join(pieces)
    whole, fences = read(text), read(*pieces)

    assert (fences.is_code, fences.is_fence) == (whole.is_code, whole.is_fence)
    assert fences.line == whole.line == text.rpartition("\n")[2]


@given(st.text("`~> \nx", max_size=40), st.text("`~> \nx", max_size=20))
def test_a_copy_goes_its_own_way(text: str, more: str) -> None:
    fences = read(text)
    other = fences.copy()
    other.remember(more)
    fences.remember("\n")

    assert (other.is_code, other.line) == (read(text + more).is_code, read(text + more).line)
    assert fences.is_code == read(text + "\n").is_code


def test_a_line_is_told_from_its_beginning() -> None:
    assert read("one\ntwo ", "`three`").line == "two `three`"
    assert read("x" * 70, "y" * 70).line == "x" * 70 + "y" * 10


def test_a_line_of_many_runs_takes_no_longer_than_they_are() -> None:
    fences = Fences()
    began = time.process_time()
    places = 0
    for _ in range(20_000):
        fences.remember("` `` ``` x `````")
        places += fences.is_code

    assert places > 10_000
    assert time.process_time() - began < 5
