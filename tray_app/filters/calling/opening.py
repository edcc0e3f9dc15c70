"""Whether a tag begins a call, told by what follows it: models write about their tags as well.

A tag in a line of its own is taken at its word. One behind other text may be an example in a
sentence, a string of code, a word in quotes: it begins a call only where a call plainly follows.
"""

import re

from msgspec import Struct

from .names import Names

_START = re.compile(r"\s*(?:&lt;(?:function|invoke|parameter)|[{\['\"#]|```|/[/*]|<(?!/)\S)")
_MAY_START = re.compile(r"\s*(?:[\w.:-]*\s*|`{1,2}|/|</?[a-z_]{0,20}|&[lt]{0,2};?[a-z]{0,9})\Z")
_START_BEHIND = re.compile(
    r"\s*(?:&lt;(?:function|invoke|parameter)|[\"']?[{\[]\s*(?:\\?[\"'{\[]|name\s*:\s*[\"'])"
    r"|```|<(?!/)\S)"
)
_MAY_START_BEHIND = re.compile(
    r"\s*(?:[\w.:-]*\s*|`{1,2}|<|[\"']?(?:[{\[]\s*(?:\\|n|na|nam|name\s*:?\s*)?)?"
    r"|&[lt]{0,2};?[a-z]{0,9})\Z"
)
_BY_NAME = re.compile(r"\s*([\w.:-]+)\s*[\n({<]")
_START_IN_FUNCTION = re.compile(r"\s*(?:[{<]|&lt;)")
_MAY_START_IN_FUNCTION = re.compile(r"\s*(?:&[lt]{0,2})?\Z")
_NOTHING = re.compile(r"\s*\n\s*</(?:tool_call|function_call|function_invocation|tool_use)\s*>")


class Opening(Struct):
    """A tag that may begin a block, and what was written behind it so far."""

    tag: str
    is_bare: bool
    """It is that of a function, without a tag around it."""
    is_alone: bool
    """Nothing stands before it in its line."""
    inner: str = ""

    @property
    def held(self) -> str:
        """What of it a block begins with."""
        return self.tag + self.inner if self.is_bare else self.inner

    @property
    def empty(self) -> int | None:
        """Where behind the tag a block ends that holds nothing; None for any other."""
        found = _NOTHING.match(self.inner) if self.is_alone else None
        return found.end() if found else None

    def is_call(self, names: Names) -> bool | None:
        """Whether a call follows; None if that is not written yet."""
        if self.is_bare:
            if _START_IN_FUNCTION.match(self.inner):
                return True
            return None if _MAY_START_IN_FUNCTION.match(self.inner) else False
        start, may_start = _START_BEHIND, _MAY_START_BEHIND
        if self.is_alone:
            start, may_start = _START, _MAY_START
        if start.match(self.inner):
            return True
        named = _BY_NAME.match(self.inner)
        if named is not None:
            return names.meant(named[1]) is not None
        return None if may_start.match(self.inner) else False

    def is_half(self, names: Names) -> bool:
        """Whether a call was begun, if nothing more is written."""
        word = self.inner.strip()
        return word in {"{", "["} or any(name.startswith(word) for name in names.known)
