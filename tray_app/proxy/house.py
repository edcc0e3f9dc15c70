"""The parts of a running proxy, put together in its loop."""

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from msgspec import Struct, field

from tray_app import __version__
from tray_app.core.calls import Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import PageSession, Session
from tray_app.core.site import Site
from tray_app.store.chats import Chats
from tray_app.store.outbound import outbound_proxy
from tray_app.store.settings import Settings

from .attaching import Attacher
from .attachments import Attachments
from .breaker import Breaker
from .desk import Desk
from .fetcher import Fetcher, Internet
from .gate import Gate, Rules
from .guard import Guard
from .handoff import HandOff, Hands
from .ladder import Ladder, PageSide, TransportStatus
from .limits import Limits
from .listen import reached_at
from .luggage import Luggage
from .media import Media
from .models import Models, Shelf
from .moment import Clocks
from .page import PageTransport
from .person import Person
from .relay import Relay
from .runner import Runner
from .server import Door, Server
from .session import STALE_S, Lane
from .status import NetworkStatus, QueueStatus, Run, SessionStatus, Status
from .sweep import Sweep
from .tasks import Tasks
from .transport import DirectTransport
from .uploading import Uploader
from .watch import Watcher
from .watchdog import Watchdog
from .window import SiteWindow
from .windowed import WindowedSession

_log = logging.getLogger(__name__)

RENEWAL_S = 4.0
"""How long a renewal may go on, from when the proxy is told to stop."""
RENEWAL_ALONE_S = 3.0
"""The same after a command without a proxy, from its end."""
RENEWAL_LEAST_S = 1.0


class Parts(Struct, frozen=True, kw_only=True):
    """What a proxy is made of; the composition root chooses it."""

    site: Site
    upstream: Upstream
    person: Person
    settings: Settings
    save_settings: Callable[[Settings, str], None]
    shelf: Shelf
    host: str | None = None
    """An address to listen on instead of both loopbacks."""
    chats: Chats = field(default_factory=Chats)
    limits: Limits = Limits()
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    """Makes the loop of a run: by its time waits whatever waits, so it goes with `clock`."""
    window: SiteWindow | None = None
    """The window that is signed in to the site, where there can be one."""
    internet: Internet = field(default_factory=Internet)
    """Where what clients name is fetched from."""
    stuck: Callable[[], None] | None = None
    """Called in some thread when the proxy's loop is blocked; where it is None nobody watches."""


