"""One prompt on its way to an answer: what is asked, and what becomes of what is answered.

Most prompts are asked once. Where a call of a tool or a structured answer went wrong, the model is
asked once more, told what was wrong; all of it is one answer to whoever asked.
"""

from collections.abc import Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import TOKEN_BYTES, Event, Message, Prompt, TextPart
from tray_app.core.ports import Profile

from . import structured
from .calling.calling import Calling
from .calling.fitting import fitted, tools_alone
from .calling.form import Grammar
from .calling.history import rendered
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
    weigh: Callable[[], int]
    """Gives the bytes of the body that `told` becomes."""
    shortened: tuple[str, ...] = ()
    """What had to be told shorter."""
    longer: "Longer | None" = None
    """Makes room for more messages behind `told`; None where nothing can be told shorter."""

    def with_more(self, messages: tuple[Message, ...]) -> Prompt:
        """`told` with more messages behind it; raises `ProxyError` where there is no room."""
        if self.longer is not None:
            return self.longer(messages)
        return replace(self.told, messages=self.told.messages + messages)


Longer = Callable[[tuple[Message, ...]], Prompt]


def prepared(prompt: Prompt, means: Means) -> Prepared:
    """The prompt as the upstream takes it; raises `ProxyError` where it is too long for that."""
    is_plain = all(
        message.role != "tool" and all(type(part) is TextPart for part in message.parts)
        for message in prompt.messages
    )
    told = prompt if prompt.format is None else structured.instructed(prompt)
    if is_plain and not prompt.tools:
        told = rendered(told, Names((), frozenset()), means.grammar)
        return Prepared(prompt, told, None, partial(means.weigh, told))
    names = Names(prompt.tools, means.reserved_tools)
    fitting = partial(fitted, told, names, means.grammar, means.weigh)
    shown, shortened = fitting(means.body_bytes)
    size = means.weigh(shown)
    if size > means.body_bytes:
        tools = tools_alone(prompt, names, means.grammar, means.weigh)
        raise _too_long(size, means.body_bytes, tools)

    def longer(messages: tuple[Message, ...]) -> Prompt:
        more = replace(shown, messages=shown.messages + messages)
        weight = means.weigh(more)
        if weight <= means.body_bytes:
            return more
        shorter, _ = fitting(means.body_bytes - (weight - size))
        more = replace(shorter, messages=shorter.messages + messages)
        if (weight := means.weigh(more)) > means.body_bytes:
            raise _too_long(weight, means.body_bytes)
        return more

    calls = bool(prompt.tools) and prompt.tool_choice.mode != "none"
    offered = names if calls else None
    return Prepared(prompt, shown, offered, lambda: size, shortened, longer)


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
