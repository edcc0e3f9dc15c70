"""The lines of the table that compare Portico with the relay, and the targets they have to meet."""

from statistics import median

from . import pure, streams, weight
from .load import EVERYTHING, chat
from .report import Row, Target, alone, beside, growing
from .ring import Compared, Contender, Load, Ring, against, by_turns, compared
from .size import Size

_PACED, _RICH = Target(ratio=1.25), Target(ratio=1.35)
_BURSTS = Target(12.0, 2.7, either=True)
_PURE, _PURE_FILTERED = Target(6.0, 1.2), Target(9.0, 1.2)
_FIRST, _WHOLE = Target(ratio=2.5), Target(ratio=2.2)
_CALLS, _OPEN_KB, _OPEN_TLS_KB = 2.0, 40.0, 320.0
_HISTORY_MS, _BLOCK_MS, _LEAVING_MS = 25.0, 25.0, 100.0
_OTHERS, _WORST_MS = Target(ratio=3.0), 60.0
_TELLING_MS = 5.0
_TLS = "the same, the site over TLS"
_FAIR = "the same, a relay that holds on to its memory as Portico does"


def _words(load: Load) -> str:
    pace = f"every {load.interval_s * 1000:g} ms" if load.interval_s else "as fast as it goes"
    return f"{load.streams} streams, {load.per_write} per write, {pace}"


def of_cpu(here: Ring, safe: Ring, size: Size) -> list[Row]:
    """CPU per event and per request; `safe` is the ring whose site is over TLS."""

    def cost(ring: Ring, load: Load) -> Compared:
        return compared(size.rounds, ring, lambda one: streams.cpu_us(ring, one, load))

    def paced(what: str, target: Target, ring: Ring = here, body: bytes = b"") -> list[Row]:
        """By both kinds of relay: the one by which the target was set, and the fair one."""

        def look(one: Contender) -> float:
            return streams.cpu_us(ring, one, size.paced, body)

        plain, fair = against(size.rounds, ring.portico, (ring.plain_relay, ring.relay), look)
        return [beside(what, "µs", plain, target), beside(_FAIR, "µs", fair, target)]

    def whole() -> list[Row]:
        """By a relay of one call, and by one of as many as Portico makes."""
        relays = (here.relay, here.same_calls)

        def look(one: Contender) -> float:
            return streams.whole_us(here, one, size.wholes)

        one_call, same_calls = against(size.rounds, here.portico, relays, look)
        return [
            beside("CPU per request that is answered as a whole", "µs", one_call, _WHOLE),
            beside("the same, a relay that makes and deletes a chat", "µs", same_calls),
        ]

    for ring in (here, safe):
        for contender in ring.proxies:
            streams.cpu_us(ring, contender, Load(2, 20))
    bursts, flood = size.bursts, size.flood
    return [
        *paced(f"CPU per event, paced: {_words(size.paced)}", _PACED),
        *paced("paced, the site over TLS", _PACED, safe),
        *paced("paced, with tools, stop words and usage", _RICH, body=chat(**EVERYTHING)),
        beside(f"CPU per event, bursts: {_words(bursts)}", "µs", cost(here, bursts), _BURSTS),
        beside(_TLS, "µs", cost(safe, bursts), _BURSTS),
        beside(f"CPU per event, flood: {_words(flood)}", "µs", cost(here, flood), _BURSTS),
        *whole(),
    ]


def of_pure(size: Size) -> list[Row]:
    """The path without sockets, and how it grows."""
    rows = []
    for name, cost in pure.costs(size.pure_rounds).items():
        target = _PURE_FILTERED if cost.is_filtered else _PURE
        what = f"pure path per event, growth at 16,000 events: {name}"
        rows.append(growing(what, cost.few_us, cost.growth, target))
    return [*rows, alone("telling 60 kB of tools", "ms", pure.telling_ms(), _TELLING_MS)]


def of_first(here: Ring, safe: Ring, size: Size) -> list[Row]:
    """Time to the first event, of which the way without a proxy is taken off."""
    p50, p99, one_trip = _first(here, size)
    return [
        _added("added time to the first event, p50, relay of as many trips", p50, _FIRST),
        _added("the same, p99", p99),
        _added("the same, p50, relay that makes no chat", one_trip),
        _added("the same, p50, relay of as many trips, the site over TLS", _first(safe, size)[0]),
    ]


_Added = tuple[Compared, float]


def _added(what: str, found: _Added, target: Target | None = None) -> Row:
    return beside(what, "ms", found[0], target or Target(), direct=found[1])