class House:
    """One proxy from the inside; made and used in its loop."""

    def __init__(self, parts: Parts, port: int, network: NetworkStatus | None = None) -> None:
        self.parts = parts
        self._network = network or NetworkStatus()
        self.settings = parts.settings
        self._port = port
        self._limits_of = parts.settings
        self._current_limits = parts.limits.under(parts.settings)
        self._closing = False
        self.tasks = Tasks()
        self.watcher = Watcher(self.limits, parts.clock, self.tasks)
        self.person = person = parts.person
        self.brakes, self.owner = person.brakes, person.owner
        self.gate = Gate(self._rules, parts.clock, self._on_gate)
        self._watchdog = Watchdog(parts.stuck, parts.limits.blocked_s) if parts.stuck else None
        self._proxy = proxy = outbound_proxy(parts.settings.outbound_proxy, parts.site.chat_origin)
        clocks = Clocks(parts.wall_clock, parts.clock)
        direct = DirectTransport(parts.site, parts.upstream, self.limits, clocks, proxy)
        self._page = self._page_side(parts.window) if parts.window is not None else None
        uploader = Uploader(parts.site, self.limits, proxy)
        self._media = Media(parts.site, self.limits, proxy)
        self.transport = Ladder(
            direct, self._page, uploader, lambda: self.settings.transport, parts.clock
        )
        self.breaker = Breaker(parts.wall_clock, parts.clock, self._on_breaker)
        self.runner = Runner(self.transport, self.owner, self.tasks, parts.chats, self.breaker)
        self.owner.renew_by(self._renew, self._can_renew, self._has_window)
        self.handoff = self._hand_off()
        self.runner.check = self.handoff.check
        self.runner.is_quiet = lambda: self.handoff.is_quiet
        self._staying: asyncio.TimerHandle | None = None
        self.models = Models(parts.upstream, self.runner, parts.shelf, parts.wall_clock, self.tasks)
        desk = self._desk()
        self.relay = Relay(desk)
        self._sweep = Sweep(desk, parts.chats, self.tasks)
        guard = Guard(lambda: self.settings, person.keys, parts.host)
        self.server = Server(Door(guard, self.relay, desk, person.visitors), desk)

    def _page_side(self, window: SiteWindow) -> PageSide:
        parts = self.parts
        windowed = WindowedSession(window, parts.site, parts.upstream, self.owner, parts.wall_clock)
        transport = PageTransport(
            window,
            parts.site,
            parts.upstream,
            self.limits,
            lambda: self.handoff,
            parts.clock,
        )
        return PageSide(transport, window, windowed)

    def _hand_off(self) -> HandOff:
        hands = Hands(
            site=self.parts.site,
            upstream=self.parts.upstream,
            owner=self.owner,
            brakes=self.brakes,
            gate=self.gate,
            ladder=self.transport,
            runner=self.runner,
            changed=self.person.changed,
            clock=self.parts.clock,
            asking_s=self.parts.limits.asking_s,
        )
        return HandOff(hands, self._page)

    async def _renew(self, lane: Lane) -> Tokens:
        """The next token of the session on a lane, by whoever owns its renewal."""
        session = lane.session
        if self._page is not None and session is not None and session.by_window:
            if self.handoff.sees_check or self.handoff.is_asking:
                # Loaded anew, the page would lose its check, which nobody has answered.
                raise ProxyError(Kind.VERIFICATION_NEEDED, "Qwen asks for a person just now")
            return await self._page.session.renew(session.token)
        return await self.runner.renew(self.parts.upstream.renew(), lane)

    def _can_renew(self, session: Session) -> bool:
        return session.by_window or self.parts.upstream.can_renew(session)

    def found_in_window(self) -> PageSession:
        """Who is signed in in the window."""
        return PageSession("nobody") if self._page is None else self._page.session.found()

    def _has_window(self) -> bool:
        return self._page is not None and self._page.window.status.state != "absent"

    def _on_gate(self) -> None:
        if self._watchdog is not None:
            self._watchdog.watch(is_busy=self.gate.in_flight > 0)
        self.person.changed()

    def _on_breaker(self) -> None:
        if not self.breaker.is_closed:
            # What was connected before may lead nowhere, and the one who tries should not learn it.
            self.transport.wake()
            self._send_away()
        self.person.changed()

    def _send_away(self) -> None:
        """Tell those who wait at once what who comes now is told, but not before a person acts."""
        if self.handoff.is_asking:
            return
        try:
            self.breaker.check()
        except ProxyError as error:
            self.gate.send_away(error)

    def unwatch(self) -> None:
        """Have nobody watch the loop any more; from any thread."""
        if self._watchdog is not None:
            self._watchdog.close()

    async def begin(self) -> None:
        """Take up what was kept."""
        await self.person.begin()
        self.handoff.begin()
        self._stay_signed_in()
        self._sweep.begin()

    def _stay_signed_in(self) -> None:
        """Renew a session that nobody uses, now and again, lest it end for that."""
        if self.owner.is_stale() and self.handoff.hold() is None:
            self.tasks.spawn(self.owner.current(), "stay-signed-in")
        loop = asyncio.get_running_loop()
        self._staying = loop.call_later(STALE_S / 2, self._stay_signed_in)

    def _luggage(self) -> Luggage:
        parts = self.parts
        fetcher = Fetcher(
            urlsplit(parts.site.chat_origin).hostname or "",
            self.limits,
            self._proxy,
            takes_fakes=lambda: self.settings.fake_addresses,
            internet=parts.internet,
        )
        attacher = Attacher(parts.upstream, self.runner, parts.wall_clock, parts.clock)
        return Luggage(Attachments(fetcher, self.limits), attacher, self._media.bring)

    def _desk(self) -> Desk:
        parts = self.parts
        return Desk(
            site=parts.site,
            upstream=parts.upstream,
            settings=lambda: self.settings,
            limits=self.limits,
            clock=parts.clock,
            owner=self.owner,
            runner=self.runner,
            models=self.models,
            luggage=self._luggage(),
            gate=self.gate,
            brakes=self.brakes,
            activity=self.person.activity,
            watcher=self.watcher,
            handoff=self.handoff,
            tasks=self.tasks,
        )

    @property
    def endpoint(self) -> str:
        """What a client's base URL is."""
        return endpoint_of(self.parts, self._port)

    def change(self, settings: Settings, name: str) -> None:
        """Put settings in force of which this one was set, and save them."""
        self.parts.save_settings(settings, name)
        self.settings = settings
        self.person.visitors.admit(settings.origins)
        self.person.activity.statistics.keep_days(settings.statistics_days)
        self.parts = msgspec.structs.replace(self.parts, settings=settings)
        self.gate.look()
        self.person.changed()

    def limits(self) -> Limits:
        """The limits under the settings in force."""
        if self.settings is not self._limits_of:
            self._limits_of = self.settings
            self._current_limits = self.parts.limits.under(self.settings)
        return self._current_limits

    def _rules(self) -> Rules:
        return Rules(
            slots=0 if self.handoff.is_asking else self.settings.parallel_answers,
            spacing_s=self.brakes.spacing_s(self.settings.start_spacing_s),
            waiting=self.settings.queue_size,
            is_careful=self.brakes.is_careful or not self.breaker.is_closed,
        )

    def status(self) -> Status:
        """What there is to say at this moment."""
        status = status_of(self.parts, Run("running"))
        queue = QueueStatus(waiting=self.gate.waiting, in_flight=self.gate.in_flight)
        return msgspec.structs.replace(
            status,
            port=self._port,
            endpoint=self.endpoint,
            queue=queue,
            live=self.person.activity.live(self.gate.places()),
            state=self._state(),
            network=self._network,
            hold=self.handoff.hold() or self.breaker.status(),
            transport=self.transport.status(self.owner.session, self.parts.wall_clock()),
        )

    def _state(self) -> str:
        if self._closing:
            return "stopping"
        if self.owner.state == "locked":
            return "locked"
        if self.owner.state not in {"signed_in", "refused"}:
            return "signed_out"
        if self.handoff.is_asking:
            return "asking"
        if self.brakes.status() is not None or not self.breaker.is_closed:
            return "holding"
        return "busy" if self.gate.in_flight else "running"

    def wake(self) -> None:
        """After a sleep of the computer or a change of its network; called in the loop."""
        self.breaker.half_open()
        self.transport.wake()

    async def drain(self, runner: web.ServerRunner) -> None:
        """Refuse what is new, give what runs a little time, then end it, and tidy up."""
        self._closing = True
        began_s = asyncio.get_running_loop().time()
        limits = self.limits()
        for site in tuple(runner.sites):
            await site.stop()
        self.gate.close()
        await self.watcher.idle(limits.drain_s)
        self.watcher.stop(ProxyError(Kind.SERVER_STOPPING))
        await self.watcher.idle(limits.last_words_s)
        left_s = began_s + RENEWAL_S - asyncio.get_running_loop().time()
        await self.end(max(left_s, RENEWAL_LEAST_S))

    async def hush(self, error: ProxyError) -> None:
        """End every answer and tidy up after it."""
        self.watcher.stop(error)
        await self.watcher.idle(1.0)
        await self.tasks.finish(self.limits().tidy_s)

    async def end(self, renewal_s: float = RENEWAL_ALONE_S) -> None:
        """Finish what goes on beside answers, and keep what is to be kept.

        Args:
            renewal_s: How long a renewal may still go on.
        """
        if self._staying is not None:
            self._staying.cancel()
        self.handoff.end()
        self._sweep.end()
        await asyncio.gather(self.tasks.finish(self.limits().tidy_s), self.owner.quiet(renewal_s))
        await self.person.close()
        await self._media.close()
        await self.transport.close()


