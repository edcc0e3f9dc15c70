"""The table that a soak prints."""

from .gauges import lows
from .run import Result


def table(result: Result) -> str:
    """What came of it, under each other."""
    during = [one for one in result.watch.samples if one.at_s <= result.seconds]
    lines = {
        "seed": f"{result.seed}",
        "time": f"{result.seconds / 60:g} min, {result.asked} requests",
        "lost": f"{len(result.lost)}",
        "500": f"{result.bugs}",
        "held for others": f"{result.held} (resumed {result.resumed} times)",
        "RSS": _memory(result, "rss_mib"),
        "PSS": _memory(result, "pss_mib"),
        "RSS at its lows": _course(result),
        "descriptors": f"{result.before['descriptors']} before, most "
        f"{max(one.descriptors for one in during)}, {result.after['descriptors']} after",
        "tasks": f"{result.before['tasks']} before, {result.after['tasks']} after",
        "threads": f"{result.before['threads']} before, {result.after['threads']} after",
        "CPU": f"{result.cpu_s:.1f} s, {100 * result.cpu_s / result.seconds:.1f} % of one core",
        "slowest": f"{result.slowest[0]:.1f} s ({result.slowest[1]})",
        "kinds of faults met": f"{len(result.met)}",
        "calls to the site": f"{result.calls}",
        "chats left": f"{result.left_chats}",
    }
    told = [f"{name:<22}{text}" for name, text in lines.items()]
    told += ["", f"{'family':<22}{'right':>8}{'held':>8}{'lost':>8}"]
    for family, counts in sorted(result.outcomes.items()):
        told.append(f"{family:<22}" + "".join(f"{counts[name]:>8}" for name in _OUTCOMES))
    broken = result.broken()
    return "\n".join([*told, "", *(broken or ["R74 holds."])])


_SHOWN = 24
_OUTCOMES = ("right", "held", "lost")


def _memory(result: Result, name: str) -> str:
    values = [getattr(one, name) for one in result.watch.samples if one.at_s <= result.seconds]
    if not values or values[0] is None:
        return "not told by this system"
    line = result.slope(name)
    slope = "" if line is None else f", {line.mib_per_h:+.1f} ± {line.error_mib_per_h:.1f} MiB/h"
    return (
        f"{values[0]:.1f} MiB first, most {max(values):.1f}, {values[-1]:.1f} last; after warming "
        f"up {result.growth_mib(name):+.1f} MiB{slope}"
    )


def _course(result: Result) -> str:
    """RSS over the whole time, in a few numbers."""
    values = [f"{value:.1f}" for _, value in lows(result.watch.samples, "rss_mib")]
    return " ".join(values[:: -(-len(values) // _SHOWN)])


def grown(result: Result, count: int = 25) -> str:
    """Of which kinds of objects there are more than before."""
    before, after = result.before.get("kinds", {}), result.after.get("kinds", {})
    more = {name: many - before.get(name, 0) for name, many in after.items()}
    found = sorted(more.items(), key=lambda one: -one[1])[:count]
    return "\n".join(f"{many:>+8}  {name}" for name, many in found if many > 0)
