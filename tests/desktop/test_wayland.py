"""Copying on Wayland, with a program in the place of `wl-copy` that keeps what it is given."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.waiting import until
from tray_app.desktop import wayland
from tray_app.desktop.clipboard import ClipboardError, copy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="another clipboard")

SECRET = "sk-portico-not-a-real-one"
WITHIN_S = 15.0
_COPY = """#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >> asked
case "$*" in
    --clear) : > held ;;
    --sensitive) [ ! -e old ] && cat > held ;;
    "") cat > held ;;
    *) exit 1 ;;
esac
"""
_PASTE = """#!/bin/sh
exec cat "$(dirname "$0")/held"
"""


class Programs:
    """What was asked of them, and what they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in (("wl-copy", _COPY), ("wl-paste", _PASTE)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    @property
    def held(self) -> str:
        return (self.folder / "held").read_text()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    return Programs(tmp_path)


@pytest.mark.slow
def test_a_secret_is_marked_and_gone_after_its_time(programs: Programs) -> None:
    """S110"""
    copy(SECRET, secret=True, secret_s=1.0).result(WITHIN_S)
    before = programs.held
    until(lambda: not programs.held)

    assert before == SECRET
    assert programs.asked == ["--sensitive", "--clear"]


def test_an_old_program_that_cannot_mark_it_takes_it_all_the_same(programs: Programs) -> None:
    (programs.folder / "old").touch()
    copy(SECRET, secret=True).result(WITHIN_S)

    assert programs.held == SECRET
    assert programs.asked == ["--sensitive", ""]


@pytest.mark.slow
def test_what_somebody_else_copied_is_not_cleared(programs: Programs) -> None:
    """S110"""
    copy(SECRET, secret=True, secret_s=1.0).result(WITHIN_S)
    (programs.folder / "held").write_text("theirs")
    time.sleep(2.0)

    assert programs.held == "theirs"
    assert programs.asked == ["--sensitive"]


@pytest.mark.slow
def test_an_address_stays(programs: Programs) -> None:
    copy(SECRET, secret=True, secret_s=1.0).result(WITHIN_S)
    copy("http://127.0.0.1:7936/v1", secret=False).result(WITHIN_S)
    time.sleep(2.0)

    assert programs.held == "http://127.0.0.1:7936/v1"
    assert programs.asked == ["--sensitive", ""]


def test_quitting_takes_a_secret_along(programs: Programs) -> None:
    """S110"""
    copying = (
        "from pathlib import Path; from tray_app.desktop.clipboard import copy; import sys; "
        "copy('made up', secret=True).result(); sys.stdout.write(Path(sys.argv[1]).read_text())"
    )
    told = subprocess.run(
        [sys.executable, "-c", copying, str(programs.folder / "held")],
        capture_output=True, text=True, check=True, timeout=WITHIN_S,
    ).stdout  # fmt: skip

    assert told == "made up"
    assert programs.held == ""


def test_a_program_that_refuses_is_told(programs: Programs) -> None:
    (programs.folder / "wl-copy").write_text("#!/bin/sh\nexit 1\n")

    with pytest.raises(ClipboardError):
        copy("x", secret=False).result(WITHIN_S)


@pytest.mark.parametrize(
    ("display", "desktop", "is_better"),
    [
        ("wayland-0", "KDE", True),
        ("wayland-0", "sway", True),
        ("wayland-0", "ubuntu:GNOME", False),
        ("", "KDE", False),
    ],
)
@pytest.mark.usefixtures("programs")
def test_it_is_the_better_way_where_x11_is_a_guest(
    display: str, desktop: str, is_better: bool
) -> None:
    environ = {"WAYLAND_DISPLAY": display, "XDG_CURRENT_DESKTOP": desktop, "DISPLAY": ":0"}

    assert wayland.is_better(environ) is is_better


def test_without_the_program_it_is_no_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not wayland.is_better({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"})
