"""What a flow may ask of the world, what it gets back, and how it ends.

A flow is a generator: it yields what should happen next and is sent the answer, so that
upload-then-ask, renewals and clean-up read like blocking code, are tested with no socket and no
clock, and run over any transport. It returns a `Reply`. What is answered piece by piece is no flow:
a `Stream` is the call, and the decoder that understands its answer.
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
    leaves: "Callable[[Answer], Later | None] | None" = None
    """What is left to do after its answer where nobody waits for it any more. Such a call is
    brought to its end in any case, since what it makes has to be known."""


class Answer(Struct, frozen=True):
    """A whole answer to a call; redirects are answers too, and are never followed."""

    status: int
    headers: dict[str, str]
    """Names in lower case; of a repeated header the last one."""
    body: bytes
    took_s: float = 0.0
    """How long it was waited for, from asking to its last byte."""

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, bytes={len(self.body)})"


class Upload(Struct, frozen=True):
    """One file put into the upstream's object store; nothing of the session goes with it."""

    host: str
    """One of the site's stores, with its port where it has one."""
    path: str
    """From the origin on, percent-encoded."""
    headers: dict[str, str]
    """All that are sent; they hold what must not be shown."""
    body: bytes

    def __repr__(self) -> str:
        return f"Upload(host={self.host!r}, bytes={len(self.body)})"


class Pause(Struct, frozen=True):
    """A wait before the next step."""

    wait_s: float


class Renew(Struct, frozen=True):
    """See that the session is renewed: the last answer said that it has ended."""


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

    def __repr__(self) -> str:
        return f"Tokens(expires_at={self.expires_at}, guest={self.guest})"


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
    """Make this call and feed its bytes to this decoder."""

    call: Call
    decoder: Decoder
    after: Callable[[], "Flow | None"] = lambda: None
    """Asked when the bytes are over: a flow that ends in a `Reply` of the tuple of events which
    they did not bring, or None where they brought all."""


class Kept(Struct, frozen=True):
    """What a flow that deletes a chat replies where it left it alone for now."""

    for_s: float
    """From now on; afterwards it is to be deleted."""


class Reply(Struct, frozen=True):
    """A flow's end: this is the result."""

    value: object


Step = Call | Upload | Pause | Renew | Later
"""What a flow may yield; a call and an upload are answered, the others are not."""
Flow = Generator[Step, Answer, Reply]


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
