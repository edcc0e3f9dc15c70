"""The small tasks that practice mode understands, and the words it has for them.

`create a.txt with the text hi` (or with `this:` and a fenced block), `write hi to a.txt`,
`change hello to bye in a.txt`, `read a.txt`, `list the files`, ``run `echo hi` ``. A text that
begins with `call NAME`, or with `call NAME with {"the": "arguments"}`, calls any other tool.

Nobody's files are touched for a mere mention. A task begins a line, after `please`, `now`, `then`
or `I would like you to` at most. It is none inside a fence, below a line that ends in a colon or a
question mark, or when `not`, `never` or the like stands above it. A line or a text that ends in a
question mark is a question, so it is none either.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from .transcript import Turn, words

_LEAD = r"[ \t]{0,3}(?:(?:please|now|then|I[ ]would[ ]like[ ]you[ ]to)(?:,[ \t]*|[ \t]+)){0,3}"
_PATH = (
    r"(?:the\s+)?(?:file\s+)?(?:(?:named|called)\s+)?"
    r"[\"'`]?(?P<path>[\w~/\\.:-]*\w\.\w+|Makefile|Dockerfile|LICENSE)[\"'`]?"
)
_MAKE = rf"^{_LEAD}(?:create|write|make|add)\s+(?:an?\s+)?(?:new\s+)?(?:text\s+)?{_PATH}"
_WITH = (
    r"(?:with|containing|that\s+says)(?:\s+(?:exactly|only))?(?:\s+the)?"
    r"(?:\s+(?:text|content|contents|word|words|line))?:?\s+(?P<content>[^\n]+)"
)
_THE_TEXT = r"(?:the\s+(?:text|word|line)\s+)?"
_CHANGE = r"(?P<old>[^\n]{1,300}?)\s+(?:to|with|by|into)\s+(?P<new>[^\n]{1,300}?)\s+in"
_SHOW = rf"^{_LEAD}(?:read|show|open|print|view|cat)\s+(?:me\s+)?(?:the\s+contents?\s+of\s+)?"
_RUN = rf"^{_LEAD}(?:run|execute)\s+(?:the\s+)?(?:shell\s+)?"
_ALONE = (
    r"(?=(?:[ \t]+(?:please|now)|,?[ \t]+and[ \t]+(?:tell|show)\b[^\n]*)?"
    r"[ \t]*[.!]?[ \t]*(?:\n|\Z))"
)
"""Behind a command: no words that say when it is to be run."""
_CALL = (
    rf"\A{_LEAD}call\s+(?:the\s+)?(?:tool\s+|function\s+)?[`\"']?(?P<tool>[\w.-]*\w)[`\"']?"
    r"(?:\s+with\s+(?P<arguments>[^\n]*\S)|\W*)[ \t]*(?:\n|\Z)"
)
_QUOTED = re.compile(r"([\"'`])((?:(?!\1).)*)\1\.?")
_WHOLE = re.compile(r"\A([\"'])(.*)\1\Z", re.DOTALL)
"""A text that stands in quotes as a whole: some clients hand on so what was given to them."""
_TASKS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL | re.MULTILINE))
    for kind, pattern in (
        ("write", rf"{_MAKE}[^\n]*:[ \t]*\n```\w*\n(?P<content>.*?)```"),
        ("write", rf"{_MAKE}\s+{_WITH}"),
        (
            "write",
            rf"^{_LEAD}write\s+{_THE_TEXT}(?P<content>[^\n]{{1,300}}?)\s+(?:in)?to\s+{_PATH}",
        ),
        ("edit", rf"^{_LEAD}(?:change|replace)\s+{_THE_TEXT}{_CHANGE}\s+{_PATH}"),
        ("read", _SHOW + _PATH),
        ("list", rf"^{_LEAD}list\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?(?:the\s+)?files\b"),
        ("run", _RUN + r"(?:command\s+)?`(?P<command>[^`\n]+)`" + _ALONE),
        ("call", _CALL),
        ("run", _RUN + r"command:?\s+(?P<command>[^\n]+)"),
    )
)
_FENCE = re.compile(r"^[ \t]{0,3}(```|~~~).*?(?:^[ \t]{0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"^practice:[^\n]*(?:\n|\Z)", re.MULTILINE)
_QUESTION = re.compile(r"\?[\s)!.]*\Z")
_MENTION = re.compile(r"[?:]\W*\Z")
_NOT = re.compile(
    r"\b(?:not|never|avoid|cannot|(?:do|does|did|is|are|ca|must|should|would|wo)n['\u2019]?t)\b",
    re.IGNORECASE,
)
_GO_ON = re.compile(
    r"(?:please[ ]+)?(?:continue|go on|proceed|yes|ok|okay)(?:,?[ ]+please)?[.!]*", re.IGNORECASE
)
_SAYS = {
    "write": ("I will write {path}.", "{path} is written.", "{path} could not be written"),
    "edit": (
        "I will change {old} to {new} in {path}.",
        "{path} says {new} now, where it said {old}.",
        "{path} could not be changed",
    ),
    "read": ("I will read {path}.", "{path} says:", "{path} could not be read"),
    "list": ("I will list the files.", "These are the files:", "The files could not be listed"),
    "call": ("I will call {tool}.", "{tool} said:", "{tool} could not be called"),
    "run": ("I will run {command}.", "The command said:", "The command could not be run"),
}


@dataclass(frozen=True)
class Task:
    """What the person wants; `told` has the parts of the sentence by name."""

    kind: str
    told: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[str, ...]:
        """What is to be done, one after the other."""
        return ("read", "edit") if self.kind == "edit" else (self.kind,)

    @property
    def arguments(self) -> dict[str, Any] | None:
        """What a tool that is named shall be called with; None where that is not told."""
        value = _json(self.told.get("arguments", ""))
        return value if isinstance(value, dict) else None

    @property
    def fault(self) -> str:
        """Why nobody could do this, whatever the tools; empty where somebody may."""
        told = self.told.get("arguments", "")
        return f"{told} is no JSON object." if told and self.arguments is None else ""

    def says(self, step: str, at: int) -> str:
        """A sentence about a step: before it, after it, or when it failed."""
        return _SAYS[step][at].format(**self.told)


def task_in(turns: Sequence[Turn], tools: Collection[str]) -> tuple[int, Task] | None:
    """The task that is to be done now, and where it stands; `tools` are the names that there are.

    It is what the person said last. Where that is `go on` or the like, it is what was said before,
    if the assistant has called something for it.
    """
    urged = False
    for at, text in reversed(words(turns)):
        task = _task_in(text, tools)
        if task:
            begun = any(turn.role == "assistant" and turn.calls for turn in turns[at + 1 :])
            return (at, task) if begun or not urged else None
        if not _GO_ON.fullmatch(text):
            return None
        urged = True
    return None


def _task_in(text: str, tools: Collection[str]) -> Task | None:
    text = _WHOLE.sub(r"\2", text.strip())
    if _QUESTION.search(_WORD.sub("", text)):
        return None
    mentions = _Mentions(text)
    for kind, pattern in _TASKS:
        found = next((one for one in pattern.finditer(text) if one.start() not in mentions), None)
        if not found:
            continue
        told = {name: _bare(name, value) for name, value in found.groupdict("").items()}
        if kind != "call":
            return Task(kind, told)
        for name in tools:
            if name in {told["tool"], f"fn_{told['tool']}"}:
                return Task(kind, {**told, "tool": name})
    return None


class _Mentions:
    """What of a text is asked about, forbidden or shown, rather than to be done."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._forbids = _NOT.search(text)
        self._fences = [fence.span() for fence in _FENCE.finditer(text)]

    def __contains__(self, begins: int) -> bool:
        line = self._text[begins:].partition("\n")[0]
        above = self._text[:begins].rstrip().rpartition("\n")[2]
        fence = bisect_right(self._fences, (begins, len(self._text))) - 1
        return bool(
            _QUESTION.search(line)
            or _MENTION.search(above)
            or (self._forbids and self._forbids.start() < begins)
            or (fence >= 0 and begins < self._fences[fence][1])
        )


def _json(text: str) -> Any:
    """The JSON in a text, before the full stop of the sentence; None for none."""
    try:
        return json.loads(text.rstrip(". \t"))
    except (ValueError, RecursionError):
        return None


def _bare(name: str, value: str) -> str:
    """A part of the task without the quotes around it, where they are a pair and the only ones.

    A full stop behind them is the sentence's. Without quotes every sign is meant.
    """
    if "\n" in value or name == "arguments":
        return value
    quoted = _QUOTED.fullmatch(value.strip())
    return quoted[2] if quoted else value.strip()
