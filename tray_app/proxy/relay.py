"""Joins both sockets: a client's prompt to the upstream, the answer's events back to the client."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from aiohttp import web
from msgspec.structs import replace

from tray_app.core.deeds import Deed
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Asked, Encoder

from .activity import Noted
from .answering import Answering
from .budget import Share
from .desk import Desk
from .exchange import Exchange, Streamed, Whole
from .joining import DIGEST, Joining, Together, mark_of
from .keys import LocalKey
from .logbook import ENTRY
from .moment import stamp
from .preparing import Preparer, Work

_log = logging.getLogger(__name__)

_LARGE_BYTES = 256 << 10
"""A body that is larger is understood beside everybody else."""
_TALK = frozenset({"messages", "instructions", "history"})
"""What the words of a conversation are called; a request may have them in another field."""


class Relay:
    """Answers requests that the guard let in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._preparer = Preparer(desk)
        self._understanding = asyncio.Lock()
        self._joining = Joining()

    async def answer(
        self,
        request: web.BaseRequest,
        key: LocalKey,
        parse: Callable[[], Asked],
        share: Share,
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        """The whole of one request; raises `ProxyError` while a status can still be told.

        Args:
            request: Whom to answer.
            key: Whose it is.
            parse: Understands the body, which nobody else holds; raises `ProxyError`.
            share: Holds the body, and has room for what comes of it.
            headers: What goes out with every answer.
        """
        entry = request[ENTRY]
        with self._desk.activity.noting(key.name, entry.route, entry.request_id) as deed:
            entry.deed = deed
            asked = await self._understood(parse) if share.size > _LARGE_BYTES else parse()
            # It may be megabytes, and the answer may take minutes.
            del parse
            deed.streams = asked.stream
            self._desk.activity.keep(asked.prompts)
            sent = _Sent(request, key, share, asked, deed)
            del asked
            return await self._answered(sent, headers)

    async def _understood(self, parse: Callable[[], Asked]) -> Asked:
        """What a large body means, found out beside everybody else.

        One at a time, because meanwhile what it becomes is in memory as well.
        """
        async with self._understanding:
            return await asyncio.to_thread(parse)

    async def _answered(self, sent: "_Sent", headers: Mapping[str, str]) -> web.StreamResponse:
        """From here on the client is kept waiting with comments, and can be told of a stop."""
        encoder = sent.asked.encoder(stamp(), sent.model)
        told = {**headers, "Content-Type": encoder.content_type}
        clock = self._desk.clock
        exchange: Exchange
        if sent.asked.stream:
            told["X-Accel-Buffering"] = "no"
            exchange = Streamed(sent.request, told, clock)
        else:
            exchange = Whole(sent.request, told, clock)
        deed = sent.deed
        with self._desk.watcher.watching(exchange):
            try:
                if DIGEST in sent.request:
                    return await self._joined(sent, exchange)
                return await self._exchanged(sent, encoder, exchange)
            except ConnectionError:
                raise
            except Exception as error:  # once the head is out it can only be told in a frame
                if not exchange.committed:
                    raise
                if not isinstance(error, ProxyError):
                    _log.exception("request=%s bug", deed.request)
                    said = f"Portico failed on request {deed.request}"
                    error = ProxyError(Kind.INTERNAL_ERROR, said)
                # What is told must not keep the answer that was being read.
                error = error.with_traceback(None)
                deed.fail(error)
                return await exchange.fail(error, encoder.fail(error))

    async def _joined(self, sent: "_Sent", exchange: Exchange) -> web.StreamResponse:
        """What comes of the work for an equal request; with none under way it is begun.

        The work ends the answer of everybody; that of one ends with its own time as well.
        """
        request, asked, profile, deed = sent.request, sent.asked, sent.key.profile, sent.deed
        mark = mark_of(request[DIGEST], request[ENTRY].route, sent.key, self._desk.owner.lane)
        together = self._joining.under_way(mark)
        if together is None:
            together = Together(self._desk.clock, streams=asked.stream)
            sent.deed, sent.share = together.common.deed, sent.share.hand_over()
            # Of its own: what is told to one whose time is over must not be taken from the others.
            encoder = asked.encoder(stamp(), sent.model)
            self._joining.begin(mark, together, self._worked(sent, encoder, together), sent.share)
        else:
            sent.asked = replace(asked, prompts=())
            sent.share.give_back()
        del sent, asked
        limit_s = exchange.limit_s(self._desk.limits())
        return await together.bring(exchange, deed, min(profile.patience_s, limit_s))

    async def _worked(self, sent: "_Sent", encoder: Encoder, together: Together) -> None:
        """An answer for everybody who is there for it."""
        together.common.take_up()
        with self._desk.watcher.watching(together):
            await self._exchanged(sent, encoder, together)

    async def _exchanged(
        self, sent: "_Sent", encoder: Encoder, exchange: Exchange
    ) -> web.StreamResponse:
        try:
            async with exchange.fuse:
                work = await self._prepared(sent, exchange)
                if work.model != sent.model:
                    encoder = work.asked.encoder(stamp(), work.model)
                encoder = Noted(encoder)
                exchange.brings(partial(_some, sent.asked, encoder))
                is_whole = await self._made(work, encoder, exchange)
            end = encoder.close()
        except ProxyError as error:
            error.param = error.param and _field(sent.asked, error.param)
            # What was drawn was paid for, and is not thrown away for what could not be.
            some = _some(sent.asked, encoder)
            if some is None and not exchange.committed:
                raise
            sent.deed.fail(error)
            if some is None:
                return await exchange.fail(error, encoder.fail(error))
            return await exchange.cut_short(some)
        return await (exchange.finish(end) if is_whole else exchange.cut_short(end))

    async def _prepared(self, sent: "_Sent", exchange: Exchange) -> Work:
        """What there is to do; the client is told what of its request is not heeded."""
        preparing = self._preparer.work(sent.asked, sent.key, sent.share)
        # What is attached is brought, and need not be kept as it came.
        sent.asked = replace(sent.asked, prompts=())
        work = await preparing
        sent.share.let_go()
        sent.deed.model = work.jobs[0].choice.model.id
        if all(job.draws for job in work.jobs):
            exchange.draws()
        ignored = [*work.asked.ignored, *(name for job in work.jobs for name in job.ignored)]
        if ignored:
            names = dict.fromkeys(_field(work.asked, name) for name in ignored)
            exchange.tell("x-portico-ignored", ", ".join(names))
        if any(job.is_switched for job in work.jobs):
            exchange.tell("x-portico-model", work.model)
        return work

    async def _made(self, work: Work, encoder: Encoder, exchange: Exchange) -> bool:
        """Have every prompt answered, or as many as it takes for the pictures that are wanted.

        Returns whether no picture is missing.
        """
        pictures = work.asked.pictures
        for job in work.jobs:
            answering = Answering(self._desk, job, encoder, exchange, pictures)
            await answering.run()
            pictures -= answering.pictures
            if work.asked.pictures and (pictures <= 0 or not answering.pictures):
                # Whoever draws nothing once would draw nothing the next time.
                break
        return not work.asked.pictures or pictures <= 0


class _Sent:
    """A request of a client on its way."""

    def __init__(
        self, request: web.BaseRequest, key: LocalKey, share: Share, asked: Asked, deed: Deed
    ) -> None:
        self.request = request
        self.key = key
        self.share = share
        self.asked = asked
        """Without its prompts, once they are being made ready."""
        self.model = asked.prompts[0].model
        """As the client wrote it."""
        self.deed = deed


def _field(asked: Asked, name: str) -> str:
    """A field by the name that it has in this request."""
    return asked.field if asked.field != "messages" and name in _TALK else name


def _some(asked: Asked, encoder: Encoder) -> bytes | None:
    """The end of an answer of several pictures that has some of them; None where it has none."""
    if asked.pictures < 2 or asked.stream:
        return None
    try:
        return encoder.close()
    except ProxyError:
        return None
