"""Finds the calls in an answer while it streams, and lets all other text through at once.

Only what may become markup is held back: the shortest tail that could be the beginning of a tag,
the line ends before it, and a call from its first character on. Markup in a code fence, in a code
span or in a sentence about calling is text like any other.

Models also write a call as JSON without any tag, on a line of its own or in a fence of its own. It
is one where it names a tool that is offered and nothing follows it; it is held from the brace on
as long as it can still be that.
"""

import re
from typing import Literal, Protocol

from msgspec.structs import replace

from tray_app.filters.fences import Fences

from .block import Block, Ended, name_in
from .names import Names
from .opening import Opening
from .reading import WRAPPER
from .untagged import FENCED, read_untagged

_TAG = re.compile(
    r"<(?:(?P<wrapper>(?:tool_call|function_call|function_invocation|tool_use)(?:\s[^<>]*)?>)"
    r"|(?P<bare>(?:function|invoke)(?:\s+name)?\s*=\s*\"?(?P<name>[^<>\"\n]{1,128}?)\"?\s*>)"
    r"|(?P<echo>tool_response>[ \t]*\n)"
    r"|(?P<debris>/?(?:tool_calls|function_calls)\s*>"
    r"|/(?:tool_call|function_call|function_invocation|tool_use|tool_response)\s*>))"
)
_LATE_DEBRIS = re.compile(r"</(?:function|invoke|parameter|arg_value|tools?)\s*>")
_LITERALS = (
    "<tool_calls>", "<tool_call ", "<tool_call>", "<function_calls>", "<function_call>",
    "<function_invocation>", "<function=", "<function name=", "<invoke name=", "<tool_use>",
    "<tool_response>", "</tool_calls>", "</tool_call>", "</function_calls>", "</function_call>",
    "</function_invocation>", "</tool_use>", "</tool_response>", "</function>", "</invoke>",
    "</parameter>", "</arg_value>", "</tools>",
)  # fmt: skip
_NAMED = ("<function=", "<function name=", "<invoke name=")
_LONGEST = 160
"""No beginning of a tag or of JSON is held that is longer, and no name is."""
_HALF = 6
"""So much of a tag at the very end of an answer is half a call and no text."""
_MARKS = re.compile(
    r"<(?=/?[acfipt]|/?\Z)|```|~~~|\{(?=\s*(?:\"|\Z))|\[(?=\s*(?:\{|\Z))|`[`~]?\Z|~[`~]?\Z"
)
"""Where one of the tags below, a fence or an object of JSON may begin.

Each alternative begins with a character of its own: text is passed over five times as fast.
"""
_MAY_BE_FENCED = re.compile(r"(```|~~~)[ \t]*([a-z_]*)[ \t]*(?:\n\s*)?\Z")
_FENCES = frozenset({"```", "~~~"})
_FENCE_WORDS = ("json", "tool_call", "tool_code", "xml")
_KEY = re.compile(r'(?:\[\s*)?\{\s*"([^"\\]*)"\s*:\s*')
_MAY_BE_KEY = re.compile(r'(?:\[\s*\Z|(?:\[\s*)?\{\s*(?:"([^"\\]*)(?:"\s*)?)?\Z)')
_VALUE = re.compile(r'"([^"\\]*)"')
_MAY_BE_VALUE = re.compile(r'(?:"([^"\\]*))?\Z')
_NAMING = ("name", "tool", "tool_name", "function", "function_name", "type")


_HALF_CALL = Ended(problem="half", why="the answer ended before the call was written")

_Found = Literal["text", "held", "json"] | int
"""What a mark in the text turned out to be."""


class Sink(Protocol):
    """What is told of the text and the calls that were found, in their order."""

    def text(self, text: str) -> None:
        """Text for the person."""

    def ended(self, ended: Ended) -> None:
        """Calls, or why there are none."""

    def echoed(self) -> None:
        """The model began to answer its own call; what follows is invented."""


