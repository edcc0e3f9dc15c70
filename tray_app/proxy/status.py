"""What the proxy says of itself: one frozen snapshot, as the command line and the tray show it."""

from typing import Literal

from msgspec import Struct

from tray_app.core.deeds import DaySum, Deed

from .activity import Live
from .brakes import HoldStatus
from .ladder import TransportStatus
from .safe import SafeStatus
from .turned_away import TurnedAwayStatus
from .visitors import VisitorsStatus

RunKind = Literal["stopped", "starting", "running", "stopping", "failed"]


class Run(Struct, frozen=True):
    """How it goes with the proxy as a whole."""

    kind: RunKind
    said: str = ""
    """What went wrong, in one sentence and one action."""
    code: Literal["", "port_taken", "port_denied", "address_gone", "died"] = ""
    holder: str = ""
    """The program that has the port, where that is known."""
    free_port: int | None = None
    """A port that could be used instead."""


class SessionStatus(Struct, frozen=True):
    """The session, in words and times."""

    state: str
    account: str
    expires_at: float | None
    """Unix seconds at which the access token ends; it is renewed before."""
    renews: bool
    """Whether it can renew itself."""
    note: str
    """What a person should know and do; empty where all is well."""
    by_window: bool = False
    """Whether Portico's window has it."""


class QueueStatus(Struct, frozen=True):
    """How much is going on."""

    waiting: int
    in_flight: int


class NetworkStatus(Struct, frozen=True):
    """Whether other devices can reach the proxy."""

    address: str = ""
    """What is listened on beyond the two loopback addresses; empty for nothing, `0.0.0.0` or `::`
    for all."""
    endpoint: str = ""
    """A base URL for other devices; empty where none is known."""
    note: str = ""
    """What went wrong with it, and what to do; empty where nothing did."""


class Status(Struct, frozen=True):
    """The proxy at one moment."""

    version: str
    endpoint: str
    port: int
    state: str
    """A running proxy's: `running`, `busy`, `asking`, `holding`, `signed_out`, `locked` or
    `stopping`; where none runs, `stopped`, `starting` or `failed`."""
    note: str
    """What went wrong with the proxy itself, and what to do; empty where nothing did."""
    session: SessionStatus
    keyring: SafeStatus
    queue: QueueStatus
    hold: HoldStatus | None
    recent: list[Deed]
    """The newest first."""
    visitors: VisitorsStatus
    network: NetworkStatus
    transport: TransportStatus = TransportStatus()
    today: DaySum = DaySum("")
    """What was asked today."""
    turned_away: TurnedAwayStatus = TurnedAwayStatus()
    """What was refused at the door today."""
    live: list[Live] = []
    """What is being answered at this moment, the oldest first."""
    bodies_s: int | None = None
    """How long it still goes on that what is asked and answered is kept; None while it is not."""
    site: str = ""
    """Which site answers: `qwen`, or `practice`."""
