"""The window *Activity*: what was asked in this run and, from the statistics, before it."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

import msgspec

from tray_app.core.deeds import DaySum, Deed, tallied
from tray_app.proxy.activity import HISTORY, Activity
from tray_app.proxy.bodies import Body
from tray_app.store import StoreError
from tray_app.store.handed_out import downloads, hand_out_text
from tray_app.store.requests_csv import write_requests, write_sums
from tray_app.store.statistics import GATHER_S, day_of, first_of

from .activity_days import GROUPS, SPANS, By, in_order
from .activity_view import APP_DAYS, Watching, activity_view
from .connect_view import Said
from .diagnostics import scrub_kept
from .facts import Facts
from .menu import Action
from .pane import Desk, Doing, Telling, show_folder, use_port
from .windows.parts import ActivityView
from .words import Words

TICK_S = 1.0
"""How often what goes on is drawn anew, for the time that passes."""
_TRIES = 10
"""So often the file is looked into for what has just ended."""


class ActivityPane:
    """What somebody does in that window.

    Args:
        desk: What it works with.
        folder: Where files are saved; None for the person's downloads.
    """

    def __init__(self, desk: Desk, folder: Path | None = None) -> None:
        self._desk = desk
        self._folder = folder
        self._telling = Telling(desk.changed)
        self.tell = self._telling.tell
        self._state = Watching()
        self._earlier: list[Deed] = []
        self._counted: Deed | None = None
        self._counting: asyncio.Task[None] | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._has_read = 0
        self._scrubbing: asyncio.Task[None] | None = None
        self._deeds: dict[str, Doing] = {
            "who": self._choose,
            "back": self._back,
            "failed": self._filter,
            "why": self._why,
            "span": self._span,
            "by": self._by,
            "save": self._save,
            "open": self._open,
            "keep": self._keep,
            "forget": self._keep,
            "read": self._read,
            "start": partial(self._pass_on, "start"),
            "use_port": partial(use_port, desk),
            "sign_in": partial(self._pass_on, "sign_in"),
            "bring": partial(self._pass_on, "bring"),
        }

    def view(self, facts: Facts, words: Words) -> ActivityView:
        """What it shows now."""
        if facts.status is not None and facts.status.live and self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(TICK_S, self._again)
        self._count_news()
        past, bodies = tuple(self._past())[:HISTORY], tuple(self._activity.bodies.all())
        self._read_on(bodies)
        state = msgspec.structs.replace(
            self._state, past=past, bodies=bodies, told=self._telling.told
        )
        return activity_view(state, facts, words)

    def _again(self) -> None:
        self._tick = None
        self._desk.changed()

    def begin(self) -> None:
        """Forget what was saved and who was looked at."""
        self._state = Watching()

    async def prepare(self) -> None:
        """Read what was asked before this run; raises `StoreError`."""
        self._earlier = await asyncio.to_thread(self._activity.statistics.latest, HISTORY)
        await self._count()

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose."""
        deed = self._deeds.get(verb)
        if deed is not None:
            await deed(about, typed)

    @property
    def _activity(self) -> Activity:
        return self._desk.instance.supervisor.parts.person.activity

    def _past(self) -> Iterator[Deed]:
        """What ended, the newest first: in this run, and what the file has beside it."""
        own = self._activity.history()
        yield from own
        seen = {(deed.at_s, deed.key) for deed in own}
        yield from (deed for deed in self._earlier if (deed.at_s, deed.key) not in seen)

    def _change(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)

    async def _pass_on(self, verb: str, *_: str) -> None:
        await self._desk.act(Action(verb))

    async def _choose(self, name: str, _: str) -> None:
        self._change(who=name, is_chosen=True, reading=None)

    async def _back(self, *_: str) -> None:
        self._change(is_chosen=False)

    async def _filter(self, _: str, typed: str) -> None:
        self._change(only_failed=typed == "yes")

    async def _why(self, number: str, _: str) -> None:
        self._change(why=number)

    async def _span(self, _: str, typed: str) -> None:
        if typed in map(str, SPANS):
            self._change_days(span=int(typed))
            await self._count()

    async def _by(self, _: str, typed: str) -> None:
        if typed in GROUPS:
            self._change_days(by=typed)
            await self._count()

    def _change_days(self, **fields: object) -> None:
        self._change(days=msgspec.structs.replace(self._state.days, **fields))

    def _count_news(self) -> None:
        """Have what days come to read anew, soon after a request has ended."""
        newest = next(iter(self._activity.history()), None)
        if newest is not self._counted and self._counting is None:
            counting = self._count_soon(newest)
            self._counting = asyncio.get_running_loop().create_task(counting)

    async def _count_soon(self, newest: Deed | None) -> None:
        try:
            for _ in range(_TRIES):
                # What has just ended is written a moment later, or two on a slow disk.
                await asyncio.sleep(2 * GATHER_S)
                await self._count()
                if await asyncio.to_thread(self._is_caught_up):
                    break
        except StoreError:
            # Whoever opened the window was told.
            return
        finally:
            self._counted, self._counting = newest, None
        self._desk.changed()

    async def _count(self) -> None:
        """Read what the days that are looked at come to; raises `StoreError`."""
        state = self._state.days
        sums = await asyncio.to_thread(self._sums, state.span, state.by)
        if (state.span, state.by) == (self._state.days.span, self._state.days.by):
            self._change_days(sums=sums)
        apps = await asyncio.to_thread(self._sums, APP_DAYS, "key")
        self._change(apps=apps)

    def _is_caught_up(self) -> bool:
        """Whether the file, if there is one, has all that ended today."""
        statistics, today = self._activity.statistics, self._activity.today()
        found = statistics.tallies(first_of(today.day, APP_DAYS))
        own = found.get(today.day)
        written = own.outcomes.total() if own is not None else 0
        return not found or written >= today.requests

    def _sums(self, span: int, by: By) -> tuple[DaySum, ...]:
        first = first_of(day_of(time.time()), span)
        found = self._activity.statistics.tallies(first, by)
        if not found:
            found = tallied((_name(deed, by), deed) for deed in self._activity.history())
        return in_order([tally.sum_of(name) for name, tally in found.items()], by)

    async def _save(self, what: str, _: str) -> None:
        """Save every request as CSV, or what the days come to, and say where."""
        words = self._desk.words()
        saved = self._state.days.saved if what == "days" else self._state.saved
        if saved.tone == "busy":
            return
        self._say_saved(what, Said("busy", words("pane.saving")))
        self._desk.changed()
        try:
            path = await asyncio.to_thread(self._saved_days if what == "days" else self._saved)
        except StoreError as error:
            self._say_saved(what, Said("bad", str(error)))
        else:
            self._change(folder=str(path.parent))
            self._say_saved(what, Said("good", words("pane.saved", place=path)))

    def _say_saved(self, what: str, said: Said) -> None:
        if what == "days":
            self._change_days(saved=said)
        else:
            self._change(saved=said)

    def _saved(self) -> Path:
        """Where the file is now; raises `StoreError`."""
        return self._handed_out("requests", self._write_requests)

    def _write_requests(self, to: TextIO) -> None:
        with self._activity.statistics.every() as kept:
            first = next(kept, None)
            if first is not None:
                write_requests(itertools.chain((first,), kept), to)
                return
        own = reversed(self._activity.history())
        write_requests(((day_of(deed.at_s), deed) for deed in own), to)

    def _saved_days(self) -> Path:
        """The same for what is shown of the days."""
        state = self._state.days
        by = "client" if state.by == "key" else state.by
        sums = self._sums(state.span, state.by)
        return self._handed_out(f"{by}s", lambda to: write_sums(by, sums, to))

    def _handed_out(self, what: str, write: Callable[[TextIO], None]) -> Path:
        name = f"portico-{what}-{day_of(time.time())}.csv"
        return hand_out_text(self._folder or downloads(), name, write)

    async def _keep(self, _: str, typed: str) -> None:
        """Keep what is asked from now on, or forget all of it."""
        bodies = self._activity.bodies
        (bodies.begin if typed == "yes" else bodies.end)()
        self._change(reading=None)

    async def _read(self, number: str, _: str) -> None:
        """Show a question and its answer, as far as that is there."""
        for body in self._activity.bodies.all():
            if str(body.number) == number:
                self._change(reading=body.number, read=("", ""))
                await self._scrub(body)

    def _read_on(self, bodies: Sequence[Body]) -> None:
        """Have what came of an answer since shown as well; what is forgotten is not read on."""
        body = next((one for one in bodies if one.number == self._state.reading), None)
        if body is None:
            self._change(reading=None, read=("", ""))
        elif len(body.pieces) != self._has_read and self._scrubbing is None:
            self._scrubbing = asyncio.get_running_loop().create_task(self._scrub_more(body))

    async def _scrub_more(self, body: Body) -> None:
        try:
            await self._scrub(body)
        finally:
            self._scrubbing = None
        self._desk.changed()

    async def _scrub(self, body: Body) -> None:
        """Take the secrets out of a text in a thread: that takes a while for a long one."""
        desk, pieces = self._desk, len(body.pieces)

        def scrubbed(text: str) -> str:
            return scrub_kept(text, desk.instance, desk.home)

        asked = await asyncio.to_thread(scrubbed, body.asked)
        answered = await asyncio.to_thread(scrubbed, "".join(body.pieces[:pieces]))
        if self._state.reading == body.number:
            self._has_read = pieces
            self._change(read=(asked, answered))

    async def _open(self, *_: str) -> None:
        await show_folder(Path(self._state.folder), self.tell, self._desk.words())


def _name(deed: Deed, by: By) -> str:
    """Under which name a request is counted."""
    return day_of(deed.at_s) if by == "day" else deed.key if by == "key" else deed.model
