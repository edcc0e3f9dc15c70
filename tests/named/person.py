"""Somebody before the screen: reads it as a screen reader does, types, and clicks."""

import time
from collections.abc import Callable

from tests.desktop.screen import Eyes, Seen
from tests.named.site.world import EMAIL, PASSWORD
from tests.waiting import until

PAGE_S = 60.0
"""How long a window with a page may take to come."""


class Person:
    """Reads and answers what any window of Portico shows.

    Args:
        eyes: On the screen that Portico is on.
    """

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes

    def sees(self, name: str, role: str = "", within_s: float = PAGE_S) -> Seen:
        """The first thing whose name has these words in it; it must come soon."""
        found: Seen = until(lambda: self._look(name, role), within_s)
        return found

    def sees_none(self, name: str, role: str = "", within_s: float = PAGE_S) -> None:
        """Wait until there is nothing of this name any more."""
        until(lambda: self._look(name, role) is None, within_s)

    def is_shown(self, name: str, role: str = "") -> bool:
        """Whether it is there now."""
        return self._look(name, role) is not None

    def clicks(self, name: str, role: str = "button", within_s: float = PAGE_S) -> None:
        """Click in the middle of it, once it stays where it is."""
        place = self.sees(name, role, within_s)[2]
        while (now := self.sees(name, role)[2]) != place:
            place = now
        self.eyes.press(place)

    def types(self, text: str) -> None:
        """Type into whatever has the keyboard."""
        self.eyes.run("xdotool", "type", "--delay", "20", text)

    def closes(self, title: str) -> None:
        """Close the window that has these words in its title, by its frame's keys."""
        [window] = self.eyes.run("xdotool", "search", "--onlyvisible", "--name", title).split()
        self.eyes.run("xdotool", "windowactivate", "--sync", window)
        self.eyes.keys("alt+F4")
        until(lambda: not self.title(title), PAGE_S)

    def signs_in(self, password: str = PASSWORD) -> None:
        """Fill in the site's form by the keyboard, wherever the focus was."""
        self.fills("Email", EMAIL)
        self.eyes.keys("Tab")
        self.types(password)
        self.eyes.keys("Return")

    def fills(self, name: str, text: str) -> None:
        """Click into a field and type."""
        self.clicks(name, "entry")
        self.eyes.keys("ctrl+a")
        self.types(text)

    def title(self, like: str) -> list[str]:
        """The titles of visible windows that have these words in them."""
        ids = self.eyes.run("xdotool", "search", "--onlyvisible", "--name", like).split()
        return [self.eyes.run("xdotool", "getwindowname", one).strip() for one in ids]

    def answers_whatever(self, *buttons: str, until_is: Callable[[], bool]) -> None:
        """Press whichever of these buttons is there, again and again, until something is so."""
        end_s = time.monotonic() + 2 * PAGE_S
        while not until_is():
            assert time.monotonic() < end_s, f"only {self.eyes.names()} is to be seen"
            for button in buttons:
                if self.is_shown(button, "button"):
                    self.clicks(button)
                    break
            time.sleep(0.3)

    def _look(self, name: str, role: str) -> Seen | None:
        for one in self.eyes.read():
            if name.lower() in one[1].lower() and role in one[0]:
                return one
        return None
