"""Serving from a tray: the icon first, then the proxy, in one process with one instance."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from tray_app.anew import Anew
from tray_app.core.redact import Redactor
from tray_app.desktop.app import App, Plan
from tray_app.proxy.door import DoorError, UnknownCommandError, ask
from tray_app.startup import (
    ALREADY_RUNNING,
    NO,
    OK,
    AlreadyRunningError,
    complain,
    fault_notes,
    only_instance,
    open_door,
    tell,
)
from tray_app.store import StoreError
from tray_app.store.paths import Paths
from tray_app.store.restarts import restarted_within
from tray_app.store.settings import effective
from tray_app.store.settings_file import load

if TYPE_CHECKING:
    from tray_app.proxy.instance import Instance

_PATIENCE_S = 12.0
"""How long a second start waits for the first to begin or to end."""
_LOOK_S = 0.2
_RESTART_S = 30.0
"""How long after the program started itself anew its proxy may be put together."""


def serve(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Serve until somebody quits; returns the exit code.

    A second start shows the first; one that comes while the first begins or ends waits for it.
    """
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with only_instance(arguments, paths, environ) as redactor:
                code, is_unwanted = _serve(arguments, paths, environ, redactor)
            return _forgotten(paths, environ) if is_unwanted else code
        except AlreadyRunningError:
            told = _show_the_first(paths, environ)
        if told is not None:
            return told
        if time.monotonic() > end_s:
            sentence = "Portico is just starting or stopping. Try again in a moment."
            return complain(sentence, ALREADY_RUNNING)
        time.sleep(_LOOK_S)


def _forgotten(paths: Paths, environ: Mapping[str, str]) -> int:
    from tray_app.forget import forget

    return forget(paths, environ, agreed=True)


def _serve(
    arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str], redactor: Redactor
) -> tuple[int, bool]:
    """Returns the exit code, and whether the person wants all that is kept removed."""
    with contextlib.ExitStack() as stack:
        app = _app(arguments, paths, environ, redactor, stack)
        return _run(app), app.is_unwanted


def _app(
    arguments: argparse.Namespace,
    paths: Paths,
    environ: Mapping[str, str],
    redactor: Redactor,
    stack: contextlib.ExitStack,
) -> App:
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    notes = (*loaded.notes, *fault_notes(paths))
    for note in notes:
        tell(note)
    settings = effective(loaded.settings, environ, {"port": arguments.port})
    plan = Plan(
        settings=settings,
        logs=paths.logs,
        notes=notes,
        hidden=arguments.hidden,
        practice=arguments.practice,
    )

    def build(app: App) -> "Instance":
        from tray_app.compose import compose
        from tray_app.proxy.instance import Instance

        async def show(message: dict[str, Any]) -> object:
            screen = message.get("screen")
            return app.show_up(_screen(screen if isinstance(screen, dict) else {}))

        composed = compose(paths, environ, redactor, stack, arguments, changed=app.changed)
        for note in composed.notes:
            if note not in notes:
                tell(note)
        profile = paths.profile
        if arguments.practice:
            profile = Path(stack.enter_context(TemporaryDirectory(prefix="portico-practice-")))
        parts = msgspec.structs.replace(
            composed.parts,
            stuck=Anew(paths.restarts, tell),
            window=app.site_window(composed.parts.site, profile),
        )
        instance = Instance(parts, str(paths.door), app.changed, {"show": show})
        if restarted_within(paths.restarts, time.time(), _RESTART_S):
            # It ran when the program started itself anew, whatever the setting says.
            instance.supervisor.start()
        try:
            open_door(instance.open, paths)
        except StoreError:
            instance.close()
            raise
        return instance

    return App(plan, build, tell)


def _run(app: App) -> int:
    if sys.platform == "linux" and os.environ.get("PORTICO_TRAY") != "pystray":
        asyncio.run(_on_the_bus(app))
    else:
        from tray_app.desktop.beside import run_beside
        from tray_app.desktop.pystray_tray import NoTrayError

        try:
            run_beside(app)
        except NoTrayError as error:
            return complain(str(error), NO)
    return OK


async def _on_the_bus(app: App) -> None:
    from tray_app.desktop.sleep import watch_sleep
    from tray_app.desktop.sni import SniTray

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever starts it may want some to be ignored, as nohup does.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, app.quit)
    tray = SniTray(app.pressed, app.hosted)
    beside = [loop.create_task(tray.run()), loop.create_task(watch_sleep(app.woke))]
    try:
        await app.run(tray)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)


_SCREEN = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")


def _screen(environ: Mapping[str, object]) -> dict[str, str]:
    """The variables that say which desktop somebody is on."""
    return {name: str(environ[name]) for name in _SCREEN if environ.get(name)}


def _show_the_first(paths: Paths, environ: Mapping[str, str]) -> int | None:
    """Have the instance that runs show itself, on the desktop of who asks for it.

    Returns the exit code; None where it begins or ends just now.
    """
    try:
        shows = ask(str(paths.door), {"do": "show", "screen": _screen(environ)})
    except ConnectionError:
        return None
    except UnknownCommandError:
        tell("Portico is running already, without a tray. `portico status` shows it.")
        return OK
    except DoorError as error:
        return complain(str(error), ALREADY_RUNNING)
    if not shows:
        return None
    tell("Portico is running already: look at its icon, or at the window that it shows now.")
    return OK
