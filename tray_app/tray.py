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
from typing import TYPE_CHECKING, Any

import msgspec

from tray_app.anew import Anew
from tray_app.core.redact import Redactor
from tray_app.desktop.app import App, Plan
from tray_app.proxy.door import DoorError, ask
from tray_app.startup import ALREADY_RUNNING, OK, AlreadyRunningError, complain, only_instance, tell
from tray_app.store.paths import Paths
from tray_app.store.restarts import restarted_within
from tray_app.store.settings import effective, load

if TYPE_CHECKING:
    from tray_app.proxy.instance import Instance

_RESTART_S = 30.0
"""How long after the program started itself anew its proxy may be put together."""


def serve(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Serve until somebody quits; returns the exit code. A second start shows the first."""
    try:
        with only_instance(arguments, paths, environ) as redactor, contextlib.ExitStack() as stack:
            return _run(_app(arguments, paths, environ, redactor, stack))
    except AlreadyRunningError:
        return _show_the_first(paths)


def _app(
    arguments: argparse.Namespace,
    paths: Paths,
    environ: Mapping[str, str],
    redactor: Redactor,
    stack: contextlib.ExitStack,
) -> App:
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    settings = effective(loaded.settings, environ, {"port": arguments.port})
    plan = Plan(
        settings=settings,
        logs=paths.logs,
        hidden=arguments.hidden,
        practice=arguments.practice,
    )

    def build(app: App) -> "Instance":
        from tray_app.compose import compose
        from tray_app.proxy.instance import Instance

        async def show(_: dict[str, Any]) -> object:
            app.show_up()
            return None

        composed = compose(paths, environ, redactor, stack, arguments, changed=app.changed)
        for note in composed.notes:
            tell(note)
        parts = msgspec.structs.replace(composed.parts, stuck=Anew(paths.restarts, tell))
        instance = Instance(parts, str(paths.door), app.changed, {"show": show})
        if restarted_within(paths.restarts, time.time(), _RESTART_S):
            # It ran when the program started itself anew, whatever the setting says.
            instance.supervisor.start()
        instance.open()
        return instance

    return App(plan, build, tell)


def _run(app: App) -> int:
    if sys.platform == "linux" and os.environ.get("PORTICO_TRAY") != "pystray":
        asyncio.run(_on_the_bus(app))
    else:
        from tray_app.desktop.beside import run_beside

        run_beside(app)
    return OK


async def _on_the_bus(app: App) -> None:
    from tray_app.desktop.sleep import watch_sleep
    from tray_app.desktop.sni import SniTray

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, app.quit)
    tray = SniTray(app.pressed, app.hosted)
    beside = [loop.create_task(tray.run()), loop.create_task(watch_sleep(app.woke))]
    try:
        await app.run(tray)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)


def _show_the_first(paths: Paths) -> int:
    """Have the instance that runs show itself; one that has no window says how it goes."""
    try:
        ask(str(paths.door), {"do": "show"})
    except ConnectionError:
        sentence = "Portico is just starting or stopping. Try again in a moment."
        return complain(sentence, ALREADY_RUNNING)
    except DoorError:
        tell("Portico is running already, without a tray. `portico status` shows it.")
        return OK
    tell("Portico is running already: look at its icon, or at the window that it shows now.")
    return OK
