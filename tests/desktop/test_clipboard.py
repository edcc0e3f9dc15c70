"""What goes onto the clipboard, and how soon it is gone: S110."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.desktop.xfce import Xfce
from tests.waiting import until
from tray_app.desktop import clipboard
from tray_app.desktop.clipboard import ClipboardError, copy, formats

SECRET = "sk-portico-not-a-real-one"
WITHIN_S = 10.0


def test_a_secret_is_marked_as_one_on_every_system() -> None:
    """S110"""
    windows = formats(SECRET, secret=True, system="win32")
    macos = formats(SECRET, secret=True, system="darwin")
    linux = formats(SECRET, secret=True, system="linux")

    assert windows.pop("CF_UNICODETEXT").decode("utf-16-le") == SECRET + "\0"
    assert windows == {
        "ExcludeClipboardContentFromMonitorProcessing": bytes(4),
        "CanIncludeInClipboardHistory": bytes(4),
        "CanUploadToCloudClipboard": bytes(4),
    }
    assert macos == {
        "public.utf8-plain-text": SECRET.encode(), "org.nspasteboard.ConcealedType": b"",
    }  # fmt: skip
    assert linux["UTF8_STRING"] == linux["text/plain;charset=utf-8"] == SECRET.encode()
    assert linux["x-kde-passwordManagerHint"] == b"secret"


@pytest.mark.parametrize("system", ["win32", "darwin", "linux"])
def test_an_address_is_marked_as_nothing(system: str) -> None:
    """S110"""
    marked = formats("x", secret=True, system=system).keys()
    plain = formats("x", secret=False, system=system)

    assert 0 < len(plain) < len(marked)
    assert all(data.strip(b"\0") == b"x" for data in plain.values())


@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
@pytest.mark.parametrize("display", ["", ":4711"])
def test_without_a_clipboard_it_says_so(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    with pytest.raises(ClipboardError):
        copy("x", secret=False).result(WITHIN_S)


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Xfce]:
    xfce = Xfce(tmp_path)
    xfce.start(panel=False)
    monkeypatch.setenv("DISPLAY", xfce.environment["DISPLAY"])
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    yield xfce
    xfce.stop()


def pasted(*words: str) -> bytes:
    """What a program gets that asks for the clipboard."""
    command = ("xclip", "-selection", "clipboard", "-o", *words)
    return subprocess.run(command, capture_output=True, check=False, timeout=WITHIN_S).stdout


def holds(holder: psutil.Process) -> bool:
    """Whether a process is still there; one that ended may not have been noticed yet."""
    try:
        return holder.is_running() and holder.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def owner() -> psutil.Process:
    assert clipboard._owner is not None
    return psutil.Process(clipboard._owner.pid)


@pytest.mark.desktop
@pytest.mark.usefixtures("screen")
def test_what_was_copied_can_be_pasted_as_often_as_one_likes() -> None:
    """S110"""
    copy("http://127.0.0.1:7936/v1", secret=False).result(WITHIN_S)
    plain = [pasted() for _ in range(3)]
    copy("zwölf", secret=True).result(WITHIN_S)
    targets = pasted("-t", "TARGETS").decode().split()

    assert plain == [b"http://127.0.0.1:7936/v1"] * 3
    assert pasted().decode() == "zwölf"
    assert {"TARGETS", "TIMESTAMP", "UTF8_STRING", "x-kde-passwordManagerHint"} <= set(targets)
    assert pasted("-t", "x-kde-passwordManagerHint") == b"secret"
    assert pasted("-t", "TIMESTAMP").strip() != b""
    assert pasted("-t", "image/png") == pasted("-t", "MULTIPLE") == b""


@pytest.mark.desktop
@pytest.mark.usefixtures("screen")
def test_a_secret_is_gone_after_its_time_and_never_where_others_look() -> None:
    """S110"""
    copy(SECRET, secret=True, secret_s=1.5).result(WITHIN_S)
    holder = owner()
    about = [*holder.cmdline(), *(f"{name}={value}" for name, value in holder.environ().items())]
    before = pasted()
    until(lambda: not holds(holder))

    assert before.decode() == SECRET
    assert not any(SECRET in text for text in about)
    assert pasted() == b""


@pytest.mark.desktop
@pytest.mark.usefixtures("screen")
def test_what_somebody_else_copied_stays() -> None:
    """S110"""
    copy(SECRET, secret=True, secret_s=2.0).result(WITHIN_S)
    holder = owner()
    subprocess.run(
        ["xclip", "-selection", "clipboard"], input=b"theirs", check=True, timeout=WITHIN_S,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: not holds(holder), 1.5)
    time.sleep(2.0)

    assert pasted() == b"theirs"


@pytest.mark.desktop
@pytest.mark.usefixtures("screen")
def test_a_new_copy_ends_who_held_the_last_one() -> None:
    holders = []
    for number in range(5):
        copy(f"copy {number}", secret=True).result(WITHIN_S)
        holders.append(owner())
    until(lambda: not any(holds(holder) for holder in holders[:-1]))

    assert pasted() == b"copy 4"
    assert holds(holders[-1])


@pytest.mark.desktop
@pytest.mark.usefixtures("screen")
def test_of_copies_in_quick_succession_the_last_one_stays() -> None:
    copies = [copy(f"copy {number}", secret=False) for number in range(6)]
    for one in copies:
        one.result(WITHIN_S * 3)

    assert pasted() == b"copy 5"


@pytest.mark.desktop
@pytest.mark.usefixtures("screen")
def test_letters_that_an_old_program_does_not_know_are_not_offered_to_it() -> None:
    copy("zwölf", secret=False).result(WITHIN_S)
    latin = pasted("-t", "STRING")
    copy("十二", secret=False).result(WITHIN_S)

    assert latin == "zwölf".encode("latin-1")
    assert pasted("-t", "UTF8_STRING").decode() == "十二"
    assert "STRING" not in pasted("-t", "TARGETS").decode().split()


@pytest.mark.desktop
def test_an_address_can_be_pasted_after_quitting_and_goes_with_the_screen(screen: Xfce) -> None:
    copying = (
        "from tray_app.desktop import clipboard as c; "
        "c.copy('address', secret=False).result(); print(c._owner.pid)"
    )
    told = subprocess.run(
        [sys.executable, "-c", copying], capture_output=True, check=True, timeout=WITHIN_S
    ).stdout
    holder = psutil.Process(int(told))
    after = pasted()
    screen.stop()
    until(lambda: not holds(holder))

    assert after == b"address"
