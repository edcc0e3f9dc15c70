"""The site's window as a process of its own, and what its parent does with it."""

import json
import queue
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import quote

import psutil

from tests.desktop.screen import Screen
from tests.waiting import until
from tray_app.compose import practice_site
from tray_app.core.site import Site
from tray_app.desktop.windows.messages import Failed, Ping, Pong
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
    Stored,
    ToSite,
    Usable,
    from_site,
    site_line,
)
from tray_app.practice import PracticeSite

ROOT = Path(__file__).parents[3]
WITHIN_S = 60.0
STATE = "qwen_access_token_state"
NEW = "/api/v2/chats/new"
COMPLETIONS = "/api/v2/chat/completions"
HEADERS = {"Accept": "application/json", "Content-Type": "application/json", "source": "web",
           "version": "0.3.12"}  # fmt: skip
PERSON = ("ada@practice.example", "an open door")

_Told = TypeVar("_Told", bound=FromSite)


@dataclass
class Answer:
    """What came of a call; seconds are since it was asked."""

    head: Head | None = None
    head_s: float = 0.0
    pieces: list[tuple[float, str]] = field(default_factory=list)
    why: str | None = None
    end_s: float = 0.0

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.pieces)

    def json(self) -> Any:
        return json.loads(self.text)

    def said(self) -> str:
        """The text of all events of a stream."""
        told = ""
        for line in self.text.split("\n"):
            if line.startswith("data: {"):
                for choice in json.loads(line[6:]).get("choices", []):
                    told += choice["delta"].get("content") or ""
        return told


class Calling:
    """A call that goes on."""

    def __init__(self, child: "SiteChild", call: Fetch) -> None:
        self.id = call.id
        self.answer = Answer()
        self._child = child
        self._began_s = time.monotonic()

    def hear(self, at_s: float, message: FromSite) -> None:
        answer, since_s = self.answer, at_s - self._began_s
        match message:
            case Head():
                assert answer.head is None
                answer.head, answer.head_s = message, since_s
            case Piece(_, text):
                assert answer.why is None
                answer.pieces.append((since_s, text))
            case End(_, why):
                assert answer.why is None
                answer.why, answer.end_s = why, since_s
            case _:
                pass

    def begun(self) -> "Calling":
        until(lambda: self.answer.pieces, WITHIN_S)
        return self

    def ended(self, within_s: float = WITHIN_S) -> Answer:
        until(lambda: self.answer.why is not None, within_s)
        return self.answer


