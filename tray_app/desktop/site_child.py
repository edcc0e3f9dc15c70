"""One process of the site's window, from start to end, and the calls that its page makes."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.desktop.windows.messages import Failed, MessageError, Pong
from tray_app.desktop.windows.site_messages import (
    Abort,
    AskCookies,
    At,
    Begin,
    Cookie,
    End,
    Fetch,
    FromSite,
    Head,
    Jar,
    Leave,
    Opened,
    Piece,
    ToSite,
    Usable,
    Visit,
    from_site,
    site_line,
)
from tray_app.proxy.window import PageCall

from .child_process import ChildProcess
from .site_answer import PageAnswer

_LEFT_S = 0.5
"""How long it is waited for where a page went that was left before its answer came."""


class Times(Struct, frozen=True, kw_only=True):
    """How long what may take, in seconds."""

    ping_s: float = 5 / 3
    """From one look at a page that is needed to the next; three in vain are five seconds."""
    start_s: float = 30.0
    """From nothing to a window whose engine works, on a slow disk too."""
    load_s: float = 45.0
    """From nothing to a page that can make calls."""
    leave_s: float = 3.0
    """To end in order: the engine writes its profile then."""
    settle_s: float = 8.0
    """For a page that was just loaded to renew its session by itself."""
    renew_s: float = 25.0
    jar_s: float = 10.0
    missing_s: float = 30.0
    """Until it is tried again to open a window that cannot be; a person need not wait for that."""


class SiteChild:
    """One child; belongs to the window's loop.

    Args:
        begin: What is said to it first.
        times: How long what may take.
        told: Called with whatever it tells that is no part of an answer, once it is noted here, and
            with None when it is over.
    """

    def __init__(self, begin: Begin, times: Times, told: Callable[[FromSite | None], None]) -> None:
        self._begin = begin
        self._times = times
        self._told = told
        self._process: ChildProcess | None = None
        self._early: list[ToSite] = []
        self._answers: dict[str, PageAnswer] = {}
        self._left: list[str] = []
        self._jars: deque[asyncio.Future[list[Cookie]]] = deque()
        self._opened = asyncio.Event()
        self._leaving = asyncio.Event()
        self._over: tuple[Kind, str] | None = None
        self.url = ""
        self.is_usable = False
        self.fault = ""
        """What this computer lacks, where the child said so."""
        self.gone = asyncio.Event()
        """Set once no process is left."""

    @property
    def is_open(self) -> bool:
        """Whether the window is there."""
        return self._opened.is_set() and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self._over is not None

    @property
    def is_busy(self) -> bool:
        """Whether its page makes a call."""
        return bool(self._answers)

    @property
    def is_checking(self) -> bool:
        """Whether its page is one that asks for a person."""
        return self._begin.site.pages.check_path in urlsplit(self.url).path

    def check(self) -> None:
        """Raise `ProxyError` if it is over."""
        if self._over is not None:
            raise ProxyError(*self._over)

    def say(self, message: ToSite) -> None:
        """Tell it this, as soon as it can hear."""
        if self._process is not None:
            self._process.say(message)
        else:
            self._early.append(message)

    def visit(self, path: str) -> None:
        """Have it go to another page; where it was does not matter any more."""
        self.url = ""
        self.is_usable = False
        self.say(Visit(path))

    async def keep(self, words: Sequence[str], wanted: asyncio.Event) -> None:
        """Start it, and look after it until no process is left."""
        try:
            await self._live(words, wanted)
        except OSError as error:
            self._be_over(Kind.WINDOW_CLOSED, f"Portico's window cannot be started ({error})")
        finally:
            self._be_over(Kind.WINDOW_CLOSED, "Portico's window was closed")

    async def _live(self, words: Sequence[str], wanted: asyncio.Event) -> None:
        process = await ChildProcess.start("site", words, site_line)
        for message in (self._begin, *self._early):
            process.say(message)
        self._process = process
        if self.is_over and not self._leaving.is_set():
            process.kill()
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(process.listen(self._hear))
                helpers = [
                    group.create_task(work)
                    for work in (
                        process.send(), process.overhear(), self._see_off(process),
                        self._look_after(process, wanted),
                    )
                ]  # fmt: skip
                # A process of its engine that lives on may hold the pipe open.
                going = group.create_task(process.gone())
                await asyncio.wait({listening, going}, return_when=asyncio.FIRST_COMPLETED)
                for task in (*helpers, listening, going):
                    task.cancel()
        finally:
            self._be_over(Kind.WINDOW_CLOSED, "Portico's window was closed")
            await process.end()

    async def _look_after(self, process: ChildProcess, wanted: asyncio.Event) -> None:
        why = "Portico's window did not open in time"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._times.start_s):
                await self._opened.wait()
        if self._opened.is_set():
            await process.watch(self._times.ping_s, wanted)
            why = "The page in Portico's window did not answer any more"
        self.give_up(why)

    async def _see_off(self, process: ChildProcess) -> None:
        await self._leaving.wait()
        process.say(Leave())
        await asyncio.sleep(self._times.leave_s)
        process.kill()

    def leave(self) -> None:
        """End it in order; `gone` says when that is done."""
        self._be_over(Kind.WINDOW_CLOSED, "Portico's window was closed")
        self._leaving.set()

    def give_up(self, why: str) -> None:
        """End it at once: it is stuck."""
        self._be_over(Kind.WINDOW_STUCK, why)
        if self._process is not None:
            self._process.kill()

    def _be_over(self, kind: Kind, why: str) -> None:
        """Fail whatever is asked of it; the first reason counts."""
        if self._over is not None:
            return
        self._over = (kind, why)
        for answer in self._answers.values():
            answer.finish(ProxyError(kind, why))
        for jar in self._jars:
            if not jar.done():
                jar.set_exception(ProxyError(kind, why))
        self._answers.clear()
        self._told(None)

    def ask(self, answer: PageAnswer, call: PageCall) -> None:
        """Have the page make this call."""
        body = None if call.body is None else call.body.decode()
        self._answers[answer.id] = answer
        self.say(Fetch(answer.id, call.method, call.path, call.headers, body, call.bearer))

    def drop(self, answer: PageAnswer) -> None:
        """Have a call ended whose answer nobody reads any more, unless it has ended."""
        if self._answers.pop(answer.id, None) is not None:
            self.say(Abort(answer.id))

    async def jar(self) -> list[Cookie]:
        """The cookies as they are now; raises `ProxyError`."""
        self.check()
        asked: asyncio.Future[list[Cookie]] = asyncio.get_running_loop().create_future()
        self._jars.append(asked)
        self.say(AskCookies())
        return await asked

    def _hear(self, received: bytes) -> None:
        try:
            message = from_site(received)
        except MessageError:
            # At the start libraries may print; later on it could be a piece of an answer.
            if self._opened.is_set():
                self.give_up("Portico's window said what cannot be read")
            raise
        match message:
            case Head() | Piece() | End():
                self._hear_answer(message)
            case Jar(cookies):
                if self._jars and not (asked := self._jars.popleft()).done():
                    asked.set_result(cookies)
            case _:
                self._hear_news(message)

    def _hear_answer(self, message: Head | Piece | End) -> None:
        answer = self._answers.get(message.id)
        if answer is None:
            return
        match message:
            case Head(_, status, headers):
                answer.begin(status, headers)
            case Piece(_, text):
                if not answer.add(text):
                    self.say(Abort(answer.id))
                    self._finish(answer, "too_large")
            case End(_, "left") if not answer.has_body and not self.is_checking:
                self._left.append(answer.id)
                asyncio.get_running_loop().call_later(_LEFT_S, self._judge)
            case End(_, why):
                self._finish(answer, why)

    def _judge(self) -> None:
        """End the calls of a page that was left, now that it is known where it went."""
        left, self._left = self._left, []
        for number in left:
            if (answer := self._answers.get(number)) is not None:
                self._finish(answer, "left")

    def _finish(self, answer: PageAnswer, why: str) -> None:
        del self._answers[answer.id]
        is_asked = self.is_checking and not answer.has_body and why not in {"", "too_large"}
        answer.finish(
            asks_for_a_person() if is_asked else _fault(why, is_early=not answer.has_head)
        )
        if self._over is None:
            self._told(End(answer.id, why))

    def _hear_news(self, message: FromSite) -> None:
        match message:
            case Opened():
                self._opened.set()
            case At(url):
                self.url = url
            case Usable():
                self.is_usable = True
            case Pong(n):
                if self._process is not None:
                    self._process.pong(n)
            case Failed(why):
                self._fail(why)
            case _:
                pass
        if not self.is_over:
            self._told(message)
        if isinstance(message, At):
            # Whoever loses a call to a check must find that check when they look for it.
            self._judge()

    def _fail(self, why: str) -> None:
        if why == "bad_line":
            self._be_over(Kind.WINDOW_CLOSED, "Portico's window did not understand its program")
        else:
            self.fault = why
            self._be_over(Kind.WINDOW_CLOSED, said_of(why))


_MISSING = {
    "no_display": "Portico's window needs a screen, and there is none",
    "no_gi": "Portico's window needs PyGObject (python3-gi), which is missing here",
    "no_webkit": "Portico's window needs WebKitGTK (gir1.2-webkit2-4.1), which is missing here",
    "no_webview2": "Portico's window needs Microsoft's WebView2, which is missing here",
}


def said_of(fault: str) -> str:
    """What a person is told where this is missing."""
    return _MISSING.get(fault, "Portico's window needs a web engine, which is missing here")


def asks_for_a_person() -> ProxyError:
    """The error of a page that does."""
    return ProxyError(Kind.VERIFICATION_NEEDED, "Qwen wants to see that a person is here")


def _fault(why: str, *, is_early: bool) -> ProxyError | None:
    """The error for how an answer ended."""
    match why:
        case "":
            return None
        case "offline":
            kind, said = (
                Kind.UPSTREAM_UNREACHABLE,
                "Qwen cannot be reached: this computer is offline",
            )
        case "network" if is_early:
            kind, said = (
                Kind.UPSTREAM_UNREACHABLE,
                "Qwen cannot be reached (is this computer offline?)",
            )
        case "network":
            kind, said = Kind.UPSTREAM_DISCONNECTED, "The connection broke in mid-answer"
        case "left":
            kind, said = (
                Kind.UPSTREAM_DISCONNECTED,
                "The page was left or loaded anew in mid-answer",
            )
        case "too_large":
            kind, said = Kind.UPSTREAM_EVENT_TOO_LARGE, "Qwen's answer is too large"
        case _:
            kind, said = Kind.WINDOW_STUCK, "Portico's window has no page of Qwen that can ask"
    return ProxyError(kind, said)
