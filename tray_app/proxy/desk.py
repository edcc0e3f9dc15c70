"""Everything that answers are made with, as those who make them share it."""

from collections.abc import Callable

from msgspec import Struct

from tray_app.core.ports import Upstream
from tray_app.core.site import Site
from tray_app.store.settings import Settings

from .activity import Activity
from .brakes import Brakes
from .gate import Gate
from .handoff import HandOff
from .limits import Limits
from .luggage import Luggage
from .models import Models
from .runner import Runner
from .session import SessionOwner
from .tasks import Tasks
from .watch import Watcher


class Desk(Struct, frozen=True):
    """The parts of one proxy."""

    site: Site
    upstream: Upstream
    settings: Callable[[], Settings]
    limits: Callable[[], Limits]
    clock: Callable[[], float]
    owner: SessionOwner
    runner: Runner
    models: Models
    luggage: Luggage
    gate: Gate
    brakes: Brakes
    activity: Activity
    watcher: Watcher
    handoff: HandOff
    tasks: Tasks
