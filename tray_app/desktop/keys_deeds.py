"""What can be done with the keys in the window *Settings*."""

from collections.abc import Callable

import msgspec

from tray_app.core.ports import Profile
from tray_app.proxy.door import DoorError
from tray_app.proxy.keys import NAME_CHARS, LocalKey, is_name

from .forms import form_of, text_of, told_of
from .keys_view import KeysState
from .pane import Desk, copy

_NEW = "new-key"
_UNKEPT = {"absent": "lost", "failing": "lost", "locked": "unsaved", "slow": "unsaved"}
"""What becomes of a new key, by how it goes with the keyring."""


class KeysDeeds:
    """What somebody does there.

    Args:
        desk: What it works with.
        tell: Tells what just happened.
    """

    def __init__(self, desk: Desk, tell: Callable[[str], None]) -> None:
        self._desk = desk
        self._tell = tell
        self.state = KeysState()
        """What is to be seen of it."""
        self._deeds = {
            "key_new": self._new,
            "key_copy": self._copy,
            "key_show": self._show,
            "key_set": self._set,
            "key_revoke": self._ask,
            "key_revoke_sure": self._revoke,
            "key_keep": self._keep,
        }

    def begin(self) -> None:
        """Show no key, and forget what was refused."""
        self.state = KeysState()

    def leave(self) -> None:
        """Show no key to whoever comes back later; what was refused can still be put right."""
        self._change(shown="", made="", ending="", saved="")

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose; raises `DoorError` and `ClipboardError`."""
        deed = self._deeds.get(verb)
        if deed is not None:
            await deed(about, typed)

    def _change(self, **fields: object) -> None:
        self.state = msgspec.structs.replace(self.state, **fields)

    async def _new(self, _: str, typed: str) -> None:
        name = typed.strip()
        if fault := self._fault(name):
            self._change(errors={**self.state.errors, _NEW: (typed, fault)})
            return
        try:
            told = await self._desk.command("key", what="new", name=name)
        except DoorError as error:
            self._change(errors={**self.state.errors, _NEW: (typed, str(error))})
        else:
            self._change(errors=self._errors_without(_NEW), shown=name, made=name)
            self._tell(self._desk.words()(self._made(told["note"]), name=name))

    def _fault(self, name: str) -> str:
        """What is wrong with a name for a key; empty where nothing is."""
        words = self._desk.words()
        if not name:
            return words("keys.name.needed")
        if not is_name(name):
            return words("keys.name.odd", count=NAME_CHARS)
        if any(key.name == name for key in self._all()):
            return words("keys.name.taken", name=name)
        return ""

    def _made(self, note: str) -> str:
        """The name of the words that say how long a new key is good for."""
        how = self._desk.instance.supervisor.status.keyring.state
        return f"keys.made.{_UNKEPT.get(how, 'unsaved')}" if note else "keys.made"

    def _errors_without(self, number: str) -> dict[str, tuple[str, str]]:
        return {key: one for key, one in self.state.errors.items() if key != number}

    def _all(self) -> tuple[LocalKey, ...]:
        # Read here and not asked for: a proxy that hangs keeps nobody from copying a key.
        return self._desk.instance.supervisor.parts.person.keys.all()

    def _key(self, name: str) -> LocalKey:
        """The key of this name; raises `DoorError` where somebody revoked it elsewhere."""
        for key in self._all():
            if key.name == name:
                return key
        raise DoorError(self._desk.words()("keys.gone", name=name))

    async def _copy(self, name: str, _: str) -> None:
        await copy(self._key(name).secret, secret=True)
        self._tell(self._desk.words()("pane.copied"))

    async def _show(self, name: str, _: str) -> None:
        self._change(shown="" if self.state.shown == name else name)

    async def _set(self, about: str, typed: str) -> None:
        field, _, name = about.partition(":")
        if field not in Profile.__struct_fields__:
            return
        number, form = f"{field}-{self._key(name).name}", form_of(Profile, field)
        errors = self._errors_without(number)
        value = told_of(typed, form)
        try:
            await self._desk.command("key", what="set", name=name, field=field, value=value)
        except DoorError as error:
            said = str(error).removeprefix(f"{field}: ")
            if form.kind == "number":
                low, high = text_of(form.low), text_of(form.high)
                said = self._desk.words()("settings.number", low=low, high=high)
            errors[number] = (typed, said[:1].upper() + said[1:])
            self._change(errors=errors, saved="")
        else:
            self._change(errors=errors, saved=number)

    async def _ask(self, name: str, _: str) -> None:
        self._change(ending=name)

    async def _keep(self, *_: str) -> None:
        self._change(ending="")

    async def _revoke(self, name: str, _: str) -> None:
        await self._desk.command("key", what="revoke", name=self._key(name).name)
        own = {f"{field}-{name}" for field in Profile.__struct_fields__}
        errors = {key: one for key, one in self.state.errors.items() if key not in own}
        self._change(ending="", shown="", made="", errors=errors)
        self._tell(self._desk.words()("keys.revoked", name=name))
