"""An ordinary person of this computer: an account, a home and a desktop, and hands for it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.desktop.remote import Remote
from tests.desktop.running import Tray
from tests.desktop.screen import Eyes, is_gone
from tests.desktop.xfce import Xfce
from tests.package.test_build import open_keyring
from tests.test_headless import Portico
from tests.waiting import until

NAME = "portico-person"
HOME = Path("/home") / NAME
BY = ("setpriv", f"--reuid={NAME}", f"--regid={NAME}", "--init-groups", "--no-new-privs")


class Person(Eyes):
    """Somebody with a desktop, who may do there what everybody may.

    Args:
        desktop: Theirs.
    """

    def __init__(self, desktop: Xfce) -> None:
        super().__init__({**desktop.environment, "LIBGL_ALWAYS_SOFTWARE": "1"})

    @property
    def home(self) -> Path:
        """Where their files are."""
        return Path(self.environment["HOME"])

    def run(self, *words: str) -> str:
        """What a program says that they start."""
        return super().run(*BY, *words)

    def launches(self, entry: Path) -> bool:
        """Whether their desktop starts what this entry says."""
        # What it starts keeps whatever it has been given.
        done = subprocess.run(
            [*BY, "gio", "launch", entry], env=self.environment, cwd=self.home, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
        return done.returncode == 0

    @contextmanager
    def running(self, *words: str, port: int = 0) -> Iterator[Tray]:
        """A program with a tray that they start, until the context ends.

        Args:
            words: What they start it by, which stays as long as it.
            port: Where it answers.
        """
        process = subprocess.Popen(
            [*BY, *words], env=self.environment, cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        remote = Remote(self.environment["DBUS_SESSION_BUS_ADDRESS"], process.pid)
        try:
            yield Tray(process, remote, Portico(self.home / ".local/share/portico", port), self)
        finally:
            process.kill()
            process.communicate()


def quit_by_menu(running: Tray) -> None:
    """Quit it as a person does, and see everything of it go.

    What was copied can still be pasted then, until its time is over or something else is copied.
    """
    root = psutil.Process(running.process.pid)
    # What ended a moment ago has no command line any more.
    family = [one for one in (root, *root.children(recursive=True)) if not is_gone(one)]
    holders = [one for one in family if one.cmdline()[1:] == ["clipboard"]]
    running.remote.click("Quit Portico")
    assert running.process.wait(20) == 0
    until(lambda: all(is_gone(one) for one in family if one not in holders))
    running.eyes.run("sh", "-c", "echo else | xclip -selection clipboard >/dev/null 2>&1")
    until(lambda: all(is_gone(one) for one in holders))


@contextmanager
def person() -> Iterator[Person]:
    """Somebody with an account and a desktop, both of which are gone afterwards."""
    subprocess.run(["useradd", "--create-home", "--home-dir", HOME, NAME], check=True, timeout=60)
    try:
        # Not in the folder for a test's files, into which only its owner may look.
        with _desktop(HOME / "desktop") as desktop, open_keyring(desktop, *BY):
            yield Person(desktop)
    finally:
        _end_all()
        subprocess.run(["userdel", "--remove", NAME], check=True, timeout=60, capture_output=True)


@contextmanager
def _desktop(folder: Path) -> Iterator[Xfce]:
    folder.mkdir()
    desktop = Xfce(folder, "1280x900x24", BY)
    (folder / "home/.config/xfce4/xfconf/xfce-perchannel-xml").mkdir(parents=True)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, NAME, NAME)
    try:
        desktop.start(panel=True)
        yield desktop
    finally:
        desktop.stop()


def _end_all() -> None:
    """End what the desktop's services started for them, which outlives it."""
    for process in psutil.process_iter(["username"]):
        if process.info["username"] == NAME:
            process.kill()
            process.wait(10)
