"""The window *Connect an app*: which app is chosen, what was written for it, how its trial went.

A client's key is made when it is first needed, and is in the window only while somebody looks at
it.
"""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tray_app.core.model import ModelInfo
from tray_app.dialects.clients import find, is_served, recommended
from tray_app.dialects.clients.recipe import Client, Offer
from tray_app.proxy.client_key import key_of, known_key
from tray_app.proxy.door import DoorError
from tray_app.store import StoreError

from .client_writing import ClientWriting
from .connect_view import (
    HIDDEN_KEY,
    Connecting,
    Said,
    called,
    connect_view,
    is_kept,
    masked,
    text_of,
)
from .facts import Facts
from .menu import Action
from .pane import Desk, Doing, Telling, copy, use_port
from .windows.parts import ConnectView
from .words import Words

if TYPE_CHECKING:
    from tray_app.proxy.tryout import Tried


class ConnectPane:
    """What somebody does in that window.

    Args:
        desk: What it works with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._telling = Telling(desk.changed)
        self.tell = self._telling.tell
        self._state = Connecting(offer=Offer("", HIDDEN_KEY, ""))
        self._models: tuple[ModelInfo, ...] = ()
        self._names: tuple[str, ...] = ()
        self._is_at_login = self._has_offered_login = False
        self._deeds: dict[str, Doing] = {
            "search": self._search,
            "choose": self._choose,
            "back": self._back,
            "model": self._choose_model,
            "copy": self._copy,
            "reveal": self._reveal,
            "look": self._look,
            "preview": self._preview,
            "write": self._write,
            "undo": self._undo,
            "try": self._try,
            "need": self._let_in,
            "at_login": self._start_at_login,
            "start": self._pass_on,
            "use_port": partial(use_port, desk),
            "sign_in": self._pass_on,
            "bring": self._pass_on,
        }

    def view(self, facts: Facts, words: Words) -> ConnectView:
        """What it shows now."""
        self._is_at_login = facts.at_login
        status = facts.status
        offer = self._state.offer
        if status is not None and status.endpoint != offer.endpoint:
            self._change(offer=msgspec.structs.replace(offer, endpoint=status.endpoint))
        if self._state.is_shown and not self._is_in_force(offer.key):
            self._change(offer=masked(self._offer))
            self.tell(words("connect.key.ended"))
        state = msgspec.structs.replace(self._state, told=self._telling.told)
        return connect_view(state, facts, words)

    def begin(self) -> None:
        """Forget a search, a key that was shown, and what came of trying."""
        self._change(query="", offer=masked(self._offer), tried=Said(), wrote=Said(), changes="")

    async def prepare(self) -> None:
        """Ask which models there are, and look at the app's files; raises `DoorError`."""
        await self._look()
        await self._ask_models()

    async def do(self, verb: str, about: str, typed: str) -> None:
        """Do what the person chose.

        Raises:
            ClipboardError: Nothing can be copied.
            DoorError: The proxy refuses it, or does not answer.
            StoreError: A file cannot be changed.
        """
        deed = self._deeds.get(verb)
        if deed is not None:
            # The verb, for those that only pass it on.
            await deed(about or verb, typed)

    def _change(self, **fields: object) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)

    def _is_in_force(self, secret: str) -> bool:
        keys = self._desk.instance.supervisor.parts.person.keys
        return any(key.secret == secret for key in keys.all())

    async def _ask_models(self) -> None:
        """Find out which models there are; what is shown of the app is of them from now on."""
        told = await self._desk.command("models")
        self._models = tuple(msgspec.convert(told, list[ModelInfo]))
        self._names = self._desk.instance.supervisor.models
        client, before = self._state.client, self._offer
        if client is None or before.models == self._models:
            return
        model = recommended(client, self._models)
        offer = msgspec.structs.replace(before, models=self._models, model=model)
        if before.model in offer.names():
            offer = msgspec.structs.replace(offer, model=before.model)
        tried = self._state.tried if offer.model == before.model else Said()
        self._change(offer=offer, changes="", tried=tried)

    async def _renew_models(self) -> None:
        """Ask for the models where others are offered by now than those that are known."""
        if self._models and self._names == self._desk.instance.supervisor.models:
            return
        try:
            await self._ask_models()
        except (DoorError, TimeoutError):
            if not self._models:
                raise

    async def _pass_on(self, verb: str, _: str) -> None:
        await self._desk.act(Action(verb))

    async def _search(self, _: str, typed: str) -> None:
        self._change(query=typed)

    async def _back(self, *_: str) -> None:
        self._change(client=None)

    async def _choose(self, name: str, _: str) -> None:
        client = find(name)
        if client is None:
            return
        if client == self._state.client:
            await self._look()
        await self._renew_models()
        if client == self._state.client:
            return
        offer = Offer(
            endpoint=self._state.offer.endpoint,
            key=HIDDEN_KEY,
            model=recommended(client, self._models),
            models=self._models,
            made_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
        )
        self._state = Connecting(query=self._state.query, client=client, offer=offer)
        await self._look_at_files(client)

    async def _look(self, *_: str) -> None:
        """Look at the app's files again: what was wrong with them may be right by now."""
        client = self._state.client
        if client is None:
            return
        if self._state.wrote.tone == "bad":
            self._change(wrote=Said())
        await self._look_at_files(client)

    async def _look_at_files(self, client: Client) -> None:
        """Find out where the app's files are, and whether they can be written or put back."""
        if client.unreachable or not is_served(client):
            return
        writing = ClientWriting(client, os.environ)
        # For the person to see that there are some, whatever is wrong with their places.
        places = tuple(file.place.on(sys.platform) for file in client.setup(self._offer).files)
        if not places:
            return
        undoable, unwritable = False, ""
        try:
            places = await asyncio.to_thread(writing.places)
            undoable = await asyncio.to_thread(writing.is_undoable)
            await asyncio.to_thread(writing.check, self._offer)
        except StoreError as error:
            unwritable = str(error)
        if self._state.client == client:
            changes = "" if unwritable else self._state.changes
            self._change(files=places, undoable=undoable, unwritable=unwritable, changes=changes)

    @property
    def _offer(self) -> Offer:
        return self._state.offer

    @property
    def _client(self) -> Client:
        """Who is chosen; raises `DoorError` where nobody is, which no button can bring about."""
        if self._state.client is None:
            raise DoorError(self._desk.words()("connect.none"))
        return self._state.client

    async def _choose_model(self, _: str, name: str) -> None:
        if name in self._offer.names():
            offer = msgspec.structs.replace(self._offer, model=name)
            self._change(offer=offer, changes="", tried=Said())

    async def _keyed(self, *, only_known: bool = False) -> Offer:
        """The offer with the client's own key, which is made if there is none."""
        finder = known_key if only_known else key_of
        # Who waits for the key may find another app chosen by then.
        offer = self._offer
        key = await asyncio.to_thread(finder, self._client, self._desk.keyed)
        return msgspec.structs.replace(offer, key=key or HIDDEN_KEY)

    def _show_key(self, client: Client, key: str) -> None:
        if self._state.client == client:
            self._change(offer=msgspec.structs.replace(self._offer, key=key))

    async def _reveal(self, *_: str) -> None:
        client = self._client
        key = HIDDEN_KEY if self._state.is_shown else (await self._keyed()).key
        self._show_key(client, key)

    async def _copy(self, what: str, _: str) -> None:
        client = self._client
        shown = text_of(client.setup(masked(self._offer)), what, exports)
        has_key = HIDDEN_KEY in shown
        if has_key:
            offer = await self._keyed()
            shown = text_of(client.setup(offer), what, exports)
            if self._state.is_shown:
                # The one that was shown may have been revoked, and this one made for it.
                self._show_key(client, offer.key)
        await copy(shown, secret=has_key)
        self.tell(self._desk.words()("pane.copied"))

    async def _preview(self, *_: str) -> None:
        if self._state.changes:
            self._change(changes="")
            return
        client, words = self._client, self._desk.words()
        offer = await self._keyed(only_known=True)
        writing = ClientWriting(client, os.environ)
        changes = await asyncio.to_thread(writing.changes, offer)
        if (self._state.client, self._offer.model) == (client, offer.model):
            shown = changes.replace(offer.key, HIDDEN_KEY)
            self._change(changes=shown or words("connect.unchanged"))

    async def _write(self, *_: str) -> None:
        await self._on_disk("write")

    async def _undo(self, *_: str) -> None:
        await self._on_disk("undo")

    async def _on_disk(self, what: str) -> None:
        """Write the app's files or put them back, and say how that went under the buttons."""
        if self._state.wrote.tone == "busy":
            return
        client, words = self._client, self._desk.words()
        writing = ClientWriting(client, os.environ)
        busy = Said("busy", words(f"connect.{what}.busy"))
        self._change(wrote=busy, changes="")
        self._desk.changed()
        said = Said()
        try:
            if what == "undo":
                await asyncio.to_thread(writing.undo)
                said = Said("good", words("connect.undone"))
            else:
                offer = await self._keyed()
                changed = await asyncio.to_thread(writing.write, offer)
                said = self._written(client, changed=changed)
        except (StoreError, DoorError, TimeoutError) as error:
            said = Said("bad", str(error) or words("pane.no_answer"))
        finally:
            await self._look_at_files(client)
            # Unless the person has gone on meanwhile, to another app or out of the window.
            if self._state.wrote is busy:
                self._change(wrote=said)

    def _written(self, client: Client, *, changed: bool) -> Said:
        """That it is written, and how long the key lasts that is in it."""
        words, keyring = self._desk.words(), self._desk.instance.status.keyring
        if not changed:
            return Said("good", words("connect.unchanged"))
        if is_kept(keyring):
            return Said("good", words("connect.written", client=client.label))
        lasts = "lost" if keyring.state in {"absent", "failing"} else "unsaved"
        return Said("bad", words(f"connect.written.{lasts}", client=client.label))

    async def _try(self, *_: str) -> None:
        """Send what the app would send, and say how that went."""
        from tray_app.proxy.tryout import try_out

        if self._state.tried.tone == "busy":
            return
        client, words = self._client, self._desk.words()
        if self._desk.instance.supervisor.run.kind != "running":
            # Whoever else has the port by now is not to be sent the key.
            self._change(tried=Said("bad", words("tried.silent")))
            return
        busy = Said("busy", words("connect.try.busy", client=called(client, words)))
        self._change(tried=busy)
        self._desk.changed()
        said, works = Said(), False
        try:
            offer = await self._keyed()
            tried = await asyncio.to_thread(try_out, client, offer.endpoint, offer.key, offer.model)
            said, works = _outcome(tried, words), tried.works
        except (DoorError, ValueError, TimeoutError) as error:
            said = Said("bad", str(error) or words("pane.no_answer"))
        finally:
            # What came of it is about this app and this model alone.
            if self._state.tried is busy:
                self._change(tried=said)
                self._offer_login(works=works)

    def _offer_login(self, *, works: bool) -> None:
        if works and not self._is_at_login and not self._has_offered_login:
            self._has_offered_login = True
            self._change(offers_login=True)

    async def _let_in(self, number: str, _: str) -> None:
        """Have Portico let in whom the app needs; what that opens was said beside the button."""
        needs = self._client.setup(self._offer).needs
        need = needs[int(number)] if number.isdecimal() and int(number) < len(needs) else None
        if need is None:
            return
        if need.who == "host":
            hosts = (*self._desk.instance.supervisor.parts.settings.hosts, need.name)
            value = json.dumps(list(dict.fromkeys(hosts)))
            await self._desk.command("settings", what="set", name="hosts", value=value)
        elif need.who == "network":
            await self._desk.act(Action("network"))
        else:
            await self._desk.act(Action("pair", value="on"))

    async def _start_at_login(self, _: str, typed: str) -> None:
        await self._desk.act(Action("at_login", value=typed))


_WAYS_OUT = {
    "not_signed_in": "connect.nobody",
    "guest_session": "notice.session.guest.text",
    "session_ended": "notice.session.expired.text",
    "credential_store_locked": "notice.keyring.locked.text",
}
"""What to do about an error, by its code, where that is said in the person's language."""


def _outcome(tried: "Tried", words: Words) -> Said:
    if tried.fault == "refused" and not tried.code:
        return Said("bad", tried.said)
    if tried.fault == "refused":
        why = words("tried.refused", why=words.outcome(tried.code))
        way = _WAYS_OUT.get(tried.code)
        return Said("bad", f"{why} {words(way) if way else tried.said}")
    if not tried.works or tried.first_s is None:
        return Said("bad", words(f"tried.{tried.fault}", status=tried.status))
    first, total = f"{tried.first_s:.1f}", f"{tried.total_s:.1f}"
    return Said("good", words("connect.try.works", first=first, total=total))


def exports(variables: Mapping[str, str]) -> Iterable[str]:
    """Lines for a terminal of this system that set these variables."""
    if sys.platform == "win32":
        return [f"$env:{name} = '{value}'" for name, value in variables.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
