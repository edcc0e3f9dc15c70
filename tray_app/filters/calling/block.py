"""One block of markup that holds calls: it collects the text and decides where the block ends.

An end tag is no proof of an end, since a value may hold one (a model that writes a file about tool
calls); a missing one is no proof that nothing ended. So each mark is judged by what stands before
it: in JSON by whether its quotes and brackets are closed, in the XML form by whether a value is.
What cannot be decided yet waits for the next mark, or for the end of the answer.
"""

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from . import lenient
from .reading import RawCall, read_calls

Problem = Literal["half", "broken"]

_MARK = re.compile(
    r"(?P<close></(?:tool_call|function_call|function_invocation|tool_use|arg_value|tools?)\s*>)"
    r"|(?P<function></(?:function|invoke)\s*>)"
    r"|(?P<open><tool_call(?:\s[^<>]*)?>)"
    r"|(?P<begin><(?:function|invoke)(?:\s+name)?\s*=)"
    r"|(?P<echo><tool_response\b)"
)
_MARK_CHARS = 64
"""A tag that was begun is given up as one when it is longer."""
_MARKS = 2_000
"""After so many marks no more are looked at before the end: each costs a look at all of it."""
_CLOSERS = 8
"""So many end tags are tried where none was the right one."""
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_VALUE_END = ("</parameter>", "</arg_value>")
_CALL_END = ("</function>", "</invoke>", *_VALUE_END)
_ORPHANS = ("</parameter", "</arg_value", "</function", "</invoke")
_BARE_HEAD = re.compile(r"<(?:function|invoke)(?:\s+name)?\s*=[^<>]*>\s*\Z")
_NAME = re.compile(
    r"\s*(?:```\w*\s*)?(?:<tool_call[^<>]*>)?"
    r'\s*(?:\{\s*"name"\s*:\s*"([^"\\]+)"|<(?:function|invoke)(?:\s+name)?\s*=\s*"?([^<>"]+)"?\s*>)'
)

Place = tuple[int, int]


class Ended(Struct, frozen=True):
    """A block that is over, and what it came to."""

    calls: tuple[RawCall, ...] = ()
    rest: str = ""
    """What of the text is no part of the block any more."""
    problem: Problem | None = None
    """Why there are no calls: text is missing at its end, or it cannot be understood."""
    why: str = ""
    """The problem in words that the model can act on."""
    at: int = 0
    """Where in the text the problem is."""
    name: str = ""
    """Of the tool that was to be called where there is a problem, as far as it is written."""


