"""Joins both sockets: a client's prompt to the upstream, the answer's events back to the client."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.calls import Stream
from tray_app.core.errors import Again, Kind, ProxyError
from tray_app.core.model import Choice, Event, Finished, Prompt
from tray_app.core.ports import Asked, Dialect, Encoder, Upstream
from tray_app.core.site import Site
from tray_app.filters import Means, Prepared, Talk, prepared
from tray_app.store.settings import Settings

from .activity import Activity, Deed
from .brakes import Brakes
from .exchange import Exchange, Streamed, Whole
from .gate import Gate
from .handoff import HandOff
from .keys import LocalKey
from .limits import Limits
from .models import Models
from .moment import stamp
from .runner import Run, Runner
from .session import SessionOwner
from .tasks import Fuse
from .transport import Body
from .unusable import unusable
from .watch import Watcher

_log = logging.getLogger(__name__)

_HEAVY_BYTES = 256 << 10
RETRY_PAUSE_S = (0.3, 1.0)


class Desk(Struct, frozen=True):
    """Everything that a relay works with."""

    site: Site
    upstream: Upstream
    settings: Callable[[], Settings]
    limits: Callable[[], Limits]
    clock: Callable[[], float]
    owner: SessionOwner
    runner: Runner
    models: Models
    gate: Gate
    brakes: Brakes
    activity: Activity
    watcher: Watcher
    handoff: HandOff


class Job(Struct, frozen=True):
    """One prompt, with all that its answer depends on."""

    prepared: Prepared
    choice: Choice
    key: LocalKey
    deadline_s: float
    """On the clock: when the client gives up."""

    @property
    def draws(self) -> bool:
        """The answer is a picture."""
        return self.choice.variant.draw


class Relay:
    """Answers requests that the guard let in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fuses: set[Fuse] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self, within_s: float) -> None:
        """Return when no request is being answered or waits for it, or when the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()

    def stop(self, error: ProxyError) -> None:
        """End every answer that goes on."""
        for fuse in tuple(self._fuses):
            fuse.blow(error)

    async def answer(
        self,
        request: web.BaseRequest,
        dialect: Dialect,
        key: LocalKey,
        body: bytes,
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        """The whole of one request; raises `ProxyError` while a status can still be told."""
        with self._desk.activity.noting(key.name) as deed:
            asked = dialect.parse(body, key.profile)
            is_heavy = len(body) > _HEAVY_BYTES
            # It may be megabytes, and the answer may take minutes.
            del body
            jobs = await self._jobs(asked, key, is_heavy=is_heavy)
            deed.model = jobs[0].choice.model.id
            return await self._answered(request, asked, jobs, headers, deed)

    async def _answered(
        self,
        request: web.BaseRequest,
        asked: Asked,
        jobs: list[Job],
        headers: Mapping[str, str],
        deed: Deed,
    ) -> web.StreamResponse:
        encoder = asked.encoder(stamp())
        fuse = Fuse()
        told = _told(asked, encoder, jobs)
        exchange = self._exchange(request, asked, {**headers, **told}, fuse)
        self._fuses.add(fuse)
        self._idle.clear()
        try:
            with self._desk.watcher.watching(exchange):
                return await self._exchanged(jobs, encoder, exchange, fuse, deed)
        finally:
            self._fuses.discard(fuse)
            if not self._fuses:
                self._idle.set()

    async def _jobs(self, asked: Asked, key: LocalKey, *, is_heavy: bool) -> list[Job]:
        desk = self._desk
        desk.owner.check()
        if (state := desk.owner.told_state) not in {"signed_in", "refused"}:
            # Another session is tried out, and is nobody's yet.
            raise unusable(state)
        deadline_s = desk.clock() + key.profile.patience_s
        aliases = desk.settings().aliases
        jobs = []
        for prompt in asked.prompts:
            choice = await desk.models.choose(prompt, aliases)
            if is_heavy and prompt.tools:
                # To make it short takes long enough to be noticed by everybody else.
                ready = await asyncio.to_thread(self._prepared, prompt, choice)
            else:
                ready = self._prepared(prompt, choice)
            jobs.append(Job(ready, choice, key, deadline_s))
        return jobs

    def _prepared(self, prompt: Prompt, choice: Choice) -> Prepared:
        """A prompt as the upstream takes it; raises `ProxyError` where it takes no such one."""
        if choice.variant.draw:
            prompt = _drawn(prompt)
        upstream, patterns = self._desk.upstream, self._desk.settings().xml_tools
        writes_xml = any(fnmatchcase(choice.model.id, pattern) for pattern in patterns)
        means = Means(
            weigh=lambda told: upstream.weigh(told, choice),
            body_bytes=upstream.body_bytes,
            reserved_tools=upstream.reserved_tools,
            grammar="xml" if writes_xml else "json",
        )
        return prepared(prompt, means)

    def _exchange(
        self, request: web.BaseRequest, asked: Asked, headers: Mapping[str, str], fuse: Fuse
    ) -> Exchange:
        if asked.stream:
            return Streamed(request, headers, fuse, self._desk.clock)
        return Whole(headers, fuse, self._desk.clock)

    async def _exchanged(
        self, jobs: list[Job], encoder: Encoder, exchange: Exchange, fuse: Fuse, deed: Deed
    ) -> web.StreamResponse:
        try:
            async with fuse:
                for job in jobs:
                    await _Answering(self._desk, job, encoder, exchange).run()
        except ProxyError as error:
            if not exchange.committed:
                raise
            _log.info("answer=broken kind=%s", error.kind.value)
            deed.outcome = error.kind.value
            return await exchange.finish(encoder.fail(error))
        return await exchange.finish(encoder.close())


class _Answering:
    """One prompt on its way to an answer.

    Before the first meaningful event a failure that allows it is followed by another try: after a
    renewal, or after a short random pause; each at most once.
    """

    def __init__(self, desk: Desk, job: Job, encoder: Encoder, exchange: Exchange) -> None:
        self._desk = desk
        self._job = job
        self._encoder = encoder
        self._exchange = exchange
        self._began = self._has_finished = False
        self._tried: set[Again] = set()
        self._out: list[bytes] = []
        self._token = ""
        self._talk = Talk(job.prepared, job.key.profile, stamp().new_id, self._emit)

    async def run(self) -> None:
        while True:
            try:
                await self._try()
            except ProxyError as error:
                again = error.again
                if again == "renewed" and again in self._tried:
                    self._desk.owner.refused(self._token)
                if self._began or again is None or again in self._tried:
                    raise
            else:
                if not self._has_finished:
                    raise ProxyError(Kind.INTERNAL_ERROR, "An answer came to no end")
                return
            self._tried.add(again)
            self._exchange.unlisten()
            await self._prepare(again)

    async def _prepare(self, again: Again) -> None:
        """See to what another try needs."""
        if again == "renewed":
            await self._desk.owner.renewed(self._token)
        elif again == "answered":
            await self._desk.handoff.answer()
        elif again == "fresh":
            await asyncio.sleep(random.uniform(*RETRY_PAUSE_S))  # noqa: S311

    async def _try(self) -> None:
        desk, job = self._desk, self._job
        model = job.choice.model.id
        desk.brakes.check(model)
        desk.runner.breaker.check()
        left_s = max(0.001, job.deadline_s - desk.clock())
        async with desk.gate.turn(job.key.name, left_s, job.key.profile.queue):
            with desk.brakes.trying(model), desk.handoff.trying():
                await self._ask(self._talk.prompt)
                while (more := self._talk.next()) is not None:
                    self._exchange.unlisten()
                    self._began = False
                    self._tried.clear()
                    await desk.gate.again()
                    await self._ask(more)

    async def _ask(self, prompt: Prompt) -> None:
        """One question to the upstream and all of its answer."""
        desk = self._desk
        self._token = (await desk.owner.current()).token
        flow = desk.upstream.ask(prompt, self._job.choice, stamp(), desk.site)
        async with desk.runner.running(flow) as run:
            if not isinstance(run.end, Stream):
                raise ProxyError(Kind.INTERNAL_ERROR, "A prompt came to no stream")
            try:
                await self._read(run, run.end)
            except ProxyError as error:
                if not self._talk.rescue(error):
                    raise
        desk.owner.taken(self._token)
        desk.handoff.worked()

    async def _read(self, run: Run, stream: Stream) -> None:
        limits = self._desk.limits()
        first_s = limits.slow_first_event_s if stream.call.slow_start else limits.first_event_s
        exchange = self._exchange
        async with run.open(stream) as body:
            exchange.listen(
                first_s, ProxyError(Kind.UPSTREAM_TIMEOUT, "Qwen took the prompt and said nothing")
            )
            await self._relay(stream, body, limits.idle_s)
        exchange.unlisten()

    async def _relay(self, stream: Stream, body: Body, idle_s: float) -> None:
        """Every piece of the answer, one write for each read."""
        decoder, exchange, out, talk = stream.decoder, self._exchange, self._out, self._talk
        feed = talk.feed
        while not (decoder.finished or talk.ending.over):
            data = await body.read()
            exchange.heard()
            began = self._began
            try:
                if data:
                    decoder.feed(data, feed)
                else:
                    decoder.close(feed)
            finally:
                self._began = decoder.begun
                # What came before an error belongs to the client.
                if sent := b"".join(out):
                    out.clear()
                    await exchange.write(sent)
            if self._began and not began:
                exchange.listen(
                    idle_s, ProxyError(Kind.UPSTREAM_STALLED, "Qwen stopped in mid-answer")
                )
            if not data:
                return

    def _emit(self, event: Event) -> None:
        if type(event) is Finished:
            self._has_finished = True
        self._out.append(self._encoder.feed(event))


def _drawn(prompt: Prompt) -> Prompt:
    """A prompt for a picture; raises `ProxyError` where it demands what no picture can be."""
    if prompt.tool_choice.mode == "required":
        why = "tool_choice: a model that draws calls no tools"
        raise ProxyError(Kind.INVALID_REQUEST, why, param="tool_choice")
    if prompt.format is not None:
        why = "response_format: a picture is no JSON"
        raise ProxyError(Kind.INVALID_REQUEST, why, param="response_format")
    return replace(prompt, tools=())


def _told(asked: Asked, encoder: Encoder, jobs: list[Job]) -> dict[str, str]:
    told = {"Content-Type": encoder.content_type}
    if asked.stream:
        told["X-Accel-Buffering"] = "no"
    drawn = [prompt for prompt, job in zip(asked.prompts, jobs, strict=True) if job.draws]
    shortened = [name for job in jobs for name in job.prepared.shortened]
    shortened += ["tools" for prompt in drawn if prompt.tools]
    if asked.ignored or shortened:
        told["x-portico-ignored"] = ", ".join(dict.fromkeys([*asked.ignored, *shortened]))
    return told
