"""How a call can go wrong: every malformed form that was seen of these models, by name and number.

The numbers are those of the list of forms that real programs reported (see: issues of ollama, vLLM,
SGLang, Continue, opencode, Qwen's own repositories, 2025 and 2026). A form writes the message that
was planned anyway, and its values are right unless its line here says that they are not. The forms
9, 24, 25 and 27 are about what a text holds, so they make the text of a file longer.
"""

import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .replies import Call, Reply


@dataclass(frozen=True)
class Written:
    """A message as it goes out: its pieces, after what was thought aloud."""

    deltas: tuple[str, ...]
    thoughts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """One way to write a message that calls a tool."""

    name: str
    what: str
    write: Callable[[Reply], Written]
    number: int = 0


_PIECE = re.compile(r"\S*\s*")


def plain(reply: Reply) -> Written:
    """The form that is asked for: Hermes JSON."""
    return _said(reply.prose, *(block(call) for call in reply.calls))


def in_xml(reply: Reply) -> Written:
    """The other form that these models learnt: Qwen3-Coder XML."""
    return _said(reply.prose, *(f"<tool_call>\n{xml(call)}\n</tool_call>" for call in reply.calls))


def text(said: str) -> Written:
    """Words alone, in pieces of a word."""
    return Written(tuple(_PIECE.findall(said)[:-1]))


def told(call: Call) -> str:
    """The JSON of a call."""
    return json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)


def block(call: Call) -> str:
    """A call as it should be."""
    return _tagged(told(call))


def xml(call: Call, close: str = "</function>") -> str:
    """The function element of a call."""
    return "\n".join([f"<function={call.name}>", *_parameters(call), close])


def _tagged(text: str) -> str:
    return f"<tool_call>\n{text}\n</tool_call>"


def _parameters(call: Call) -> list[str]:
    return [
        f"<parameter={name}>\n{_raw(value)}\n</parameter>" for name, value in call.arguments.items()
    ]


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _said(*parts: str) -> Written:
    """Texts, one below the other."""
    return text("\n".join(part for part in parts if part))


def _whole(reply: Reply) -> str:
    return "".join(plain(reply).deltas)


def _each(write: Callable[[Call], str]) -> Callable[[Reply], Written]:
    """A form that writes each call by itself, below the prose."""
    return lambda reply: _said(reply.prose, *(write(call) for call in reply.calls))


def _again(call: Call, number: int = 2) -> Call:
    """One more call like the first, about another file where it is about one."""
    stem, dot, end = call.target.rpartition("/")[2].rpartition(".")
    if not stem:
        return call
    old, new = f"{stem}{dot}{end}", f"{stem}-{number}{dot}{end}"
    return replace(call, arguments=_swapped(call.arguments, lambda text: text.replace(old, new)))


def _swapped(value: Any, swap: Callable[[str], Any]) -> Any:
    """A value with every text in it changed."""
    if isinstance(value, dict):
        return {name: _swapped(one, swap) for name, one in value.items()}
    if isinstance(value, list):
        return [_swapped(one, swap) for one in value]
    return swap(value) if isinstance(value, str) else value


def _texts(call: Call, change: Callable[[str], str]) -> Call:
    """A call that writes another text; the one that names its file stays."""
    for name, value in reversed(call.arguments.items() if call.target else ()):
        if isinstance(value, str) and not value.endswith(call.target):
            return replace(call, arguments={**call.arguments, name: change(value)})
    return call


def _siblings(call: Call, count: int) -> list[Call]:
    return [call, *(_again(call, number) for number in range(2, count + 1))]


def _first(write: Callable[[str, Call], Written]) -> Callable[[Reply], Written]:
    """A form of a message with one call."""
    return lambda reply: write(reply.prose, reply.calls[0])


def _unclosed(call: Call) -> str:
    body = "\n".join(_parameters(call)).removesuffix("</parameter>")
    return f"<tool_call>\n<function={call.name}>\n{body}</function>\n</tool_call>"


def _open_key(call: Call) -> str:
    return _tagged(re.sub(r"(<parameter=[^>\n]+)>", r"\1", xml(call), count=1))


def _no_ends(call: Call) -> str:
    lines = [f"<parameter={name}> {_raw(value)}" for name, value in call.arguments.items()]
    return "\n".join([f"<function={call.name}>", *lines])


def _split_tags(prose: str, call: Call) -> Written:
    pieces = ("\n<tool", "_call>\n", told(call), "\n</tool_", "call", ">")
    return Written((*_said(prose).deltas, *pieces))


def _joined_tags(prose: str, call: Call) -> Written:
    first, second = (told(one) for one in _siblings(call, 2))
    pieces = (f"\n<tool_call>\n{first[:-1]}", "}\n</tool_call>\n<tool_call>\n" + second[:9])
    return Written((*_said(prose).deltas, *pieces, second[9:], "\n</tool_call>"))


