"""One soak: two requests a second for as long as is wished, and what came of it."""

import asyncio
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tray_app.proxy.door import ask

from .cases import Case
from .children import Pair, running
from .deck import SHARE, Deck
from .front import Front, HeldError, LostError
from .gauges import Slope, Watch, lows, slope

INTERVAL_S = 0.5
LIMIT_S = 40.0
"""A request that has no answer by then hangs."""
_LOOK_S = 2.0
_TELL_S = 60.0
_QUIET_S = 60.0
"""How long it may take until all is given back after the last request."""
_SETTLES_S = 10.0
"""The same after the first one."""
_APART_S = 2.0
"""So far apart are two looks at what it holds then."""
_JUDGED_S = 600.0
"""The slope says something from here on; a shorter soak is judged by its growth."""
_FULL_S = 1800.0
"""What is kept of the last requests and files takes so long to be full: RSS rises until then.

Seen: 2026-11-22, an hour at two requests a second, its least of every half minute.
"""
_MOST_SLOPE = 1.0
_MOST_GROWTH_MIB = 15.0
_SPARE = 3
"""So many descriptors more may be open than at the start: the log's, kept connections."""
_ALL_WELL = {"tasks": 1, "descriptors": 100}
"""What it may hold after its first request: the task that serves, and what it listens on."""
_MOST_HELD = 0.03
"""Of all requests may be turned away for what another met."""


@dataclass
class Result:
    """What came of a soak."""

    seconds: float
    seed: int
    watch: Watch
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """How many of each family were right, held, or lost."""
    met: Counter[str] = field(default_factory=Counter)
    """How often each case was met."""
    lost: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    bugs: int = 0
    resumed: int = 0
    cpu_s: float = 0.0
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    calls: int = 0
    """How often the site was asked for an answer."""
    left_chats: int = 0
    left_streams: int = 0
    complaints: list[str] = field(default_factory=list)
    exit_code: int = 0

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return sum(self.met.values())

    @property
    def held(self) -> int:
        """How many were turned away for what another met."""
        return sum(told["held"] for told in self.outcomes.values())

    @property
    def warm_s(self) -> float:
        """From when on memory counts: what is kept of the last requests is full by then."""
        return min(_FULL_S, 0.6 * self.seconds)

    def slope(self, name: str) -> Slope | None:
        """How memory of a kind, `rss_mib` or `pss_mib`, grows after warming up."""
        return slope([one for one in self._warm(name) if one[0] >= self.warm_s])

    def growth_mib(self, name: str) -> float:
        """By how much its least half minute at the end is above that after warming up."""
        warm = self._warm(name)
        return warm[-1][1] - warm[0][1] if warm else 0.0

    def _warm(self, name: str) -> list[tuple[float, float]]:
        samples = self.watch.samples
        return lows([one for one in samples if self.warm_s <= one.at_s <= self.seconds], name)

    def left(self) -> list[str]:
        """What is not given back although nobody asks for anything any more."""
        before, after = self.before, self.after
        rules = {
            "tasks are left": after["tasks"] <= before["tasks"],
            "descriptors are left": after["descriptors"] <= before["descriptors"] + _SPARE,
            "requests are left": after["queue"] == {"waiting": 0, "in_flight": 0},
            "chats are left at the site": self.left_chats == 0,
            "answers are left at the site": self.left_streams == 0,
        }
        return [name for name, holds in rules.items() if not holds]

    def broken(self) -> list[str]:
        """What of R74 does not hold."""
        line = self.slope("rss_mib")
        rules = {
            "answers say that it is a bug": self.bugs == 0,
            "too many were turned away for others": self.held <= max(3, _MOST_HELD * self.asked),
            "it did not end as it should": self.exit_code == 0,
            "memory grows": self.seconds < _JUDGED_S or line is None or line.at_least < _MOST_SLOPE,
            "memory grew": self.seconds >= _JUDGED_S
            or self.growth_mib("rss_mib") < _MOST_GROWTH_MIB,
        }
        return [
            *(f"lost: {told}" for told in self.lost),
            *(f"complaint: {told}" for told in self.complaints),
            *self.left(),
            *(name for name, holds in rules.items() if not holds),
        ]


def run(
    seconds: float,
    seed: int,
    tell: Callable[[str], None] = lambda _: None,
    *,
    kinds: bool = False,
) -> Result:
    """Soak a program of its own, in front of a site of its own, and take both down.

    Args:
        seconds: For how long there are new requests.
        seed: Of everything that is left to chance.
        tell: Gets a line now and then.
        kinds: Count what the program holds, by kind, for whoever looks for a leak.
    """
    with TemporaryDirectory(prefix="soak") as folder:
        told = {"seed": seed, "share": SHARE}
        with running(Path(folder) / "home", told) as pair:
            result = Result(seconds, seed, Watch(pair.program.process.pid))
            asyncio.run(_Soak(pair, result, tell, kinds=kinds).run())
            result.exit_code = pair.program.end()
            result.complaints = pair.complaints()
        return result


