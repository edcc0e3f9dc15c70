"""From what a client asks to what an upstream is asked: its model, its files, its length."""

import asyncio
from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import File
from tray_app.core.model import (
    Choice,
    FilePart,
    Message,
    ModelInfo,
    Prompt,
    TextPart,
    Variant,
)
from tray_app.core.ports import Asked
from tray_app.filters import ITEM_BYTES, Means, Prepared, prepared
from tray_app.filters.attached import needs, plan, settled

from .budget import Share
from .desk import Desk
from .keys import LocalKey
from .unusable import unusable

HEAVY_BYTES = 48 << 10
"""What is larger is made ready beside everybody else."""
_NAMED = 20
"""So many fields are told to be ignored: they go into one header."""
_ABLE = {
    "edit": "draw after a picture",
    "vision": "see pictures",
    "document": "read files",
    "audio": "listen to audio",
    "video": "watch videos",
}


class Job(Struct, frozen=True):
    """One prompt, with all that its answer depends on."""

    prepared: Prepared
    choice: Choice
    files: tuple[File, ...]
    """What goes with it, in the order in which it is spoken of."""
    key: LocalKey
    since_s: float
    """On the clock: when the client began to wait."""
    ignored: tuple[str, ...] = ()
    """What of the prompt the upstream is not told."""
    is_switched: bool = False
    """Another model than the one asked for, which cannot what is needed."""

    @property
    def draws(self) -> bool:
        """The answer is a picture."""
        return self.choice.variant.draw

    @property
    def matter(self) -> str:
        """What the site counts: the model, for chats and for drawings apart."""
        return _matter(self.choice)


class Work(Struct, frozen=True):
    """A request of a client, ready to be answered."""

    asked: Asked
    """Without its prompts: the jobs have what they came to."""
    jobs: tuple[Job, ...]
    """At least one."""
    model: str
    """As the client is told it."""


