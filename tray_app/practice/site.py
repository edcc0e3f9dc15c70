"""The practice site: its two hosts and its store on loopback, in a thread of its own."""

import asyncio
import ssl
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from . import acts, answers, catalog
from .chats import Chats
from .checks import Checks, Shape
from .gallery import Gallery
from .http import Connected, Reader, Request, Wire
from .pages import Host, Pages
from .pictures import Studio
from .record import Record
from .routes import route_of
from .sessions import Sessions
from .store import Store
from .uploads import Uploads

_LINE_BYTES = 1 << 20


@dataclass
class Heard:
    """A request that the site got."""

    host: Host
    request: Request
    connection: int
    closed_s: float | None = field(default=None)
    """When its connection was seen to end while it was being answered, on the monotonic clock."""


class PracticeSite:
    """The site; everything public may be used from any thread.

    Args:
        pace_s: Seconds between two pieces of an answer.
        token_life_s: How long an access token lives.
        rotates: Each renewal changes the cookie that renews; the one before is taken until the
            new one was used, since an answer may be lost, and then no more.
        tls: Serve over TLS with this.
        clock: Unix seconds.
        remembers: Of what it was asked it keeps so much for whoever looks; None for all.
    """

    def __init__(
        self,
        *,
        pace_s: float = 0.02,
        token_life_s: float = 900.0,
        rotates: bool = True,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        remembers: int | None = None,
    ) -> None:
        self.pace_s = pace_s
        self.account: dict[str, Any] = {"email": "person@practice.example", "is_guest": False}
        self.origin = self.auth_origin = ""
        self.heard: list[Heard] = Record(remembers)
        self.loses_renewals = 0
        """So many answers to renewals are lost, the renewal itself being done."""
        self.open_streams = 0
        self.page_only = False
        """Writes are done for the site's own pages only."""
        self.wraps_after_s = 0.2
        """So long after it was loaded a page's script has put itself before `fetch`."""
        self.guest_first = False
        """Pages get a guest's token where nobody is signed in."""
        self.password: str | None = None
        """The only one that signs in; None for any."""
        self.github_origin = ""
        """Where people go to sign in by GitHub; empty for the auth host."""
        self._tls = tls
        self._sessions = Sessions(
            token_life_s=token_life_s, rotates=rotates, is_secure=tls is not None, clock=clock
        )
        self._checks = Checks(self._note, lambda: self.origin)
        self._pages = Pages(self, self._sessions, self._checks)
        self.store = Store(self._note, clock)
        self.uploads = Uploads(self.store, self._note)
        self._scripts: dict[str, deque[acts.Act]] = {}
        self._chats = Chats(self._note, remembers)
        self.chats, self.deleted = self._chats.made, self._chats.deleted
        self.stopped = self._chats.stopped
        self._gallery = Gallery(self.chats, lambda: self.origin)
        self._studio = Studio(self._chats, self._gallery)
        self._idle: set[Wire] = set()
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="practice", daemon=True)
        self._listening = threading.Event()
        self._connections = 0

    def start(self) -> None:
        """Return when the hosts listen."""
        self._thread.start()
        self._listening.wait()

    def stop(self) -> None:
        """End every connection and the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)

    def sign_in(self) -> dict[str, object]:
        """A session as signing in gives it: `token`, `expires_at` in unix seconds, `cookies`."""
        return self._sessions.sign_in()

    def will(self, *script: acts.Act) -> None:
        """Answer the next completions like this, one after the other."""
        self.on("completions", *script)

    def on(self, route: str, *script: acts.Act) -> None:
        """The same for another route, as `route_of` names it: `models`, `new`, `refresh`, `page`…

        An upload to the store is `put`.
        """
        self._scripts.setdefault(route, deque()).extend(script)

    def challenge(self, shape: Shape, route: str | None = "completions") -> None:
        """Ask for a person from the next call of a route on, or of the next write if it is None.

        From then on every write is answered in this shape, until somebody clicks in the page that
        asks; in the shape `html` everything is, and at once.
        """
        self._checks.begin(shape, route)

    @property
    def delete_all_calls(self) -> int:
        """How often somebody deleted every chat there is."""
        return self._chats.delete_all_calls

    @property
    def calls_while_challenged(self) -> int:
        """Writes that came although a person was asked for and had not answered."""
        return self._checks.calls_while_challenged

    @property
    def checks_answered(self) -> int:
        """How often a person has answered."""
        return self._checks.answered

    def revoke(self) -> None:
        """End the session, as signing out everywhere does."""
        self._sessions.revoke()

    def expire_tokens(self) -> None:
        """Take no access token any more that is out now."""
        self._sessions.expire_tokens()

    def close_idle(self) -> None:
        """Close every connection that waits for a request, as sites do after a while."""

        async def close() -> None:
            for wire in tuple(self._idle):
                wire.cut()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(5)

    def heard_on(self, path: str) -> list[Heard]:
        """Requests for this path, or for what lies under it where it ends with a slash."""
        under = path if path.endswith("/") else None
        return [
            heard
            for heard in self.heard
            if heard.request.path == path or (under and heard.request.path.startswith(under))
        ]

    def wait_until(self, holds: Callable[[], object], timeout_s: float = 15.0) -> None:
        """Return when something holds; raises `AssertionError` when it does not in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(holds()), timeout_s):
                raise AssertionError("the practice site did not come to what was awaited")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
            self._listening.set()
            self._loop.run_forever()
        finally:
            # Whoever connected a moment ago has nobody yet who would end the connection.
            self._turn(5)
            for server in self._servers:
                server.close()
            while tasks := asyncio.all_tasks(self._loop):
                for writer in self._serving.values():
                    writer.transport.abort()
                for task in tasks:
                    task.cancel()
                self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._turn(2)
            self._loop.close()

    def _turn(self, times: int) -> None:
        for _ in range(times):
            self._loop.run_until_complete(asyncio.sleep(0))

    async def _listen(self) -> None:
        scheme = "https" if self._tls else "http"
        hosts: tuple[Host, ...] = ("chat", "auth", "store")
        self._servers = [await self._listen_as(host) for host in hosts]
        *ports, store = (server.sockets[0].getsockname()[1] for server in self._servers)
        name = "localhost" if self._tls else "127.0.0.1"
        self.origin, self.auth_origin = (f"{scheme}://{name}:{port}" for port in ports)
        self.store.authority = f"127.0.0.1:{store}"

    async def _listen_as(self, host: Host) -> asyncio.Server:
        def connection() -> Connected:
            reader = Reader(_LINE_BYTES)
            return Connected(reader, lambda _, writer: self._begin(host, reader, writer))

        return await self._loop.create_server(connection, "127.0.0.1", 0, ssl=self._tls)

    def _begin(self, host: Host, reader: Reader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection; asyncio would print its end as an error when the site stops."""
        task = self._loop.create_task(self._serve(host, reader, writer))
        self._serving[task] = writer
        task.add_done_callback(lambda _: self._serving.pop(task).close())

    async def _serve(self, host: Host, reader: Reader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        wire = Wire(reader, writer, self._connections)
        try:
            while wire.keeps_alive:
                self._idle.add(wire)
                request = await (self.store.read(wire) if host == "store" else wire.read())
                self._idle.discard(wire)
                if request is None:
                    break
                heard = Heard(host, request, wire.number)
                with self._changed:
                    self.heard.append(heard)
                    self._changed.notify_all()
                await self._answer(heard, wire)
                if host == "store":
                    # It may be large, and the store has it.
                    heard.request = replace(request, body=b"")
                await wire.flush()
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            self._idle.discard(wire)

    async def _answer(self, heard: Heard, wire: Wire) -> None:
        request = heard.request
        route, chat_id = route_of(request) if heard.host != "store" else ("put", "")
        act = self._stopping(heard, route) or self._scripted(route)
        act = act or self._usual(route, heard, chat_id)
        if heard.host == "auth":
            act = self._pages.shared(act, request)
        scene = acts.Scene(wire, request, chat_id, uuid.uuid4().hex)
        streams = route == "completions"
        if streams:
            self._note(lambda: self._chats.busy.add(chat_id), streams=1)
        try:
            await self._played(act, scene, heard)
        finally:
            if streams:
                self._note(lambda: self._chats.busy.discard(chat_id), streams=-1)

    def _stopping(self, heard: Heard, route: str) -> acts.Act | None:
        """Why the chat host does not even look at what it is asked, if it does not."""
        if heard.host != "chat":
            return None
        stopped = self._checks.stopping(heard.request, route)
        return stopped or self._pages.gate(heard.request)

    def _scripted(self, route: str) -> acts.Act | None:
        script = self._scripts.get(route)
        return script.popleft() if script else None

    async def _played(self, act: acts.Act, scene: acts.Scene, heard: Heard) -> None:
        """Play an act, ending it as soon as the client has left."""
        loop = asyncio.get_running_loop()
        playing = loop.create_task(act.play(scene))
        leaving = loop.create_task(scene.wire.gone())
        try:
            await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                scene.wire.keeps_alive = False
                self._note(lambda: setattr(heard, "closed_s", time.monotonic()))
            if playing.done():
                playing.result()
        finally:
            playing.cancel()
            leaving.cancel()

    def _note(self, change: Callable[[], object], streams: int = 0) -> None:
        with self._changed:
            change()
            self.open_streams += streams
            self._changed.notify_all()

    def _usual(self, route: str, heard: Heard, chat_id: str) -> acts.Act:
        request = heard.request
        if route in {"models", "models-v2"}:
            data: Any = {"data": catalog.listed()}
            return acts.value({"success": True, "data": data} if route == "models-v2" else data)
        if route == "put":
            return self.store.answer(request)
        if route == "refresh":
            return self._renewal(request)
        if route == "picture":
            return self._gallery.answer(request)
        if route in {"page", "signin", "unknown"}:
            page = self._pages.answer(heard.host, request)
            return page or acts.refused("Not_Found", "no such path", 404)
        if route == "whose" and self._sessions.is_guest(request):
            told = {"email": "practice@guest.com", "is_guest": True}
            return acts.value({"success": True, "data": told})
        if not self._sessions.is_signed_in(request):
            return acts.EXPIRED
        if route in {"grant", "parse", "parsed"}:
            return self.uploads.answer(route, request)
        return self._signed_in(route, request, chat_id)

    def _signed_in(self, route: str, request: Request, chat_id: str) -> acts.Act:
        match route:
            case "new":
                cookie = f"acw_tc={self._sessions.clear()}; Path=/; HttpOnly"
                return self._chats.new(request, cookie)
            case "completions":
                refused = self._chats.refusal(request, chat_id)
                wished = refused or self._checks.wished_for(request)
                return wished or self._reply(request.json())
            case "settings":
                return acts.value({"success": True, "data": {"memory": {}, "ui": {}}})
            case "whose":
                return acts.value(
                    {"success": True, "data": {"id": self._sessions.who, **self.account}}
                )
            case _:
                told = self._chats.answer(route, chat_id)
                return told or acts.refused("Not_Found", "no such chat")

    def _reply(self, body: dict[str, Any]) -> acts.Act:
        refused = self.uploads.refusal(body)
        if refused is not None:
            return refused
        seen = self.uploads.seen(body)
        return self._chats.kept(body, answers.answer_to(body, self._studio, self.pace_s, seen))

    def _renewal(self, request: Request) -> acts.Act:
        """A renewal whose answer may be lost on its way."""
        answer = self._sessions.renewed(request, self.origin)
        if self.loses_renewals:
            self.loses_renewals -= 1
            return acts.Drop()
        return answer
