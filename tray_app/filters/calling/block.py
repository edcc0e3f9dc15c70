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
    r"(?P<close></(?:tool_call|function_call|function_invocation|tool_use|arg_value|tools?)>)"
    r"|(?P<function></(?:function|invoke)>)"
    r"|(?P<open><tool_call(?:\s[^<>]*)?>)"
    r"|(?P<begin><(?:function|invoke)(?:\s+name)?\s*=)"
    r"|(?P<echo><tool_response\b)"
)
_MARK_CHARS = 64
"""A tag that was begun is given up as one when it is longer."""
_VALUE_END = ("</parameter>", "</arg_value>")
_CALL_END = ("</function>", "</invoke>", *_VALUE_END)
_BARE_HEAD = re.compile(r"<(?:function|invoke)(?:\s+name)?\s*=[^<>]*>\s*\Z")


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
        self._seen = 0
        self._closers: list[tuple[int, int]] = []

    def feed(self, text: str) -> Ended | None:
        """Take in text; tells what the block came to once it is over."""
        scan = self._tail + text
        offset = self._size - len(self._tail)
        self._pieces.append(text)
        self._size += len(text)
        if "<" not in scan:
            self._tail = ""
            return None
        for mark in _MARK.finditer(scan):
            start, end = offset + mark.start(), offset + mark.end()
            if start >= self._seen:
                self._seen = end
                ended = self._judged(str(mark.lastgroup), start, end)
                if ended is not None:
                    return ended
        tail = scan[scan.rfind("<") :]
        self._tail = tail if ">" not in tail and len(tail) < _MARK_CHARS else ""
        return None

    @property
    def text(self) -> str:
        """Everything so far."""
        whole = "".join(self._pieces)
        self._pieces = [whole]
        return whole

    def _judged(self, kind: str, start: int, end: int) -> Ended | None:
        whole = self.text
        inner = whole[:start]
        judge = self._judged_json if _is_json(inner) else self._judged_tags
        return judge(kind, inner, whole, (start, end))

    def _judged_json(self, kind: str, inner: str, whole: str, at: tuple[int, int]) -> Ended | None:
        start, end = at
        if kind in {"function", "begin"}:
            return None
        if kind == "open" and (before := self._closer_right_before(whole, start)):
            return self._cut(whole, before)
        if not _has_open_string(inner):
            ended = _read(inner, closed=kind != "open")
            if ended.problem is None:
                return Ended(ended.calls, whole[end if kind == "close" else start :])
        if kind == "close":
            self._closers.append(at)
        return None

    def _judged_tags(self, kind: str, inner: str, whole: str, at: tuple[int, int]) -> Ended | None:
        start, end = at
        before = inner.rstrip()
        match kind:
            case "close" if whole[start:end] == "</arg_value>":
                return None
            case "close" if before.endswith(_CALL_END) and self._is_balanced(inner):
                return self._cut(whole, at)
            case "function" if self._is_bare:
                if before.endswith(_VALUE_END) or _BARE_HEAD.search(before):
                    return self._cut(whole, at)
                self._closers.append(at)
            case "close":
                self._closers.append(at)
            case "open" | "echo" | "begin":
                return self._judged_opener(kind, before, whole, start)
            case _:
                pass
        return None

    def _judged_opener(self, kind: str, before: str, whole: str, start: int) -> Ended | None:
        """Whether what opens here ends what was open: only where all of that is closed."""
        if closer := self._closer_right_before(whole, start):
            return self._cut(whole, closer)
        if kind != "begin" and before.endswith(_CALL_END):
            return self._cut(whole, (len(before), start))
        return None

    def _cut(self, whole: str, at: tuple[int, int]) -> Ended:
        """The block as it is if it ends here."""
        start, end = at
        inner = whole[: end if self._is_bare and whole[start:end] in _CALL_END else start]
        ended = _read(inner, closed=True)
        return Ended(ended.calls, whole[end:], ended.problem, ended.why)

    def _closer_right_before(self, whole: str, start: int) -> tuple[int, int] | None:
        """The last end tag, if only white space stands between it and here."""
        if self._closers and not whole[self._closers[-1][1] : start].strip():
            return self._closers[-1]
        return None

    def _is_balanced(self, inner: str) -> bool:
        return inner.count("<tool_call") == inner.count("</tool_call>")

    def close(self, *, is_cut: bool) -> Ended:
        """The answer is over: what the block came to. It may be fed on where half is missing.

        `is_cut` says that the model had not ended.
        """
        whole = self.text
        # Some models end no parameter at all, so the last one is no sign of a missing half.
        ends_nothing = whole.count("<parameter") > 1 and "</" not in whole
        first = _read(whole, closed=ends_nothing and not is_cut)
        if first.problem is None:
            return first
        for ended in self._readings(whole, first.at):
            if ended.problem is None:
                return ended
        return self._cut(whole, self._closers[0]) if self._closers else first

    def _readings(self, whole: str, at: int) -> Iterator[Ended]:
        """What the block may be, the likeliest first; what is at `at` cannot be understood."""
        closers = self._closers if _is_json(whole) else self._closers[::-1]
        yield from (self._cut(whole, closer) for closer in closers)
        # Prose that follows a call without an end tag.
        ended = _read(whole[:at], closed=False)
        yield Ended(ended.calls, whole[at:], ended.problem)


def _is_json(inner: str) -> bool:
    return inner.lstrip()[:1] in {"{", "[", "`", '"', "/", "#", "'"}


def _has_open_string(inner: str) -> bool:
    """Whether a JSON string is open at the end, as far as counting its quotes can tell."""
    quotes = inner.count('"') - (inner.count('\\"') - inner.count('\\\\"'))
    return quotes % 2 == 1


def _read(inner: str, *, closed: bool) -> Ended:
    try:
        return Ended(tuple(read_calls(inner, closed=closed)))
    except lenient.Unfinished as fault:
        return Ended(problem="half", why=str(fault), at=fault.at)
    except lenient.Malformed as fault:
        return Ended(problem="broken", why=str(fault), at=fault.at)
