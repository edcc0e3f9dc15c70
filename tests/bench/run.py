"""The whole benchmark, long or short: what is measured, in which order, against which targets."""

from dataclasses import dataclass
from statistics import median

from . import page, pure, startup, tray
from .report import Row, alone, beside, growing
from .streams import Load, Ring, ring, rounds

PACED, GROWTH, READY_MS, IDLE_MB, OPEN_KB, HISTORY_MS = 1.5, 1.2, 600.0, 40.0, 40.0, 25.0
BURSTS, FIRST_EVENT = 2.7, 2.5
ICON_MS, SERVING_MS, TRAY_MB, WAKES, MENU_MS = 500.0, 1000.0, 60.0, 0.2, 100.0
PAGE_FIRST_MS, PAGE_EVENT_MS, PAGE_EVENTS_PER_S, PAGE_WAKES = 6.0, 10.0, 2000.0, 2.0
PURE_US = {"search with markers": 9.0}
PURE_PLAIN_US = 6.0
TELLING_MS = 5.0


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    rounds: int
    paced: Load
    bursts: Load
    flood: Load
    open: Load
    trips: int
    histories: int
    pure_rounds: int
    starts: int
    idle_s: float


LONG = Size(
    rounds=4,
    paced=Load(50, 200, 0.02, 1),
    bursts=Load(10, 8000, 0.002, 8),
    flood=Load(10, 16_000, 0.0, 8),
    open=Load(100, 30, 0.1, 1),
    trips=40,
    histories=10,
    pure_rounds=5,
    starts=5,
    idle_s=5.0,
)
SHORT = Size(
    rounds=1,
    paced=Load(10, 50, 0.02, 1),
    bursts=Load(4, 400, 0.002, 8),
    flood=Load(4, 800, 0.0, 8),
    open=Load(20, 10, 0.1, 1),
    trips=5,
    histories=1,
    pure_rounds=1,
    starts=1,
    idle_s=0.5,
)


@dataclass(frozen=True)
class Result:
    """The table, and whether everything was answered."""

    rows: list[Row]
    asked: dict[str, int]
    answered: dict[str, int]
    chat_bytes: int
    """Of the answer of the product as people start it; 0 if it was not complete."""


def run(size: Size) -> Result:
    """Measure everything."""
    with ring() as here:
        rows = _streams(here, size)
        asked = {contender.name: contender.asked for contender in here.everybody}
        answered = {contender.name: contender.answered for contender in here.everybody}
    asked["pure"], answered["pure"] = pure.FEW, pure.FEW - pure.lost()
    rows += _pure(size)
    idle = startup.idle(size.idle_s)
    rows += _started(startup.ready(size.starts), idle)
    rows += _tray(tray.measure(size.starts, size.idle_s))
    rows += _page(page.measure(size.trips, size.idle_s))
    return Result(rows, asked, answered, idle.chat_bytes)


def _streams(here: Ring, size: Size) -> list[Row]:
    for contender in here.pair:
        here.cpu_us(contender, Load(2, 20))
    memory = _memory(here, size)
    return [
        _cpu(here, size, "paced", size.paced, PACED),
        _cpu(here, size, "bursts", size.bursts, BURSTS),
        _cpu(here, size, "flood", size.flood),
        *_first(here, size),
        _history(here, size),
        *memory,
    ]


def _memory(here: Ring, size: Size) -> list[Row]:
    ours, theirs = (here.open_kb(contender, size.open) for contender in here.pair)
    if ours is None or theirs is None:
        return []
    what = f"memory (PSS) per open stream, at {size.open.streams}"
    ratio = ours / theirs if theirs else None
    return [Row(what, ours, "KB", theirs, ratio, f"<= {OPEN_KB:g} KB", ours <= OPEN_KB)]


def _words(load: Load) -> str:
    pace = f"every {load.interval_s * 1000:g} ms" if load.interval_s else "as fast as it goes"
    return f"{load.streams} streams, {load.per_write} per write, {pace}"


def _cpu(here: Ring, size: Size, name: str, load: Load, most: float | None = None) -> Row:
    ours, theirs, ratio = rounds(size.rounds, here, load)
    return beside(f"CPU per event, {name}: {_words(load)}", "µs", ours, theirs, most, ratio)


