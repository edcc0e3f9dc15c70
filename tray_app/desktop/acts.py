"""What clicks do. None of it waits in the tray's way: each click is a task of its own."""

import asyncio
import inspect
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from tray_app.proxy.door import DoorError
from tray_app.proxy.instance import Instance
from tray_app.proxy.keys import DEFAULT_NAME, KeyRefusedError
from tray_app.proxy.visitors import Visitors
from tray_app.proxy.window import SiteWindow

from . import clipboard, views
from .login import LoginItem, LoginItemError
from .menu import Action
from .opening import OpeningError, open_folder, open_page
from .questions import Questions, about_visitor
from .signing_in import SigningIn
from .windows.messages import QuestionView
from .words import Words

T = TypeVar("T")

NETWORK_KEY = "network"
_SOMEWHERE = ("192.0.2.1", 9)
"""An address for examples, to which nothing is sent: only the way there is asked for."""


class Hands(Struct, frozen=True):
    """What clicks work with."""

    instance: Instance
    questions: Questions
    login: LoginItem
    logs: Path
    words: Callable[[], Words]
    tell: Callable[[str, str], None]
    """A title and a text for a notice that answers a click."""
    open_pane: Callable[[str], Awaitable[None]]
    """Opens a window by its name."""
    changed: Callable[[], None]


