"""The filter that turns the markup of calls into calls, and sees to those that go wrong.

A call is sent once its block is complete, its name one that is offered and its arguments such as
the tool's schema allows: what was sent can be neither corrected nor taken back. Where a call is not
so, nothing of it is sent and the model is asked once more, told what was wrong; where it stops in
mid-call, it is asked to go on. If that does not help the answer is an error, never half a call.
"""

import re
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Event,
    Finish,
    Finished,
    ImageReady,
    Message,
    Prompt,
    ReasoningDelta,
    TextDelta,
    TextPart,
    ToolCallDelta,
    Usage,
)
from tray_app.filters.ending import Ending
from tray_app.filters.schema import fit

from .block import Ended, name_in
from .blocks import Blocks
from .names import Names
from .reading import RawCall

_PIECE = 1_000
"""Characters of arguments in one delta."""
_DRAFTS = ("<tool_call", "<function=")
_DRAFT_CHARS = 32
_ANEW = re.compile(r"^[ \t]*(?:```\w*\s*)?(?:<tool_call>|<function=|<invoke )", re.MULTILINE)
_INSIDE = '{"name"'
_AS_TOLD = "in <tool_call></tool_call> tags, in the form of your instructions."
_TAGS = "There is nothing in it but tags"
_UNREADABLE = "The call cannot be read: {}"
_CORRECT = f"Write that call again, complete and corrected, {_AS_TOLD} Write nothing else."


