"""What the control door can do: the commands, by name."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Account
from tray_app.core.variants import offered
from tray_app.store import StoreError
from tray_app.store.settings import SettingError, explain, parse, with_value

from .door import Command, DoorError
from .house import House
from .keys import DEFAULT_NAME, KeyRefusedError, LocalKey

_NOT_FOUND = {
    "nobody": "Nobody is signed in in Portico's window yet.",
    "old": "Qwen's page has not renewed its session yet. Wait a moment.",
    "signed_out": "Qwen's page is signed out. Sign in there.",
    "guest": "You are there as a guest. Sign in with your account.",
}
SEEN_S = 0.4
"""So soon what a page keeps is known here, while the window is shown."""
_UNKNOWN = "Portico does not know this command."


class Control:
    """The commands of a running proxy; all of them run in its loop."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._keys = house.person.keys
        self._one_at_a_time = asyncio.Lock()

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
        is_failing = not self._house.breaker.is_closed
        self._house.breaker.half_open()
        return self._house.handoff.resume() or is_failing

    async def _models(self, message: dict[str, Any]) -> object:
        try:
            wants_new = message.get("what") == "renew"
            models = await (
                self._house.models.renewed if wants_new else self._house.models.current
            )()
        except ProxyError as error:
            raise DoorError(error.text) from None
        if not self._house.settings.show_variants:
            return [{**msgspec.to_builtins(model), "names": [model.id]} for model in models]
        return [{**msgspec.to_builtins(model), "names": offered(model)} for model in models]

    async def _key(self, message: dict[str, Any]) -> object:
        try:
            return await self._keyed(message, str(message.get("name", DEFAULT_NAME)))
        except KeyRefusedError as error:
            self._house.person.safe.invite()
            raise DoorError(str(error)) from None

    async def _keyed(self, message: dict[str, Any], name: str) -> dict[str, Any]:
        told: dict[str, Any] = {}
        match message.get("what"):
            case "list":
                return {"keys": [_shown(key) for key in self._keys.all()], "note": self._note()}
            case "show":
                return {"secret": self._keys.get(name).secret, "note": self._note()}
            case "new":
                told["secret"] = self._house.person.make_key(name).secret
            case "revoke":
                self._keys.revoke(name)
            case "set":
                field, value = str(message.get("field")), str(message.get("value"))
                told["key"] = _shown(self._keys.change(name, field, value))
            case _:
                raise DoorError(_UNKNOWN)
        told["kept"] = await self._house.person.keys_changed()
        return {**told, "note": self._note()}

    def _note(self) -> str:
        return self._house.person.safe.status().note

    async def _session(self, message: dict[str, Any]) -> object:
        match message.get("what"):
            case "import":
                async with self._one_at_a_time:
                    return await self._import(str(message.get("text") or ""))
            case "adopt":
                async with self._one_at_a_time:
                    return await self._adopt(confirmed=message.get("confirmed") is True)
            case "show":
                return msgspec.to_builtins(self._house.status().session)
            case "clear":
                async with self._one_at_a_time:
                    return await self._clear()
            case _:
                raise DoorError(_UNKNOWN)

    async def _clear(self) -> dict[str, Any]:
        """Sign out: what is asked ends, the session is forgotten here and in the keyring."""
        house = self._house
        had = house.owner.session is not None or house.owner.state == "locked"
        # First, so that nothing begins any more; what tidies up has the session it began with.
        house.owner.forget()
        await house.hush(ProxyError(Kind.NOT_SIGNED_IN, "Somebody signed out of Portico"))
        house.handoff.drop()
        await house.transport.forget()
        kept = await house.owner.keep()
        house.person.safe.invite()
        await self._wipe_window()
        return {"had": had, "kept": kept, "note": self._note()}

    async def _wipe_window(self) -> None:
        window = self._house.parts.window
        try:
            # First, so that whatever fails then leaves nobody signed in at the next start.
            await asyncio.to_thread(self._house.person.profile.unmark)
            if window is not None:
                await window.forget()
            await asyncio.to_thread(self._house.person.profile.wipe)
        except StoreError as error:
            raise DoorError(f"Portico is signed out, but its window may not be: {error}") from None

    async def _import(self, text: str) -> dict[str, Any]:
        """Take a pasted session if Qwen takes it, and say what became of it."""
        house = self._house
        pasted = house.parts.upstream.read_paste(text, house.parts.wall_clock())
        if pasted.session is None:
            raise DoorError(" ".join(pasted.said))
        said = list(pasted.said)
        before = house.owner.session
        if before is not None and before.by_window and house.parts.window is not None:
            # One owner at a time: the page must not renew what it has while this is tried.
            house.handoff.drop()
            await house.hush(ProxyError(Kind.WINDOW_CLOSED, "The session is being changed"))
            await house.parts.window.close()
            said.append("Portico's window is closed: from now on Portico renews the session.")
        house.owner.try_out(pasted.session)
        try:
            said.append(await self._checked())
        except BaseException as error:
            house.owner.undo()
            if not isinstance(error, ProxyError):
                raise
            raise DoorError(f"{' '.join(pasted.said)} It was not taken: {error.text}") from None
        return await self._kept(said)

    async def _adopt(self, *, confirmed: bool) -> dict[str, Any]:
        """Take the session that the window's page has, if the site takes it there.

        Where it is another account's than before, that is told first, and nothing is changed until
        it is `confirmed`.
        """
        house = self._house
        found = house.found_in_window()
        if found.kind != "signed_in" or found.session is None:
            raise DoorError(_NOT_FOUND.get(found.kind, _NOT_FOUND["nobody"]))
        before = house.owner.session.account if house.owner.session else ""
        house.owner.try_out(found.session)
        try:
            # The page may be asked again at any time, and it may be another account's.
            said = await self._checked(surely=True)
        except BaseException as error:
            house.owner.undo()
            if not isinstance(error, ProxyError):
                raise
            raise DoorError(f"Qwen does not take this session: {error.text}") from None
        account = house.owner.session.account if house.owner.session else ""
        if before and account and before != account and not confirmed:
            house.owner.undo()
            return {"other": account, "before": before}
        # Who has just signed in is not to wait for what an earlier session was asked.
        if account != before:
            house.brakes.release()
        kept = await self._kept([said])
        with suppress(OSError, StoreError):
            # The keyring says it too.
            await asyncio.to_thread(house.person.profile.mark)
        return {"account": account, **kept}

    async def _kept(self, said: list[str]) -> dict[str, Any]:
        """Keep the session that was tried out, and say what there is to say."""
        kept = await self._house.owner.keep()
        self._house.person.safe.invite()
        return {"said": said, "kept": kept, "note": self._note()}

    async def _checked(self, *, surely: bool = False) -> str:
        """What a call that changes nothing tells of the new session.

        Raises `ProxyError` where the site does not take it, or `surely` and it cannot be asked.
        """
        owner = self._house.owner
        try:
            account = await self._probed()
        except ProxyError as error:
            if surely or error.kind.row.status in {401, 403}:
                raise
            return f"It could not be checked: {error.text}"
        owner.belongs_to(account)
        if surely:
            # The page sends what it has by now: that somebody signed in meanwhile is seen by then.
            await asyncio.sleep(SEEN_S)
        owner.check()
        return f"Qwen takes it: {account.label}." if account.label else "Qwen takes it."

    async def _probed(self) -> Account:
        """Ask whose the session is, renewing it once where its token is refused."""
        owner, runner, upstream = self._house.owner, self._house.runner, self._house.parts.upstream
        session = await owner.current()
        try:
            account = await runner.reply(upstream.probe())
        except ProxyError as error:
            if error.again != "renewed":
                raise
            await owner.renewed(session.token)
            account = await runner.reply(upstream.probe())
        return account if isinstance(account, Account) else Account()

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
        self._house.change(changed, name)
        return any(field.name == name and field.restart for field in explain())


def _shown(key: LocalKey) -> dict[str, object]:
    """A key without its secret."""
    return {
        "name": key.name,
        "created_s": key.created_s,
        "last_used_s": key.last_used_s,
        **msgspec.to_builtins(key.profile),
    }
