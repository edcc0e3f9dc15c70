"""Where the practice site asks for a person: in every shape that was seen of the site.

A check is answered by a click in the page that it shows. Until then no write is done, and each one
that is tried all the same is counted.
"""

import dataclasses
import uuid
from collections import deque
from collections.abc import Callable
from typing import Literal

from . import acts, answers
from .http import Request

Shape = Literal["json", "html", "held", "empty", "navigation", "modal"]

_WORDS: dict[str, Shape] = {
    "challenge": "json",
    "challenge-page": "html",
    "held": "held",
    "modal": "modal",
    "navigation": "navigation",
}
"""What a prompt may ask for in practice mode, as `answers.WORDS` has it for who has no page."""
_FOLDER = "/_____tmd_____/"
_PUNISH = _FOLDER + "punish"
_VERIFY = _FOLDER + "verify"
_STATIC = "/qwen-chat-fe/"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WISHES = 100
"""So many wishes for a check are known again when they are repeated."""
_SAYS = "x-practice-check"
"""Tells the page's own script to show the check itself."""


def is_write(request: Request) -> bool:
    """Whether a request would change something at the chat host."""
    return request.method in _WRITES and request.path.lstrip("/").startswith("api/")


def is_punish(request: Request) -> bool:
    """Whether a request is for the page that asks for a person."""
    return request.method == "GET" and request.path.endswith(_PUNISH)


def is_verify(request: Request) -> bool:
    """Whether a request is the answer to a check."""
    return request.method == "POST" and request.path == _VERIFY


class Checks:
    """The check there is, if any.

    Args:
        note: Makes a change known to whoever waits for it.
        origin: Says the chat host's origin.
    """

    def __init__(
        self, note: Callable[[Callable[[], object]], object], origin: Callable[[], str]
    ) -> None:
        self.calls_while_challenged = 0
        self.answered = 0
        """How often a person has answered."""
        self._note = note
        self._origin = origin
        self._shape: Shape | None = None
        self._route: str | None = None
        self._met = False
        self._secret = ""
        self._granted: deque[str] = deque(maxlen=_WISHES)

    @property
    def is_met(self) -> bool:
        """Whether somebody was asked, and nobody has answered yet."""
        return self._met

    @property
    def url(self) -> str:
        """Where the check is answered; the two slashes are the site's."""
        path = f"//api/v2/chat/completions{_PUNISH}"
        return f"{self._origin()}{path}?x5secdata={self._secret}&x5step=2&action=captcha"

    def begin(self, shape: Shape, route: str | None) -> None:
        """Ask for a person from the next call of a route on; of any write where it is None."""

        def change() -> None:
            self._shape, self._route = shape, route
            self._met, self._secret = False, uuid.uuid4().hex

        self._note(change)

    def wished_for(self, request: Request) -> acts.Act | None:
        """A check that a prompt asks for and a page can show; the same prompt meets it once."""
        if request.header("sec-fetch-site") != "same-origin":
            return None
        body = request.json()
        shape = _WORDS.get(answers.word_of(body))
        if shape is None:
            return None
        wish = answers.content_of(body)
        if wish in self._granted:
            self._granted.remove(wish)
            return acts.say("A person has answered the check.")
        self._granted.append(wish)
        self.begin(shape, None)
        return self.stopping(request, "completions")

    def stopping(self, request: Request, route: str) -> acts.Act | None:
        """What the chat host answers instead of doing what it is asked; None where it does it."""
        if self._shape is None or _FOLDER in request.path:
            return None
        everywhere = self._shape == "html"
        if not is_write(request):
            is_hit = everywhere and not request.path.startswith(_STATIC)
            return self._page() if is_hit else None
        if self._met:
            self._note(self._count)
        elif everywhere or self._route in {None, route}:
            self._note(lambda: setattr(self, "_met", True))
        else:
            return None
        return self._asking(self._shape)

    def verified(self, request: Request, cookie: Callable[[str], str]) -> acts.Act:
        """The answer to a person who has answered; `cookie` makes the line of its cookie."""
        if self._shape is None or f"x5secdata={self._secret}&" not in request.target + "&":
            return acts.refused("FAIL_SYS_USER_VALIDATE", "the check is not this one", 403)
        self._note(self._end)
        return acts.value({"success": True}, Set_Cookie=cookie(uuid.uuid4().hex))

    def _count(self) -> None:
        self.calls_while_challenged += 1

    def _end(self) -> None:
        self._shape, self._met = None, False
        self.answered += 1

    def _asking(self, shape: Shape) -> acts.Act:
        match shape:
            case "html":
                return self._page()
            case "held":
                return acts.HELD
            case "empty":
                return acts.Raw(b"")
            case "json":
                return self._told()
            case "navigation" | "modal":
                told = self._told()
                return dataclasses.replace(told, headers=(*told.headers, (_SAYS, shape)))

    def _told(self) -> acts.Whole:
        ret = ["FAIL_SYS_USER_VALIDATE", "RGV587_ERROR::SM::busy"]
        return acts.value({"ret": ret, "data": {"url": self.url}})

    def _page(self) -> acts.Whole:
        sends = f'<script>var aliyun_waf_aa="1";location="{self.url}"</script>'
        return acts.page(f"<!doctype html><title>practice</title>{sends}" + " " * 16_000)