def _broken_escapes(call: Call) -> str:
    text = told(_texts(call, lambda value: value if "\n" in value else f"it's\n{value}"))
    return _tagged(text.replace("\\n", "\n").replace("'", "\\'"))


def _pairs_in_list(call: Call) -> str:
    pairs = json.dumps(call.arguments, ensure_ascii=False)[1:-1]
    return _tagged(f'{{"name": {json.dumps(call.name)}, "arguments": [{pairs}]}}')


def _entities(call: Call) -> str:
    marked = _texts(call, lambda value: f"{value} <b>&</b>")
    return _tagged(xml(replace(marked, arguments=_swapped(marked.arguments, html.escape))))


def _tight(call: Call, end: str) -> str:
    return f"<tool_call>{told(call)}{end}</tool_call>"


def _as_text(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _arguments(change: Callable[[dict[str, Any]], Any]) -> Callable[[Call], str]:
    """A call in the right form with other arguments."""

    def write(call: Call) -> str:
        value = {"name": call.name, "arguments": change(call.arguments)}
        return _tagged(json.dumps(value, ensure_ascii=False))

    return write


def _wrong(value: Any) -> Any:
    """A value that no table of conversions makes right, where there is one."""
    if isinstance(value, str):
        return {"value": value}
    return "practice" if isinstance(value, int | float | dict) else 5


def _half(prose: str, call: Call) -> Written:
    text = told(call)
    begins = text.index('"arguments"') + len('"arguments"')
    return _said(prose, f"<tool_call>\n{text[: (begins + len(text)) // 2]}")


def _as_message(call: Call) -> str:
    """A message in the form that clients get."""
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return json.dumps({"tool_calls": [{"id": "call_1", "type": "function", "function": function}]})


def _fenced(language: str) -> Callable[[Call], str]:
    return lambda call: f"```{language}\n{told(call)}\n```"


_STRANGE = '<b a="1">&amp; if (a < b && c > d) {} </b></parameters></tool>'
_MADE_UP = "<tool_response>\nDone.\n</tool_response>\nAll is done."
_SORRY = "I am sorry, that call may have got lost. Here it is again."
_LIST: Sequence[tuple[int, str, str, Callable[[Reply], Written]]] = (
    (1, "bare-function", "a function element without tags around it", _each(xml)),
    (2, "no-closing-tag", "the answer ends behind the JSON",
     _each(lambda call: f"<tool_call>\n{told(call)}")),
    (3, "no-parameter-end", "the last parameter is closed by the function's tag", _each(_unclosed)),
    (4, "function-closed-by-parameter", "a function closed by a parameter's tag",
     _each(lambda call: _tagged(xml(call, "</parameter>")))),
    (5, "closed-by-arg-value", "a call closed by a tag of another grammar",
     _each(lambda call: f"<tool_call>\n{xml(call)}\n</arg_value>")),
    (6, "parameters-alone", "parameters without a function, so without a name",
     _each(lambda call: _tagged("\n".join(_parameters(call))))),
    (7, "open-key", "a parameter's tag without its last sign", _each(_open_key)),
    (8, "no-ends", "no closing tag at all, values on the tags' lines", _each(_no_ends)),
    (9, "tags-in-values", "a text that holds tags, signs and a closing tag that is almost ours",
     _each(lambda call: _tagged(xml(_texts(call, lambda value: value + _STRANGE))))),
    (10, "split-tags", "tags that are split over pieces of the stream", _first(_split_tags)),
    (11, "two-calls", "two calls; the second is about another file",
     _first(lambda prose, call: _said(prose, *map(block, _siblings(call, 2))))),
    (12, "joined-tags", "the end of a call and the beginning of the next in one piece",
     _first(_joined_tags)),
    (13, "extra-brace", "a closing brace too many on the call's line",
     _each(lambda call: _tagged(told(call) + "}"))),
    (14, "arguments-as-string", "arguments as JSON inside a text",
     _each(_arguments(lambda told: json.dumps(told, ensure_ascii=False)))),
    (15, "nested-call", "the whole call once more inside its arguments",
     _each(lambda call: _tagged(told(replace(call, arguments=json.loads(told(call))))))),
    (16, "draft-in-reasoning", "the call in the reasoning, and again in the answer",
     lambda reply: replace(plain(reply), thoughts=("I could call it like this:\n",
                                                   block(reply.calls[0])))),
    (17, "in-reasoning-only", "the only call is in the reasoning, and the answer is empty",
     lambda reply: Written((), plain(reply).deltas)),
    (18, "unknown-name", "a name that is not in the list",
     _each(lambda call: block(replace(call, name="toolbox.web.answer")))),
    (19, "bare-json", "the call's JSON without tags", _each(told)),
    (20, "extra-brace-inside", "a closing brace too many right before the closing tag",
     _each(lambda call: _tight(call, "}"))),
    (21, "ad-hoc-json", "the name and one value as JSON of its own making",
     _each(lambda call: json.dumps({call.name: next(iter(call.arguments.values()), "")}))),
    (22, "function-invocation", "stray closing tags of an older grammar",
     _each(lambda call: f"<tool_call>\n{xml(call)}\n</function>\n</function_invocation>")),
    (23, "stray-think-end", "reasoning at the head of the answer, with its end tag alone",
     lambda reply: _said("The person wants this to be done.\n</think>\n", _whole(reply))),
    (24, "broken-escapes", "line ends as they are and wrong escapes inside texts",
     _each(_broken_escapes)),
    (25, "framed-value", "a text that begins and ends with space of its own inside its frame",
     _each(lambda call: _tagged(xml(_texts(call, lambda value: f"\n  {value}\n"))))),
    (26, "sorry-and-again", "an apology behind the call, and the same call again",
     _first(lambda prose, call: _said(prose, block(call), _SORRY, block(call)))),
    (27, "entities", "signs in XML values written as entities", _each(_entities)),
    (28, "python-literals", "a Python value instead of JSON",
     _each(lambda call: _tagged(repr({"name": call.name, "arguments": call.arguments})))),
    (29, "example-in-fence", "a call as an example in a fence, and none that is meant",
     _each(lambda call: f"A call would look like this:\n```\n{block(call)}\n```\nShall I do it?")),
    (30, "values-as-strings", "lists, numbers and booleans written as texts",
     _each(_arguments(lambda told: {name: _as_text(one) for name, one in told.items()}))),
    (0, "xml", "the XML form, without a fault", in_xml),
    (0, "no-opening-tag", "a function element whose closing tag alone is there",
     _each(lambda call: f"{xml(call)}\n</tool_call>")),
    (0, "name-as-parameter", "the name in a parameter's tag",
     _each(lambda call: _tagged(xml(call).replace("<function=", "<parameter=", 1)))),
    (0, "name-as-tag", "the name as the tag",
     _each(lambda call: xml(call).replace(f"<function={call.name}>", f"<{call.name}>", 1))),
    (0, "function-invocation-around", "a function element in a wrapper of an older grammar",
     _each(lambda call: f"<function_invocation>\n{xml(call)}\n</function_invocation>")),
    (0, "openai-message", "a message as clients' APIs have it, whose calls are in a list",
     _each(_as_message)),
    (0, "json-in-fence", "the call's JSON in a fence, without tags", _each(_fenced("json"))),
    (0, "tags-in-fence", "the call, and meant, in a fence",
     _each(lambda call: f"```xml\n{block(call)}\n```")),
    (0, "tight", "the right JSON without line ends", _each(lambda call: _tight(call, ""))),
    (0, "pairs-in-list", "pairs inside a list", _each(_pairs_in_list)),
    (0, "twice", "the same call twice, without anything between",
     _first(lambda prose, call: _said(prose, block(call), block(call)))),
    (0, "three-in-one-block", "three calls in one pair of tags",
     _first(lambda prose, call: _said(prose, _tagged("\n".join(map(told, _siblings(call, 3))))))),
    (0, "calls-then-prose", "words behind the call",
     lambda reply: _said(_whole(reply), "\nThat should do it.")),
    (0, "prose-calls-prose", "words before, between and behind two calls",
     _first(lambda prose, call: _said(prose or "First this.", block(call), "Then the other one.",
                                      block(_again(call)), "That should do it."))),
    (0, "echoes-response", "the model goes on with a result that it made up",
     lambda reply: _said(_whole(reply), _MADE_UP)),
    (0, "half-a-call", "the answer is finished in the middle of the arguments", _first(_half)),
    (0, "wrong-types", "every argument of another type",
     _each(_arguments(lambda told: {name: _wrong(one) for name, one in told.items()}))),
    (0, "arguments-as-list", "arguments as a list of values",
     _each(_arguments(lambda told: list(told.values())))),
    (0, "arguments-as-number", "a number for arguments, closed by a parameter's tag",
     _each(lambda call: _arguments(lambda _: 1)(call).replace("</tool_call>", "</parameter>"))),
    (0, "missing-required", "the first argument is missing",
     _each(_arguments(lambda told: dict(list(told.items())[1:])))),
    (0, "no-call", "words only", lambda reply: _said(reply.prose or "I will do that.")),
)  # fmt: skip

FORMS = {name: Form(name, what, write, number) for number, name, what, write in _LIST}
"""Every form by its name."""


def form(name: str) -> Form | None:
    """A form by its name or its number; None for neither."""
    if name.isdigit():
        return next((one for one in FORMS.values() if one.number == int(name) > 0), None)
    return FORMS.get(name)
