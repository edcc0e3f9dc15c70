"""What the site does wrong, and what a client must be told of it; each has its row of the contract.

Which fault it is stands in the prompt, so that no other request meets it.
"""

import asyncio
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tray_app.practice import acts, frames
from tray_app.practice.http import chunk, head

MARK = re.compile(rb"\[soak:([a-z0-9-]+):(\d+)\]")
CHUNKED = ("Transfer-Encoding", "chunked")
PLAIN, THINKING = "qwen3.7-plus", "qwen3.7-plus-thinking"

Family = Literal["refusals", "breaks", "oddities", "ways", "checks"]


@dataclass(frozen=True)
class Fault:
    """One way to answer a prompt, and what is right then."""

    name: str
    family: Family
    codes: tuple[str, ...]
    """Of which the client must get one; an empty one is a good answer."""
    act: Callable[[int], acts.Act]
    text: Literal["all", "some", "none"] = "none"
    """How much of `words` the client must get."""
    model: str = PLAIN
    failures: int = 0
    """So many failures of the way to the site it is to the network breaker, which opens at five."""
    gap_s: float = 0.0
    """So far it must be from the next of its kind, since it touches everybody."""
    once: bool = False
    """Only the first call of a request meets it; what follows is answered."""


def mark(name: str, number: int) -> str:
    """What a prompt says in order to meet a fault; the number makes it the only one."""
    return f"[soak:{name}:{number}]"


def words(number: int) -> list[str]:
    """The pieces of the answer to a request."""
    return [
        f"This is the answer to number {number}, ",
        "it has some ",
        "*pieces*, ",
        "日本 and 🦜.",
    ]


def _good(number: int) -> acts.Events:
    return acts.say(*words(number))


def _events(number: int, *, finished: bool = True) -> bytes:
    """A whole answer in one piece."""
    act = acts.say(*words(number), finished=finished)
    return b"".join(act.make(acts.Scene(None, None, "chat", "answer")))  # type: ignore[arg-type]


def _broken(then: acts.Then) -> Callable[[int], acts.Act]:
    return lambda number: acts.say(*words(number), finished=False, then=then)


def _odd(number: int, *odd: bytes) -> acts.Act:
    """A good answer with these events in it."""
    first, *others = _events(number).split(b"\n\n")
    return acts.Raw(b"\n\n".join([first, *(one.rstrip(b"\n") for one in odd), *others]))


def _framed(data: bytes, *headers: tuple[str, str]) -> acts.Act:
    return acts.Raw(data, head=head(200, [("Content-Type", "text/event-stream"), *headers]))


@dataclass(frozen=True)
class Late:
    """The head at once, and the answer after a while."""

    act: acts.Act
    before_s: float

    async def play(self, scene: acts.Scene) -> None:
        scene.wire.send(head(200, [("Content-Type", "text/event-stream"), CHUNKED]))
        await scene.wire.flush()
        await asyncio.sleep(self.before_s)
        if isinstance(self.act, acts.Events):
            for data in self.act.make(scene):
                scene.wire.send(chunk(data))
        scene.wire.send(chunk(b""))


@dataclass(frozen=True)
class Endless:
    """Many megabytes as fast as they are taken."""

    megabytes: int

    async def play(self, scene: acts.Scene) -> None:
        wire, answer = scene.wire, frames.Answer(scene.response_id, usage=False)
        wire.send(head(200, [("Content-Type", "text/event-stream"), CHUNKED]))
        wire.send(chunk(frames.created(scene.chat_id, scene.response_id)))
        piece = chunk(answer.text("endless " * 1000) * 8)
        for _ in range(self.megabytes * 16):
            wire.send(piece)
            await wire.flush()
        wire.send(chunk(answer.finished()) + chunk(b""))


_BAD = b"data: {broken"
_NOTHING = (b"data: null", b"data: []", b"data: {}")
_CONTROL = (b": hello", b"data: true", b'data: {"done":true}', b"data: [DONE]", b"event: x\nid: 7")
_DETAIL = {"detail": "upstream"}
_BROKE = ("upstream_disconnected", "upstream_truncated", "upstream_bad_response")
_HTML = acts.page("<html><title>Sorry</title></html>")
_LONG = "x" * (2 << 20)

