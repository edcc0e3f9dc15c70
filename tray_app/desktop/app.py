"""The life of the program on a desktop: shows how it goes, and sees to it that somebody can see it.

One loop: whatever happens anywhere is noted there, and what is to be shown is decided anew, at most
four times a second. Nothing here waits for the proxy; what it says is read from snapshots.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tray_app.core.site import Site
from tray_app.proxy.status import Run, Status
from tray_app.proxy.tasks import Tasks
from tray_app.proxy.window import News
from tray_app.store import StoreError
from tray_app.store.logs import has_failed
from tray_app.store.settings import Settings

from .busy import Busy
from .facts import Facts
from .launcher import End, Launcher
from .login import login_item
from .look import Tray
from .phrases import is_checking
from .questions import Questions, about_visitor
from .site_keeper import WindowPlan
from .site_window import SiteWindow
from .state import Decision, decide, is_still_told
from .views import status_view
from .windows import WindowName
from .windows.messages import StatusView
from .words import Words, chosen, system_tags

if TYPE_CHECKING:
    from tray_app.proxy.instance import Instance

    from .acts import Acts
    from .panes import Panes

_log = logging.getLogger(__name__)

PACE_S = 0.25
NO_TRAY_S = 3.0
"""How long a panel may take to show the icon before a window is shown instead."""
_AGAIN_S = 5.0
"""How soon a look that failed is tried again."""
_LAST_WORD_S = 1.5
"""How long a notice may take to be shown before the program ends."""
NO_TRAY_AT_LOGIN_S = 20.0
"""The same at login, when panels come late."""
_STATUS: WindowName = "status"
_QUESTION: WindowName = "question"


class Plan(Struct, frozen=True):
    """How an app was asked to be."""

    settings: Settings
    """Those of the file, until the proxy says which are in force."""
    logs: Path
    notes: tuple[str, ...] = ()
    """What a person should be told at the start."""
    hidden: bool = False
    """Whether it was started without anybody looking, as at login."""
    practice: bool = False


class App:
    """One app; `run` makes the loop it is used from its own, and what others call says so.

    Args:
        plan: How it was asked to be.
        build: Puts the program together; called in another thread, since it takes a while.
        say: Tells a sentence to whoever started the program.
    """

    def __init__(
        self, plan: Plan, build: "Callable[[App], Instance]", say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._build = build
        self._say = say
        self._tray: Tray | None = None
        self._is_hosted = self.is_unwanted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._tasks = Tasks()
        self._launcher = Launcher(self._on_pressed, self._on_end)
        self._questions = Questions(self._launcher)
        self._login = login_item(os.environ)
        self._at_login = False
        self._has_windows = True
        self._missing: End = "failed"
        self._instance: Instance | None = None
        self._acts: Acts | None = None
        self._panes: Panes | None = None
        self._site_window: SiteWindow | None = None
        self._tags = tuple(system_tags(os.environ))
        self._seeing_to: asyncio.TimerHandle | None = None
        self._busy = Busy()
        self._asked: str | None = None
        self._told: set[str] = set()
        self._decision: Decision | None = None

    def changed(self) -> None:
        """Note that something is other than it was; from any thread, and cheap."""
        if not self._news.is_set():
            self._from_anywhere(self._news.set)

    def quit(self, *, is_unwanted: bool = False) -> None:
        """End the app, for all that it keeps to be removed if it is unwanted; from any thread."""
        self.is_unwanted = is_unwanted
        self._from_anywhere(self._over.set)

    def show_up(self, screen: Mapping[str, str]) -> bool:
        """Show the window that says how it goes; from any thread.

        Returns whether it can be: an app that ends shows nothing any more.

        Args:
            screen: Where whoever asks for it is, by the names of the variables that say it: who
                outlived a session is found in the next one.
        """
        if self._over.is_set():
            return False
        self._from_anywhere(self._show_up, dict(screen))
        return True

    def site_window(self, site: Site, profile: Path) -> SiteWindow:
        """The site's window, with the folder of what it keeps, in this app's loop; called once."""
        plan = WindowPlan(
            site=site,
            profile=profile,
            title=lambda news: self._title_of_site(
                news, is_at_sign_in=news.url == site.chat_origin + site.pages.sign_in
            ),
            idle_s=lambda: self._settings.idle_window_s,
        )
        self._site_window = window = SiteWindow(plan)
        self._from_anywhere(window.begin)
        return window

    def _title_of_site(self, news: News, *, is_at_sign_in: bool) -> str:
        """What stands in the frame of the site's window, before the address."""
        status = None if self._instance is None else self._instance.supervisor.status
        if news.check or (status is not None and is_checking(status)):
            return self._words("window.check")
        return self._words("window.sign_in" if is_at_sign_in else "window.site")

    def pressed(self, number: int) -> None:
        """Take a click on a row of the tray, or on the icon with 0; from any thread."""
        self._from_anywhere(self._do, number)

    def woke(self) -> None:
        """Note that the computer slept; from any thread."""
        self._from_anywhere(self._wake)

    def hosted(self, is_there: bool) -> None:  # noqa: FBT001  a panel tells it so
        """Note whether a panel shows the tray; from any thread."""
        self._from_anywhere(self._host, is_there)

    def _from_anywhere(self, deed: Callable[..., object], *about: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(deed, *about)

    async def run(self, tray: Tray) -> None:
        """Live until somebody quits; the tray is drawn by whoever gave it."""
        self._loop = asyncio.get_running_loop()
        self._tray = tray
        drawing = self._loop.create_task(self._keep_drawing(), name="drawing")
        self._see_to_a_window()
        for note in self._plan.notes:
            self._tell(self._words("app"), note)
        try:
            instance, self._acts, self._panes = await asyncio.to_thread(self._put_together)
            self._instance = instance
            if self._settings.start_proxy and not self._over.is_set():
                instance.supervisor.start()
            self.changed()
            await self._over.wait()
        except StoreError as error:
            # Who starts it from a menu sees no terminal.
            self._tell(self._words("app"), str(error))
            await asyncio.sleep(_LAST_WORD_S)
            raise
        finally:
            self._over.set()
            await self._end()
            drawing.cancel()

    def _put_together(self) -> "tuple[Instance, Acts, Panes]":
        from .acts import Acts, Hands
        from .pane import Desk
        from .panes import Panes

        instance = self._build(self)
        self._at_login = self._login.is_on()
        hands = Hands(
            instance=instance,
            questions=self._questions,
            login=self._login,
            logs=self._plan.logs,
            words=lambda: self._words,
            tell=self._tell,
            changed=self._look_again,
            open_pane=lambda name: panes.open(name),
        )
        acts = Acts(hands)
        desk = Desk(instance, acts.do, hands.words, self.changed, self._plan.logs.parent, self.quit)
        panes = Panes(self._launcher, desk, self._facts, welcomes=not self._plan.hidden)
        return instance, acts, panes

    async def _end(self) -> None:
        """Let answers end, close what is open, and say so meanwhile."""
        self._questions.close()
        self._tasks.spawn(self._launcher.close_all(), "close-windows")
        if self._instance is not None:
            self._instance.supervisor.stop()
            self.changed()
            await asyncio.to_thread(self._instance.close)
        if self._site_window is not None:
            await self._site_window.end()
        await self._tasks.finish(1.0)

    async def _keep_drawing(self) -> None:
        while True:
            self._news.clear()
            again_s: float | None = _AGAIN_S
            try:
                again_s = self._draw()
            except Exception:  # noqa: BLE001  a look that fails must not be the last one
                _log.exception("look=failed")
            await asyncio.sleep(PACE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(again_s):
                    await self._news.wait()

    def _draw(self) -> float | None:
        """Show and tell what there is; returns when time alone makes that something else."""
        facts = self._facts()
        self._ask_visitors(facts.status)
        self._decision = decision = decide(facts, self._words)
        if self._tray is not None:
            self._tray.show(decision.look)
        if self._launcher.is_open(_STATUS):
            self._launcher.update(_STATUS, self._status_view())
        if self._panes is not None and self._panes.draw(facts):
            self._tasks.spawn(self._panes.open("connect"), "welcome")
        for name, notice in decision.notices.items():
            if name not in self._told and facts.settings.notices:
                self._tell(notice.title, notice.text)
        # What is so while the proxy runs is not over because it is stopped for a while.
        kept = {name for name in self._told if is_still_told(name, facts.run.kind)}
        self._told = kept | set(decision.notices)
        return decision.again_s

    def _facts(self) -> Facts:
        instance, plan = self._instance, self._plan
        if instance is None:
            return Facts(run=Run("starting"), settings=plan.settings, practice=plan.practice)
        status = (supervisor := instance.supervisor).status
        return Facts(
            run=supervisor.run,
            settings=self._settings,
            status=status,
            keys=tuple(key.name for key in supervisor.parts.person.keys.all()),
            models=supervisor.models,
            at_login=self._at_login,
            windows=self._has_windows,
            hosted=self._is_hosted,
            practice=plan.practice,
            log_fails=has_failed(),
            busy_for_s=self._busy.for_s(status),
            wall_s=time.time(),
        )

    @property
    def _settings(self) -> Settings:
        instance = self._instance
        return self._plan.settings if instance is None else instance.supervisor.parts.settings

    @property
    def _words(self) -> Words:
        return Words(chosen(self._settings.language, self._tags))

    def _tell(self, title: str, text: str) -> None:
        if self._tray is not None:
            self._tray.notify(title, text)

    def _do(self, number: int) -> None:
        action = self._decision.actions.get(number) if self._decision else None
        if self._over.is_set():
            return
        if number == 0:
            self._open_status()
        elif action is not None and action.name == "quit":
            self._over.set()
        elif action is not None and self._acts is not None:
            self._tasks.spawn(self._acts.do(action), f"click {action.name}")

    def _look_again(self) -> None:
        """Note what a click may have changed beside the proxy."""
        self._tasks.spawn(self._read_login_item(), "login-item")

    async def _read_login_item(self) -> None:
        self._at_login = await asyncio.to_thread(self._login.is_on)
        self.changed()

    def _ask_visitors(self, status: Status | None) -> None:
        """Ask about a web app that came while it may; about each one once."""
        asking = status.visitors.asking if status else None
        if asking != self._asked:
            if self._asked is not None:
                self._questions.withdraw(about_visitor(self._asked))
            self._asked = asking
            if asking is not None and self._acts is not None:
                self._tasks.spawn(self._acts.answer_visitor(asking), "ask-visitor")

    def _wake(self) -> None:
        service = self._instance.supervisor.service if self._instance else None
        if service is not None:
            service.wake()
        self.changed()

    def _host(self, is_there: bool) -> None:  # noqa: FBT001
        self._is_hosted = is_there
        self.changed()
        if self._seeing_to is not None:
            self._seeing_to.cancel()
        if not is_there:
            self._see_to_a_window()

    def _see_to_a_window(self) -> None:
        """Where no panel shows the icon for a while, show a window: nobody could stop us else."""

        def look() -> None:
            if not self._is_hosted and not self._over.is_set():
                self._open_status()

        within_s = NO_TRAY_AT_LOGIN_S if self._plan.hidden else NO_TRAY_S
        self._seeing_to = asyncio.get_running_loop().call_later(within_s, look)

    def _show_up(self, screen: Mapping[str, str]) -> None:
        if not self._is_hosted:
            os.environ.update(screen)
            if self._tray is not None:
                self._tray.retry()
        self._open_status()

    def _open_status(self) -> None:
        if not self._has_windows:
            self._tell_of_no_window()
        elif not self._over.is_set():
            self._launcher.open(_STATUS, self._status_view())

    def _status_view(self) -> StatusView:
        decision = self._decision or decide(self._facts(), self._words)
        return status_view(decision, self._words)

    def _on_pressed(self, window: WindowName, what: int | str, typed: str) -> None:
        if window == _STATUS and isinstance(what, int):
            self._do(what)
        elif isinstance(what, str) and window == _QUESTION:
            self._questions.answered(what, typed)
        elif isinstance(what, str) and self._panes is not None:
            self._tasks.spawn(self._panes.pressed(window, what, typed), f"press {window}")

    def _on_end(self, window: WindowName, how: End) -> None:
        if how != "closed":
            # A screen that is gone may come back; what is not installed will not, before a restart.
            self._has_windows = how in {"failed", "no_display"}
            self._missing = how
            _log.warning("windows=none reason=%s", how)
            self._tell_of_no_window()
            self.changed()
        if window == _QUESTION:
            self._questions.ended()
        elif window == _STATUS and how == "closed" and not self._is_hosted:
            # The window said so: without it and without an icon nobody could see or stop us.
            self._over.set()

    def _tell_of_no_window(self) -> None:
        """Say that no window can be shown, where somebody can hear it."""
        if self._is_hosted:
            self._tell(self._words("app"), self._words(f"missing.{self._missing}"))
        else:
            self._say(
                "There is no panel here that shows Portico's icon, and no window can be shown. "
                "Portico serves all the same: portico status shows how it goes, portico doctor "
                "what is missing. Ctrl+C or a signal ends it."
            )
