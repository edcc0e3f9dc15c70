"""The window *Settings*: what is changed there holds at once, or says why it does not."""

import msgspec

from tray_app.proxy.door import DoorError
from tray_app.proxy.ports import is_ours
from tray_app.store.settings import SettingError, Settings, parse, with_value

from .facts import Facts
from .forms import form_of, text_of, told_of
from .keys_deeds import KeysDeeds
from .menu import Action
from .pane import Desk, Telling, copy
from .settings_view import GROUPS, KEYS, Setting, default_of, settings_view
from .windows.parts import SettingsView
from .words import Words


class SettingsPane:
    """What somebody does in that window.

    Args:
        desk: What it works with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._telling = Telling(desk.changed)
        self.tell = self._telling.tell
        self._state = Setting()
        self._keys = KeysDeeds(desk, self.tell)
        self._deeds = {
            "search": self._search,
            "group": self._choose,
            "back": self._back,
            "set": self._set,
            "reset": self._reset,
            "restart": self._restart,
            "at_login": self._at_login,
            "copy": self._copy,
        }

    def view(self, facts: Facts, words: Words) -> SettingsView:
        """What it shows now."""
        supervisor = self._desk.instance.supervisor
        state = msgspec.structs.replace(
            self._state,
            waiting=supervisor.waiting_for_restart if facts.run.kind == "running" else frozenset(),
            keys=self._keys.state,
            told=self._telling.told,
        )
        keys = supervisor.parts.person.keys.all()
        return settings_view(state, facts, keys, words)

    def begin(self) -> None:
        """Forget a search, what was refused, and a key that was shown."""
        self._change(query="", errors={}, saved="")
        self._keys.begin()

    async def prepare(self) -> None:
        """Nothing has to be asked: settings and keys are read where they are."""

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose.

        Raises:
            ClipboardError: Nothing can be copied.
            DoorError: The proxy refuses it, or does not answer.
        """
        deed = self._deeds.get(verb)
        if deed is not None:
            await deed(about, typed)
        else:
            await self._keys.do(verb, about, typed)

    def _change(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)

    async def _search(self, _: str, typed: str) -> None:
        self._change(query=typed)

    async def _choose(self, group: str, _: str) -> None:
        if group in GROUPS or group == KEYS:
            self._change(group=group, query="", saved="")
            self._keys.leave()

    async def _back(self, *_: str) -> None:
        self._change(group="", query="")

    async def _reset(self, name: str, _: str) -> None:
        if name in Settings.__struct_fields__:
            await self._set(name, text_of(default_of(name)))

    async def _set(self, name: str, typed: str) -> None:
        """Change one setting, and have what is wrong with it stand beside its field."""
        if name not in Settings.__struct_fields__:
            return
        told = told_of(typed, form_of(Settings, name))
        try:
            with_value(self._desk.instance.supervisor.parts.settings, name, parse(name, told))
        except SettingError:
            self._refuse(name, typed, self._unfit(name))
            return
        if name == "network_host":
            await self._set_network(told)
            return
        try:
            await self._desk.command("settings", what="set", name=name, value=told)
        except DoorError as error:
            self._refuse(name, typed, str(error))
        else:
            self._change(saved=name, errors=self._errors_without(name))

    def _errors_without(self, name: str) -> dict[str, tuple[str, str]]:
        return {key: one for key, one in self._state.errors.items() if key != name}

    def _refuse(self, name: str, typed: str, said: str) -> None:
        said = said.removeprefix(f"{name}: ")
        errors = {**self._state.errors, name: (typed, said[:1].upper() + said[1:])}
        self._change(errors=errors, saved="")

    def _unfit(self, name: str) -> str:
        """That what was typed is none of the values that a setting takes."""
        form, words = form_of(Settings, name), self._desk.words()
        if form.kind == "number":
            key = "settings.number.whole" if form.is_whole else "settings.number"
            return words(key, low=text_of(form.low), high=text_of(form.high))
        return f"{words('settings.unfit')} {words(f'setting.{name}.about')}"

    async def _set_network(self, address: str) -> None:
        """Let other devices in after a question, as the menu does, or no longer."""
        now = self._desk.instance.supervisor.parts.settings
        if address not in {"", now.network_host} and not is_ours(address):
            words = self._desk.words()
            self._refuse("network_host", address, words("settings.not_ours", address=address))
            return
        self._change(errors=self._errors_without("network_host"))
        if address != now.network_host:
            value = now.network_host if address == "" else ""
            await self._desk.act(Action("network", address, value))

    async def _restart(self, *_: str) -> None:
        self._desk.instance.supervisor.restart()

    async def _copy(self, address: str, _: str) -> None:
        await copy(address, secret=False)
        self.tell(self._desk.words()("pane.copied"))

    async def _at_login(self, _: str, typed: str) -> None:
        await self._desk.act(Action("at_login", value=typed))
