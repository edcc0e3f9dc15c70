"""What is known at one moment: all that the desktop decides from."""

from msgspec import Struct

from tray_app.proxy.status import Run, Status
from tray_app.store.settings import Settings


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that is known at one moment."""

    run: Run
    settings: Settings
    status: Status | None = None
    """What the proxy says of itself; None until it was put together."""
    keys: tuple[str, ...] = ()
    """Names, never secrets."""
    models: tuple[str, ...] = ()
    at_login: bool = False
    """Whether Portico starts with the computer."""
    windows: bool = True
    """Whether windows can be shown."""
    hosted: bool = True
    """Whether a panel shows the icon."""
    practice: bool = False
    log_fails: bool = False
    """Whether the log could not be written."""
    busy_for_s: float | None = None
    """How long something has been answered; None while nothing is."""
    wall_s: float = 0.0
    """Unix seconds."""
