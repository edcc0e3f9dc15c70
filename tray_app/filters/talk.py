"""One prompt on its way to an answer: what is asked, and what becomes of what is answered.

Most prompts are asked once. Where a call of a tool or a structured answer went wrong, the model is
asked once more, told what was wrong; all of it is one answer to whoever asked.
"""

from collections.abc import Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import File
from tray_app.core.model import TOKEN_BYTES, Event, Message, Prompt, TextPart, utf8_bytes
from tray_app.core.ports import Profile

from . import structured
from .attached import OTHERS
from .calling.calling import Calling
from .calling.fitting import fitted, tools_alone
from .calling.form import Grammar
from .calling.history import Traced, instructed, traced
from .calling.names import Names
from .citations import Citing
from .counting import Counting
from .ending import Ending
from .limit import Limit
from .long import ITEM_BYTES, Room, parted
from .notes import LongPrompt
from .parting import weighed
from .reasoning import Hiding, Tagging, Untagging
from .stop import Stop
from .structured import Structured
from .wording import Files, texts_of

_TOOLS_SHARE = 0.75
_TOKEN_AT_MOST_BYTES = 5.5
"""No common text has more bytes to a token: better a late refusal by the site than a wrong one."""
_FILE_BYTES = 20_000_000
"""The site reads no larger document."""
_DOCUMENTS = 3
_CHAR_BYTES = 6
"""The most that one character is in JSON."""
_AROUND_BYTES, _BESIDE_BYTES = 100, 3_000
_LEAST_CHARS = 100

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
    transcript: Callable[[tuple[Message, ...]], str]
    """A stretch of a conversation as a text file of its own; all of it texts."""
    long_prompt: LongPrompt = "file"
    """What becomes of a prompt that is too long: parts of it go as files, or are left out."""
    window_tokens: int = 0
    """What the model can have before it at most; 0 for unknown."""
    reserved_bytes: int = 0
    """What the body needs for files that are not in the prompt yet: `ITEM_BYTES` for each."""
    files: int = 0
    """How many these are."""
    taken: frozenset[str] = frozenset()
    """Their names, as the client gives them: no document gets one of these."""

    @property
    def most_bytes(self) -> int:
        """What is left of a body for the prompt."""
        return self.body_bytes - self.reserved_bytes


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
    shorter: Callable[[int], Prompt | None]
    """Gives `told` in so many bytes, with the same documents; None where it cannot be done."""
    shortened: tuple[str, ...] = ()
    """What had to be told shorter."""
    documents: tuple[File, ...] = ()
    """What has to be attached to `told`, in this order: what was too long for it."""

    def weigh(self) -> int:
        """The bytes of the body that `told` becomes, and of its documents."""
        return self.means.weigh(self.told) + sum(len(file.data) for file in self.documents)

    def with_more(self, messages: tuple[Message, ...]) -> Prompt:
        """`told` with more messages behind it; raises `ProxyError` where there is no room."""
        told, weigh = self.told, self.means.weigh
        most = self.means.most_bytes - ITEM_BYTES * len(self.documents)
        more = replace(told, messages=told.messages + messages)
        if _is_light(more, weigh, most):
            return more
        shorter = self.shorter(self.means.most_bytes - (weigh(more) - weigh(told)))
        weight = weigh(more)
        if shorter is not None:
            more = replace(shorter, messages=shorter.messages + messages)
            weight = weigh(more)
        if weight > most:
            raise _too_long(weight, most)
        return more


def prepared(prompt: Prompt, means: Means) -> Prepared:
    """The prompt as the upstream takes it; raises `ProxyError` where it is too long for that."""
    told = prompt if prompt.format is None else structured.instructed(prompt)
    names = Names(prompt.tools, means.reserved_tools)
    history = traced(told, names, means.grammar)
    whole = instructed(history.told, names, means.grammar)
    calls = bool(prompt.tools) and prompt.tool_choice.mode != "none"
    trim = partial(_trimmed, history, names, means)

    def shorter(most: int) -> Prompt | None:
        found = trim(most)
        return found and found[0]

    ready = Prepared(prompt, whole, names if calls else None, means, shorter)
    _check_window(whole, means)
    if not _is_light(whole, means.weigh, means.most_bytes):
        is_filed = means.long_prompt == "file"
        ready = _filed(ready, history, names) if is_filed else _cut(ready, trim(means.most_bytes))
    return ready


