"""The window *About*: what is read there, what is gathered for whoever helps, and the way out."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tray_app.proxy.door import DoorError
from tray_app.store import StoreError
from tray_app.store.handed_out import downloads, hand_out
from tray_app.store.notices import built, components, notices_file

from .about_view import PAGES, Reading, about_view, versions
from .connect_view import Said
from .diagnostics import diagnostics
from .facts import Facts
from .pane import Desk, Doing, Telling, copy, show_folder
from .windows.parts import AboutView
from .words import Words


class AboutPane:
    """What somebody does in that window.

    Args:
        desk: What it works with.
        folder: Where files are saved; None for the person's downloads.
    """

    def __init__(self, desk: Desk, folder: Path | None = None) -> None:
        self._desk = desk
        self._folder = folder
        self._telling = Telling(desk.changed)
        self.tell = self._telling.tell
        self._state = Reading(home=desk.home)
        self._deeds: dict[str, Doing] = {
            "show": self._show,
            "back": self._back,
            "copy": self._copy,
            "gather": self._gather,
            "save": self._save,
            "copy_all": self._copy_all,
            "open": self._open,
            "open_home": self._open_home,
            "open_licences": self._open_licences,
            "remove": self._remove,
            "remove_keep": self._keep,
            "remove_sure": self._remove_all,
        }

    def view(self, _: Facts, words: Words) -> AboutView:
        """What it shows now."""
        return about_view(msgspec.structs.replace(self._state, told=self._telling.told), words)

    def begin(self) -> None:
        """Forget what was gathered: by now it would be old."""
        kept = self._state
        self._state = Reading(home=kept.home, components=kept.components, licences=kept.licences)

    async def prepare(self) -> None:
        """Read what Portico is made of."""
        file = notices_file(built())
        found = await asyncio.to_thread(components, file)
        self._change(components=tuple(found), licences=file)

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose; raises `ClipboardError`."""
        deed = self._deeds.get(verb)
        if deed is not None:
            await deed(about, typed)

    def _change(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)

    async def _show(self, page: str, _: str) -> None:
        if page in PAGES:
            self._change(page=page, is_chosen=True, is_removing=False, removing=Said())

    async def _back(self, *_: str) -> None:
        self._change(is_chosen=False)

    async def _copy(self, name: str, _: str) -> None:
        text = versions(self._desk.home).get(name)
        if text is not None:
            await copy(text, secret=False)
            self.tell(self._desk.words()("pane.copied"))

    async def _gather(self, *_: str) -> None:
        """Put together what is to be sent, for the person to read."""
        if self._state.gathering.tone == "busy":
            return
        words = self._desk.words()
        busy = Said("busy", words("about.gather.busy"))
        self._change(gathering=busy, gathered="", saved=Said(), folder="")
        self._desk.changed()
        told = await asyncio.to_thread(
            diagnostics, self._desk.instance, self._desk.home, self._state.components
        )
        self._change(gathering=Said("good", words("about.gathered")), gathered=told)

    async def _save(self, *_: str) -> None:
        """Save exactly what is shown, and say where."""
        words, text = self._desk.words(), self._state.gathered
        if not text:
            return
        name = f"portico-diagnostics-{datetime.now(UTC):%Y%m%d-%H%M}.txt"
        try:
            path = await asyncio.to_thread(
                hand_out, self._folder or downloads(), name, text.encode()
            )
        except StoreError as error:
            self._change(saved=Said("bad", str(error)))
        else:
            said = Said("good", words("pane.saved", place=path))
            self._change(saved=said, folder=str(path.parent))

    async def _copy_all(self, *_: str) -> None:
        await copy(self._state.gathered, secret=False)
        self.tell(self._desk.words()("pane.copied"))

    async def _remove(self, *_: str) -> None:
        self._change(is_removing=True, removing=Said())

    async def _keep(self, *_: str) -> None:
        self._change(is_removing=False)

    async def _remove_all(self, *_: str) -> None:
        """Sign out, which may fail here where it can be told; the rest is removed after the end."""
        if not self._state.is_removing or self._state.removing.tone == "busy":
            return
        words = self._desk.words()
        self._change(removing=Said("busy", words("about.remove.busy")))
        self._desk.changed()
        refused = await self._refused(words)
        if refused:
            self._change(is_removing=False, removing=Said("bad", refused))
        else:
            self._desk.quit(is_unwanted=True)

    async def _refused(self, words: Words) -> str:
        """Sign out; returns why nothing more can be removed now, empty where it can."""
        try:
            await self._desk.command("session", what="clear")
        except (DoorError, TimeoutError) as error:
            return str(error) or words("pane.no_answer")
        match self._desk.instance.status.keyring.state:
            case "locked":
                return words("about.remove.locked")
            case "slow":
                return words("about.remove.slow")
            case _:
                return ""

    async def _open(self, *_: str) -> None:
        await self._open_folder(Path(self._state.folder))

    async def _open_home(self, *_: str) -> None:
        await self._open_folder(self._desk.home)

    async def _open_licences(self, *_: str) -> None:
        if self._state.licences is not None:
            await self._open_folder(self._state.licences.parent)

    async def _open_folder(self, folder: Path) -> None:
        await show_folder(folder, self.tell, self._desk.words())
