"""The practice site, those in front of it, and how they are compared."""

import ssl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.proxy.test_transport import certificate

from .children import Child
from .load import Target

COMPLETIONS = "/v1/chat/completions"
_DIRECT = "/api/v2/chat/completions?chat_id=none"


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

    def cpu_s(self) -> float:
        """CPU time that it used so far."""
        return self.child.gauge.cpu_s()

    def count(self, asked: int, answered: int) -> None:
        """Note what it was asked, and what of it came."""
        self.asked += asked
        self.answered += answered


@dataclass
class Ring:
    """The practice site and those in front of it."""

    upstream: Child
    portico: Contender
    relay: Contender
    same_calls: Contender
    """The relay, which makes a chat first and deletes it in the end, as Portico must."""
    plain_relay: Contender
    """The relay as its C library has it, whose reads cost it more: targets are set by it."""
    direct: Contender
    """No proxy at all."""

    @property
    def everybody(self) -> tuple[Contender, ...]:
        """All that can be asked."""
        return *self.proxies, self.direct

    @property
    def proxies(self) -> tuple[Contender, ...]:
        """All but the way without one."""
        return self.portico, self.relay, self.same_calls, self.plain_relay

    @property
    def pair(self) -> tuple[Contender, Contender]:
        """Those whose costs are compared."""
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

    def prepare_silence(self, answers: int) -> None:
        """Let the site answer the next prompts with one event, and be silent."""
        self.upstream.tell({"answers": answers, "silent": True})

    def seen(self, leavers: int = 0) -> dict[str, Any]:
        """The site's `calls` since it was prepared, and when clients left; waits for so many."""
        return self.upstream.tell({"leavers": leavers})


@contextmanager
def ring(*, tls: bool = False) -> Iterator[Ring]:
    """Everybody, started; with a site over TLS whose certificate they trust."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pem, trust, environ = None, None, {}
        if tls:
            certificate(folder, "localhost")
            pem = str(next(folder.glob("*.pem")))
            trust, environ = ssl.create_default_context(cafile=pem), {"SSL_CERT_FILE": pem}
        upstream = stack.enter_context(Child("upstream", {"pem": pem}))
        told = {**upstream.hello, "logs": str(folder)}

        def proxy(
            name: str, module: str, *, makes_chats: bool = False, keeps_blocks: bool = True
        ) -> Contender:
            more = {**told, "makes_chats": makes_chats, "keeps_blocks": keeps_blocks}
            child = stack.enter_context(Child(module, more, environ))
            target = Target(child.hello["port"], COMPLETIONS, child.hello["key"])
            return Contender(name, target, child)

        port = int(upstream.hello["origin"].rpartition(":")[2])
        yield Ring(
            upstream,
            portico=proxy("portico", "portico"),
            relay=proxy("relay", "relay"),
            same_calls=proxy("relay of as many calls", "relay", makes_chats=True),
            plain_relay=proxy("plain relay", "relay", keeps_blocks=False),
            direct=Contender("direct", Target(port, _DIRECT, "none", trust), upstream),
        )


def by_turns(
    rounds: int, those: Sequence[Contender], look: Callable[[Contender], float]
) -> list[list[float]]:
    """What was seen of each in so many rounds; who is first in one is the last in the next."""
    found: list[list[float]] = [[] for _ in those]
    for number in range(rounds):
        order = range(len(those))
        for at in order if number % 2 == 0 else reversed(order):
            found[at].append(look(those[at]))
    return found


@dataclass(frozen=True)
class Compared:
    """Two in their medians, and the median of their ratios, each of one round."""

    portico: float
    relay: float
    ratio: float | None


def compared(rounds: int, here: Ring, look: Callable[[Contender], float]) -> Compared:
    """Portico and the relay, by turns."""
    return against(rounds, here.portico, (here.relay,), look)[0]


def against(
    rounds: int, portico: Contender, relays: Sequence[Contender], look: Callable[[Contender], float]
) -> list[Compared]:
    """Portico and several relays, by turns: it with each of them."""
    ours, *found = by_turns(rounds, (portico, *relays), look)
    return [_compared(ours, theirs) for theirs in found]


def _compared(ours: list[float], theirs: list[float]) -> Compared:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True) if other]
    return Compared(median(ours), median(theirs), median(ratios) if ratios else None)
