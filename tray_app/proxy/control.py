"""What the control door can do: the commands, by name."""

from typing import Any

import msgspec

from tray_app.core.errors import ProxyError
from tray_app.core.variants import offered
from tray_app.store.settings import SettingError, explain, parse, with_value

from .door import Command, DoorError
from .house import House
from .keys import DEFAULT_NAME, KeyRefusedError, LocalKey

_UNKNOWN = "Portico does not know this command."


class Control:
    """The commands of a running proxy; all of them run in its loop."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._keys = house.parts.keys

    def commands(self) -> dict[str, Command]:
        """Every command, by its name."""
        return {
            "status": self._status,
            "resume": self._resume,
            "models": self._models,
            "key": self._key,
            "settings": self._settings,
            "session": self._session,
        }

    async def _status(self, _: dict[str, Any]) -> object:
        return msgspec.to_builtins(self._house.status())

    async def _resume(self, _: dict[str, Any]) -> object:
        held = self._house.brakes.status() is not None
        self._house.brakes.release()
        return held

    async def _models(self, _: dict[str, Any]) -> object:
        models = await self._house.models.current()
        if not self._house.settings.show_variants:
            return [{**msgspec.to_builtins(model), "names": [model.id]} for model in models]
        return [{**msgspec.to_builtins(model), "names": offered(model)} for model in models]

    async def _key(self, message: dict[str, Any]) -> object:
        try:
            return self._keyed(message, str(message.get("name") or DEFAULT_NAME))
        except KeyRefusedError as error:
            raise DoorError(str(error)) from None

    def _keyed(self, message: dict[str, Any], name: str) -> object:
        match message.get("what"):
            case "list":
                return [_shown(key) for key in self._keys.all()]
            case "show":
                return self._keys.get(name).secret
            case "new":
                made = self._keys.new(name)
                self._house.parts.learn_secrets(made.secret)
                return made.secret
            case "revoke":
                self._keys.revoke(name)
                return None
            case "set":
                field, value = str(message.get("field")), str(message.get("value"))
                return _shown(self._keys.change(name, field, value))
            case _:
                raise DoorError(_UNKNOWN)

    async def _session(self, message: dict[str, Any]) -> object:
        match message.get("what"):
            case "import":
                return await self._import(str(message.get("text") or ""))
            case "show":
                return msgspec.to_builtins(self._house.status().session)
            case "clear":
                had = self._house.owner.session is not None
                self._house.owner.replace(None)
                return had
            case _:
                raise DoorError(_UNKNOWN)

    async def _import(self, text: str) -> object:
        """Take a pasted session if Qwen takes it, and say what became of it."""
        house = self._house
        pasted = house.parts.upstream.read_paste(text, house.parts.wall_clock())
        if pasted.session is None:
            raise DoorError(" ".join(pasted.said))
        before = house.owner.session
        house.owner.replace(pasted.session)
        try:
            await house.owner.current()
            await house.runner.reply(house.parts.upstream.probe())
        except ProxyError as error:
            if error.kind.row.status in {401, 403}:
                house.owner.replace(before)
                raise DoorError(
                    f"{' '.join(pasted.said)} Qwen does not take it: {error.text}"
                ) from None
            return [*pasted.said, f"It could not be checked: {error.text}"]
        return [*pasted.said, "Qwen takes it."]

    async def _settings(self, message: dict[str, Any]) -> object:
        match message.get("what"):
            case "list":
                return msgspec.to_builtins(self._house.settings)
            case "set":
                return self._set(str(message.get("name")), str(message.get("value")))
            case _:
                raise DoorError(_UNKNOWN)

    def _set(self, name: str, text: str) -> bool:
        """Put one setting in force; returns whether it takes effect only after a restart."""
        try:
            changed = with_value(self._house.settings, name, parse(name, text))
        except SettingError as error:
            raise DoorError(str(error)) from None
        self._house.change(changed)
        return any(field.name == name and field.restart for field in explain())


def _shown(key: LocalKey) -> dict[str, object]:
    """A key without its secret."""
    return {
        "name": key.name,
        "created_s": key.created_s,
        "last_used_s": key.last_used_s,
        **msgspec.to_builtins(key.profile),
    }