FAULTS: tuple[Fault, ...] = (
    # What the site says instead of an answer: R14, R36, R38, R39.
    Fault("error-500", "refusals", ("upstream_error",), lambda _: acts.value(_DETAIL, 500)),
    Fault("error", "refusals", ("upstream_error",), lambda _: acts.refused("internal_error", "!")),
    Fault("filter", "refusals", ("content_filter",),
          lambda _: acts.refused("data_inspection_failed", "Content security warning: input")),
    Fault("changed", "refusals", ("protocol_changed",),
          lambda _: acts.refused("Bad_Request", "Something wrong with request!")),
    Fault("html", "refusals", ("upstream_bad_response",), lambda _: _HTML),
    Fault("redirect", "refusals", ("upstream_redirect",),
          lambda _: acts.Whole(b"", 302, headers=(("Location", "https://elsewhere.example/"),))),
    Fault("busy", "refusals", ("rate_limited",), model="qwen3.6-plus",
          act=lambda _: acts.value({"detail": "slow down"}, 429, Retry_After="3")),
    Fault("busy-odd", "refusals", ("rate_limited",), model="qwen3.5-plus",
          act=lambda _: acts.value({"detail": "slow down"}, 429, Retry_After="-1")),
    Fault("limit", "refusals", ("daily_limit",), model="qwen3-omni-flash",
          act=lambda _: acts.refused("RateLimited", "daily usage limit", num=7)),
    Fault("expired", "refusals", ("",), lambda _: acts.EXPIRED, "all", once=True, gap_s=25),
    Fault("silence", "refusals", ("upstream_timeout",), lambda _: acts.Silence()),
    # Answers that do not come to their end: R18 to R25, R31, R37.
    Fault("stall", "breaks", ("upstream_stalled",), _broken("hang"), "some"),
    Fault("cut", "breaks", _BROKE, _broken("cut"), "some"),
    Fault("reset", "breaks", _BROKE, _broken("reset")),
    Fault("truncated", "breaks", ("upstream_truncated",), _broken("end"), "some"),
    Fault("too-short", "breaks", _BROKE, text="some",
          act=lambda n: _framed(_events(n, finished=False), ("Content-Length", "100000"))),
    Fault("gzip-garbage", "breaks", _BROKE,
          lambda _: _framed(b"\x1f\x8b garbage", ("Content-Encoding", "gzip"))),
    Fault("gzip-cut", "breaks", _BROKE, lambda n: _framed(
        gzip.compress(_events(n))[:-20], ("Content-Encoding", "gzip"))),
    Fault("no-http", "breaks", ("upstream_bad_response",),
          lambda _: acts.Raw(b"", head=b"SSH-2\n")),
    Fault("error-inside", "breaks", ("upstream_error",), text="some", act=lambda n: acts.Raw(
        _events(n, finished=False) + acts.error_frame("internal_error", "Internal error."))),
    Fault("garbage", "breaks", ("upstream_bad_response",), lambda n: _odd(n, *[_BAD] * 5)),
    Fault("too-large", "breaks", ("upstream_event_too_large",), gap_s=20,
          act=lambda _: acts.Raw(b"data: " + b"x" * (33 << 20))),
    Fault("empty", "breaks", ("upstream_empty",), lambda _: acts.EMPTY, gap_s=8),
    Fault("late-error", "breaks", ("upstream_empty", "upstream_truncated"), model=THINKING, gap_s=8,
          act=lambda _: Late(acts.say(finished=False), 11.0)),
    # Answers that are well, however they come: R15, R17, R21, R26 to R34, R77.
    Fault("slow", "oddities", ("",), lambda n: acts.Slow(_good(n), 2.0), "all"),
    Fault("late", "oddities", ("",), lambda n: Late(_good(n), 11.0), "all", model=THINKING),
    Fault("paced", "oddities", ("",), lambda n: acts.say(*words(n), pace_s=0.4), "all"),
    Fault("trickle", "oddities", ("",), text="all",
          act=lambda n: acts.Raw(_events(n), pieces=200, pace_s=0.2)),
    Fault("byte-wise", "oddities", ("",), lambda n: acts.Raw(_events(n), pieces=1), "all"),
    Fault("stays-open", "oddities", ("",), lambda n: acts.say(*words(n), then="hang"), "all"),
    Fault("no-last-chunk", "oddities", ("",), lambda n: acts.say(*words(n), then="cut"), "all"),
    Fault("goes-on", "oddities", ("",), text="all",
          act=lambda n: acts.Raw(_events(n) + _events(n))),
    Fault("bad-event", "oddities", ("",), lambda n: _odd(n, _BAD, *_NOTHING[:2]), "all"),
    Fault("control", "oddities", ("",), lambda n: _odd(n, *_CONTROL), "all"),
    Fault("crlf", "oddities", ("",), text="all",
          act=lambda n: acts.Raw(b"\xef\xbb\xbf" + _events(n).replace(b"\n", b"\r\n"))),
    Fault("not-text", "oddities", ("",), lambda n: acts.say(*words(n), "\0\u2028\ufffe"), "all"),
    Fault("large-event", "oddities", ("",), lambda n: acts.say(*words(n), _LONG), "all"),
    # The way to the site fails; five times within a minute open the breaker: R12 to R14, R19.
    Fault("dropped", "ways", ("upstream_disconnected",), lambda _: acts.Drop(), failures=1),
    Fault("refused", "ways", ("upstream_disconnected",), failures=1,
          act=lambda _: acts.Drop(reset=True)),
    Fault("gateway-502", "ways", ("upstream_error",), lambda _: acts.page("Bad", 502), failures=2),
    Fault("gateway-once", "ways", ("",), lambda _: acts.page("Bad", 503), "all",
          failures=1, once=True),
    Fault("gateway-504", "ways", ("upstream_timeout",), failures=1,
          act=lambda _: acts.value(_DETAIL, 504)),
    # The site asks for a person, which holds everybody until somebody resumes: R35, R36.
    Fault("check", "checks", ("verification_needed",), lambda _: acts.CHALLENGE, gap_s=15),
    Fault("check-page", "checks", ("verification_needed",), gap_s=15,
          act=lambda _: acts.CHALLENGE_PAGE),
    Fault("held", "checks", ("verification_needed",), lambda _: acts.HELD, gap_s=15),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
