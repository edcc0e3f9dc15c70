"""What a flow may ask of the world, what it gets back, and how it ends.

A flow is a generator: it yields what should happen next and is sent the answer, so that
new-chat-then-ask, renewals and clean-up read like blocking code, are tested with no socket and no
clock, and run over any transport. It returns either a `Stream` (the call whose answer is read piece
by piece, and the decoder that understands it) or a `Reply` (bytes or events that are complete).
"""

from collections.abc import Callable, Generator
from typing import Literal, Protocol

from msgspec import Struct

from .model import Event

Place = Literal["chat", "auth"]
"""Which origin of the site a call goes to."""


class Call(Struct, frozen=True):
    """One HTTP call to the upstream; the transport adds the session and the headers."""

    method: str
    path: str
    """Path and query, from the origin on."""
    body: bytes | None = None
    """JSON, already encoded."""
    place: Place = "chat"
    page: str = "/"
    """The page of the site that would make this call."""
    signed: bool = True
    """Carries the session."""
    bare: bool = False
    """Anybody may make it: it goes without the session where that is less trouble."""
    streams: bool = False
    """The answer is an event stream."""
    slow_start: bool = False
    """Thinking, search and drawing may take long before the first event."""
    once: bool = False
    """It changes what the next call needs, so it goes over a connection of its own and is never
    made again, even where a connection died unseen."""


class Answer(Struct, frozen=True):
    """A whole answer to a call; redirects are answers too, and are never followed."""

    status: int
    headers: dict[str, str]
    """Names in lower case; of a repeated header the last one."""
    body: bytes


class Later(Struct, frozen=True):
    """Run this flow once the present one is over, however it ends, without anyone waiting."""

    flow: "Flow"
    chat: str
    """The id of the chat that the flow deletes, noted from now on: a crash must not lose it."""


class Tokens(Struct, frozen=True):
    """What a renewal brought: replaces the session's access token and its expiry."""

    token: str
    expires_at: float | None
    """Unix seconds; None when the upstream does not say and the token cannot be read."""
    cookies: dict[str, str] = {}
    """Cookies that came in the body; those in headers the transport keeps itself."""
    guest: bool = False


class Decoder(Protocol):
    """Turns the bytes of one answer into events."""

    begun: bool
    """Something of the answer was emitted: it must not be asked for again."""
    finished: bool
    """The protocol's own end was seen: what follows is of no interest."""

    def open(self, status: int, headers: dict[str, str]) -> None:
        """Learn the head of the answer; raises `ProxyError` for a status that says it all."""

    def feed(self, data: bytes, emit: Callable[[Event], None]) -> None:
        """Emit the events that `data` completed; raises `ProxyError` after those before it."""

    def close(self, emit: Callable[[Event], None]) -> None:
        """The bytes ended; raises `ProxyError` unless the protocol's own end was seen."""


class Stream(Struct, frozen=True):
    """A flow's end: make this call and feed its bytes to this decoder."""

    call: Call
    decoder: Decoder


class Reply(Struct, frozen=True):
    """A flow's end: this is the result."""

    value: object


Flow = Generator[Call | Later, Answer, Stream | Reply]


class Stamp(Struct, frozen=True):
    """What a pure room may know of the moment: given, never looked up."""

    now_s: float
    """Unix seconds."""
    new_id: Callable[[], str]
    """A fresh random UUID at each call."""
    timezone: str
    """The offset of local time, as `GMT+0800`."""
    local: str
    """Local time as the browsers' date strings have it, as `Tue Sep 22 2026 04:13:35`."""
