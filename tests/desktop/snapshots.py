"""Snapshots of a proxy, as the desktop sees them."""

from typing import Any

import msgspec

from tray_app.desktop.facts import Facts
from tray_app.proxy.safe import SafeStatus
from tray_app.proxy.status import NetworkStatus, QueueStatus, Run, SessionStatus, Status
from tray_app.proxy.visitors import VisitorsStatus
from tray_app.store.settings import Settings

NOW_S = 1_790_000_000.0
SIGNED_IN = SessionStatus("signed_in", "a@example.org", NOW_S + 900, renews=True, note="")
VISITORS = VisitorsStatus(keyless=False, pairing_s_left=None, asking=None, blocked=(), notices=0)
STATUS = Status(
    version="1",
    endpoint="http://127.0.0.1:7936/v1",
    port=7936,
    state="running",
    note="",
    session=SIGNED_IN,
    keyring=SafeStatus("ready", saved=True, note=""),
    queue=QueueStatus(waiting=0, in_flight=0),
    hold=None,
    recent=[],
    visitors=VISITORS,
    network=NetworkStatus(),
)
FACTS = Facts(
    run=Run("running"),
    settings=Settings(),
    status=STATUS,
    keys=("default",),
    models=("qwen3.7-plus",),
    wall_s=NOW_S,
)


def facts(*, status: dict[str, Any] | None = None, **more: Any) -> Facts:
    """A proxy that runs and is signed in, but for these fields of it and of its status."""
    changed = msgspec.structs.replace(STATUS, **(status or {}))
    return msgspec.structs.replace(FACTS, **{"status": changed, **more})


def session(state: str = "signed_in", **more: Any) -> SessionStatus:
    """A session that is like this."""
    return msgspec.structs.replace(SIGNED_IN, state=state, **more)


def visitors(**more: Any) -> VisitorsStatus:
    """Who came to the door."""
    return msgspec.structs.replace(VISITORS, **more)
