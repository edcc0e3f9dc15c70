"""Windows that tell of requests, models and Portico itself, in the middle of being used."""

from pathlib import Path

from msgspec.structs import replace

from tests.desktop.snapshots import NOW_S, STATUS, facts
from tray_app.core.deeds import LEFT, DaySum, Deed
from tray_app.core.variants import offered
from tray_app.desktop.about_view import Reading, about_view
from tray_app.desktop.activity_days import Days
from tray_app.desktop.activity_view import Watching, activity_view
from tray_app.desktop.connect_view import Said
from tray_app.desktop.models_view import Choosing, Offered, models_view
from tray_app.desktop.windows.parts import AboutView, ActivityView, ModelsView
from tray_app.desktop.words import Words
from tray_app.proxy.activity import Live
from tray_app.proxy.bodies import Body
from tray_app.proxy.turned_away import TurnedAwayStatus
from tray_app.store.notices import Component
from tray_app.upstreams import UPSTREAMS

PAST = (
    Deed(NOW_S - 60, "roo-code", "qwen3.7-plus", "ok", 12.4, "", 18_204, 912, first_s=1.2),
    Deed(NOW_S - 95, "roo-code", "qwen3.7-plus", "rate_limited", 0.4),
    Deed(NOW_S - 120, "immersive-translate", "qwen3.5-flash", "ok", 2.1, "", 420, 388, True, 0.6),
    Deed(NOW_S - 300, "roo-code", "qwen3.7-plus-thinking", LEFT, 31.0, "", 0, 0, first_s=4.0),
    Deed(NOW_S - 90_000, "open-webui", "qwen3-coder-plus", "upstream_stalled", 75.2, first_s=2.0),
)
LIVE = (
    Live(7, NOW_S - 9, "roo-code", "qwen3.7-plus", "answering", 0, 9.1, 1.4, 322),
    Live(8, NOW_S - 3, "immersive-translate", "qwen3.5-flash", "asked", 0, 3.0, None, 0),
    Live(9, NOW_S - 1, "immersive-translate", "qwen3.5-flash", "waiting", 1, 1.0, None, 0),
)
TODAY = DaySum(
    "2026-09-21", requests=1204, failed=3, input_tokens=1_820_400, output_tokens=91_200,
    estimated=True, first_s=1.1,
)  # fmt: skip
SUMS = (
    replace(TODAY, took_s=8.2),
    DaySum("2026-09-20", requests=310, input_tokens=402_000, output_tokens=20_100, took_s=7.9),
)
APPS = (DaySum("roo-code", requests=1190, failed=12), DaySum("cherry-studio", requests=40))
REFUSED = TurnedAwayStatus(NOW_S - 7200, {"invalid_api_key": 3, "origin_not_allowed": 1})
BUSY = facts(status={"live": list(LIVE), "today": TODAY, "turned_away": REFUSED})


def activity(words: Words, **more: object) -> ActivityView:
    """Requests that go on, and some that ended."""
    saved = Said("good", words("pane.saved", place="/home/a/Downloads/portico-requests.csv"))
    state = Watching(
        past=PAST, apps=APPS, saved=saved, folder="/home/a/Downloads", days=Days(sums=SUMS)
    )  # fmt: skip
    return activity_view(replace(state, **more), BUSY, words)


def reading(words: Words) -> ActivityView:
    """A question and its answer, which are kept for a while."""
    bodies = (
        Body(7, NOW_S, "roo-code", "user:\nWhat is a portico?", ["A porch with columns."]),
        Body(6, NOW_S - 40, "immersive-translate", "user:\nTranslate: porch", ["门廊"]),
    )
    read = (bodies[0].asked, bodies[0].answered)
    state = Watching(bodies=bodies, reading=7, read=read)
    return activity_view(state, facts(status={"bodies_s": 2400}), words)


def models(words: Words, **more: object) -> ModelsView:
    """The models that are built in."""
    known = UPSTREAMS[0].built_in_models()
    state = Choosing(
        offered=tuple(Offered(one, tuple(offered(one))) for one in known),
        worked={known[0].id: NOW_S - 60},
        asked=Said("good", words("models.renewed", count=len(known))),
    )
    return models_view(replace(state, **more), facts(), words)


def about(words: Words, page: str = "portico") -> AboutView:
    """A page of what Portico says of itself."""
    parts = (
        Component("aiohttp", "3.14.5", "Apache-2.0 AND MIT"),
        Component("msgspec", "0.22.0", "BSD-3-Clause"),
    )
    state = Reading(
        page=page, home=Path("/home/a/.local/share/portico"), components=parts,
        licences=Path("/usr/share/doc/portico/NOTICES.txt.gz"),
        gathered=f"## Versions\n\nPortico {STATUS.version}\n\n## Doctor\n\nok    port: 7936",
        gathering=Said("good", words("about.gathered")),
        saved=Said("good", words("pane.saved", place="/home/a/Downloads/portico.txt")),
        folder="/home/a/Downloads",
    )  # fmt: skip
    return about_view(state, words)
