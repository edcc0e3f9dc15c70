"""Streams through a proxy: CPU per event, delay, memory, and long histories."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from .children import Child
from .load import Target, ask, ask_many, chat

COMPLETIONS = "/v1/chat/completions"
DIRECT = "/api/v2/chat/completions?chat_id=none"
_QUIET_S = 0.01
"""What a proxy may take to tidy up before it is asked again."""


@dataclass(frozen=True)
class Load:
    """So many answers beside each other."""

    streams: int
    events: int
    interval_s: float = 0.0
    per_write: int = 8

    @property
    def apart_s(self) -> float:
        """Between two starts, so that streams do not beat in time."""
        return self.interval_s * 0.37


@dataclass
class Contender:
    """A proxy, or none, in front of the practice site."""

    name: str
    target: Target
    child: Child
    asked: int = 0
    answered: int = 0


@dataclass
class Ring:
    """The practice site and those in front of it."""

    upstream: Child
    portico: Contender
    relay: Contender
    two_trips: Contender
    """The relay, which makes a chat first as Portico must."""
    direct: Contender
    """No proxy at all."""

    @property
    def everybody(self) -> tuple[Contender, ...]:
        """All that can be asked."""
        return self.portico, self.relay, self.two_trips, self.direct

    @property
    def pair(self) -> tuple[Contender, Contender]:
        """Those whose CPU is compared."""
        return self.portico, self.relay

    def prepare(self, load: Load, answers: int) -> None:
        """Let the site answer the next prompts like this."""
        self.upstream.tell(
            {
                "answers": answers,
                "events": load.events,
                "interval_s": load.interval_s,
                "per_write": load.per_write,
            }
        )

    def cpu_us(self, contender: Contender, load: Load) -> float:
        """CPU of the proxy for each event of this load."""
        self.prepare(load, load.streams)
        gauge = contender.child.gauge
        before_s = gauge.cpu_s()
        heard = asyncio.run(ask_many(contender.target, load.streams, load.apart_s))
        spent_s = gauge.cpu_s() - before_s
        events = load.streams * load.events
        contender.asked += events
        contender.answered += sum(one.heard().events for one in heard)
        return spent_s * 1e6 / events

    def first_ms(self, contender: Contender, times: int) -> list[float]:
        """Time to the first event, one stream after the other, with quiet between them."""
        load = Load(1, 1)
        self.prepare(load, times)

        async def all_of_them() -> list[float]:
            heard = [(await ask(contender.target, chat(), _QUIET_S)).heard() for _ in range(times)]
            contender.asked += times
            contender.answered += sum(one.events for one in heard)
            return [one.first_s * 1000 for one in heard]

        return asyncio.run(all_of_them())

    def open_kb(self, contender: Contender, load: Load) -> float | None:
        """Memory of the proxy for each stream that is open."""
        self.prepare(load, load.streams)
        gauge = contender.child.gauge
        before_mb = gauge.pss_mb()

        async def look() -> float | None:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(ask_many(contender.target, load.streams))
                await asyncio.sleep(load.interval_s * load.events * 0.7)
                open_mb = gauge.pss_mb()
            contender.asked += load.streams * load.events
            contender.answered += sum(one.heard().events for one in asking.result())
            return open_mb

        open_mb = asyncio.run(look())
        if open_mb is None or before_mb is None:
            return None
        return (open_mb - before_mb) * 1000 / load.streams

    def history_ms(self, contender: Contender, times: int) -> float:
        """CPU of the proxy for a history of 2 MB with a short answer."""
        load = Load(1, 8)
        self.prepare(load, times)
        body = chat(messages=250, size=8000)
        gauge = contender.child.gauge
        before_s = gauge.cpu_s()

        async def all_of_them() -> int:
            return sum([(await ask(contender.target, body)).heard().events for _ in range(times)])

        contender.answered += asyncio.run(all_of_them())
        contender.asked += times * load.events
        return (gauge.cpu_s() - before_s) * 1000 / times


@contextmanager
def ring() -> Iterator[Ring]:
    """Everybody, started."""
    with ExitStack() as stack:
        logs = stack.enter_context(tempfile.TemporaryDirectory())
        upstream = stack.enter_context(Child("upstream"))
        told = {**upstream.hello, "logs": logs}

        def proxy(name: str, module: str, *, makes_chats: bool = False) -> Contender:
            child = stack.enter_context(Child(module, {**told, "makes_chats": makes_chats}))
            target = Target(child.hello["port"], COMPLETIONS, child.hello["key"])
            return Contender(name, target, child)

        port = int(upstream.hello["origin"].rpartition(":")[2])
        yield Ring(
            upstream,
            portico=proxy("portico", "portico"),
            relay=proxy("relay", "relay"),
            two_trips=proxy("relay of two trips", "relay", makes_chats=True),
            direct=Contender("direct", Target(port, DIRECT, "none"), upstream),
        )


def rounds(number: int, ring: Ring, load: Load) -> tuple[float, float, float]:
    """CPU per event of Portico and of the relay, and their ratio.

    They take turns, so that the ratio of each round is one of its own; all three are medians.
    """
    found: list[tuple[float, float]] = []
    for turn in range(number):
        if turn % 2:
            relay, portico = (ring.cpu_us(one, load) for one in (ring.relay, ring.portico))
        else:
            portico, relay = (ring.cpu_us(one, load) for one in ring.pair)
        found.append((portico, relay))
    return (
        median(portico for portico, _ in found),
        median(relay for _, relay in found),
        median(portico / relay for portico, relay in found),
    )