class Preparer:
    """Makes ready what clients ask; used in the proxy's loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def work(self, asked: Asked, key: LocalKey, share: Share) -> Work:
        """What has to be done; raises `ProxyError`.

        Args:
            asked: What the client asks.
            key: Whose.
            share: Holds what came, and has room for what it names.
        """
        desk = self._desk
        desk.owner.check()
        if (state := desk.owner.told_state) not in {"signed_in", "refused"}:
            # Another session is tried out, and is nobody's yet.
            raise unusable(state)
        since_s = desk.clock()
        is_heavy = share.size > HEAVY_BYTES
        jobs: list[Job] = []
        for prompt in asked.prompts:
            if jobs and prompt is asked.prompts[0]:
                jobs.append(jobs[0])
            else:
                jobs.append(await self._job(prompt, key, since_s, share, is_heavy=is_heavy))
        name = asked.prompts[0].model
        if jobs[0].is_switched or not name:
            name = jobs[0].choice.model.id
        return Work(replace(asked, prompts=()), tuple(jobs), name)

    async def _job(
        self, prompt: Prompt, key: LocalKey, since_s: float, share: Share, *, is_heavy: bool
    ) -> Job:
        desk = self._desk
        choice = await self._choice(prompt)
        ignored: tuple[str, ...] = ()
        if choice.variant.draw:
            prompt, ignored = _drawn(prompt)
        planned = plan(prompt)
        if planned.wanted:
            # Nothing is brought for who will be refused.
            desk.brakes.check(_matter(choice))
            desk.runner.breaker.check()
        found = await desk.luggage.brought(planned.wanted, share)
        planned, files = settled(planned, found)
        prompt, ignored = planned.prompt, ignored + planned.ignored
        others = [file for file in files if file.kind != "image"]
        if choice.variant.draw and others:
            why = "A picture is drawn after pictures, and after no other files"
            raise ProxyError(Kind.INVALID_REQUEST, why, param=others[0].param)
        able = self._able(choice, files)
        if is_heavy:
            # To make it short takes long enough to be noticed by everybody else.
            ready = await asyncio.to_thread(self._prepared, prompt, able, files)
        else:
            ready = self._prepared(prompt, able, files)
        return Job(
            prepared=ready,
            choice=able,
            files=files + ready.documents,
            key=key,
            since_s=since_s,
            ignored=ignored + ready.shortened,
            is_switched=able.model is not choice.model,
        )

    async def _choice(self, prompt: Prompt) -> Choice:
        """The model; where a drawing names none, one that may draw now, if any may."""
        desk = self._desk
        aliases, brakes = desk.settings().aliases, desk.brakes
        choice = await desk.models.choose(prompt, aliases)
        is_named = choice.model.id in prompt.model.lower()
        if not choice.variant.draw or is_named or not brakes.cools(_matter(choice)):
            return choice

        def may(model: ModelInfo) -> bool:
            return not brakes.cools(_matter(Choice(model, choice.variant)))

        try:
            return await desk.models.choose(prompt, aliases, may)
        except ProxyError:
            return choice

    def _able(self, choice: Choice, files: Iterable[File]) -> Choice:
        """A model that can take these files: the one chosen, or by setting another."""
        wanted: tuple[str, ...] = needs(file.kind for file in files)
        model = choice.model
        if choice.variant.draw:
            wanted = ("edit",) if wanted else ()
        if all(getattr(model, need) for need in wanted):
            return choice
        other = self._desk.upstream.able(frozenset(wanted), self._desk.models.known())
        is_refused = choice.variant.draw or self._desk.settings().blind_model == "refuse"
        if other is None or is_refused:
            raise _blind(model, wanted, other)
        variant = choice.variant
        kept = Variant(
            thinking=variant.thinking and other.thinking, search=variant.search and other.search
        )
        return Choice(other, kept)

    def _prepared(self, prompt: Prompt, choice: Choice, files: tuple[File, ...]) -> Prepared:
        """A prompt as the upstream takes it; raises `ProxyError` where it takes no such one."""
        upstream, settings = self._desk.upstream, self._desk.settings()
        model = choice.model
        trims = settings.long_prompt == "trim"
        reads = model.document and not choice.variant.draw
        writes_xml = any(fnmatchcase(model.id, pattern) for pattern in settings.xml_tools)
        means = Means(
            weigh=lambda told: upstream.weigh(told, choice),
            transcript=upstream.transcript,
            body_bytes=upstream.body_bytes,
            reserved_bytes=len(files) * ITEM_BYTES,
            files=len(files),
            taken=frozenset(file.name for file in files),
            reserved_tools=upstream.reserved_tools,
            grammar="xml" if writes_xml else "json",
            long_prompt="file" if reads and not trims else "trim",
            # Who has the oldest left out has no need of a window for it.
            window_tokens=0 if trims else model.context_tokens,
        )
        return prepared(prompt, means)


def _matter(choice: Choice) -> str:
    return choice.model.id + (" drawing" if choice.variant.draw else "")


def _drawn(prompt: Prompt) -> tuple[Prompt, tuple[str, ...]]:
    """A prompt for a picture: what the person said last; and the names of what else there was.

    Raises `ProxyError` where it demands what no picture can be.
    """
    if prompt.tool_choice.mode == "required":
        why = "tool_choice: a model that draws calls no tools"
        raise ProxyError(Kind.INVALID_REQUEST, why, param="tool_choice")
    if prompt.format is not None:
        why = "response_format: a picture is no JSON"
        raise ProxyError(Kind.INVALID_REQUEST, why, param="response_format")
    at = _asked_last(prompt.messages)
    asked = prompt.messages[at]
    parts = tuple(part for message in asked for part in message.parts)
    last = (replace(asked[-1], parts=parts),) if asked else prompt.messages
    left = prompt.messages[: at.start] + prompt.messages[at.stop :] if asked else ()
    files = [part.param for one in left for part in one.parts if isinstance(part, FilePart)]
    ignored = (*(["tools"] if prompt.tools else []), *files[-_NAMED:])
    return replace(prompt, tools=(), messages=last), ignored


def _asked_last(messages: tuple[Message, ...]) -> slice:
    """Where it is what the person said last.

    Who sends words and pictures as messages of their own means both. Words before other words are
    no part of it: they may be of a drawing that failed.
    """
    ends = [at for at, message in enumerate(messages, 1) if message.role == "user"]
    begin = end = max(ends, default=0)
    has_words = False
    # There may be very many, so each is looked at once.
    while begin and messages[begin - 1].role == "user":
        says = _has_words(messages[begin - 1])
        if says and has_words:
            break
        has_words = has_words or says
        begin -= 1
    return slice(begin, end)


def _has_words(message: Message) -> bool:
    return any(isinstance(part, TextPart) and part.text.strip() for part in message.parts)


def _blind(model: ModelInfo, wanted: Iterable[str], other: ModelInfo | None) -> ProxyError:
    lacks = " and ".join(_ABLE[need] for need in sorted(wanted) if not getattr(model, need))
    instead = f"One that can is {other.id}" if other else "No model of the list can"
    return ProxyError(
        Kind.INVALID_REQUEST, f"The model {model.id} cannot {lacks}. {instead}", param="model"
    )