class SiteChild:
    """The window; this test is its parent."""

    def __init__(
        self, screen: Screen, site: Site, profile: Path, path: str = "/auth", *,
        shown: bool = True, more: dict[str, str] | None = None, wrapper: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.screen = screen
        self.errors = screen.folder / f"site-{secrets.token_hex(4)}.errors"
        self.told: list[tuple[float, FromSite]] = []
        self.lines: list[bytes] = []
        self._calls: dict[str, Calling] = {}
        self._news: queue.Queue[FromSite | None] = queue.Queue()
        profile.mkdir(mode=0o700, exist_ok=True)
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "tray_app", "window", "site"], cwd=ROOT,
                env={**screen.environment, **(more or {})}, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, bufsize=0,
            )  # fmt: skip
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.say(Begin(site, str(profile), path, shown, "Practice"))

    def _read(self) -> None:
        assert self.process.stdout is not None
        for received in self.process.stdout:
            now_s = time.monotonic()
            message = from_site(received)
            self.lines.append(received)
            self.told.append((now_s, message))
            if isinstance(message, Head | Piece | End):
                self._calls[message.id].hear(now_s, message)
            else:
                self._news.put(message)
        self._news.put(None)

    def say(self, *messages: ToSite) -> None:
        assert self.process.stdin is not None
        for message in messages:
            data = memoryview(site_line(message))
            while data:
                data = data[self.process.stdin.write(data) or 0 :]

    def hear(self, kind: type[_Told], within_s: float = WITHIN_S, **like: Any) -> _Told:
        """The next message of a kind, which is like this; what comes before it is passed over."""
        end_s = time.monotonic() + within_s
        while True:
            try:
                message = self._news.get(timeout=max(0.0, end_s - time.monotonic()))
            except queue.Empty:
                message = None
            assert message is not None, f"no {kind.__name__} {like}: {self.recent()}"
            assert kind is Failed or not isinstance(message, Failed), message
            if isinstance(message, kind) and all(getattr(message, k) == v for k, v in like.items()):
                return message

    def signed_in(self, within_s: float = WITHIN_S) -> dict[str, str]:
        """What is stored once somebody is signed in."""
        end_s = time.monotonic() + within_s
        while STATE not in (told := self.hear(Stored, end_s - time.monotonic()).values):
            pass
        return told

    def urls(self) -> list[str]:
        """Where the page was."""
        return [message.url for _, message in self.told if isinstance(message, At)]

    def stored(self) -> dict[str, str]:
        """What is stored now, as far as it was told."""
        return [message for _, message in self.told if isinstance(message, Stored)][-1].values

    def is_silent(self, kind: type[FromSite], for_s: float) -> bool:
        """Whether nothing of a kind is told in this time."""
        since = len(self.told)
        time.sleep(for_s)
        return not any(isinstance(message, kind) for _, message in self.told[since:])

    def recent(self) -> list[str]:
        return [str(message)[:80] for _, message in self.told[-8:]]

    def call(
        self, method: str, path: str, body: Any = None, bearer: str = STATE,
        headers: dict[str, str] | None = None,
    ) -> Calling:  # fmt: skip
        """Have the page make a call."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        fetch = Fetch(secrets.token_hex(16), method, path, headers or HEADERS, text, bearer)
        calling = self._calls[fetch.id] = Calling(self, fetch)
        self.say(fetch)
        return calling

    def fetch(self, method: str, path: str, body: Any = None, bearer: str = STATE) -> Answer:
        return self.call(method, path, body, bearer).ended()

    def new_chat(self) -> str:
        answer = self.fetch("POST", NEW, {"models": ["qwen3.7-plus"], "chat_type": "t2t"})
        assert answer.head is not None, answer
        chat: str = answer.json()["data"]["id"]
        return chat

    def ask(self, content: str, chat: str = "") -> Calling:
        """Ask the model something, in a chat of its own unless one is named."""
        chat = chat or self.new_chat()
        message = {"role": "user", "content": content, "feature_config": {}}
        body = {"chat_id": chat, "model": "qwen3.7-plus", "messages": [message], "stream": True,
                "incremental_output": True}  # fmt: skip
        text = json.dumps(body, ensure_ascii=False)
        return self.call("POST", f"{COMPLETIONS}?chat_id={quote(chat)}", text)

    def abort(self, calling: Calling) -> None:
        self.say(Abort(calling.id))

    def cookies(self) -> dict[str, Cookie]:
        self.say(AskCookies())
        return {cookie.name: cookie for cookie in self.hear(Jar).cookies}

    def answers_ping(self, n: int = 7, within_s: float = WITHIN_S) -> None:
        self.say(Ping(n))
        self.hear(Pong, within_s, n=n)

    def family(self) -> list[psutil.Process]:
        """The process and those of the engine."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def web_process(self) -> psutil.Process:
        return next(one for one in self.family() if "WebProcess" in one.name())

    def leave(self) -> int:
        self.say(Leave())
        return self.process.wait(WITHIN_S)

    def stop(self) -> None:
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            with suppress(OSError):
                self.say(Leave())
            with suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


def site_of(site: PracticeSite) -> Site:
    """Where the window finds a practice site."""
    return practice_site(site.origin, site.auth_origin)


def opened(child: SiteChild) -> SiteChild:
    """A window whose page can make calls."""
    child.hear(Opened)
    child.hear(Usable)
    return child


def typed(screen: Screen, *texts: str) -> None:
    """Type these into the fields that can be seen, from above, and press Return."""

    def fields() -> list[tuple[int, int, int, int]]:
        return [at for role, _, at, _ in screen.read() if role in {"entry", "password text"}]

    until(lambda: len(fields()) >= len(texts))
    for place, text in zip(fields(), texts, strict=False):
        screen.press(place)
        screen.run("xdotool", "type", text)
    screen.keys("Return")


def sign_in(child: SiteChild) -> dict[str, str]:
    """Sign in as a person does; gives what the site stored of it."""
    typed(child.screen, *PERSON)
    stored = child.signed_in()
    child.hear(Usable)
    return stored
