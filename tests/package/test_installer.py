"""The installer for Windows, around a stand-in of the program, in the programs of Wine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package.building import copy
from tests.test_headless import Portico
from tests.test_house import ROOT
from tests.waiting import until

pytestmark = pytest.mark.package

WINE = "/usr/lib/wine/wine64"
STAND_IN = "/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/hostname.exe"
RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
UNINSTALL = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Portico"


class Windows:
    """A Windows of a test's own, and the installer in it."""

    def __init__(self, folder: Path) -> None:
        missing = [tool for tool in ("makensis", WINE, "Xvfb") if shutil.which(tool) is None]
        assert not missing, f"{missing} missing: apt install nsis wine wine64 xvfb"
        self._environment = {
            **os.environ, "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=", "HOME": str(folder),
        }  # fmt: skip
        self._start_screen(folder)
        self.run("wineboot", "-i")
        [home] = (
            path for path in (folder / "prefix/drive_c/users").iterdir() if path.name != "Public"
        )
        self.local = home / "AppData" / "Local"
        self.menu = home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs"
        self.program = self.local / "Programs" / "Portico"
        self.data = self.local / "portico"

    def _start_screen(self, folder: Path) -> None:
        told, tells = os.pipe()
        words = ("Xvfb", "-displayfd", str(tells), "-screen", "0", "800x600x24", "-noreset")
        with (folder / "screen.log").open("wb") as log:
            self._screen = subprocess.Popen(words, pass_fds=[tells], stderr=log)
        os.close(tells)
        with os.fdopen(told) as number:
            self._environment["DISPLAY"] = f":{number.readline().strip()}"

    def run(self, *words: str | Path) -> str:
        """What a program of Windows says."""
        done = subprocess.run(
            [WINE, *words], env=self._environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.stdout

    def value(self, key: str, name: str) -> str:
        """A value of the registry; empty where there is none."""
        told = self.run("reg", "query", key, "/v", name)
        return next((line.split(None, 2)[2] for line in told.splitlines() if "REG_" in line), "")

    def uninstall(self, *flags: str) -> None:
        """Have it removed, and wait until that is done."""
        self.run(self.program / "uninstall.exe", "/S", *flags)
        until(lambda: not (self.program / "uninstall.exe").exists(), within_s=30)

    def stop(self) -> None:
        """End what runs in it."""
        words = ["/usr/lib/wine/wineserver64", "-k"]
        subprocess.run(words, env=self._environment, check=False, timeout=20)
        self._screen.kill()
        self._screen.wait()


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    started = Windows(tmp_path_factory.mktemp("windows"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installer, compiled around a stand-in of what is built on Windows."""
    folder = tmp_path_factory.mktemp("installer")
    payload = folder / "payload"
    (payload / "_internal").mkdir(parents=True)
    (payload / "_internal" / "library.dll").write_bytes(b"stand-in")
    for name in ("portico.exe", "portico-cli.exe"):
        shutil.copy(STAND_IN, payload / name)
    copy(folder / "source")
    done = subprocess.run(
        [folder / "source" / ".ci" / "package", "--installer", payload],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = (folder / "source" / "dist").glob("*.exe")
    return made


def test_a_person_installs_it_without_an_administrator(windows: Windows, installer: Path) -> None:
    """P10"""
    windows.run(installer, "/S")

    assert (windows.program / "_internal" / "library.dll").exists()
    assert (windows.menu / "Portico.lnk").exists()
    assert windows.value(UNINSTALL, "DisplayName") == "Portico"
    assert windows.value(RUN, "Portico") == ""
    assert b'level="asInvoker"' in installer.read_bytes()


def test_it_starts_at_login_if_that_was_chosen(windows: Windows, installer: Path) -> None:
    windows.run(installer, "/S", "/LOGIN")

    assert windows.value(RUN, "Portico").endswith(r'Programs\Portico\portico.exe" --hidden')


def test_its_removal_leaves_the_persons_files_and_nothing_of_its_own(
    windows: Windows, installer: Path
) -> None:
    """P19"""
    windows.run(installer, "/S", "/LOGIN")
    windows.data.mkdir(exist_ok=True)
    (windows.data / "settings.json").write_text("{}")
    (windows.program / "mine.txt").write_text("a file of the person")

    windows.uninstall()

    assert [path.name for path in windows.program.iterdir()] == ["mine.txt"]
    assert (windows.data / "settings.json").exists()
    assert not (windows.menu / "Portico.lnk").exists()
    assert windows.value(RUN, "Portico") == ""
    assert windows.value(UNINSTALL, "DisplayName") == ""


def test_whoever_wants_their_data_gone_has_it_gone(windows: Windows, installer: Path) -> None:
    """P19"""
    windows.run(installer, "/S")
    windows.data.mkdir(exist_ok=True)
    (windows.data / "settings.json").write_text("{}")

    windows.uninstall("/REMOVEDATA")

    assert not windows.data.exists()


def test_what_the_uninstaller_calls_removes_all_that_is_kept(tmp_path: Path) -> None:
    """P19"""
    script = (ROOT / ".ci/bundle/windows/portico.nsi").read_text(encoding="utf-8")
    [words] = re.findall(r"""ExecWait '"\$INSTDIR\\portico-cli.exe" (.+)'""", script)
    portico = Portico(tmp_path / "data")
    portico.say("settings", "set", "queue_size", "7")

    done = portico.run(*words.split(), HOME=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert not portico.home.exists()


def test_a_folder_without_the_program_is_refused_in_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / ".ci" / "package", "--installer", tmp_path], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip

    told = f"package: {tmp_path} has no portico.exe. Build it on Windows by build.spec.\n"
    assert (done.returncode, done.stderr) == (1, told)
