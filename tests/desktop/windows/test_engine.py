"""Finding the system's web engine."""

import importlib.util
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tray_app.desktop.windows.engine import find_gi, free_libraries, missing

OURS = "LD_LIBRARY_PATH"
HAS_GI = importlib.util.find_spec("gi") is not None


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where modules come from, as a test may change it; PyGObject is not there."""
    if HAS_GI:
        pytest.skip("PyGObject is installed beside Portico: there is nothing to find")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return sys.path


def installed(folder: Path, suffix: str) -> str:
    """A folder that has PyGObject, compiled for the Python with this suffix."""
    (folder / "gi").mkdir(parents=True)
    (folder / "gi" / f"_gi{suffix}").touch()
    return str(folder)


def test_the_distributions_folder_is_added_at_the_end(path: list[str], tmp_path: Path) -> None:
    before = [*path]
    folder = installed(tmp_path / "packages", EXTENSION_SUFFIXES[0])

    find_gi([str(tmp_path / "nothing"), folder, installed(tmp_path / "later", ".so")])

    assert path == [*before, folder]


def test_what_was_built_for_another_python_is_left(path: list[str], tmp_path: Path) -> None:
    before = [*path]

    find_gi([installed(tmp_path, ".cpython-27-x86_64-linux-gnu.so")])

    assert path == before


def test_what_is_there_already_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gi").mkdir()
    (tmp_path / "gi" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = [*sys.path]

    find_gi([installed(tmp_path / "packages", EXTENSION_SUFFIXES[0])])

    assert sys.path == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize("environ", [{}, {"DISPLAY": ""}, {"WAYLAND_DISPLAY": ""}])
def test_without_a_display_there_are_no_windows(environ: dict[str, str]) -> None:
    assert missing(environ) == "no_display"


@pytest.mark.parametrize(
    ("environ", "freed"),
    [
        ({OURS: "ours", f"{OURS}_ORIG": "theirs"}, {OURS: "theirs"}),
        ({OURS: "theirs"}, {OURS: "theirs"}),
        ({}, {}),
    ],
)  # fmt: skip
def test_the_engine_gets_the_libraries_of_the_system(
    environ: dict[str, str], freed: dict[str, str]
) -> None:
    free_libraries(environ)

    assert environ == freed


def test_a_frozen_program_leaves_its_own_libraries_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    environ = {"LD_LIBRARY_PATH": "ours", "HOME": "x"}

    free_libraries(environ)

    assert environ == {"HOME": "x"}


def test_a_parent_loads_nothing_of_it() -> None:
    code = (
        "import sys, tray_app.desktop.launcher, tray_app.desktop.windows.child;"
        "sys.exit(any(name in sys.modules for name in ('webview', 'gi')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