class Block:
    """A block that is open.

    Args:
        is_bare: It began with `<function=…>`, without a tag around it; that belongs to its text.
    """

    def __init__(self, *, is_bare: bool) -> None:
        self._is_bare = is_bare
        self._pieces: list[str] = []
        self._size = 0
        self._tail = ""
        self._seen = self._marks = 0
        self._closers: list[Place] = []
        self._likely_end: Place | None = None
        """An end tag that is the end unless what follows it says otherwise."""
        self._quotes_to = 0
        self._in_string = False

    def feed(self, text: str) -> Ended | None:
        """Take in text; tells what the block came to once it is over."""
        scan = self._tail + text
        offset = self._size - len(self._tail)
        self._pieces.append(text)
        self._size += len(text)
        if "<" not in scan or self._marks > _MARKS:
            self._tail = ""
            return self._settled(self._size) if self._likely_end else None
        for mark in _MARK.finditer(scan):
            start, end = offset + mark.start(), offset + mark.end()
            if start >= self._seen:
                self._seen = end
                self._marks += 1
                ended = self._settled(start) or self._judged(str(mark.lastgroup), (start, end))
                if ended is not None:
                    return ended
        tail = scan[scan.rfind("<") :]
        self._tail = tail if ">" not in tail and len(tail) < _MARK_CHARS else ""
        return self._settled(self._size)

    def _settled(self, to: int) -> Ended | None:
        """What the block came to if an end tag that was seen is the end, by what follows it.

        End tags of a value and of a call that nothing opened say that it was a part of the value.
        """
        if self._likely_end is None:
            return None
        whole = self.text
        after = whole[self._likely_end[1] : to].lstrip()
        if after.startswith(_ORPHANS):
            self._note(self._likely_end)
            self._likely_end = None
        elif after and not any(tag.startswith(after) for tag in (*_ORPHANS, "</tool_call>")):
            return self._cut(whole, self._likely_end)
        return None

    @property
    def text(self) -> str:
        """Everything so far."""
        whole = "".join(self._pieces)
        self._pieces = [whole]
        return whole

    @property
    def name(self) -> str:
        """The name of the tool that is called first, as it is written; empty if it is not yet."""
        return name_in(self.text)

    def would_end(self, text: str) -> bool:
        """Whether the block would be whole calls with this text behind it."""
        other = Block(is_bare=self._is_bare)
        ended = other.feed(self.text + text) or other.close(is_cut=True)
        return ended.problem is None

    def _judged(self, kind: str, at: Place) -> Ended | None:
        whole = self.text
        inner = whole[: at[0]]
        judge = self._judged_json if _is_json(inner) else self._judged_tags
        return judge(kind, inner, whole, at)

    def _judged_json(self, kind: str, inner: str, whole: str, at: Place) -> Ended | None:
        start, end = at
        if kind in {"function", "begin"}:
            return None
        if kind == "open" and (before := self._closer_right_before(whole, start)):
            # Quotes that nobody escaped may hide the end that was there.
            ended = self._cut(whole, before)
            if ended.problem is None:
                return ended
        if not self._is_in_string(whole, start):
            ended = _read(inner, closed=kind == "close")
            if ended.problem == "broken" and kind != "close":
                start, ended = ended.at, _read(inner[: ended.at], closed=False)
            if ended.problem is None:
                return Ended(ended.calls, whole[end if kind == "close" else start :])
        if kind == "close":
            self._note(at)
        return None

    def _is_in_string(self, whole: str, end: int) -> bool:
        """Whether a JSON string is open there, as far as its quotes tell."""
        for found in _QUOTE.finditer(whole, self._quotes_to, end):
            self._in_string ^= found[0] == '"'
            self._quotes_to = found.end()
        return self._in_string

    def _judged_tags(self, kind: str, inner: str, whole: str, at: Place) -> Ended | None:
        start, end = at
        before = inner.rstrip()
        match kind:
            case "close" if whole[start:end].startswith("</arg_value"):
                return None
            case "close" if before.endswith(_CALL_END) and _is_balanced(inner):
                self._likely_end = at
            case "function" if self._is_bare:
                if not (before.endswith(_VALUE_END) or _BARE_HEAD.search(before)):
                    self._note(at)
                elif _is_balanced(whole[:end]):
                    self._likely_end = at
            case "close":
                self._note(at)
            case "open" | "echo" | "begin":
                return self._judged_opener(kind, before, whole, start)
            case _:
                pass
        return None

    def _judged_opener(self, kind: str, before: str, whole: str, start: int) -> Ended | None:
        """Whether what opens here ends what was open: only where all of that is closed."""
        if not _is_balanced(before):
            return None
        if kind == "begin":
            closer = self._closer_right_before(whole, start) if self._is_bare else None
            return self._cut(whole, closer) if closer else None
        return self._cut(whole, (len(before), start)) if before.endswith(_CALL_END) else None

    def _cut(self, whole: str, at: Place) -> Ended:
        """The block as it is if it ends here."""
        start, end = at
        inner = whole[: end if self._is_bare and whole[start:end] in _CALL_END else start]
        ended = _read(inner, closed=True)
        return Ended(ended.calls, whole[end:], ended.problem, ended.why)

    def _note(self, at: Place) -> None:
        """Remember an end tag that was not yet the end."""
        if len(self._closers) < _CLOSERS:
            self._closers.append(at)

    def _closer_right_before(self, whole: str, start: int) -> Place | None:
        """The last end tag, if only white space stands between it and here."""
        if self._closers and not whole[self._closers[-1][1] : start].strip():
            return self._closers[-1]
        return None

    def close(self, *, is_cut: bool) -> Ended:
        """The answer is over: what the block came to. It may be fed on where half is missing.

        `is_cut` says that the model had not ended.
        """
        whole = self.text
        if self._likely_end is not None:
            return self._cut(whole, self._likely_end)
        # Some models end no parameter at all, so the last one is no sign of a missing half.
        ends_nothing = whole.count("<parameter") > 1 and "</" not in whole
        first = _read(whole, closed=ends_nothing and not is_cut)
        if first.problem is None:
            return first
        for ended in self._readings(whole, first):
            if ended.problem is None:
                return ended
        return first

    def _readings(self, whole: str, first: Ended) -> Iterator[Ended]:
        """What the block may be, the likeliest first, if it is not what was read first."""
        for closer in self._closers:
            # In tags any text may be a value, so an end tag counts only where all ends.
            if _is_json(whole) or not whole[closer[1] :].strip():
                yield self._cut(whole, closer)
        if first.problem == "broken":
            # Prose that follows a call without an end tag.
            ended = _read(whole[: first.at], closed=False)
            yield Ended(ended.calls, whole[first.at :], ended.problem)


def name_in(text: str) -> str:
    """The name of the tool in the call that a text begins with; empty if it is not there yet."""
    found = _NAME.match(text)
    return (found[1] or found[2]) if found else ""


def _is_json(inner: str) -> bool:
    return inner.lstrip()[:1] in {"{", "[", "`", '"', "/", "#", "'"}


def _is_balanced(inner: str) -> bool:
    """Whether every call that is opened in there is closed: an example is whole, or text."""
    return inner.count("<tool_call") == inner.count("</tool_call") and (
        inner.count("<function=") == inner.count("</function")
    )


def _read(inner: str, *, closed: bool) -> Ended:
    try:
        return Ended(tuple(read_calls(inner, closed=closed)))
    except lenient.Unfinished as fault:
        return Ended(problem="half", why=str(fault), at=fault.at)
    except lenient.Malformed as fault:
        return Ended(problem="broken", why=str(fault), at=fault.at)
