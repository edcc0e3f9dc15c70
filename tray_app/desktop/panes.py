"""The panes that are open: each drawn anew when something changed, each told what was pressed."""

import os
from collections.abc import Awaitable, Callable

from tray_app.proxy.door import DoorError
from tray_app.store import StoreError

from . import clipboard
from .about_pane import AboutPane
from .activity_pane import ActivityPane
from .connect_pane import ConnectPane
from .facts import Facts
from .launcher import Launcher
from .models_pane import ModelsPane
from .pane import Desk, Pane
from .screen import has_screen
from .settings_pane import SettingsPane
from .turns import Turns
from .windows import PANES, WindowName


class Panes:
    """Every pane of an app; used from one loop.

    Args:
        launcher: Shows the windows.
        desk: What the panes work with.
        facts: What is known at this moment.
        welcomes: Whether somebody who starts Portico for the first time is shown the way.
    """

    def __init__(
        self, launcher: Launcher, desk: Desk, facts: Callable[[], Facts], *, welcomes: bool = False
    ) -> None:
        self._welcomes = welcomes
        self._launcher = launcher
        self._desk = desk
        self._facts = facts
        self._panes: dict[WindowName, Pane] = {
            "connect": ConnectPane(desk),
            "settings": SettingsPane(desk),
            "activity": ActivityPane(desk),
            "models": ModelsPane(desk),
            "about": AboutPane(desk),
        }
        self._turns: dict[WindowName, Turns] = {name: Turns() for name in PANES}

    async def open(self, name: str) -> None:
        """Show this one, or bring it to the front."""
        if name not in PANES:
            raise ValueError(name)
        if not self._launcher.is_open(name):
            self._panes[name].begin()
        self._launcher.open(name, self._panes[name].view(self._facts(), self._desk.words()))
        await self._watched(name, self._panes[name].prepare())

    def draw(self, facts: Facts) -> bool:
        """Have those that are open show what is so now; returns whether it is time to welcome.

        That is not before Portico itself is to be seen: by its icon, or by the window for it. Nor
        is it while a question is open, which a window over it would take the click from.
        """
        for name in PANES:
            if self._launcher.is_open(name):
                self._launcher.update(name, self._panes[name].view(facts, self._desk.words()))
        is_seen = facts.hosted or self._launcher.is_open("status")
        is_free = is_seen and not self._launcher.is_open("question")
        is_time = self._welcomes and is_free and is_first_run(facts)
        self._welcomes = self._welcomes and not is_time
        return is_time

    async def pressed(self, name: WindowName, what: str, typed: str) -> None:
        """Do what the person chose in one, and tell there what goes wrong.

        In a window one thing is done after the other, and what is under way not once more.
        """
        verb, _, about = what.partition(":")
        if verb == "close":
            self._launcher.close(name)
        else:
            deed = self._panes[name].do
            await self._turns[name].take(
                (what, typed), lambda: self._watched(name, deed(verb, about, typed))
            )

    async def _watched(self, name: WindowName, deed: Awaitable[None]) -> None:
        """Have something done, and tell in that window what goes wrong."""
        pane, words = self._panes[name], self._desk.words()
        try:
            await deed
        except clipboard.ClipboardError:
            pane.tell(words("told.no_clipboard"))
        except (DoorError, StoreError) as error:
            pane.tell(str(error))
        except TimeoutError:
            pane.tell(words("pane.no_answer"))
        finally:
            self._desk.changed()


def is_first_run(facts: Facts) -> bool:
    """Whether nobody has ever signed in here, and somebody could be shown how."""
    return (
        facts.status is not None
        and facts.run.kind == "running"
        and facts.status.session.state == "signed_out"
        and not facts.settings.terms_read
        and facts.windows
        and has_screen(os.environ)
    )
