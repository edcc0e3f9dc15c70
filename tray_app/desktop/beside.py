"""An app beside a tray that wants the main thread for itself, as those of Windows and macOS do."""

import asyncio
import signal
import sys
import threading

from .app import App
from .icons import Theme, png
from .look import IconName
from .pystray_icon import Event
from .pystray_tray import PystrayTray

_LOOK_S = 5.0
"""So late may a signal be heeded once the screen is gone."""
_PIXELS, _TEMPLATE_PIXELS = 64, 36


def run_beside(app: App) -> None:
    """Run an app in a thread, and its tray in this one, which must be the main thread.

    Raises `NoTrayError` where there is no screen.
    """
    over = threading.Event()

    def on_event(event: Event) -> None:
        if event == "wake":
            app.woke()
        elif event == "logoff":
            # The system waits for the return of this, and no longer than three seconds.
            app.quit()
            over.wait()

    tray = PystrayTray(app.pressed, on_event, _image_of)

    failures: list[BaseException] = []

    def live() -> None:
        try:
            asyncio.run(_live(app, tray))
        except BaseException as error:  # noqa: BLE001  raised where the program can be ended for it
            failures.append(error)
        finally:
            over.set()
            tray.stop()

    thread = threading.Thread(target=live, name="portico-app")
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: app.quit())
    thread.start()
    tray.run()
    if not over.is_set() and sys.platform == "linux":
        # The screen is gone, and with it everybody who could click; the proxy goes on.
        app.hosted(is_there=False)
    _wait_for(thread)
    for failure in failures:
        raise failure


def _wait_for(thread: threading.Thread) -> None:
    """Wait for the app's end; signals are heeded meanwhile.

    One that another thread took, or that came just before a wait, does not end that wait.
    """
    while thread.is_alive():
        thread.join(_LOOK_S)


async def _live(app: App, tray: PystrayTray) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: app.hosted(is_there=True))
    await app.run(tray)


def _image_of(icon: IconName, theme: Theme) -> bytes:
    return png(icon, theme, _TEMPLATE_PIXELS if theme == "template" else _PIXELS)