def endpoint_of(parts: Parts, port: int) -> str:
    """What a client's base URL is."""
    return f"http://{reached_at(parts.host)}:{port}{parts.settings.path_prefix}/v1"


def network_of(parts: Parts, address: str, port: int, note: str) -> NetworkStatus:
    """What there is to say of an address beyond the loopbacks, or of its absence."""
    if note:
        _log.warning("network=closed reason=address-gone")
    if not address or ipaddress.ip_address(address).is_unspecified:
        return NetworkStatus(address, note=note)
    endpoint = f"http://{reached_at(address)}:{port}{parts.settings.path_prefix}/v1"
    return NetworkStatus(address, endpoint, note)


def status_of(parts: Parts, run: Run) -> Status:
    """What there is to say where no proxy runs: most of it is the person's."""
    person, settings = parts.person, parts.settings
    session = person.owner.session
    kept = person.safe.status()
    if person.keys.is_unread:
        kept = msgspec.structs.replace(kept, saved=False)
    return Status(
        version=__version__,
        endpoint=endpoint_of(parts, settings.port),
        port=settings.port,
        state=run.kind,
        note=run.said,
        session=SessionStatus(
            state=person.owner.told_state,
            account=session.account if session else "",
            expires_at=session.expires_at if session else None,
            renews=session is not None and _renews(session, parts.upstream),
            note=person.owner.note,
            by_window=session is not None and session.by_window,
        ),
        keyring=kept,
        queue=QueueStatus(waiting=0, in_flight=0),
        hold=person.brakes.status(),
        recent=person.activity.recent(),
        today=person.activity.today(),
        turned_away=person.activity.turned_away(),
        bodies_s=person.activity.bodies.left_s(),
        visitors=person.visitors.status(),
        network=NetworkStatus(),
        transport=TransportStatus(window=parts.window.status.state if parts.window else "absent"),
        site=parts.site.name,
    )


def _renews(session: Session, upstream: Upstream) -> bool:
    return session.by_window or upstream.can_renew(session)
