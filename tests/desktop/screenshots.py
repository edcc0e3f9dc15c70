"""Pictures of everything that people see: `python -m tests.desktop.screenshots FOLDER`.

On real panels, light and dark: every state of the icon, the menu, the windows in every language.
They are for looking at; the best ones are in the README.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from PIL import Image, ImageDraw

from tests.desktop import more_views
from tests.desktop.running import Tray, tray
from tests.desktop.snapshots import FACTS, NOW_S
from tests.desktop.xfce import Xfce
from tests.waiting import WITHIN_S, until
from tray_app.core.model import ModelInfo
from tray_app.desktop.about_view import PAGES
from tray_app.desktop.connect_view import HIDDEN_KEY, Connecting, Said, connect_view
from tray_app.desktop.launcher import Launcher
from tray_app.desktop.look import IconName, Look
from tray_app.desktop.settings_view import Setting, settings_view
from tray_app.desktop.sni import SniTray
from tray_app.desktop.state import decide
from tray_app.desktop.views import ask_for_network, ask_for_session, ask_to_pair, status_view
from tray_app.desktop.windows.messages import View
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.dialects.clients import find, recommended
from tray_app.dialects.clients.recipe import Client, Offer
from tray_app.proxy.keys import LocalKey
from tray_app.upstreams import UPSTREAMS

_THEMES = {"light": "Adwaita", "dark": "Adwaita:dark"}
_PANEL_HEIGHT, _SHOWN_WIDTH = 32, 44
_SETTLE_S = 0.8
_ICON_COLOURS = 16
"""A panel that has no icon yet has no more."""
_FOR_WINDOWS = "960x760x24"


def main(folder: Path) -> None:
    """Make all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    strips = {name: _states(theme) for name, theme in _THEMES.items()}
    _sheet(strips).save(folder / "states.png")
    for name, theme in _THEMES.items():
        _menu(theme, folder / f"menu-{name}.png")
        _windows(theme, name, folder)
    print(*sorted(path.name for path in folder.glob("*.png")), sep="\n")


@contextmanager
def _desktop(theme: str, size: str = "800x600x24") -> Iterator[tuple[Xfce, Path]]:
    # Its programs may still write while they end.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        xfce = Xfce(Path(folder), size)
        xfce.environment["GTK_THEME"] = theme
        if os.geteuid() == 0:
            xfce.environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        xfce.environment["LIBGL_ALWAYS_SOFTWARE"] = "1"
        xfce.start(panel=True)
        before = dict(os.environ)
        os.environ.update(xfce.environment)
        try:
            yield xfce, Path(folder)
        finally:
            os.environ.clear()
            os.environ.update(before)
            xfce.stop()


def _picture(xfce: Xfce, path: Path) -> Image.Image:
    """What is on the whole screen."""
    subprocess.run(["import", "-window", "root", str(path)], env=xfce.environment, check=True)
    return Image.open(path).convert("RGB")


def _states(theme: str) -> dict[str, Image.Image]:
    """The icon in its panel, in every state."""
    with _desktop(theme) as (xfce, folder):
        return asyncio.run(_shown(xfce, folder))


async def _shown(xfce: Xfce, folder: Path) -> dict[str, Image.Image]:
    shots: dict[str, Image.Image] = {}
    icon_tray = SniTray(lambda _: None)
    task = asyncio.get_running_loop().create_task(icon_tray.run())

    async def shot() -> Image.Image:
        whole = await asyncio.to_thread(_picture, xfce, folder / "shot.png")
        return whole.crop((0, whole.height - _PANEL_HEIGHT, _SHOWN_WIDTH, whole.height))

    for icon in get_args(IconName):
        icon_tray.show(Look(icon, "Portico", icon, ()))
        async with asyncio.timeout(WITHIN_S):
            while (await shot()).getcolors(_ICON_COLOURS) is not None:  # noqa: ASYNC110  a panel
                await asyncio.sleep(_SETTLE_S)
        await asyncio.sleep(_SETTLE_S)
        shots[icon] = await shot()
    task.cancel()
    await asyncio.wait({task})
    return shots