class _Soak:
    def __init__(
        self, pair: Pair, result: Result, tell: Callable[[str], None], *, kinds: bool
    ) -> None:
        self._pair = pair
        self._result = result
        self._tell = tell
        self._kinds = kinds
        chance = random.Random(result.seed)
        self._front = Front(pair.port, pair.key, pair.door, chance)
        self._deck = Deck(chance)
        self._watch = result.watch

    async def run(self) -> None:
        """All of it."""
        result, front = self._result, self._front
        await self._one(self._deck.first, 0)
        await self._settle()
        cpu_s, self._began_s = self._watch.cpu_s(), time.monotonic()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watching())
            async with asyncio.TaskGroup() as asking:
                await self._ask(asking)
            watching.cancel()
        result.cpu_s = self._watch.cpu_s() - cpu_s
        await front.close()
        await self._answer_last()
        await self._quiet(_QUIET_S)
        result.bugs, result.resumed = front.bugs, front.resumed

    async def _ask(self, group: asyncio.TaskGroup) -> None:
        number = 0
        while (now_s := time.monotonic() - self._began_s) < self._result.seconds:
            number += 1
            group.create_task(self._one(self._deck.next(now_s), number))
            await asyncio.sleep(max(0.0, number * INTERVAL_S - now_s))

    async def _settle(self) -> None:
        """Note what it holds before all, once two looks tell the same: files open a bit later."""
        result, result.before = self._result, _ALL_WELL
        await self._quiet(_SETTLES_S)
        while result.before["descriptors"] != result.after["descriptors"]:
            result.before = result.after
            await asyncio.sleep(_APART_S)
            await self._quiet(_SETTLES_S)

    async def _one(self, case: Case, number: int) -> None:
        result, began_s, outcome = self._result, time.monotonic(), "right"
        result.met[case.name] += 1
        try:
            async with asyncio.timeout(LIMIT_S):
                await case.play(self._front, number)
        except HeldError:
            outcome = "held"
        except (LostError, TimeoutError, OSError, ValueError, LookupError) as error:
            outcome = "lost"
            result.lost.append(f"{number} {case.name}: {error!r}")
            self._tell(f"lost: {result.lost[-1]}")
        result.outcomes[case.family][outcome] += 1
        result.slowest = max(result.slowest, (time.monotonic() - began_s, case.name))

    async def _watching(self) -> None:
        told_s = 0.0
        while True:
            now_s = time.monotonic() - self._began_s
            self._watch.look(now_s)
            if now_s - told_s >= _TELL_S:
                told_s = now_s
                self._say(now_s)
            await asyncio.sleep(_LOOK_S)

    async def _answer_last(self) -> None:
        """Answer what the last requests met: as long as a pause lasts, chats are not deleted."""
        door = self._pair.door
        hold = (await asyncio.to_thread(ask, door, {"do": "status"}))["hold"]
        if hold is not None:
            self._tell(f"a pause of the kind {hold['kind']} stands at the end")
            await asyncio.to_thread(ask, door, {"do": "resume"})

    def _say(self, now_s: float) -> None:
        last, result = self._watch.samples[-1], self._result
        self._tell(
            f"{now_s / 60:.0f} min: {result.asked} asked, {len(result.lost)} lost, "
            f"{result.held} held, RSS {last.rss_mib:.1f} MiB, {last.descriptors} descriptors"
        )

    def _holding(self) -> dict[str, Any]:
        told = self._pair.program.ask(kinds=self._kinds)
        self._watch.look(self._result.seconds + LIMIT_S)
        status = ask(self._pair.door, {"do": "status"})
        return {
            **told,
            "descriptors": self._watch.samples[-1].descriptors,
            "queue": status["queue"],
        }

    async def _quiet(self, within_s: float) -> None:
        """Wait until everything is given back, and note what never is.

        After a pause chats are deleted with care, one in four seconds: for each it waits anew.
        """
        result, end_s = self._result, time.monotonic() + within_s
        chats = math.inf
        while True:
            result.after = await asyncio.to_thread(self._holding)
            told = await asyncio.to_thread(self._pair.site.ask)
            result.left_chats, result.left_streams = told["chats"], told["open"]
            if result.left_chats < chats:
                chats, end_s = result.left_chats, time.monotonic() + within_s
            result.calls = told["asked"]
            if not result.left() or time.monotonic() > end_s:
                return
            await asyncio.sleep(1)
