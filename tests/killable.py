"""Portico as a process of its own in front of a practice site, to be killed and started again."""

import sys
import threading
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tests.rings import FileRing
from tray_app.compose import compose, practice_site
from tray_app.proxy.instance import Instance
from tray_app.proxy.limits import Limits
from tray_app.proxy.person import Person
from tray_app.startup import only_instance
from tray_app.store.keeper import Keeper
from tray_app.store.paths import Paths


def main(home: str, port: str, origin: str, auth_origin: str, ring: str) -> None:
    """Serve until it is killed; site, distances and keyring are the test's, the rest is as ever."""
    paths = Paths(Path(home))
    with only_instance(Namespace(log_level="info"), paths, {}) as redactor, ExitStack() as stack:
        parts = compose(paths, {"PORTICO_PORT": port}, redactor, stack).parts
        person = Person(
            Keeper(lambda: FileRing(Path(ring)), "Test"),
            learn=redactor.learn,
            statistics=parts.person.activity.statistics,
        )
        parts = msgspec.structs.replace(
            parts,
            person=person,
            site=practice_site(origin, auth_origin),
            limits=Limits(sweep_s=0.3, sweep_again_s=0.3),
        )
        instance = Instance(parts, str(paths.door))
        instance.supervisor.start()
        instance.supervisor.settle()
        instance.open()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
