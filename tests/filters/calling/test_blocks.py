"""Calls found in an answer while it streams, and text that is none: F8."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model import Tool
from tray_app.filters.calling.block import Ended
from tray_app.filters.calling.blocks import Blocks
from tray_app.filters.calling.names import Names

NAMES = Names([Tool(name) for name in ("read", "write", "list_files", "Bash")], frozenset())


class Heard:
    """Takes down what was found: texts as strings, calls as pairs."""

    def __init__(self) -> None:
        self.found: list[Any] = []

    def text(self, text: str) -> None:
        if self.found and isinstance(self.found[-1], str):
            self.found[-1] += text
        else:
            self.found.append(text)

    def ended(self, ended: Ended) -> None:
        self.found += [(call.name, call.arguments) for call in ended.calls]
        if ended.problem:
            self.found.append(ended.problem)

    def echoed(self) -> None:
        self.found.append("echo")


def found(*pieces: str) -> list[Any]:
    """What is found in an answer that comes in these pieces."""
    heard = Heard()
    blocks = Blocks(NAMES, heard)
    for piece in pieces:
        blocks.feed(piece)
    problem = blocks.close(is_cut=False)
    if problem is None:
        blocks.flush()
    else:
        heard.found.append(problem.problem)
    return heard.found


def call(name: str = "read", **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


READ = ("read", {"path": "a"})
XML = "<tool_call>\n<function=read>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>"
BARE = "<function=read>\n<parameter=path>\na\n</parameter>\n</function>"
END = "</parameter>\n</function>\n</tool_call>"
ABOUT_CALLS = f"Write it like this:\n{call(path='b')}\nand wait."

IN_TAGS = f"<tool_call>\n<function=write>\n<parameter=content>\n{ABOUT_CALLS}\n{END}"

FOUND: list[tuple[str, list[Any]]] = [
    ("Hello", ["Hello"]),
    (call(path="a"), [READ]),
    (f"I look.\n\n{call(path='a')}", ["I look.", READ]),
    (f"{call(path='a')}\nNow I wait.", [READ, "\nNow I wait."]),
    (f"{call(path='a')}\n{call('list_files')}", [READ, ("list_files", {})]),
    (f"{call(path='a')}{call('list_files')}\n", [READ, ("list_files", {}), "\n"]),
    (XML, [READ]),
    (f"Yes.\n{XML}\n{XML}", ["Yes.", READ, READ]),
    (BARE, [READ]),
    (f"So:\n{BARE}\n{BARE}\nDone", ["So:", READ, READ, "\nDone"]),
    (BARE + "\n</tool_call>", [READ]),
    (f"{XML} Done", [READ, " Done"]),
    (f"{XML}</", [READ, "</"]),
    (call(path="a") + "\n</tool_call>", [READ, "\n"]),
    (call(path="a").removesuffix("\n</tool_call>"), [READ]),
    (call(path="a").removesuffix("</tool_call>") + "\nI wait.", [READ, "I wait."]),
    (call(path="a").removesuffix("</tool_call>") + call("list_files"), [READ, ("list_files", {})]),
    (f"<tool_calls>\n{call(path='a')}\n</tool_calls>", [READ, "\n"]),
    (call("write", content=ABOUT_CALLS), [("write", {"content": ABOUT_CALLS})]),
    (call("write", content='"</tool_call>"'), [("write", {"content": '"</tool_call>"'})]),
    (IN_TAGS, [("write", {"content": ABOUT_CALLS})]),
    (f"{call(path='a')}\n<tool_response>\nx\n</tool_response>\nDone.", [READ, "echo"]),
    ("<tool_response>\nx", ["echo"]),
    ('{"tool_calls": [' + call(path="a").splitlines()[1] + "]}", [READ]),
    ('{"tool_calls": 3} a day', ['{"tool_calls": 3} a day']),
    # Talk about calls.
    ("The tag `<tool_call>` begins one.", ["The tag `<tool_call>` begins one."]),
    ("A <tool_call> tag is used so.", ["A <tool_call> tag is used so."]),
    ("The `<tool_call></tool_call>` tags.", ["The `<tool_call></tool_call>` tags."]),
    ("Use <tool_call> and </tool_call> so.", ["Use <tool_call> and </tool_call> so."]),
    ("Use <tool_call></tool_call>.", ["Use <tool_call></tool_call>."]),
    ('<tool_call>\nread\n{"path": "a"}\n</tool_call>', [READ]),
    ('<tool_call>read({"path": "a"})</tool_call>', [READ]),
    (f"Like this:\n```\n{call(path='a')}\n```\n", [f"Like this:\n```\n{call(path='a')}\n```\n"]),
    (f"```xml\n{XML}\n```", [READ]),
    (f"```\n{call(path='a')}\n```\n", [READ]),
    (f"```\n{BARE}\n```", [READ]),
    (f"```\n{call(path='a')}\n```\nSo it is.", [f"```\n{call(path='a')}\n```\nSo it is."]),
    (f"{call(path='a')}\n```\n{XML}\n```", [READ, f"\n```\n{XML}\n```"]),
    (f"1. ```bash\n   npm i\n   ```\n{call(path='a')}", ["1. ```bash\n   npm i\n   ```", READ]),
    (f"Here:```py\nx\n```\n{call(path='a')}", ["Here:```py\nx\n```", READ]),
    (f"````md\n```py\n{call()}\n```\n````", [f"````md\n```py\n{call()}\n```\n````"]),
    (f"- ```\n  {call()}\n  ```", [f"- ```\n  {call()}\n  ```"]),
    ("`` <tool_call> ``", ["`` <tool_call> ``"]),
    (("<tool_call>\n&lt;function=read&gt;\n&lt;parameter=path&gt;\na\n&lt;/parameter&gt;\n"
     "&lt;/function&gt;\n</tool_call>"), [READ]),
    ("Use <tool_call> &amp; so.", ["Use <tool_call> &amp; so."]),
    ("Like so:\n\n```json\n{\"name\":\"list_files\"}\n```\nSee?",
     ["Like so:\n\n```json\n{\"name\":\"list_files\"}\n```\nSee?"]),
    ("The tag\n<tool_call> begins", ["The tag\n<tool_call> begins"]),
    ('I look for "<tool_response>" there.', ['I look for "<tool_response>" there.']),
    ('He says "<tool_call>" and "</tool_call>".', ['He says "<tool_call>" and "</tool_call>".']),
    ("s = '<tool_call>' + body", ["s = '<tool_call>' + body"]),
    ('if text.startswith("<tool_call>"):', ['if text.startswith("<tool_call>"):']),
    ("It is <tool_call>{...}</tool_call> then", ["It is <tool_call>{...}</tool_call> then"]),
    ("Write <function=read> to call it.", ["Write <function=read> to call it."]),
    (f"I look: {call(path='a')}", ["I look: ", READ]),
    (f"I look: {BARE}", ["I look: ", READ]),
    ('I look: <tool_call>{name: "read", arguments: {path: "a"}}</tool_call>', ["I look: ", READ]),
    (f"<tool_call>\n</tool_call>\n{call(path='a')}", [READ]),
    ("Well.\n<tool_call>\n\n</tool_call>\nSo.", ["Well.\n\nSo."]),
    ("A regex: <function=(.*?)> so", ["A regex: <function=(.*?)> so"]),
    ("x</tool_call > y", ["x</tool_call > y"]),
    ('{"name": "read", "arguments": {"path": "a"}}\n{"name": "list_files", "arguments": {}}',
     [READ, ("list_files", {})]),
    ('[{"name": "read", "arguments": {"path": "a"}}]', [READ]),
    ('{"name": "read", "arguments": {"path": "a', ["half"]),
    ('package:\n```json\n{"name": "read", "version": "1"}\n```',
     ['package:\n```json\n{"name": "read", "version": "1"}\n```']),
    ("```json\n<tool_call></tool_call>", ["```json\n<tool_call></tool_call>"]),
    (f"```py\nx\n```\n{call(path='a')}", ["```py\nx\n```", READ]),
    ("if a < b and b <tool: c", ["if a < b and b <tool: c"]),
    ("<function> of it</function>", ["<function> of it</function>"]),
    ("x <", ["x <"]),
    # Without tags.
    ('{"name": "read", "arguments": {"path": "a"}}', [READ]),
    ('{"tool": "read", "parameters": {"path": "a"}}\n', [READ]),
    ('I look.\n\n{"name": "read", "arguments": {"path": "a"}}', ["I look.", READ]),
    ('```json\n{"name": "read", "arguments": {"path": "a"}}\n```', [READ]),
    ('I look.\n```\n{"name": "read", "arguments": {"path": "a"}}\n```\n', ["I look.", READ]),
    ('{"type": "function", "function": {"name": "read", "arguments": {"path": "a"}}}', [READ]),
    ('{"name": "read", "arguments": {"path": "a"}}\nThat is how.',
     ['{"name": "read", "arguments": {"path": "a"}}\nThat is how.']),
    ('{"name": "Ann", "age": 3}', ['{"name": "Ann", "age": 3}']),
    ('{"path": "a"}', ['{"path": "a"}']),
    ('```json\n{"name": "Ann"}\n```', ['```json\n{"name": "Ann"}\n```']),
    ("```python\nprint({})\n```", ["```python\nprint({})\n```"]),
    # Half a call.
    ("<tool_call>", ["half"]),
    ("<tool_call>\n", ["half"]),
    ("Yes.\n<tool_c", ["Yes.", "half"]),
    ('<tool_call>\n{"name": "write", "arguments": {"content": "ab', ["half"]),
    ("<tool_call>\n<function=write>\n<parameter=content>\nab", ["half"]),
    (f'{call(path="a")}\n<tool_call>\n{{"name": "wri', [READ, "half"]),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "expected"), FOUND)
def test_calls_and_texts_are_told_apart(answer: str, expected: list[Any]) -> None:
    """F8"""
    assert found(answer) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "expected"), FOUND)
@given(st.data())
def test_it_does_not_matter_how_an_answer_is_cut(
    answer: str, expected: list[Any], data: st.DataObject
) -> None:
    """F1, F8"""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    pieces = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True)]

    assert found(*pieces) == expected
    assert found(*answer) == expected


@pytest.mark.parametrize(
    ("text", "released"),
    [
        ("Hello", "Hello"),
        ("a <", "a "),
        ("a <b", "a <b"),
        ("a <tool", "a "),
        ("a <tool:", "a <tool:"),
        ("a\n", "a"),
        ("a\n\nb", "a\n\nb"),
        ('{"na', ""),
        ('{"nap', '{"nap'),
        ('{"name": "re', ""),
        ('{"name": "Ann"', '{"name": "Ann"'),
        ("```js", ""),
        ("```json\n[", ""),
        ("```json\n[1", "```json\n[1"),
        ("```python", "```python"),
    ],
)
def test_text_is_held_no_longer_than_it_must_be(text: str, released: str) -> None:
    heard = Heard()
    Blocks(NAMES, heard).feed(text)

    assert "".join(heard.found) == released


@given(st.text(st.sampled_from('<>/`{}"\n tolcanfu_=a')))
def test_text_without_calls_comes_through_letter_by_letter(text: str) -> None:
    """F2"""
    heard = found(*text)

    if all(isinstance(one, str) and one not in {"half", "broken"} for one in heard):
        assert "".join(heard) in text or "".join(heard) == text


def test_a_call_that_goes_on_in_a_second_answer_is_whole() -> None:
    heard = Heard()
    blocks = Blocks(NAMES, heard)
    blocks.feed('Well.\n<tool_call>\n{"name": "read", "argu')
    problem = blocks.close(is_cut=False)
    assert problem is not None
    assert problem.problem == "half"

    blocks.feed('ments": {"path": "a"}}\n</tool_call>')

    assert blocks.close(is_cut=False) is None
    assert heard.found == ["Well.", READ]


def test_a_call_that_is_begun_anew_is_there_once() -> None:
    heard = Heard()
    blocks = Blocks(NAMES, heard)
    blocks.feed('<tool_call>\n{"name": "read", "argu')
    blocks.close(is_cut=False)
    blocks.restart()

    blocks.feed(call(path="a"))

    assert blocks.close(is_cut=False) is None
    assert heard.found == [READ]
