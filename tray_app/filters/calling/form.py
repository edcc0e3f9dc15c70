"""The form in which tools, calls and results stand in a prompt: the one the models were trained on.

Qwen 2.5 and 3 learnt calls as JSON, Qwen 3 Coder and later as XML. The texts of both are those of
the models' own chat templates, word for word, because any other needs more instruction and works
worse (seen: 2026-11, chat templates of Qwen3-8B and Qwen3.5). No text can leave its element: JSON
has another way to write `</`, a call that XML cannot hold is written as JSON, and the tags of a
result carry a number where its text holds one of them.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw

from tray_app.core.elements import free_mark, tags
from tray_app.core.model import Tool, ToolChoice

from . import lenient
from .names import Names
from .signatures import WHOLE, Level, Telling, signature

Grammar = Literal["json", "xml"]

_HEAD: dict[Grammar, str] = {
    "json": (
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    ),
    "xml": "# Tools\n\nYou have access to the following functions:\n\n<tools>\n",
}
_TAIL: dict[Grammar, str] = {
    "json": (
        "\n</tools>\n\nFor each function call, return a json object with function name and "
        "arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
        '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
    ),
    "xml": (
        "\n</tools>\n\nIf you choose to call a function ONLY reply in the following format with NO "
        "suffix:\n\n<tool_call>\n<function=example_function_name>\n"
        "<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"
        "<parameter=example_parameter_2>\nThis is the value for the second parameter\n"
        "that can span\nmultiple lines\n</parameter>\n</function>\n</tool_call>\n\n"
        "<IMPORTANT>\nReminder:\n"
        "- Function calls MUST follow the specified format: an inner <function=...></function> "
        "block must be nested within <tool_call></tool_call> XML tags\n"
        "- Required parameters MUST be specified\n"
        "- You may provide optional reasoning for your function call in natural language BEFORE "
        "the function call, but NOT after\n"
        "- If there is no function call available, answer the question like normal with your "
        "current knowledge and do not tell the user about function calls\n</IMPORTANT>"
    ),
}
_CLOSING = re.compile(r"</(?=tools|tool_call)", re.IGNORECASE)
_NOT_FOR_XML = re.compile(
    r"</(?:parameter|function|tool_call)|<(?:parameter|function)=|<tool_call", re.IGNORECASE
)
_XML_NAME = re.compile(r"[^<>\s](?:[^<>\r\n]*[^<>\s])?")
_RESPONSE = tags("tool_response")
_THINK = tags("think")

_object = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)


def told(tools: Sequence[Tool], names: Names, grammar: Grammar, telling: Telling = WHOLE) -> str:
    """The block that tells a model of its tools and how it calls them."""
    lines = [
        signature(tool, names.out(tool.name), telling.level, telling.used.get(tool.name, ()))
        for tool in tools
    ]
    between = "\n" if telling.level < Level.TYPED else "\n\n"
    block = _HEAD[grammar] + _sealed(between.join(lines)) + _TAIL[grammar]
    return block + _aliases(tools, names)


def called(name: str, arguments: str, grammar: Grammar) -> str:
    """One call, by the name under which the tool goes out.

    Arguments that are an object in JSON stay as they are, letter by letter; anything else is put
    into one, because a model learns from its own past calls.
    """
    given = as_object(arguments)
    said = _in_xml(name, given) if grammar == "xml" else None
    if said is None:
        quoted = json.dumps(name, ensure_ascii=False)
        said = _sealed(f'{{"name": {quoted}, "arguments": {given}}}')
    return f"<tool_call>\n{said}\n</tool_call>"


def as_object(arguments: str) -> str:
    """The arguments of a call as an object in JSON; letter by letter where they are one."""
    text = arguments.strip()
    if _holds_object(text):
        return text
    value = _value(text)
    if isinstance(value, str):
        if _holds_object(value):
            return value.strip()
        inner = _value(value.strip())
        value = inner if isinstance(inner, dict) else value
    if value is None or value == "":
        return "{}"
    given = value if isinstance(value, dict) else {"arguments": value}
    return json.dumps(given, ensure_ascii=False)


def answered(text: str) -> str:
    """What a tool answered."""
    tag = "tool_response" + free_mark(_RESPONSE, (text,))
    return f"<{tag}>\n{text}\n</{tag}>"


def thought(text: str) -> str:
    """What the model thought before a message; a line end is yet to follow."""
    tag = "think" + free_mark(_THINK, (text,))
    return f"<{tag}>\n{text}\n</{tag}>\n"


def ending(choice: ToolChoice, *, one_call: bool) -> str:
    """What the very end of a prompt says of calls; empty where the model is free.

    `choice` names a tool as it goes out.
    """
    if choice.mode == "required":
        function = f"the function {choice.name}" if choice.name else "a function"
        number = "one <tool_call> block" if one_call else "<tool_call> blocks"
        return f"You must call {function} now: answer with {number} only."
    if one_call and choice.mode == "auto":
        return "Call one function at most in your next message."
    return ""


def _aliases(tools: Sequence[Tool], names: Names) -> str:
    pairs = [(tool.name, names.out(tool.name)) for tool in tools]
    said = ", ".join(f"{own} means {out}" for own, out in pairs if own != out)
    return f"\n\nYour instructions may use other names: {said}." if said else ""


def _sealed(text: str) -> str:
    """JSON, or lines like it, in which the end of no element of ours can be read."""
    return _CLOSING.sub(r"<\\/", text) if "</" in text else text


def _holds_object(text: str) -> bool:
    try:
        _object.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _value(text: str) -> Any:
    """What a text says in JSON, as models write it too; the text itself where it is none."""
    try:
        value, end = lenient.read(text) if text else (None, 0)
    except lenient.Fault:
        return text
    return value if lenient.skip(text, end) == len(text) else text


def _in_xml(name: str, arguments: str) -> str | None:
    """A call in XML; None where a name or a value could be read as something else."""
    lines = [f"<function={name}>"]
    names = [name]
    for key, raw in _object.decode(arguments).items():
        value = _text.decode(raw) if bytes(raw).startswith(b'"') else bytes(raw).decode()
        if _NOT_FOR_XML.search(value):
            return None
        lines += (f"<parameter={key}>", value, "</parameter>")
        names.append(key)
    if not all(_XML_NAME.fullmatch(one) for one in names):
        return None
    return "\n".join((*lines, "</function>"))