def _filed(ready: Prepared, history: Traced, names: Names) -> Prepared:
    """What is too long with files beside it; raises `ProxyError` where it fits in no form."""
    means = ready.means
    most = means.most_bytes
    found = parted(history, names, means.grammar, _room(means, most, "file"))
    if found is None:
        raise _unfit(ready)
    for file in found.documents:
        if len(file.data) > _FILE_BYTES:
            raise _too_long(len(file.data), _FILE_BYTES)
    ready = replace(ready, told=found.prompt, documents=found.documents)
    return replace(ready, shortened=found.shortened, shorter=found.again)


def _cut(ready: Prepared, found: tuple[Prompt, tuple[str, ...]] | None) -> Prepared:
    """What is too long as what could be told of it; raises `ProxyError` where nothing could."""
    if found is None:
        raise _unfit(ready)
    return replace(ready, told=found[0], shortened=found[1])


def _trimmed(
    history: Traced, names: Names, means: Means, most: int
) -> tuple[Prompt, tuple[str, ...]] | None:
    """A prompt in so many bytes, parts of it left out, and the names of these; None for no form.

    Each of its texts is told shorter if that does, else the middle goes.
    """
    if _may_fit(history.told, most):
        found = fitted(history.prompt, names, means.grammar, means.weigh, most)
        if found is not None:
            return found.prompt, found.shortened
    left = parted(history, names, means.grammar, _room(means, most, "trim"))
    return None if left is None else (left.prompt, left.shortened)


def _room(means: Means, most: int, mode: LongPrompt) -> Room:
    files = min(_DOCUMENTS, max(1, OTHERS - means.files))
    return Room(most, means.weigh, Files(mode, means.transcript, files, means.taken))


def _unfit(ready: Prepared) -> ProxyError:
    means = ready.means
    names = Names(ready.asked.tools, means.reserved_tools)
    tools = tools_alone(ready.asked, names, means.grammar, means.weigh)
    return _too_long(means.weigh(ready.told), means.most_bytes, tools)


def _is_light(prompt: Prompt, weigh: Callable[[Prompt], int], most: int) -> bool:
    """Whether a prompt is within so many bytes; seldom weighs all of what is not."""
    chars, has_user = 0, False
    for at in reversed(range(len(prompt.messages))):
        message = prompt.messages[at]
        chars += sum(map(len, texts_of(message)))
        has_user = has_user or message.role == "user"
        if chars > most and has_user:
            # Whatever else there is makes it no lighter.
            some = tuple(_begun(one, most + 1) for one in prompt.messages[at:])
            newest = replace(prompt, messages=some)
            return weigh(newest) <= most and weigh(prompt) <= most
    around = _AROUND_BYTES * len(prompt.messages) + _BESIDE_BYTES
    around += _CHAR_BYTES * sum(len(message.name) for message in prompt.messages)
    around += sum(len(file.item) for file in prompt.files)
    if chars * _CHAR_BYTES + around <= most:
        return True
    return sum(map(weighed, prompt.messages)) + around <= most or weigh(prompt) <= most


def _begun(message: Message, chars: int) -> Message:
    """A message with no more than so many characters of its texts."""
    texts = texts_of(message)
    if sum(map(len, texts)) <= chars:
        return message
    return replace(message, parts=(TextPart("\n".join(texts)[:chars]),))


def _may_fit(prompt: Prompt, most: int) -> bool:
    """Whether its texts can become short enough while each of them is still told."""
    return most > sum(
        min(len(part.text), _LEAST_CHARS)
        for message in prompt.messages
        for part in message.parts
        if isinstance(part, TextPart)
    )


def _check_window(prompt: Prompt, means: Means) -> None:
    """Raise `ProxyError` where a prompt is surely more than its model can have before it."""
    size = sum(
        utf8_bytes(part.text)
        for message in prompt.messages
        for part in message.parts
        if isinstance(part, TextPart)
    )
    tokens = int(size / _TOKEN_AT_MOST_BYTES)
    if 0 < means.window_tokens < tokens:
        raise _beyond(means.window_tokens, f"Your messages resulted in {tokens} tokens")


def _too_long(size: int, most: int, tools: int = 0) -> ProxyError:
    """The error for a prompt that no body can take.

    Where the tools alone take most of the room that would not help, and it says so.
    """
    tokens = most // TOKEN_BYTES
    resulted = f"Your messages resulted in {size // TOKEN_BYTES} tokens"
    if tools > most * _TOOLS_SHARE:
        alone = f"The tools alone need {tools // TOKEN_BYTES} of {tokens} tokens"
        resulted = f"{alone}. Offer fewer tools"
    return _beyond(tokens, resulted)


def _beyond(tokens: int, resulted: str) -> ProxyError:
    """In the words by which clients know that they have to shorten the conversation."""
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
        if prepared.names is not None or asked.format is not None:
            emit = Untagging(emit)
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