def _first(here: Ring, size: Size) -> list[Row]:
    """Delay to the first event, of which the way without a proxy is taken off."""
    took: dict[str, list[float]] = {}
    for _ in range(size.rounds):
        for contender in here.everybody:
            took.setdefault(contender.name, []).extend(here.first_ms(contender, size.trips))
    portico, relay, two_trips, direct = (median(took[one.name]) for one in here.everybody)
    what = f"added time to the first event, p50 (without a proxy: {direct:.2f} ms)"
    return [
        beside(what, "ms", portico - direct, relay - direct),
        beside(
            "the same, beside a relay that makes a chat first",
            "ms", portico - direct, two_trips - direct, FIRST_EVENT,
        ),
    ]  # fmt: skip


def _history(here: Ring, size: Size) -> Row:
    ours, theirs = (here.history_ms(contender, size.histories) for contender in here.pair)
    what = "CPU of a whole answer to 250 messages of 2 MB"
    return Row(what, ours, "ms", theirs, ours / theirs, f"<= {HISTORY_MS:g} ms", ours <= HISTORY_MS)


def _pure(size: Size) -> list[Row]:
    rows: list[Row] = []
    for name, (few, many) in pure.costs(size.pure_rounds).items():
        most = PURE_US.get(name, PURE_PLAIN_US)
        rows += growing(f"pure path per event: {name}", few, many, most, GROWTH)
    return [*rows, alone("telling 60 kB of tools", "ms", pure.telling_ms(), TELLING_MS)]


def _started(ready: startup.Ready, idle: startup.Idle) -> list[Row]:
    return [
        alone("process start to the ready line (practice included)", "ms", ready.wall_ms, READY_MS),
        alone("CPU until the ready line", "ms", ready.cpu_ms),
        alone("memory (PSS) after one chat (practice included)", "MB", idle.pss_mb, IDLE_MB),
        alone("memory (PSS) before any chat, without practice", "MB", startup.bare_mb(), IDLE_MB),
        alone("CPU while idle, per second", "ms", idle.cpu_ms_per_s),
        alone("wake-ups while idle, per second", "", idle.wakes_per_s),
    ]


def _tray(cost: tray.TrayCost | None) -> list[Row]:
    if cost is None:
        return []
    return [
        alone("tray: process start to the icon", "ms", cost.icon_ms, ICON_MS),
        alone("tray: process start to the first answer", "ms", cost.serving_ms, SERVING_MS),
        alone("tray: memory (PSS), practice included", "MB", cost.pss_mb, TRAY_MB),
        alone("tray: memory (PSS), without practice", "MB", cost.bare_mb, TRAY_MB),
        alone("tray: CPU while idle, per second", "ms", cost.cpu_ms_per_s),
        alone("tray: wake-ups while idle, per second", "", cost.wakes_per_s, WAKES),
        alone("tray: the slowest of 20 openings of the menu", "ms", cost.menu_ms, MENU_MS),
    ]


def _page(cost: page.PageCost | None) -> list[Row]:
    if cost is None:
        return []
    first, event = (page.added_ms(cost, of) for of in (_first_ms, _event_ms))
    rate = cost.page.events_per_s
    return [
        alone("page: added time to the first event, p50", "ms", first, PAGE_FIRST_MS),
        alone("page: added delay of an event every 20 ms, p50", "ms", event, PAGE_EVENT_MS),
        alone("page: its delay, p95", "ms", cost.page.late_ms),
        Row(
            "page: events in a second, as fast as they come", rate, "",
            target=f">= {PAGE_EVENTS_PER_S:g}", met=rate >= PAGE_EVENTS_PER_S,
        ),
        alone("page: wake-ups while idle, per second", "", cost.idle_wakes_per_s, PAGE_WAKES),
        alone("page: CPU while idle, per second", "ms", cost.idle_cpu_ms_per_s),
    ]  # fmt: skip


def _first_ms(way: page.Way) -> float:
    return way.first_ms


def _event_ms(way: page.Way) -> float:
    return way.event_ms
