"""Opening folders and pages with the program that the desktop has for it."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.waiting import until
from tray_app.desktop.opening import OpeningError, open_folder, open_page, without_bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="openers differ")

WITHIN_S = 20.0


class Opener:
    """A program that says what it was called with, and then does as it is told."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "told"
        self._program = folder / "xdg-open"
        self.then("exit 0")

    def then(self, line: str) -> None:
        self._program.write_text(
            "#!/bin/sh\n"
            f'printf "%s|" "$#" "$@" > {self._told}.new; mv {self._told}.new {self._told}\n{line}\n'
        )
        self._program.chmod(0o755)

    @property
    def told(self) -> str:
        until(self._told.exists)
        return self._told.read_text()


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opener:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    return Opener(tmp_path)


@pytest.mark.parametrize("name", ["a b; touch nothing", "--version", "$(id)"])
def test_the_desktops_opener_gets_the_folder(
    tmp_path: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    open_folder(Path(name)).result(WITHIN_S)

    assert opener.told == f"1|{tmp_path / name}|"


def test_it_gets_the_page(opener: Opener) -> None:
    open_page("https://example.org/a?b=c&d=$e#f").result(WITHIN_S)

    assert opener.told == "1|https://example.org/a?b=c&d=$e#f|"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "--help",
        "https://",
        "https://[",
        "https://example.org/a b",
        "https://example.org/\nb",
    ],
)
@pytest.mark.usefixtures("opener")
def test_what_is_no_page_of_the_web_is_not_opened(url: str) -> None:
    with pytest.raises(OpeningError):
        open_page(url)


def test_an_opener_that_found_no_program_is_told(tmp_path: Path, opener: Opener) -> None:
    opener.then("exit 3")

    with pytest.raises(OpeningError):
        open_folder(tmp_path).result(WITHIN_S)


@pytest.mark.slow
def test_one_that_stays_keeps_nobody_waiting_and_leaves_nothing(
    tmp_path: Path, opener: Opener
) -> None:
    opener.then(f"echo $$ > {tmp_path / 'pid'}; exec sleep 7")
    started_s = time.monotonic()
    opened = open_folder(tmp_path)
    took_s = time.monotonic() - started_s
    opened.result(WITHIN_S)
    process = int((tmp_path / "pid").read_text())
    stayed = psutil.pid_exists(process)
    until(lambda: not psutil.pid_exists(process))

    assert stayed
    assert took_s < 2.0


def test_without_an_opener_or_a_folder_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(OpeningError):
        open_folder(tmp_path)
    with pytest.raises(OpeningError):
        open_folder(tmp_path / "missing")


def test_what_is_not_frozen_has_nothing_to_hide() -> None:
    environ = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/theirs", "A": ""}

    assert without_bundle(environ) == environ


def test_a_frozen_programs_libraries_are_not_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", "/opt/bundle", raising=False)
    told = without_bundle(
        {
            "LD_LIBRARY_PATH": "/opt/bundle",
            "LD_LIBRARY_PATH_ORIG": "/theirs",
            "GIO_MODULE_DIR": "/opt/bundle/gio_modules",
            "XDG_DATA_DIRS": "/opt/bundle/share:/usr/share:/opt/bundles",
            "HOME": "/home/me",
            "EMPTY": "",
        }
    )

    assert told == {
        "LD_LIBRARY_PATH": "/theirs",
        "XDG_DATA_DIRS": "/usr/share:/opt/bundles",
        "HOME": "/home/me",
        "EMPTY": "",
    }
    assert without_bundle({"LD_LIBRARY_PATH": "/opt/bundle"}) == {}
