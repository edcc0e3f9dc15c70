"""The whole benchmark: what is measured in which order, and the targets of Portico by itself."""

from dataclasses import dataclass

from . import built, lines, page, pure, startup, tray
from .report import Row, Target, alone, beside
from .ring import Compared, Ring, ring
from .size import Size

READY, READY_CPU, IDLE_MB = Target(600.0), Target(500.0), 40.0
IDLE_WAKES, IDLE_CPU_MS = 0.2, 0.1
ICON_MS, SERVING_MS, TRAY_MB, MENU_MS = 500.0, 1000.0, 60.0, 100.0
PAGE_FIRST_MS, PAGE_EVENT_MS, PAGE_EVENTS_PER_S, PAGE_WAKES = 6.0, 10.0, 2000.0, 2.0


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
    with ring() as here, ring(tls=True) as safe:
        relay = startup.relay(here.relay.child, size.idle_s)
        rows = _compared(here, safe, size)
        asked, answered = _counted((here, safe))
    asked["pure"], answered["pure"] = pure.FEW, pure.FEW - pure.lost()
    rows += lines.of_memory(size)
    idle = startup.idle(size.idle_s)
    rows += _started(startup.ready(size.starts), idle, relay)
    rows += _tray(tray.measure(size.starts, size.idle_s))
    rows += built.rows(size.starts)
    rows += _page(page.measure(min(size.trips, 40), size.idle_s))
    return Result(rows, asked, answered, idle.chat_bytes)


def _compared(here: Ring, safe: Ring, size: Size) -> list[Row]:
    return [
        *lines.of_cpu(here, safe, size),
        *lines.of_pure(size),
        *lines.of_first(here, safe, size),
        *lines.of_calls(here),
        *lines.of_weight(here, size),
    ]


def _counted(rings: tuple[Ring, ...]) -> tuple[dict[str, int], dict[str, int]]:
    asked: dict[str, int] = {}
    answered: dict[str, int] = {}
    for one in (one for each in rings for one in each.everybody):
        asked[one.name] = asked.get(one.name, 0) + one.asked
        answered[one.name] = answered.get(one.name, 0) + one.answered
    return asked, answered


def _started(ready: startup.Ready, idle: startup.Idle, relay: startup.Left) -> list[Row]:
    bare = startup.bare(idle.watched_s)
    started = ("process start to the open port", ready.wall_ms, relay.start_ms, READY)
    cpu = ("CPU until then", ready.cpu_ms, relay.start_cpu_ms, READY_CPU)
    return [
        *(
            beside(what, "ms", Compared(ours, theirs, ours / theirs), target)
            for what, ours, theirs, target in (started, cpu)
        ),
        alone("memory (PSS) at idle, headless", "MB", bare.pss_mb, IDLE_MB, relay.pss_mb),
        alone("the same after one chat, practice included", "MB", idle.pss_mb, IDLE_MB),
        alone("wake-ups at idle, per second", "", bare.wakes_per_s, IDLE_WAKES, relay.wakes_per_s),
        alone("CPU at idle, per second", "ms", bare.cpu_ms_per_s, IDLE_CPU_MS, relay.cpu_ms_per_s),
        alone("wake-ups after one chat, per second", "", idle.wakes_per_s, IDLE_WAKES),
        alone("CPU after one chat, per second", "ms", idle.cpu_ms_per_s, IDLE_CPU_MS),
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
        alone("tray: wake-ups while idle, per second", "", cost.wakes_per_s, IDLE_WAKES),
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
            "page: events in a second, as fast as they come", "", rate,
            target=f">= {PAGE_EVENTS_PER_S:g}", met=rate >= PAGE_EVENTS_PER_S,
        ),
        alone("page: wake-ups while idle, per second", "", cost.idle_wakes_per_s, PAGE_WAKES),
        alone("page: CPU while idle, per second", "ms", cost.idle_cpu_ms_per_s),
    ]  # fmt: skip


def _first_ms(way: page.Way) -> float:
    return way.first_ms


def _event_ms(way: page.Way) -> float:
    return way.event_ms
