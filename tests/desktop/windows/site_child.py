"""A site's window without a window: speaks its lines, and does what paths and its words say.

Whatever it hears is noted in `heard`, in the folder of its profile. Words: `no_webkit` fails,
`dies` ends at once, `silent` never opens, `unloaded` never loads a page, `signed_out` goes to the
page where people sign in, `checked` to one that asks for a person, `stale` renews nothing,
`lingers` does not leave.
"""

import os
import queue
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from tray_app.desktop.windows.messages import Failed, Ping, Pong
from tray_app.desktop.windows.site_messages import (
    PIECE_CHARS,
    Abort,
    AskCookies,
    At,
    Begin,
    Check,
    Cookie,
    End,
    Fetch,
    FromSite,
    Head,
    Hidden,
    Hide,
    Jar,
    Leave,
    Opened,
    Piece,
    Renew,
    Reveal,
    Stored,
    ToSite,
    Usable,
    Visit,
    site_line,
    to_site,
)

SECRET = "a-canary-in-a-cookie"


class Pretender:
    """The child."""

    def __init__(self, begin: Begin, words: list[str]) -> None:
        self._words = words
        self._origin = begin.site.chat_origin
        self._pages = begin.site.pages
        self._profile = Path(begin.profile)
        self._renewed = 0
        self.note(begin)

    def tell(self, *messages: FromSite) -> None:
        for message in messages:
            os.write(1, site_line(message))

    def note(self, message: ToSite) -> None:
        with (self._profile / "heard").open("a") as file:
            name = type(message).__name__
            told = getattr(message, "path", "") or getattr(message, "title", "")
            file.write(f"{name} {told}\n" if told else f"{name}\n")

    def open(self, path: str) -> None:
        (self._profile / "cookies").write_text(SECRET)
        (self._profile / "cookies").chmod(0o644)
        self.tell(Opened("none"))
        if "checked" in self._words:
            self.tell(At(self._origin + self._pages.check_path + "punish"))
        elif "unloaded" not in self._words:
            self.visit(self._pages.sign_in if "signed_out" in self._words else path)

    def visit(self, path: str) -> None:
        self.tell(At(self._origin + path), Stored(self.stored()), Usable(wrapped=True))

    def stored(self) -> dict[str, str]:
        return {"state": str(self._renewed)}

    def hear(self, message: ToSite) -> bool:
        """Do what is said; False to end."""
        self.note(message)
        match message:
            case Fetch():
                self.fetch(message)
            case Visit(path):
                self.visit(path)
            case Renew():
                self._renewed += "stale" not in self._words
                self.tell(Stored(self.stored()))
            case AskCookies():
                self.tell(Jar(self.cookies()))
            case Ping(n):
                self.tell(Pong(n))
            case Leave():
                return "lingers" in self._words
            case Begin() | Abort() | Reveal() | Hide():
                pass
        return True

    def cookies(self) -> list[Cookie]:
        names = ("acw_tc", "refresh_token")
        mine = [Cookie(name, SECRET, "chat.qwen.ai", False, True) for name in names]
        return [*mine, Cookie("planted", "x", "example.com", False, True)]

    def fetch(self, call: Fetch) -> None:
        url = urlsplit(call.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path:
            case "/die":
                os._exit(9)
            case "/odd":
                os.write(1, b"something odd\n")
            case "/stop":
                time.sleep(60)
            case "/checks":
                self.tell(End(call.id, "left"), At(self._origin + self._pages.check_path + "p"))
            case "/modal":
                self.tell(Check(True))
            case "/closed":
                self.tell(Hidden())
                self.answer(call, asked)
            case "/told":
                said = msgspec.json.encode(call).decode()
                self.tell(Head(call.id, 200, {}), Piece(call.id, said), End(call.id))
            case "/hang":
                self.tell(Head("0" * 32, 200, {}), Piece("0" * 32, "nobody asked"))
            case _:
                self.answer(call, asked)

    def answer(self, call: Fetch, asked: dict[str, str]) -> None:
        """What the query says: how much, in how many pieces, how far apart, and how it ends."""
        if "no_head" not in asked:
            self.tell(Head(call.id, int(asked.get("status", 200)), {"content-type": "text/plain"}))
        text = asked.get("text", call.body or "")
        for at in range(int(asked.get("times", 1))):
            if text:
                self.tell(Piece(call.id, text * min(int(asked.get("by", 1)), PIECE_CHARS)))
            if at and "apart_s" in asked:
                time.sleep(float(asked["apart_s"]))
        if "open" not in asked:
            self.tell(End(call.id, asked.get("why", "")))


def main(words: list[str]) -> int:
    heard: queue.Queue[ToSite | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            heard.put(to_site(line))
        heard.put(None)

    begin = to_site(sys.stdin.buffer.readline())
    assert isinstance(begin, Begin)
    child = Pretender(begin, words)
    if "no_webkit" in words:
        child.tell(Failed("no_webkit"))
        return 3
    if "dies" in words:
        return 7
    threading.Thread(target=listen, daemon=True).start()
    if "silent" not in words:
        child.open(begin.path)
    while (message := heard.get()) is not None:
        if not child.hear(message):
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
