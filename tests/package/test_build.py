"""The folder with the program: what is in it, and whether everything in it works."""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desktop.running import environment_of
from tests.desktop.xfce import Xfce, xfce
from tests.package.building import Built, digest
from tests.test_house import ROOT
from tests.test_release import PINNED
from tests.test_selftest import PARTS, ROW

pytestmark = pytest.mark.package

LIMIT_BYTES = 60_000_000
TOP = {
    "PIL", "aiohttp", "base_library.zip", "cryptography", "dbus_fast", "frozenlist", "gi",
    "jsonschema_specifications", "msgspec", "multidict", "pillow.libs", "propcache",
    "rpds", "tray_app", "webview", "yarl", "LICENSE",
}  # fmt: skip
"""What lies beside Python and the libraries; a name that is new here was not chosen by anybody."""


@contextmanager
def desktop_with_keyring(folder: Path) -> Iterator[Xfce]:
    """A desktop on which a keyring is open."""
    with xfce(folder) as desktop, open_keyring(desktop):
        yield desktop


@contextmanager
def open_keyring(desktop: Xfce, *by: str) -> Iterator[None]:
    """A keyring on this desktop, of whoever starts it."""
    keyring = subprocess.Popen(
        [*by, "gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"],
        env=desktop.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert keyring.stdin is not None
        keyring.stdin.write(b"test")
        keyring.stdin.close()
        yield
    finally:
        keyring.kill()
        keyring.wait()


def without_source(desktop: Xfce, home: Path) -> dict[str, str]:
    """What a program on a desktop finds around it, and nothing of the checkout."""
    environment = environment_of(desktop, home)
    del environment["PYTHONPATH"]
    return environment


def test_two_builds_in_two_places_are_the_same_bytes(builds: tuple[Built, Built]) -> None:
    """P9"""
    one, other = builds

    assert one.listed == other.listed
    assert digest(one.archive) == digest(other.archive)
    assert digest(one.deb) == digest(other.deb)


def test_the_list_of_files_is_what_the_folder_holds(built: Built) -> None:
    """P5"""
    listed = dict(line.split("  ", 1)[::-1] for line in built.listed.splitlines())
    folder = built.program.parent
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]

    told = {name: mark for name, mark in listed.items() if not mark.startswith("link to ")}
    assert told == {str(path.relative_to(folder)): digest(path) for path in files}


def test_nothing_that_runs_unasked_or_was_not_chosen_is_in_it(built: Built) -> None:
    """P5"""
    inside = built.program.parent / "_internal"
    names = {path.name for path in inside.iterdir()}
    python = {name for name in names if re.match(r"lib.*\.so|python3|.*\.cpython-", name)}

    assert names - python == TOP
    assert [*inside.rglob("*.pth")] == []
    archive = built.dist.parent / "build" / "work" / "build" / "PYZ-00.toc"
    assert not re.search(r"'(?:site|user)customize'", archive.read_text(encoding="utf-8"))


def test_it_is_one_small_folder_that_no_packer_hides(built: Built) -> None:
    """P10"""
    folder = built.program.parent
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]

    assert sum(path.stat().st_size for path in files) <= LIMIT_BYTES
    assert [path for path in files if b"UPX!" in path.read_bytes()[:4096]] == []
    assert {path.name for path in folder.iterdir()} == {"portico", "_internal", "NOTICES.txt"}


def test_every_text_and_picture_of_the_product_is_in_it(built: Built) -> None:
    inside = built.program.parent / "_internal"
    wanted = [
        path.relative_to(ROOT)
        for path in (ROOT / "tray_app").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]

    assert len(wanted) > 10
    assert [path for path in wanted if not (inside / path).is_file()] == []
    for picture in (ROOT / "assets" / "tray").iterdir():
        assert (inside / "tray_app" / "assets" / "tray" / picture.name).is_file()


def test_gtk_and_the_web_engine_are_the_systems_own(built: Built) -> None:
    names = {path.name for path in built.program.parent.rglob("*")}

    own = re.compile(r"lib(gtk|gdk|webkit|glib|gobject|girepository|soup|cairo|icu).*|.*\.typelib")
    assert [name for name in names if own.match(name)] == []


def test_the_licences_of_what_it_brings_are_told(built: Built) -> None:
    """P17"""
    notices = (built.program.parent / "NOTICES.txt").read_text(encoding="utf-8")
    lock = (built.dist.parent / ".ci" / "bundle" / "lock.txt").read_text(encoding="utf-8")
    tools = {
        "altgraph", "pycparser", "pyinstaller-hooks-contrib", "setuptools", "packaging",
    }  # fmt: skip

    for name, version, system in PINNED.findall(lock):
        if name not in tools and (not system or "'linux'" in system or "python_full" in system):
            title = f"{name.replace('-', '[-_.]')} {re.escape(version)}: \\S"
            assert re.search(title, notices, re.IGNORECASE), name
    for name in ("Python", "OpenSSL", "PyGObject"):
        assert f"\n{name}\n" in notices
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in notices


def test_it_passes_its_own_test_on_a_desktop(built: Built, tmp_path: Path) -> None:
    """P3"""
    with desktop_with_keyring(tmp_path / "desktop") as desktop:
        ended = subprocess.run(
            [built.program, "--self-test"], env=without_source(desktop, tmp_path / "home"),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
            cwd=tmp_path,
        )  # fmt: skip

    head, *lines = ended.stdout.splitlines()
    found = [(row[2], row[1]) for line in lines if (row := ROW.fullmatch(line))]
    assert found == [(name, "ok") for name in PARTS], ended.stdout
    assert ", built, Python 3.11" in head
    assert ended.returncode == 0


def test_the_archive_runs_from_anywhere(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.archive) as packed:
        owners = {(entry.uid, entry.gid, entry.uname) for entry in packed}
        packed.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()

    ended = subprocess.run(
        [folder / "portico", "--self-test"],
        env={"HOME": str(tmp_path), "PORTICO_HOME": str(tmp_path / "home"), "PATH": "/nonexistent"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert owners == {(0, 0, "root")}
    assert "--practice" in (folder / "README.txt").read_text(encoding="utf-8")
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(("place", "found"), [("/etc/pki/tls/certs", "ok"), ("/srv", "FAIL")])
def test_certificates_are_found_where_another_distribution_has_them(
    built: Built, tmp_path: Path, place: str, found: str
) -> None:
    known = "/etc/ssl/certs/ca-certificates.crt"
    assert shutil.which("bwrap"), "bwrap is missing: apt install bubblewrap"
    ended = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/usr/lib/ssl", "--tmpfs", "/etc/ssl",
         "--tmpfs", "/etc/pki", "--tmpfs", "/srv", "--ro-bind", known, f"{place}/ca-bundle.crt",
         built.program, "--self-test"],
        env={"HOME": str(tmp_path), "PORTICO_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    rows = [ROW.fullmatch(line) for line in ended.stdout.splitlines()]
    assert [row[1] for row in rows if row and row[2] == "certificates"] == [found], ended.stderr