class Acts:
    """Carries out what rows stand for; used from one loop."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._instance = hands.instance
        self._is_signing_in = self._is_signing_out = False
        self._deeds: dict[str, Callable[[Action], Any]] = {
            "start": lambda _: self._instance.supervisor.start(),
            "stop": lambda _: self._instance.supervisor.stop(),
            "resume": lambda _: self._command("resume"),
            "use_port": self._use_port,
            "copy_endpoint": lambda _: self._copy(self._instance.status.endpoint),
            "copy_model": lambda action: self._copy(action.about),
            "copy_key": self._copy_key,
            "sign_in": self._sign_in,
            "bring": self._bring,
            "show_check": self._show_check,
            "sign_out": self._sign_out,
            "pair": self._pair,
            "keyless": self._keyless,
            "network": self._network,
            "allow": lambda action: self._allow(action.about),
            "disallow": self._disallow,
            "at_login": self._at_login,
            "set": lambda action: self._set(action.about, action.value),
            "open_pane": lambda action: self._hands.open_pane(action.about),
            "open_logs": lambda _: self._open(open_folder, self._hands.logs),
            "open_site": lambda _: self._open(open_page, self._site),
        }

    async def do(self, action: Action) -> None:
        """Carry out one row; what goes wrong is told to the person."""
        words = self._hands.words()
        try:
            done = self._deeds[action.name](action)
            if inspect.isawaitable(done):
                await done
        except clipboard.ClipboardError:
            self._hands.tell(words("app"), words("told.no_clipboard"))
        except LoginItemError:
            self._hands.tell(words("app"), words("told.no_login_item"))
        except (DoorError, KeyRefusedError) as error:
            self._hands.tell(words("app"), str(error))
        finally:
            self._hands.changed()

    @property
    def _visitors(self) -> Visitors:
        return self._instance.supervisor.parts.person.visitors

    async def _command(self, do: str, /, **message: Any) -> Any:
        return await asyncio.wrap_future(self._instance.carry_out(do, **message))

    async def _set(self, name: str, value: str) -> None:
        await self._command("settings", what="set", name=name, value=value)

    async def _copy(self, text: str, *, secret: bool = False) -> None:
        await asyncio.wrap_future(clipboard.copy(text, secret=secret))

    async def _copy_key(self, action: Action) -> None:
        # Read here and not asked for: a proxy that hangs keeps nobody from copying a key.
        key = self._instance.supervisor.parts.person.keys.get(action.about)
        await self._copy(key.secret, secret=True)

    async def _use_port(self, action: Action) -> None:
        await self._set("port", action.about)
        self._instance.supervisor.start()

    async def _sign_in(self, _: Action) -> None:
        """Sign in by the window; where there can be none, ask for a session of a browser."""
        window = self._instance.supervisor.parts.window
        if window is None or window.status.state == "absent":
            await self._bring(Action("bring"))
        elif self._is_signing_in:
            self._show_again(window)
        elif await self._knows_the_terms() and not self._is_signing_in:
            self._is_signing_in = True
            try:
                await self._sign_in_by(window)
            finally:
                self._is_signing_in = False

    def _show_again(self, window: SiteWindow) -> None:
        """Show where somebody signs in already, or where they begin if it leads nowhere there."""
        pages = self._instance.supervisor.parts.site.pages
        is_refused = urlsplit(window.news.url).hostname in pages.refusing
        window.show(pages.sign_in if is_refused else None)

    async def _knows_the_terms(self) -> bool:
        """Whether the person has read once what the site's terms say of this."""
        if self._instance.supervisor.parts.settings.terms_read:
            return True
        agreed = await self._agreed("terms", views.tell_the_terms(self._hands.words()))
        if agreed:
            await self._set("terms_read", "yes")
        return agreed

    async def _sign_in_by(self, window: SiteWindow) -> None:
        words, parts = self._hands.words(), self._instance.supervisor.parts

        def tell(text: str) -> None:
            self._hands.tell(words("app"), text)

        async def agrees(before: str, now: str) -> bool:
            view = views.ask_for_other_account(before, now, words)
            return await self._agreed("other-account", view)

        signed = await SigningIn(
            window=window,
            site=parts.site,
            upstream=parts.upstream,
            adopt=lambda confirmed: self._command("session", what="adopt", confirmed=confirmed),
            agrees=agrees,
            tell_guest=lambda: tell(words("told.guest")),
            tell_refused=lambda: tell(words("told.google")),
            tell=tell,
        ).run()
        if signed.how == "gone" and window.status.state == "absent":
            await self._bring(Action("bring"))
        elif signed.how == "signed_in":
            name = signed.account
            who = words("session.as", name=name) if name else words("session.signed_in")
            self._hands.tell(who, words("told.signed_in_window"))
            await self._show_what_is_next()
        elif signed.how == "other":
            await self._leave_other_account(window)
        elif signed.how != "left" and not self._is_signing_out:
            tell(words(f"told.sign_in_{signed.how}"))

    async def _show_what_is_next(self) -> None:
        """Show who has just signed in, and has connected nothing yet, how that is done."""
        keys = self._instance.supervisor.parts.person.keys.all()
        if all(key.name == DEFAULT_NAME and key.last_used_s is None for key in keys):
            await self._hands.open_pane("connect")

    async def _leave_other_account(self, window: SiteWindow) -> None:
        """Sign out the account that the person does not want: the window would offer it again."""
        words = self._hands.words()
        if self._instance.status.session.by_window:
            await self._command("session", what="clear")
        else:
            await window.forget()
        self._hands.tell(words("app"), words("told.sign_in_other"))

    def _show_check(self, _: Action) -> None:
        window = self._instance.supervisor.parts.window
        if window is not None:
            window.show()

    async def _bring(self, _: Action) -> None:
        """Ask for a session that was copied from a browser."""
        words, said = self._hands.words(), ""
        async with self._hands.questions.talk("sign-in") as talk:
            while not talk.is_over:
                view = views.ask_for_session(words, said or self._missing())
                answer, typed = await talk.ask(view)
                if answer != views.YES:
                    return
                try:
                    told = await self._command("session", what="import", text=typed)
                except DoorError as error:
                    said = str(error)
                else:
                    self._hands.tell(words("told.signed_in"), told["said"][-1])
                    await self._show_what_is_next()
                    return
        if said:
            self._hands.tell(words("app"), said)

    def _missing(self) -> str:
        """What this computer lacks for signing in by a window, in words."""
        window = self._instance.supervisor.parts.window
        missing = "" if window is None else window.status.missing
        words = self._hands.words()
        return words(f"missing.{missing}") if missing else ""

    async def _sign_out(self, _: Action) -> None:
        account = self._instance.status.session.account
        if await self._agreed("sign-out", views.ask_to_sign_out(account, self._hands.words())):
            self._is_signing_out = True
            try:
                await self._command("session", what="clear")
            finally:
                self._is_signing_out = False

    def _pair(self, action: Action) -> None:
        if action.value == "on":
            self._visitors.open_pairing()
        else:
            self._visitors.close_pairing()

    async def answer_visitor(self, origin: str) -> None:
        """Ask the person about a web app that came while it may, and do as told."""
        view = views.ask_to_pair(origin, self._hands.words())
        agreed = await self._agreed(about_visitor(origin), view)
        # It may have been taken back while the window was open.
        if agreed and self._visitors.status().asking == origin:
            await self.do(Action("allow", origin))
        self._visitors.answer(origin, agreed)

    async def _allow(self, origin: str) -> None:
        """Let a web app in for good."""
        origins = self._instance.supervisor.parts.settings.origins
        if origin not in origins:
            await self._set_origins((*origins, origin))

    async def _disallow(self, action: Action) -> None:
        origins = self._instance.supervisor.parts.settings.origins
        await self._set_origins(tuple(one for one in origins if one != action.about))

    async def _set_origins(self, origins: tuple[str, ...]) -> None:
        listed = ",".join(f'"{origin}"' for origin in origins)
        await self._set("origins", f"[{listed}]")

    async def _keyless(self, action: Action) -> None:
        on = action.value == "on"
        view = views.ask_for_keyless(self._hands.words())
        if not on or await self._agreed("keyless", view):
            self._visitors.serve_keyless(on)

    async def _network(self, action: Action) -> None:
        """Let other devices in at this computer's address, or no longer."""
        address = ""
        if not action.value:
            address = action.about or own_address()
            words = self._hands.words()
            if not address:
                self._hands.tell(words("app"), words("told.no_network"))
                return
            if not await self._agreed("network", views.ask_for_network(address, words)):
                return
            await self._provide_network_key()
        await self._set("network_host", address)
        self._instance.supervisor.restart()

    async def _provide_network_key(self) -> None:
        keys = self._instance.supervisor.parts.person.keys.all()
        if any(key.profile.network for key in keys):
            return
        if not any(key.name == NETWORK_KEY for key in keys):
            await self._command("key", what="new", name=NETWORK_KEY)
        await self._command("key", what="set", name=NETWORK_KEY, field="network", value="yes")

    async def _at_login(self, action: Action) -> None:
        await asyncio.to_thread(self._hands.login.turn, action.value == "yes")

    @property
    def _site(self) -> str:
        return self._instance.supervisor.parts.site.chat_origin

    async def _open(self, opener: Callable[[T], "Future[None]"], place: T) -> None:
        try:
            await asyncio.wrap_future(opener(place))
        except OpeningError:
            words = self._hands.words()
            self._hands.tell(words("app"), words("told.no_opener", place=place))

    async def _agreed(self, about: str, view: QuestionView) -> bool:
        return await self._hands.questions.ask(about, view) == views.YES


def own_address() -> str:
    """This computer's address in its network; empty where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_SOMEWHERE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])
