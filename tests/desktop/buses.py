"""A bus of a test's own, with nobody on it but the test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.desktop.remote import until

_CONFIG = """<busconfig><type>{kind}</type><listen>unix:path={socket}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>"""


@contextmanager
def private_bus(folder: Path, kind: str = "session") -> Iterator[str]:
    """The address of a bus that ends with the context."""
    socket = folder / kind
    config = folder / f"{kind}.conf"
    config.write_text(_CONFIG.format(kind=kind, socket=socket))
    daemon = subprocess.Popen(["dbus-daemon", "--nofork", f"--config-file={config}"])
    try:
        until(socket.exists)
        yield f"unix:path={socket}"
    finally:
        daemon.kill()
        daemon.wait()
