"""Two users on one computer: R66."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_headless import serving

OTHER_UID = 65534

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32" or os.getuid() != 0, reason="only root can be two users"
    ),
]

ASKS_FOR_THE_PORT = """
# What is imported later may lie where this user cannot go, such as root's own Python.
import asyncio, encodings.idna, fcntl, os, pathlib, platformdirs.unix, sys
from tray_app.proxy.ports import PortTakenError, listen
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
paths = Paths(pathlib.Path(sys.argv[1]))
paths.prepare()
print(InstanceLock(paths.lock).acquire(), paths.door)
try:
    listen(None, int(sys.argv[2]))
except PortTakenError as error:
    print(error)
"""

LOOKS = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
home = sys.argv[1]
for attempt in (
    lambda: os.listdir(home),
    lambda: open(home + "/settings.json").read(),
    lambda: open(home + "/instance.lock", "r+"),
    lambda: socket.socket(socket.AF_UNIX).connect(home + "/door.sock"),
):
    try:
        attempt()
        print("came in")
    except PermissionError:
        print("refused")
"""


@pytest.fixture
def homes() -> Iterator[tuple[Path, Path]]:
    """A data folder for each user, in one that both can enter."""
    above = Path(tempfile.mkdtemp(prefix="portico-users-"))
    above.chmod(0o755)
    first, second = above / "first", above / "second"
    first.mkdir(mode=0o700)
    second.mkdir(mode=0o700)
    os.chown(second, OTHER_UID, OTHER_UID)
    yield first, second
    shutil.rmtree(above)


def test_the_second_user_is_told_of_the_port_and_of_nothing_else(homes: tuple[Path, Path]) -> None:
    """R44, R66"""
    first, second = homes
    with serving(first) as portico:
        asked = subprocess.run(
            [sys.executable, "-c", ASKS_FOR_THE_PORT, str(second), str(portico.port)],
            stdout=subprocess.PIPE, text=True, check=True, timeout=20,
        )  # fmt: skip

        own, said = asked.stdout.splitlines()
        assert own == f"True {second}/door.sock"
        # Not even the name of the first one's program is known to the second.
        assert f"Port {portico.port} on 127.0.0.1 is used by another program. Stop" in said
        assert str(first) not in said
        assert portico.chat(portico.say("key", "show"))[0] == 200


def test_another_user_cannot_look_into_the_folder_or_open_the_door(
    homes: tuple[Path, Path],
) -> None:
    """R66"""
    first, _ = homes
    with serving(first) as portico:
        portico.say("settings", "set", "parallel_answers", "3")
        looked = subprocess.run(
            [sys.executable, "-c", LOOKS, str(first)],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        # Even a folder that was opened to everybody by hand leaves the files and the door closed.
        first.chmod(0o755)
        opened = subprocess.run(
            [sys.executable, "-c", LOOKS, str(first)],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )

        assert stat.S_ISSOCK((first / "door.sock").lstat().st_mode)
        assert looked.stdout.split("\n")[:4] == ["refused"] * 4
        assert opened.stdout.split("\n")[1:4] == ["refused"] * 3
        assert portico.run("status").returncode == 0


def test_the_door_answers_nobody_but_its_owner(homes: tuple[Path, Path]) -> None:
    """R66"""
    first, _ = homes
    code = (
        "import os, socket, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "with socket.socket(socket.AF_UNIX) as sock:\n"
        '    sock.connect(sys.argv[1]); sock.sendall(b\'{"do": "status"}\\n\')\n'
        "    print(sock.recv(100))\n"
    )
    with serving(first):
        first.chmod(0o755)
        (first / "door.sock").chmod(0o666)
        asked = subprocess.run(
            [sys.executable, "-c", code, str(first / "door.sock")],
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip

    assert asked.stdout in {"b''\n", ""}
    assert "status" not in asked.stdout