class Calling:
    """A filter for answers that may call tools.

    Args:
        prompt: What the client asked: its choice of tools, and how many may be called.
        new_id: A fresh random id at each call.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        prompt: Prompt,
        names: Names,
        new_id: Callable[[], str],
        ending: Ending,
    ) -> None:
        self.again: tuple[Message, ...] | None = None
        """What to append to the prompt and ask once more; None for a complete answer."""
        self._emit = emit
        self._choice = prompt.tool_choice
        self._one_call = prompt.one_call
        self._names = names
        self._new_id = new_id
        self._ending = ending
        self._blocks = Blocks(names, self, trusts_tags_only=prompt.format is not None)
        self._raw: list[str] = []
        self._sent: list[tuple[str, str]] = []
        self._repeated = 0
        """So many calls of earlier turns were written again in this one."""
        self._has_said = False
        self._fault: _Fault | None = None
        self._wrong: _Fault | None = None
        """What the present turn is to repair."""
        self._sent_before = 0
        self._turn: Literal["first", "goes on", "repair"] = "first"
        self._tried: set[str] = set()
        self._more: list[str] | None = None
        """What is to go on with half a call; none of it could be told before its end."""
        self._withheld: list[str] = []
        self._thought = ""
        self._has_thought = False
        """In the present turn."""
        self._is_done = self._has_drafted = False

    def __call__(self, event: Event) -> None:
        if self._is_done or self.again is not None:
            if type(event) is Usage:
                self._emit(event)
        elif type(event) is TextDelta:
            self._raw.append(event.text)
            self._feed(event.text)
        elif type(event) is ReasoningDelta:
            self._has_thought = True
            self._look_for_draft(event.text)
            self._emit(event)
        elif type(event) is Finished:
            self._end(event.reason)
        else:
            self._has_said = self._has_said or type(event) is ImageReady
            self._emit(event)

    def _feed(self, text: str) -> None:
        if self._more is None:
            self._blocks.feed(text)
        else:
            self._more.append(text)

    def _feed_more(self, text: str) -> None:
        """An answer that was to go on is there: it goes on, or writes the call anew."""
        anew = _ANEW.search(text)
        if anew is not None and self._is_anew(text, anew.start()):
            self._blocks.restart()
            text = text[anew.start() :]
        elif text.lstrip().startswith(_INSIDE) and not self._blocks.would_end(text):
            self._blocks.restart_inside()
        self._blocks.feed(text)

    def _is_anew(self, text: str, at: int) -> bool:
        """Whether the call that begins there is the one that was open, and no later one.

        What stands before it may be the rest of the open call; or that call holds it as a value.
        """
        blocks = self._blocks
        if blocks.would_end(text[:at]):
            return False
        is_same = not blocks.begun or name_in(text[at:]) == blocks.begun
        return is_same or not blocks.would_end(text)

    def _look_for_draft(self, text: str) -> None:
        """Notice a call among the thoughts: it is none, but the model may take it for one."""
        if not self._has_drafted:
            self._thought += text
            self._has_drafted = any(draft in self._thought for draft in _DRAFTS)
            self._thought = self._thought[-_DRAFT_CHARS:]

    def text(self, text: str) -> None:
        """Text for the person; in a repair it is about the repair."""
        if self._fault is not None or self._is_done:
            return
        if self._turn == "repair":
            self._withheld.append(text)
        else:
            self._has_said = True
            self._emit(TextDelta(text))

    def ended(self, ended: Ended) -> None:
        """Calls, or why there are none; nothing counts after the first fault."""
        for call in ended.calls:
            if self._fault is None and not self._is_done:
                self._call(call)
        if ended.problem is not None and self._fault is None and not self._is_done:
            self._fault = self._unreadable(ended)

    def echoed(self) -> None:
        """The model answers itself: what is there counts, what follows is invented."""
        if self._is_done:
            return
        if not self._sent and self._fault is None:
            self._fault = _Fault("You wrote the result of a call that you have not made")
        self._leave()

    def _leave(self) -> None:
        self._blocks.stop()
        self._end("stop")
        self._ending.over = True

    def _call(self, raw: RawCall) -> None:
        tool = self._names.meant(raw.name)
        if tool is None:
            offered = ", ".join(self._names.offered)
            said = f"There is no tool named {raw.name!r}. The tools are: {offered}"
            self._fault = _Fault(said, may_be_none=True)
            return
        if self._choice.name and tool.name != self._choice.name:
            only = self._names.out(self._choice.name)
            self._fault = _Fault(f"Only {only} may be called now")
            return
        fitted = fit(
            raw.arguments, tool.parameters, as_text=raw.as_text, lenient_required=tool.strict
        )
        if fitted.problems:
            name = self._names.out(tool.name)
            said = f"The arguments of {name} do not fit its parameters: "
            self._fault = _Fault(said + "; ".join(fitted.problems))
            return
        self._send(tool.name, msgspec.json.encode(fitted.value).decode())

    def _send(self, name: str, arguments: str) -> None:
        if self._is_repeated(name, arguments):
            return
        index = len(self._sent)
        self._sent.append((name, arguments))
        call_id = "call_" + self._new_id().replace("-", "")[:24]
        self._emit(ToolCallDelta(index, "", call_id, name))
        for at in range(0, len(arguments), _PIECE):
            self._emit(ToolCallDelta(index, arguments[at : at + _PIECE]))
        if self._one_call:
            self._leave()

    def _is_repeated(self, name: str, arguments: str) -> bool:
        """Whether a call was sent already: right before, or at its place in an earlier turn.

        Models repeat a call when they repeat an apology, and all calls when they correct one.
        """
        call = (name, arguments)
        if self._repeated < self._sent_before and self._sent[self._repeated] == call:
            self._repeated += 1
            return True
        self._repeated = self._sent_before
        return bool(self._sent) and self._sent[-1] == call

    def _end(self, reason: Finish) -> None:
        if self._more is not None:
            more, self._more = "".join(self._more), None
            self._feed_more(more)
        is_cut = reason != "stop"
        left = None if self._fault is not None else self._blocks.close(is_cut=is_cut)
        if self._is_done:
            return
        if reason == "content_filter" or self._ending.over:
            # It was cut: what was not yet told never will be, and nobody waits for more.
            self._finish(reason)
        elif left is not None and left.problem == "half":
            self._go_on(reason)
        else:
            self._fault = self._fault or self._missing(left, reason)
            if self._fault is not None:
                self._repair(self._fault)
            else:
                self._say_withheld()
                self._finish(reason)

    def _missing(self, left: Ended | None, reason: Finish) -> "_Fault | None":
        """What is wrong with an answer whose calls were all good."""
        if left is not None:
            return self._unreadable(left)
        if self._wrong is not None and len(self._sent) == self._sent_before:
            # The model was told and wrote no call: that may be an answer, or none.
            may_say_so = self._wrong.allows_words and self._choice.mode != "required"
            return None if may_say_so and self._said_in_repair() else self._wrong
        if self._choice.mode == "required" and not self._sent and reason == "stop":
            return _Fault("You called no tool", Kind.TOOL_CALL_MISSING)
        if reason == "stop" and not self._sent and not self._has_said and not self._withheld:
            # What is empty may be a silent block of the site, which mere tags or thoughts are not.
            if any(map(str.strip, self._raw)):
                return _Fault(_TAGS, may_be_none=True)
            said = _ONLY_DRAFTED if self._has_drafted else _EMPTY
            return replace(said, is_silence=not self._has_thought)
        return None

    def _unreadable(self, ended: Ended) -> "_Fault":
        # What names a tool is no example: told in words what it was to do, nobody would do it.
        is_meant = self._names.meant(ended.name) is not None
        return _Fault(_UNREADABLE.format(ended.why), may_be_none=not is_meant)

    def _said_in_repair(self) -> str:
        words = "".join(self._withheld)
        return words if words.strip() else ""

    def _say_withheld(self) -> None:
        if len(self._sent) == self._sent_before:
            self._blocks.flush()
            if words := self._said_in_repair():
                # They are of another turn than what was said before the call.
                self._emit(TextDelta(f"\n\n{words.lstrip()}" if self._has_said else words))

    def _finish(self, reason: Finish) -> None:
        self._is_done = True
        self._emit(Finished("tool_calls" if self._sent and reason == "stop" else reason))

    def _go_on(self, reason: Finish) -> None:
        """The answer stopped in mid-call: ask for the rest of it."""
        if "goes on" not in self._tried:
            self._more = []
            self._ask("goes on", None)
        elif reason == "length":
            self._finish(reason)
        else:
            raise _Fault("It stopped in the middle of the call, twice").error()

    def _repair(self, fault: "_Fault") -> None:
        """Nothing of the call was sent: tell the model what is wrong, and let it write it anew."""
        if "repair" in self._tried:
            raise fault.error()
        self._blocks.restart()
        self._fault, self._wrong = None, fault
        self._ask("repair", self._request(fault))

    def _request(self, fault: "_Fault") -> str:
        """What the model is told."""
        if fault.kind is Kind.UPSTREAM_EMPTY:
            return f"{fault.why}. Answer now; a call belongs into the answer, {_AS_TOLD}"
        if fault.kind is Kind.TOOL_CALL_MISSING:
            which = self._names.out(self._choice.name) if self._choice.name else "one of the tools"
            return f"{fault.why}, and {which} has to be called now. Write the call {_AS_TOLD}"
        accepted = " The calls before it are accepted; leave them out." if self._sent else ""
        return f"Your call was not carried out. {fault.why}.{accepted} {_CORRECT}"

    @property
    def failure(self) -> ProxyError:
        """What the client is told where the model cannot be asked again."""
        wrong = self._wrong or _Fault("It stopped in the middle of the call")
        return wrong.error()

    def _ask(self, turn: Literal["goes on", "repair"], told: str | None) -> None:
        said = "".join(self._raw)
        self.again = (Message("assistant", (TextPart(said),)),) if said else ()
        if told is not None:
            self.again += (Message("user", (TextPart(told),)),)
        self._raw.clear()
        self._has_thought = False
        self._repeated = 0
        self._sent_before = len(self._sent)
        self._turn = turn
        self._tried.add(turn)

    def renew(self) -> None:
        """Be ready for the answer to a question that another filter asks."""
        self._is_done = False
        self._has_thought = False
        self._raw.clear()
        self._withheld.clear()
        self._blocks.restart()

    def rescue(self, error: ProxyError) -> bool:
        """Whether an answer that failed like this may yet become one: `again` says how.

        A call among the thoughts with no answer after it is such a case; it was not carried out,
        since thoughts are full of calls that a model decides against.
        """
        is_empty = error.kind is Kind.UPSTREAM_EMPTY
        if not is_empty or not self._has_drafted or self._sent or "repair" in self._tried:
            return False
        self._repair(_ONLY_DRAFTED)
        return True


class _Fault(Struct, frozen=True):
    """What is wrong with a call, in a sentence to the model, without its full stop."""

    why: str
    kind: Kind = Kind.TOOL_CALL_INVALID
    may_be_none: bool = False
    """There is no such tool, or no call can be seen in it: the model may have shown an example."""
    is_silence: bool = True
    """Where nothing was answered: nothing was thought either."""

    @property
    def allows_words(self) -> bool:
        """An answer without a call is one, after this."""
        return self.may_be_none or self.kind is Kind.UPSTREAM_EMPTY

    def error(self) -> ProxyError:
        """The same for whoever asked."""
        if self.kind is Kind.TOOL_CALL_MISSING:
            return ProxyError(self.kind, "The model called no tool though one had to be called")
        if self.kind is Kind.UPSTREAM_EMPTY and self.is_silence:
            return ProxyError(self.kind, "Qwen answered nothing")
        if self.kind is Kind.UPSTREAM_EMPTY:
            return ProxyError(Kind.TOOL_CALL_INVALID, "The model thought and answered nothing")
        return ProxyError(self.kind, f"The model wrote a call that cannot be used ({self.why})")


_EMPTY = _Fault("You answered nothing", Kind.UPSTREAM_EMPTY)
_ONLY_DRAFTED = _Fault(
    "You wrote a call in your thoughts and then answered nothing", Kind.UPSTREAM_EMPTY
)