class Blocks:
    """Finds the calls of one answer; hands on to `sink` what it finds.

    Args:
        trusts_tags_only: JSON without a tag is never a call, because answers are to be JSON.
    """

    def __init__(self, names: Names, sink: Sink, *, trusts_tags_only: bool = False) -> None:
        self._names = names
        self._sink = sink
        self._held = ""
        """Of the text: what may be the beginning of markup."""
        self._space = ""
        """Line ends before what may be markup."""
        self._lines = Fences()
        self._block: Block | None = None
        self._opening: Opening | None = None
        """How the open block began, while it is not yet known to hold a call."""
        self._untagged: list[str] | None = None
        self._is_whole = False
        """Nothing stood before that JSON."""
        self._trusts_tags_only = trusts_tags_only
        self._is_over = False
        self._is_after_call = False
        self._has_said = False

    def feed(self, text: str) -> None:
        """Take in the next text of the answer."""
        while text and not self._is_over:
            if self._block is not None:
                text = self._feed_block(self._block, text)
            elif self._untagged is not None:
                self._untagged.append(text)
                return
            else:
                text = self._feed_text(self._held + text)

    def _feed_block(self, block: Block, text: str) -> str:
        opening = self._opening
        if opening is not None:
            opening.inner += text
            is_call = opening.is_call(self._names)
            if is_call is None and len(opening.inner) <= _LONGEST:
                return ""
            if not is_call:
                return self._back_to_text(opening)
            text, self._opening = opening.held, None
        ended = block.feed(text)
        if ended is None:
            return ""
        self._over(ended)
        return ended.rest

    def _over(self, ended: Ended) -> None:
        """Hand on what a block came to; the line ends before its calls are of no use."""
        ended = self._named(ended)
        self._leave()
        if ended.calls:
            self._space = ""
        self._sink.ended(ended)

    def _back_to_text(self, opening: Opening) -> str:
        """What looked like a block is talk about one; returns what is to be looked at again."""
        self._block = self._opening = None
        if (end := opening.empty) is not None:
            return opening.inner[end:]
        self._remember(opening.tag)
        self._say(opening.tag)
        return opening.inner

    def _leave(self) -> None:
        self._block = self._opening = None
        self._lines = Fences()
        self._is_after_call = self._has_said = True

    def _feed_text(self, text: str) -> str:
        """Hand on what is text; returns what has to be looked at in another way."""
        self._held = ""
        said = seen = 0
        for mark in _MARKS.finditer(text):
            start = mark.start()
            if start < said:
                continue
            self._remember(text[seen:start])
            seen = start
            found = self._look(text, start, mark[0])
            if found == "text":
                continue
            if found == "held" and len(text) - start <= _LONGEST:
                self._say(text[said:start])
                self._held = text[start:]
                return ""
            if found == "held":
                continue
            self._say(text[said:start])
            if not isinstance(found, int):
                return self._open(found, text[start:])
            said = seen = found
        self._remember(text[seen:])
        self._say(text[said:])
        return ""

    def _look(self, text: str, start: int, mark: str) -> _Found | re.Match[str]:
        """What begins there; a number is the end of debris that nobody needs to see."""
        if self._lines.is_code:
            return "text"
        if mark == "<":
            return self._look_at_tag(text, start)
        if self._lines.line.strip() or self._trusts_tags_only:
            return "text"
        is_begun = mark not in {"{", "["} and mark not in _FENCES
        return "held" if is_begun else self._look_at_line(text[start:], mark)

    def _look_at_tag(self, text: str, start: int) -> _Found | re.Match[str]:
        found = _TAG.match(text, start)
        if found is not None and found.lastgroup == "debris":
            is_alone = self._is_after_call or not self._lines.line.strip()
            return found.end() if is_alone else "text"
        if found is not None:
            return found if self._is_meant(found) else "text"
        if self._is_after_call and (late := _LATE_DEBRIS.match(text, start)):
            return late.end()
        return "held" if _may_be_tag(text[start:]) else "text"

    def _is_meant(self, tag: re.Match[str]) -> bool:
        """Whether a tag that is written out in full is more than a word about it."""
        is_alone = not self._lines.line.strip()
        if tag.lastgroup == "echo":
            return is_alone
        if tag.lastgroup == "bare":
            return is_alone or self._names.meant(tag["name"]) is not None
        return True

    def _look_at_line(self, rest: str, mark: str) -> _Found:
        """What a line is that begins with a brace or a fence."""
        brace = 0
        if mark in _FENCES:
            fenced = FENCED.match(rest)
            if fenced is None:
                begun = _MAY_BE_FENCED.match(rest)
                may_be = begun and any(word.startswith(begun[2]) for word in _FENCE_WORDS)
                return "held" if may_be else "text"
            brace = fenced.end()
            if rest[brace] == "<" and not self._has_said:
                return self._look_at_fenced_tag(rest, brace)
        return self._look_at_json(rest, brace)

    def _look_at_fenced_tag(self, rest: str, start: int) -> _Found:
        """A fence that is the whole answer is around a call; any other holds an example."""
        if _TAG.match(rest, start):
            return "json"
        return "held" if _may_be_tag(rest[start:]) else "text"

    def _look_at_json(self, text: str, brace: int) -> _Found:
        """Whether the JSON there is about a tool of ours, by its first key."""
        key = _KEY.match(text, brace)
        if key is None:
            begun = _MAY_BE_KEY.match(text, brace)
            names = (*_NAMING, WRAPPER, *self._names.known)
            may_be = begun and any(name.startswith(begun[1] or "") for name in names)
            return "held" if may_be else "text"
        if key[1] == WRAPPER or key[1] in self._names.known:
            return "json"
        if key[1] not in _NAMING:
            return "text"
        value = _VALUE.match(text, key.end())
        if value is None:
            return "held" if _MAY_BE_VALUE.match(text, key.end()) else "text"
        if key[1] == "type":
            return "json" if value[1] == "function" else "text"
        return "text" if self._names.meant(value[1]) is None else "json"

    def _open(self, found: _Found | re.Match[str], rest: str) -> str:
        """Begin to hold what was found; returns the text that belongs to it."""
        if not isinstance(found, re.Match):
            self._untagged = []
            self._is_whole = not self._has_said
            return rest
        if found.lastgroup == "echo":
            self._is_over = True
            self._space = ""
            self._sink.echoed()
            return ""
        is_bare = found.lastgroup == "bare"
        is_alone = not self._lines.line.strip()
        self._block = Block(is_bare=is_bare)
        if is_bare and is_alone:
            return rest
        self._opening = Opening(found[0], is_bare=is_bare, is_alone=is_alone)
        return rest[len(found[0]) :]

    def _say(self, text: str) -> None:
        """Hand on text, except for the line ends at its end."""
        kept = text.rstrip("\n")
        if kept:
            self._sink.text(self._space + kept)
            self._space = ""
            self._is_after_call = self._is_after_call and not kept.strip()
        self._space += text[len(kept) :]

    def _remember(self, text: str) -> None:
        """Follow lines and code up to a place."""
        if text:
            self._lines.remember(text)
            self._has_said = self._has_said or not text.isspace()

    def close(self, *, is_cut: bool) -> Ended | None:
        """The answer is over; returns what is wrong with its last call, if something is.

        Where half of it is missing, it may be fed on. `is_cut` says that the model had not ended.
        """
        while self._block is not None or self._untagged is not None:
            if self._opening is not None:
                if self._opening.is_half(self._names):
                    return _HALF_CALL
                self.feed(self._back_to_text(self._opening))
                continue
            ended = self._closed(is_cut=is_cut)
            if ended is None:
                continue
            if ended.problem is not None:
                return self._named(ended)
            self._untagged = None
            self._over(ended)
            self.feed(ended.rest)
        if len(self._held) >= _HALF and self._held[0] == "<":
            return _HALF_CALL
        held, self._held = self._held, ""
        self._say(held)
        return None

    def _closed(self, *, is_cut: bool) -> Ended | None:
        """What was open when the answer ended; None where it turned out to be text."""
        if self._block is not None:
            return self._block.close(is_cut=is_cut)
        text = "".join(self._untagged or ())
        ended = read_untagged(text, self._names, is_whole=self._is_whole)
        if ended is None:
            self._untagged = None
            self._trusts_tags_only = True
            self.feed(text)
        return ended

    @property
    def begun(self) -> str:
        """The name of the tool of a call that is open; empty while it is not written."""
        return (
            self._block.name if self._block is not None else name_in("".join(self._untagged or ()))
        )

    def _named(self, ended: Ended) -> Ended:
        return ended if ended.problem is None else replace(ended, name=self.begun)

    def would_end(self, text: str) -> bool:
        """Whether the call that is open would be whole with this text behind it."""
        if self._block is not None and self._opening is None:
            return self._block.would_end(text)
        if self._untagged is None:
            return False
        ended = read_untagged("".join(self._untagged) + text, self._names, is_whole=True)
        return ended is not None and ended.problem is None

    def stop(self) -> None:
        """Take in nothing any more."""
        self._is_over = True

    def flush(self) -> None:
        """Hand on the line ends that were held: no call follows them."""
        if self._space:
            self._sink.text(self._space)
            self._space = ""

    def restart(self) -> None:
        """Forget a call that was begun; the model writes it anew."""
        self._leave()
        self._has_said = False
        self._held = self._space = ""
        self._untagged = None
        self._is_over = False

    def restart_inside(self) -> None:
        """Forget what a call's block holds; the model writes that anew, without its tag."""
        if self._block is None:
            self._untagged = None if self._untagged is None else []
        else:
            self._block = Block(is_bare=False)
            self._opening = None


def _may_be_tag(text: str) -> bool:
    """Whether a tag that matters may begin like this."""
    if len(text) > _LONGEST or "\n" in text:
        return False
    if ">" in text:
        return text.rstrip(" \t") == "<tool_response>"
    if text.startswith(_NAMED):
        return True
    return any(
        literal.startswith(text) or (literal[-1] in " >" and text.startswith(literal[:-1] + " "))
        for literal in _LITERALS
    )
