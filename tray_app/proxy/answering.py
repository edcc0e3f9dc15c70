"""One prompt on its way to an answer."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from msgspec.structs import replace

from tray_app.core.calls import Decoder, Stream
from tray_app.core.errors import Again, Kind, ProxyError
from tray_app.core.model import Event, Finished, ImageReady, Prompt
from tray_app.core.ports import Encoder
from tray_app.filters import Talk

from .activity import request_here
from .ahead import Ahead
from .desk import Desk
from .exchange import Exchange
from .moment import stamp
from .place import Place, Turn, Wish
from .preparing import Job
from .runner import Run
from .session import Lane
from .tasks import Fuse
from .transport import Body
from .usual import Like

_log = logging.getLogger(__name__)

RETRY_PAUSE_S = (0.3, 1.0)
_FILES = "files"
"""What the site counts them as, apart from every model."""


class _Outlet:
    """Takes the events of an answer, and holds their bytes until they are written.

    The filters hold it, each other and themselves: what they are for must not hang on that ring,
    since a prompt may be megabytes, and would be in memory until it is swept.

    Args:
        brings: The client takes the pictures themselves, so what is told of them is their address.
    """

    def __init__(self, encoder: Encoder, *, brings: bool) -> None:
        self._encoder = encoder
        self._brings = brings
        self.waiting: list[bytes] = []
        self.has_finished = False
        self.pictures = 0
        """How many the client got."""
        self.made: list[str] = []
        """Addresses of pictures that are still to be brought."""

    def emit(self, event: Event) -> None:
        """Take the next event."""
        if type(event) is Finished:
            self.has_finished = True
        elif type(event) is ImageReady:
            if self._brings and not event.data:
                self.made.append(event.url)
                return
            self.pictures += 1
        self.waiting.append(self._encoder.feed(event))


class Answering:
    """One prompt on its way to an answer.

    Before the first meaningful event a failure that allows it is followed by another try: after a
    renewal, or after a short random pause; each at most once.

    Args:
        pictures: So many are still wanted, where the client takes the pictures themselves.
    """

    def __init__(
        self, desk: Desk, job: Job, encoder: Encoder, exchange: Exchange, pictures: int = 0
    ) -> None:
        self._desk = desk
        self._job = job
        self._exchange = exchange
        self._wanted = pictures
        drawing = job.prepared.asked.drawing
        brings = drawing is not None and drawing.wants_data
        self._outlet = _Outlet(encoder, brings=brings)
        self._began = False
        self._tried: set[Again] = set()
        self._token = ""
        self._turn: Turn
        self._ahead: Ahead | None = None
        self._talk = Talk(job.prepared, job.key.profile, stamp().new_id, self._outlet.emit)

    @property
    def pictures(self) -> int:
        """How many the client got."""
        return self._outlet.pictures

    async def run(self) -> None:
        """Bring the whole answer to the client; raises `ProxyError`."""
        again: Again | None = None
        while True:
            try:
                await self._try(again)
            except ProxyError as error:
                again = error.again
                if not self._may_try_again(error):
                    raise
            else:
                break
            if again != "answered":
                await self._prepare(again)
        if not self._outlet.has_finished:
            raise ProxyError(Kind.INTERNAL_ERROR, "An answer came to no end")

    def _may_try_again(self, error: ProxyError) -> bool:
        """Whether another try follows, which counts as made then."""
        again = error.again
        if again == "renewed" and again in self._tried:
            self._desk.owner.refused(self._token)
        if self._began or again is None or again in self._tried:
            error.again = None
            return False
        self._tried.add(again)
        _log.debug("again=%s request=%s", again, request_here())
        self._exchange.unlisten()
        return True

    async def _prepare(self, again: Again | None) -> None:
        """See to what another try needs."""
        if again == "renewed":
            # The site may have asked for a person meanwhile.
            self._check()
            await self._desk.owner.renewed(self._token)
        elif again == "fresh":
            await asyncio.sleep(random.uniform(*RETRY_PAUSE_S))  # noqa: S311

    async def _try(self, again: Again | None) -> None:
        job = self._job
        self._check()
        wish = self._wish(again)
        try:
            if job.files and again != "answered":
                await self._give(wish)
                # That took a while, and who is not yet in the line is not told by it.
                self._check()
            await self._in_line(wish, again)
        finally:
            if self._ahead is not None:
                ahead, self._ahead = self._ahead, None
                await ahead.close()

    async def _in_line(self, wish: Wish, again: Again | None) -> None:
        """Wait for the turn, and ask in it."""
        desk = self._desk
        async with desk.gate.line(wish) as place:
            if again == "answered":
                # In its place, or those who came later would begin before it.
                await place.meanwhile(desk.handoff.answer)
                self._check()
            await place.next()
            while not await self._is_asked(place):
                pass
            self._turn.told()

    async def _is_asked(self, place: Place) -> bool:
        """Ask for all of the answer; returns False where that may be done again in this place."""
        desk = self._desk
        try:
            with desk.brakes.trying(self._job.matter), desk.handoff.trying():
                await self._ask_all(place)
        except ProxyError as error:
            again = error.again
            # A person takes a while, and until then nobody begins.
            stays = again not in {None, "answered"} and not place.is_over
            if not stays or not self._may_try_again(error):
                raise
        else:
            return True
        await self._prepare(again)
        return False

    async def _ask_all(self, place: Place) -> None:
        """The question, and others where the answer to it needs them."""
        await self._ask(self._talk.prompt, partial(self._begin, place))
        while (more := self._talk.next()) is not None:
            self._exchange.unlisten()
            self._began = False
            self._tried.clear()
            await self._ask(more, self._desk.gate.again)

    def _check(self) -> None:
        """Raise `ProxyError` where nothing may be asked now."""
        self._desk.brakes.check(self._job.matter)
        self._desk.runner.breaker.check()

    async def _begin(self, place: Place) -> None:
        """Wait for the turn; much may have changed meanwhile."""
        desk = self._desk
        waits_s = desk.clock()
        self._turn = turn = await place.turn()
        self._exchange.granted()
        if turn.is_used:
            await desk.gate.again()
        turn.is_used = True
        waited_s = desk.clock() - waits_s
        _log.debug("turn=granted waited=%.3fs request=%s", waited_s, request_here())
        desk.brakes.check_cool(self._job.matter)
        self._token = (await desk.owner.current()).token

    def _wish(self, again: Again | None) -> Wish:
        """What the gate has to know; no client waits longer than an answer may take."""
        desk, job, exchange = self._desk, self._job, self._exchange
        profile = job.key.profile
        limit_s = exchange.limit_s(desk.limits())
        whole = "an answer may take" if exchange.streams else "a whole answer may take"
        return Wish(
            key=job.key.name,
            queue=profile.queue,
            like=Like(job.choice.model.id, job.choice.variant, exchange.streams),
            # Who sees an answer come begins to wait anew for the next.
            since_s=desk.clock() if exchange.has_told else job.since_s,
            patience_s=min(profile.patience_s, limit_s),
            whose="this key waits" if profile.patience_s <= limit_s else whole,
            again=again is not None,
            joined_s=exchange.began_s,
        )

    async def _give(self, wish: Wish) -> None:
        """Give the files before there is a turn: while they are read, others can be answered.

        While a person is asked, and after a hold, it is done in the turn: with the one careful try.
        """
        desk, job = self._desk, self._job
        if desk.handoff.is_asking or desk.brakes.is_holding:
            return
        desk.gate.check(wish)
        faults: list[ProxyError] = []
        with desk.gate.early() as is_early, desk.brakes.heeding(job.matter), desk.handoff.trying():
            async with Fuse() as fuse:
                faults += await self._faults(fuse, is_early=is_early)
        if faults:
            # An error and a frame that has it would hold each other.
            raise faults.pop()

    async def _faults(self, fuse: Fuse, *, is_early: bool) -> list[ProxyError]:
        """Give the files; returns what went wrong, of which no model cools down.

        What goes wrong with the chat that is made meanwhile blows the fuse.
        """
        desk, job = self._desk, self._job
        try:
            with desk.brakes.heeding(_FILES), desk.handoff.trying():
                self._token = (await desk.owner.current()).token
                lane = desk.owner.lane
                # What kind of chat a drawing needs depends on what was given.
                if is_early and not job.draws:
                    flow = desk.upstream.begin(self._talk.prompt, job.choice, stamp())
                    self._ahead = Ahead(desk.runner, desk.tasks, flow, lane, fuse.blow)
                await desk.luggage.given(job.files, lane)
        except ProxyError as error:
            return [error]
        return []

    def _chat(self, prompt: Prompt, lane: Lane) -> AbstractAsyncContextManager[Run]:
        """A chat for a prompt, made now if it was not before."""
        if self._ahead is not None and self._ahead.lane is lane:
            ahead, self._ahead = self._ahead, None
            return ahead.running()
        desk = self._desk
        return desk.runner.running(desk.upstream.begin(prompt, self._job.choice, stamp()), lane)

    async def _ask(self, prompt: Prompt, begin: Callable[[], Awaitable[None]]) -> None:
        """One question to the upstream and all of its answer.

        Args:
            prompt: The question.
            begin: Waits until it may be asked; its chat is made before that.
        """
        desk = self._desk
        self._token = (await desk.owner.current()).token
        lane = desk.owner.lane
        if self._job.files:
            with desk.brakes.apart(_FILES):
                given = await desk.luggage.given(self._job.files, lane)
            prompt = replace(prompt, files=given)
        choice = self._job.choice
        async with self._chat(prompt, lane) as run:
            await begin()
            reading = self._read(
                run, desk.upstream.ask(prompt, choice, run.value, stamp(), desk.site)
            )
            try:
                await reading
            except ProxyError as error:
                if self._job.files and error.kind is Kind.UPSTREAM_ERROR:
                    # It may be one of them that is gone there.
                    desk.luggage.forget(lane)
                if not self._talk.rescue(error):
                    raise
        await self._bring_made()
        desk.owner.taken(self._token)
        desk.handoff.worked()

    async def _read(self, run: Run, stream: Stream) -> None:
        limits = self._desk.limits()
        first_s = limits.slow_first_event_s if stream.call.slow_start else limits.first_event_s
        exchange = self._exchange
        async with run.open(stream) as body:
            run.heed(stream, body)
            exchange.listen(first_s, Kind.UPSTREAM_TIMEOUT, "Qwen took the prompt and said nothing")
            decoder, after = stream.decoder, stream.after
            # What it asked may be large, and the answer may take minutes.
            del stream
            await self._relay(decoder, body, limits.idle_s)
        exchange.unlisten()
        if (look := after()) is not None:
            # It takes its time, has a limit of its own, and is no more than a look now and then.
            self._turn.end()
            for event in await run.events(look):
                self._talk.feed(event)
            await self._send()

    async def _relay(self, decoder: Decoder, body: Body, idle_s: float) -> None:
        """Every piece of the answer, one write for each read."""
        exchange, talk = self._exchange, self._talk
        feed = talk.feed
        broke: list[ProxyError] = []
        while not (decoder.finished or talk.ending.over):
            data = await (self._drawn(body, idle_s, broke) if self._job.draws else body.read())
            exchange.heard()
            began = self._began
            try:
                if data:
                    decoder.feed(data, feed)
                else:
                    decoder.close(feed)
            except ProxyError as error:
                if broke and error.kind is not Kind.VERIFICATION_NEEDED:
                    # An error and a frame that has it would hold each other.
                    raise broke.pop() from None
                raise
            finally:
                self._began = decoder.begun
                # What came before an error belongs to the client.
                await self._send()
            if self._began and not began:
                exchange.listen(idle_s, Kind.UPSTREAM_STALLED, "Qwen stopped in mid-answer")
            if not data:
                return

    async def _drawn(self, body: Body, idle_s: float, broke: list[ProxyError]) -> bytes:
        """The next bytes of a drawing; none at its end.

        A connection that breaks, and is noted as such, is its end: what is there by then is its
        answer, and what is not may be in the chat. To ask again would draw it twice. So is a
        silence behind a picture, before it is long enough to be an error.
        """
        has_made = self._outlet.pictures or self._outlet.made
        try:
            async with asyncio.timeout(idle_s / 2 if has_made else None):
                return await body.read()
        except TimeoutError:
            return b""
        except ProxyError as error:
            if error.kind is not Kind.UPSTREAM_DISCONNECTED:
                raise
            broke.append(error.copy())
            return b""

    async def _bring_made(self) -> None:
        """Bring as many of the pictures that were made as the client takes.

        Raises `ProxyError` where none can be brought.
        """
        outlet, fault = self._outlet, None
        while outlet.made and outlet.pictures < self._wanted:
            url = outlet.made.pop(0)
            try:
                data = await self._desk.luggage.bring_made(url)
            except ProxyError as error:
                fault = error
                continue
            outlet.emit(ImageReady(url, data))
            await self._send()
        if fault is not None and not outlet.pictures:
            raise fault

    async def _send(self) -> None:
        if sent := b"".join(self._outlet.waiting):
            self._outlet.waiting.clear()
            if self._exchange.streams:
                self._exchange.has_told = True
                self._turn.told()
            await self._exchange.write(sent)
