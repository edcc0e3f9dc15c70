"""One prompt on its way to an answer: what is asked, and what becomes of what is answered.

Most prompts are asked once. Where a call of a tool or a structured answer went wrong, the model is
asked once more, told what was wrong; all of it is one answer to whoever asked.
"""

from collections.abc import Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import TOKEN_BYTES, Event, Message, Prompt
from tray_app.core.ports import Profile

from . import structured
from .calling.calling import Calling
from .calling.fitting import Fitted, fitted, tools_alone
from .calling.form import Grammar
from .calling.history import is_result, rendered
from .calling.names import Names
from .citations import Citing
from .counting import Counting
from .ending import Ending
from .limit import Limit
from .reasoning import Hiding, Tagging
from .stop import Stop
from .structured import Structured

_TOOLS_SHARE = 0.75

Emit = Callable[[Event], None]

_NO_ROOM = "The answer does not fit the schema and is too long to be corrected"


class Means(Struct, frozen=True):
    """What the upstream of a prompt takes."""

    weigh: Callable[[Prompt], int]
    """The bytes of the body that a prompt becomes."""
    body_bytes: int
    """How large a body should be at most."""
    reserved_tools: frozenset[str]
    """Names that it takes for tools of its own."""
    grammar: Grammar
    """How the model is asked to write its calls."""


class Prepared(Struct, frozen=True):
    """A prompt as it is asked."""

    asked: Prompt
    """As the client sent it."""
    told: Prompt
    """As the upstream is asked: texts alone, with all that the model has to know."""
    names: Names | None
    """None where no tool may be called."""
    means: Means
    """What its upstream takes."""
    fit: Callable[[int], Fitted] | None = None
    """Gives `told` within so many bytes; None where nothing can be told shorter."""
    shortened: tuple[str, ...] = ()
    """What had to be told shorter."""

    def weigh(self) -> int:
        """The bytes of the body that `told` becomes."""
        return self.means.weigh(self.told)

    def with_more(self, messages: tuple[Message, ...]) -> Prompt:
        """`told` with more messages behind it; raises `ProxyError` where there is no room."""
        more = replace(self.told, messages=self.told.messages + messages)
        if self.fit is None:
            return more
        weigh, most = self.means.weigh, self.means.body_bytes
        weight = weigh(more)
        if weight > most:
            shorter = self.fit(most - (weight - self.weigh())).prompt
            more = replace(shorter, messages=shorter.messages + messages)
            weight = weigh(more)
        if weight > most:
            raise _too_long(weight, most)
        return more


def prepared(prompt: Prompt, means: Means) -> Prepared:
    """The prompt as the upstream takes it; raises `ProxyError` where it is too long for that."""
    told = prompt if prompt.format is None else structured.instructed(prompt)
    names = Names(prompt.tools, means.reserved_tools)
    if not prompt.tools and not any(map(is_result, prompt.messages)):
        return Prepared(prompt, rendered(told, names, means.grammar), None, means)
    fit = partial(fitted, told, names, means.grammar, means.weigh)
    found = fit(means.body_bytes)
    if found.weight > means.body_bytes:
        tools = tools_alone(prompt, names, means.grammar, means.weigh)
        raise _too_long(found.weight, means.body_bytes, tools)
    calls = bool(prompt.tools) and prompt.tool_choice.mode != "none"
    offered = names if calls else None
    return Prepared(prompt, found.prompt, offered, means, fit, found.shortened)


def _too_long(size: int, most: int, tools: int = 0) -> ProxyError:
    """In the words by which clients know that they have to shorten the conversation.

    Where the tools alone take most of the room that would not help, and it says so.
    """
    tokens = most // TOKEN_BYTES
    resulted = f"Your messages resulted in {size // TOKEN_BYTES} tokens"
    if tools > most * _TOOLS_SHARE:
        alone = f"The tools alone need {tools // TOKEN_BYTES} of {tokens} tokens"
        resulted = f"{alone}. Offer fewer tools"
    return ProxyError(
        Kind.CONTEXT_LENGTH_EXCEEDED,
        f"This model's maximum context length is {tokens} tokens. {resulted}",
        param="messages",
    )


class Talk:
    """The filters between an upstream and a client, for one prompt and all that is asked for it.

    Args:
        profile: How the client wants to be told.
        new_id: A fresh random id at each call.
        emit: Takes every event for the client.
    """

    def __init__(
        self, prepared: Prepared, profile: Profile, new_id: Callable[[], str], emit: Emit
    ) -> None:
        asked = prepared.asked
        self._prepared = prepared
        self._again: tuple[Message, ...] = ()
        self.prompt = prepared.told
        """What to ask now."""
        self.ending = Ending()
        self._calling: Calling | None = None
        self._structured: Structured | None = None
        emit = _shown(profile, emit, is_json=asked.format is not None)
        if prepared.names or asked.format or asked.stop or asked.max_tokens:
            emit = Counting(emit, prepared.weigh, self.ending, max_tokens=asked.max_tokens)
        if asked.format is not None:
            emit = self._structured = Structured(emit, asked.format)
        if asked.stop:
            emit = Stop(emit, asked.stop, self.ending)
        if prepared.names is not None:
            emit = self._calling = Calling(emit, asked, prepared.names, new_id, self.ending)
        if asked.max_tokens is not None:
            emit = Limit(emit, asked.max_tokens, self.ending)
        self.feed: Emit = emit
        """Takes every event of the upstream."""

    def rescue(self, error: ProxyError) -> bool:
        """Whether an answer that ended like this may become one yet: `next` says how."""
        return self._calling is not None and self._calling.rescue(error)

    def next(self) -> Prompt | None:
        """What to ask after an answer is over; None where nothing is left to ask."""
        calling, structured = self._calling, self._structured
        if calling is not None and calling.again is not None:
            again, calling.again = calling.again, None
            return self._ask(again, calling.failure)
        if structured is not None and structured.again is not None:
            again, structured.again = structured.again, None
            if calling is not None:
                calling.renew()
            return self._ask(again, ProxyError(Kind.STRUCTURED_OUTPUT_FAILED, _NO_ROOM))
        return None

    def _ask(self, again: tuple[Message, ...], failure: ProxyError) -> Prompt:
        """The prompt with more behind it; raises `failure` where there is no room for it."""
        self._again += again
        self.ending.over = False
        try:
            self.prompt = self._prepared.with_more(self._again)
        except ProxyError as error:
            raise failure from error
        return self.prompt


def _shown(profile: Profile, emit: Emit, *, is_json: bool) -> Emit:
    """How the client wants to be shown thoughts and sources; nothing is put into JSON."""
    if profile.reasoning == "hidden" or (is_json and profile.reasoning == "think"):
        emit = Hiding(emit)
    elif profile.reasoning == "think":
        emit = Tagging(emit)
    return emit if is_json else Citing(emit, profile.citations)
