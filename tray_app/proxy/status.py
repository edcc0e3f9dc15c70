"""What the proxy says of itself: one frozen snapshot, as the command line and the tray show it."""

from msgspec import Struct

from .brakes import HoldStatus


class SessionStatus(Struct, frozen=True):
    """The session, in words and times."""

    state: str
    account: str
    expires_at: float | None


class QueueStatus(Struct, frozen=True):
    """How much is going on."""

    waiting: int
    in_flight: int


class Status(Struct, frozen=True):
    """The proxy at one moment."""

    version: str
    endpoint: str
    port: int
    state: str
    """`running`, `busy`, `holding`, `signed_out` or `stopping`."""
    session: SessionStatus
    queue: QueueStatus
    hold: HoldStatus | None
