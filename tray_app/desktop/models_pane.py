"""The window *Models*: which one is looked at, and the list that is asked for anew."""

import asyncio
from functools import partial
from typing import Any

import msgspec

from tray_app.core.deeds import OK
from tray_app.core.model import ModelInfo
from tray_app.proxy.door import DoorError
from tray_app.store import StoreError

from .connect_view import Said
from .facts import Facts
from .menu import Action
from .models_view import Choosing, Offered, models_view
from .pane import Desk, Doing, Telling, copy, use_port
from .windows.parts import ModelsView
from .words import Words


class ModelsPane:
    """What somebody does in that window.

    Args:
        desk: What it works with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._telling = Telling(desk.changed)
        self.tell = self._telling.tell
        self._state = Choosing()
        self._earlier: dict[str, float] = {}
        self._deeds: dict[str, Doing] = {
            "search": self._search,
            "choose": self._choose,
            "back": self._back,
            "copy": self._copy,
            "renew": self._renew,
            "start": partial(self._pass_on, "start"),
            "use_port": partial(use_port, desk),
            "sign_in": partial(self._pass_on, "sign_in"),
            "bring": partial(self._pass_on, "bring"),
        }

    def view(self, facts: Facts, words: Words) -> ModelsView:
        """What it shows now."""
        told, worked = self._telling.told, self._worked()
        return models_view(
            msgspec.structs.replace(self._state, told=told, worked=worked), facts, words
        )

    def begin(self) -> None:
        """Forget a search, and what came of asking."""
        self._change(query="", asked=Said())

    async def prepare(self) -> None:
        """Find out which models there are and when they answered.

        Raises `DoorError` or `StoreError`.
        """
        await self._take(await self._desk.command("models"))

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose; raises `ClipboardError`."""
        deed = self._deeds.get(verb)
        if deed is not None:
            await deed(about, typed)

    def _change(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)

    async def _take(self, told: list[dict[str, Any]]) -> None:
        """Show this list from now on."""
        offered = tuple(
            Offered(msgspec.convert(one, ModelInfo), tuple(one["names"])) for one in told
        )
        self._change(offered=offered)
        statistics = self._desk.instance.supervisor.parts.person.activity.statistics
        self._earlier = await asyncio.to_thread(statistics.worked)

    def _worked(self) -> dict[str, float]:
        """When each model last answered, in this run or before it."""
        found = dict(self._earlier)
        for deed in self._desk.instance.supervisor.parts.person.activity.history():
            if deed.outcome == OK:
                found[deed.model] = max(deed.at_s, found.get(deed.model, 0.0))
        return found

    async def _pass_on(self, verb: str, *_: str) -> None:
        await self._desk.act(Action(verb))

    async def _search(self, _: str, typed: str) -> None:
        self._change(query=typed)

    async def _choose(self, name: str, _: str) -> None:
        self._change(chosen=name, is_chosen=True)

    async def _back(self, *_: str) -> None:
        self._change(is_chosen=False)

    async def _copy(self, name: str, _: str) -> None:
        await copy(name, secret=False)
        self.tell(self._desk.words()("pane.copied"))

    async def _renew(self, *_: str) -> None:
        """Have the site asked for its list, and say how that went."""
        if self._state.asked.tone == "busy":
            return
        words = self._desk.words()
        self._change(asked=Said("busy", words("models.renew.busy")))
        self._desk.changed()
        try:
            await self._take(await self._desk.command("models", what="renew"))
        except (DoorError, StoreError, TimeoutError) as error:
            self._change(asked=Said("bad", str(error) or words("pane.no_answer")))
        else:
            said = words("models.renewed", count=len(self._state.offered))
            self._change(asked=Said("good", said))
