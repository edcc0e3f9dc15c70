"""Portico in the foreground, in front of the site that the first line of its stdin names.

It is the program as it is, but that it keeps no distance from the site after a check, and is less
patient with bad clients, so that minutes hold what else takes hours. Every other line on its stdin
is answered with what the process holds.
"""

import asyncio
import gc
import json
import sys
import threading
from collections import Counter
from typing import Any

import msgspec

from tray_app import compose as composing
from tray_app import headless
from tray_app.__main__ import main
from tray_app.compose import Composed, practice_session, practice_site
from tray_app.proxy import brakes
from tray_app.proxy.instance import Instance
from tray_app.proxy.limits import Limits
from tray_app.store.chats import Chats
from tray_app.store.paths import Paths

LIMITS = Limits(
    write_stall_s=4.0,
    body_s=5.0,
    body_grace_s=2.0,
    media_stall_s=3.0,
    sweep_s=0.5,
    sweep_again_s=5.0,
)
_real = composing.compose
_instances: list[Instance] = []


def composed(paths: Paths, *words: Any) -> Composed:
    """What the program is made of, but for its limits; chats are recorded as for the real site."""
    made = _real(paths, *words)
    parts = msgspec.structs.replace(made.parts, limits=LIMITS, chats=Chats(paths.chats))
    return Composed(parts, made.notes)


class Noted(Instance):
    """An instance that can be looked into."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        _instances.append(self)


def holding(*, kinds: bool) -> dict[str, object]:
    """What the process holds: tasks of its proxy, threads, and where asked objects by kind."""
    service = _instances[0].supervisor.service if _instances else None
    loop = service._loop if service else None
    told: dict[str, object] = {
        "tasks": len(asyncio.all_tasks(loop)) if loop else 0,
        "threads": threading.active_count(),
    }
    if kinds:
        gc.collect()
        found = Counter(type(one).__qualname__ for one in gc.get_objects())
        told["kinds"] = dict(found.most_common(400))
    return told


def listen() -> None:
    """Answer each line of stdin."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(holding(kinds=bool(json.loads(line)["kinds"]))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    told = json.loads(sys.stdin.readline())
    site = practice_site(told["origin"], told["auth_origin"], told["store"])
    vars(composing)["_practice"] = lambda _: (site, practice_session(told["sign_in"]))
    vars(headless)["compose"] = composed
    vars(headless)["Instance"] = Noted
    vars(brakes)["CAREFUL_SPACING_S"] = 0.0
    threading.Thread(target=listen, name="soak", daemon=True).start()
    sys.exit(main())