def _sheet(strips: dict[str, dict[str, Image.Image]]) -> Image.Image:
    """The states beside each other, with their names, twice as large as they are."""
    names = list(get_args(IconName))
    sheet = Image.new("RGB", (230 + 120 * len(strips), 80 * len(names)), "#ffffff")
    draw = ImageDraw.Draw(sheet)
    for row, icon in enumerate(names):
        draw.text((16, row * 80 + 28), icon.replace("_", " "), "#202228", font_size=18)
        for column, shots in enumerate(strips.values()):
            shot = shots[icon].resize(
                (_SHOWN_WIDTH * 2, _PANEL_HEIGHT * 2), Image.Resampling.NEAREST
            )
            sheet.paste(shot, (230 + column * 120, row * 80 + 8))
    return sheet


def _menu(theme: str, path: Path) -> None:
    """The menu as the panel draws it, over a program that was used."""
    with _desktop(theme) as (xfce, folder), tray(xfce, folder / "portico") as running:
        running.line("Practice mode on port")
        _use(running)
        words = ("xdotool", "mousemove", "26", "584", "click", "3")
        subprocess.run(words, env=xfce.environment, check=True)
        time.sleep(_SETTLE_S)
        whole = _picture(xfce, folder / "shot.png")
        whole.crop((0, whole.height - 420, 420, whole.height)).save(path)


def _use(running: Tray) -> None:
    """Have something happen that the menu can tell of."""
    key = running.portico.say("key", "show")
    running.portico.say("key", "new", "roo")
    running.portico.chat(key, "Hello")
    until(lambda: running.remote.row("Recent activity")["rows"])


def _windows(theme: str, name: str, folder: Path) -> None:
    """The windows, in every language."""
    with _desktop(theme, _FOR_WINDOWS) as (xfce, place):
        for language in LANGUAGES:
            words = Words(language)
            views: dict[str, View] = {
                **_panes(words),
                "status": status_view(decide(FACTS, words), words),
                "pair": ask_to_pair("https://app.example", words),
                "network": ask_for_network("192.168.1.5", words),
                "sign-in": ask_for_session(words),
            }
            for what, view in views.items():
                asyncio.run(_window(xfce, place, view, folder / f"{what}-{language}-{name}.png"))


def _panes(words: Words) -> dict[str, View]:
    """Those that are made of parts, in the middle of being used."""
    models = UPSTREAMS[0].built_in_models()
    roo, translator = find("roo-code"), find("immersive-translate")
    assert roo is not None
    assert translator is not None
    states = {
        "connect-welcome": Connecting(offer=Offer("", HIDDEN_KEY, "")),
        "connect-roo": _connecting(roo, models, words),
        "connect-translator": _connecting(translator, models, words),
    }
    keys = (
        LocalKey("default", "", NOW_S),
        LocalKey("roo-code", "", NOW_S, last_used_s=NOW_S),
    )
    groups = {
        f"settings-{group}": Setting(group=group, saved="long_prompt")
        for group in ("answers", "qwen", "keys")
    }
    return {
        **{name: connect_view(state, FACTS, words) for name, state in states.items()},
        **{name: settings_view(state, FACTS, keys, words) for name, state in groups.items()},
        "activity": more_views.activity(words),
        "activity-texts": more_views.reading(words),
        "models": more_views.models(words),
        **{f"about-{page}": more_views.about(words, page) for page in PAGES},
    }


def _connecting(client: Client, models: tuple[ModelInfo, ...], words: Words) -> Connecting:
    endpoint = "http://127.0.0.1:7936/v1"
    return Connecting(
        client=client,
        offer=Offer(endpoint, HIDDEN_KEY, recommended(client, models), models),
        files=("~/.roo/portico.json",),
        undoable=True,
        wrote=Said("good", words("connect.written", client=client.label)),
        tried=Said("good", words("connect.try.works", first="0.8", total="1.9")),
    )


async def _window(xfce: Xfce, place: Path, view: View, path: Path) -> None:
    launcher = Launcher(lambda *_: None, lambda *_: None)
    launcher.open(view.__struct_config__.tag, view)  # type: ignore[arg-type]
    await asyncio.sleep(3.0)
    whole = await asyncio.to_thread(_picture, xfce, place / "shot.png")
    whole.crop((0, 0, whole.width, whole.height - _PANEL_HEIGHT)).save(path)
    await launcher.close_all()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
