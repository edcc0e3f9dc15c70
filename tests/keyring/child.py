"""Portico as a process of its own in front of a practice site, with the real keyring."""

import sys
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from tray_app.compose import compose, practice_site
from tray_app.core.redact import Redactor
from tray_app.over import Over
from tray_app.proxy.instance import Instance
from tray_app.store.paths import Paths


def main(home: str, port: str, origin: str, auth_origin: str) -> None:
    """Serve until a signal comes; everything but the site is what `portico --headless` is."""
    paths = Paths(Path(home))
    paths.prepare()
    with ExitStack() as stack:
        parts = compose(paths, {"PORTICO_PORT": port}, Redactor(), stack).parts
        parts = msgspec.structs.replace(parts, site=practice_site(origin, auth_origin))
        instance = Instance(parts, str(paths.door))
        over = stack.enter_context(closing(Over()))
        instance.supervisor.start()
        instance.supervisor.settle()
        instance.open()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        over.wait()
        instance.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