def _first(here: Ring, size: Size) -> tuple[_Added, _Added, _Added]:
    """What Portico and a relay add, with what there is without a proxy: median, p99, one trip."""
    those = (here.portico, here.relay, here.same_calls, here.direct)
    times: dict[str, list[list[float]]] = {one.name: [] for one in those}

    def look(contender: Contender) -> float:
        times[contender.name].append(streams.firsts_ms(here, contender, size.trips))
        return 0.0

    by_turns(size.rounds, those, look)
    p50 = {name: [streams.p50_p99(one)[0] for one in found] for name, found in times.items()}
    p99 = {name: [streams.p50_p99(one)[1] for one in found] for name, found in times.items()}
    two, one = here.same_calls.name, here.relay.name
    return _over(here, p50, two), _over(here, p99, two), _over(here, p50, one)


def _over(here: Ring, found: dict[str, list[float]], relay: str) -> _Added:
    """What is over the time without a proxy, round by round, and that time."""
    portico, direct = found[here.portico.name], found[here.direct.name]
    ours = [one - least for one, least in zip(portico, direct, strict=True)]
    theirs = [one - least for one, least in zip(found[relay], direct, strict=True)]
    ratio = median(one / other for one, other in zip(ours, theirs, strict=True) if other)
    return Compared(median(ours), median(theirs), ratio), median(direct)


def of_calls(here: Ring) -> list[Row]:
    """What the site is asked for one chat."""
    (before, in_all), (relay_before, relay_in_all) = (
        streams.calls(here, contender) for contender in here.pair
    )
    what = "calls to the site for a chat, before its first event"
    return [
        alone(what, "", before, _CALLS, relay_before),
        alone("the same, with tidying up", "", in_all, None, relay_in_all),
    ]


def of_weight(here: Ring, size: Size) -> list[Row]:
    """Long histories, those who wait meanwhile, and clients that leave."""
    history = compared(size.rounds, here, lambda one: weight.history_ms(here, one, size.histories))
    return [
        beside("CPU of an answer to 250 messages of 2 MB", "ms", history, Target(_HISTORY_MS)),
        *_meanwhile(here, size),
        *_leaving(here, size),
    ]  # fmt: skip


def _meanwhile(here: Ring, size: Size) -> list[Row]:
    those = (*here.pair, here.direct)
    seen: dict[str, list[weight.Meanwhile]] = {one.name: [] for one in those}

    def look(contender: Contender) -> float:
        found = weight.meanwhile(here, contender, size.histories)
        seen[contender.name].append(found)
        return found.p99_ms

    ours, theirs, direct = by_turns(size.rounds, those, look)
    ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
    p99 = Compared(median(ours), median(theirs), ratio)
    worst = [median(one.worst_ms for one in seen[who.name]) for who in those]
    block = [median(one.block_ms for one in seen[who.name]) for who in here.pair]
    what = "delay of 20 other streams while such histories come, p99"
    return [
        beside(what, "ms", p99, _OTHERS, direct=median(direct)),
        Row(
            "the same, the worst", "ms", worst[0], worst[1], worst[2], worst[0] / worst[1],
            f"<= {_WORST_MS:g} ms", worst[0] <= _WORST_MS,
        ),
        alone("the longest block of the loop meanwhile", "ms", block[0], _BLOCK_MS, block[1]),
    ]  # fmt: skip


def _leaving(here: Ring, size: Size) -> list[Row]:
    rows = []
    for what, silent in (("an answer comes", False), ("the site is silent", True)):
        times = size.leavers
        ours, theirs, direct = (
            streams.leaving_ms(here, contender, times, silent=silent)
            for contender in (*here.pair, here.direct)
        )
        rows.append(
            beside(
                f"client hangs up while {what}: until the site sees it", "ms",
                Compared(ours, theirs, ours / theirs), Target(_LEAVING_MS), direct,
            )
        )  # fmt: skip
    return rows


def of_memory(size: Size) -> list[Row]:
    """What an open stream weighs."""
    what, least = "memory (PSS) per open stream, at", size.open[0]
    return [
        *(_open(f"{what} {number:,}", number, _OPEN_KB) for number in size.open),
        _open(f"{_TLS}, at {least:,}", least, _OPEN_TLS_KB, tls=True),
    ]


def _open(what: str, number: int, most: float, *, tls: bool = False) -> Row:
    found = weight.open_kb(number, tls=tls)
    ours, theirs = found or (None, None)
    return alone(what, "KB", ours, most, theirs)
