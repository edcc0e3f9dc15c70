"""What a pane works with, over a real program with a proxy that runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness import Reply, Running
from tests.proxy.test_supervisor import parts_on
from tests.waiting import until
from tray_app.desktop.facts import Facts
from tray_app.desktop.menu import Action
from tray_app.desktop.pane import Desk
from tray_app.desktop.words import Words
from tray_app.practice import PracticeSite
from tray_app.proxy.house import Parts
from tray_app.proxy.instance import Instance
from tray_app.proxy.keys import DEFAULT_NAME

EN = Words("en")


@dataclass
class Office:
    """A desk, and what was asked of it beside the proxy."""

    instance: Instance
    home: Path
    actions: list[Action] = field(default_factory=list)
    drawn: int = 0
    is_unwanted: bool | None = None
    """What it was ended with."""

    @property
    def desk(self) -> Desk:
        return Desk(self.instance, self._act, lambda: EN, self._draw, self.home, self._quit)

    def facts(self) -> Facts:
        """What is known now."""
        supervisor = self.instance.supervisor
        return Facts(
            run=supervisor.run, settings=supervisor.parts.settings, status=supervisor.status
        )

    def names(self) -> list[str]:
        """The names of the keys in force."""
        return [key.name for key in self.instance.supervisor.parts.person.keys.all()]

    async def _act(self, action: Action) -> None:
        self.actions.append(action)

    def _draw(self) -> None:
        self.drawn += 1

    def _quit(self, *, is_unwanted: bool = False) -> None:
        self.is_unwanted = is_unwanted


def ask(office: Office, site: PracticeSite, **more: Any) -> Reply:
    """What the proxy answers to an app that asks for a stream."""
    service = office.instance.supervisor.service
    assert service is not None
    key = office.instance.supervisor.parts.person.keys.get(DEFAULT_NAME)
    return Running(service, site, key.secret).chat(stream=True, **more)


def saved_in(folder: Path, name: str) -> list[Path]:
    """The files there whose names begin like this."""
    return list(folder.glob(f"{name}*"))


@contextmanager
def office(site: PracticeSite, folder: Path, parts: Parts | None = None) -> Iterator[Office]:
    """An office whose proxy serves, until the context ends."""
    instance = Instance(parts or parts_on(site), str(folder / "door.sock"))
    instance.open()
    try:
        instance.supervisor.start()
        until(lambda: instance.supervisor.run.kind == "running")
        yield Office(instance, folder)
    finally:
        instance.close()
