"""A bus of a test's own, with nobody on it but the test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until

_CONFIG = """<busconfig><type>{kind}</type><listen>unix:path={socket}</listen>
{services}<auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy></busconfig>"""
_SERVICES = "<standard_session_servicedirs/>"


def command(folder: Path, kind: str = "session", *, services: bool = False) -> list[str]:
    """What starts a bus whose socket is `folder / kind`.

    Args:
        folder: Its configuration is put there too.
        kind: `session` or `system`.
        services: Whether it starts the session's services when they are asked for.
    """
    config = folder / f"{kind}.conf"
    told = _CONFIG.format(kind=kind, socket=folder / kind, services=_SERVICES if services else "")
    config.write_text(told)
    return ["dbus-daemon", "--nofork", f"--config-file={config}"]


@contextmanager
def private_bus(folder: Path, kind: str = "session") -> Iterator[str]:
    """The address of a bus that ends with the context."""
    socket = folder / kind
    daemon = subprocess.Popen(command(folder, kind))
    try:
        until(socket.exists)
        yield f"unix:path={socket}"
    finally:
        daemon.kill()
        daemon.wait()
