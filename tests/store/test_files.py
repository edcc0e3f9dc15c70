"""Private files on a real disk: S103, S104, R57, R58."""

import os
import resource
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tray_app.store import StoreError
from tray_app.store.files import (
    SIZE_LIMIT_BYTES,
    close_to_others,
    make_private,
    open_private,
    read_private,
    wipe_folder,
    write_private,
)

Plant = Callable[[Path, Path], None]


def plant_link(path: Path, elsewhere: Path) -> None:
    elsewhere.write_bytes(b"theirs")
    path.symlink_to(elsewhere)


def plant_dangling_link(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere)


def plant_fifo(path: Path, _: Path) -> None:
    os.mkfifo(path)


def plant_folder(path: Path, _: Path) -> None:
    path.mkdir()


def plant_socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


PLANTED = [plant_link, plant_dangling_link, plant_fifo, plant_folder, plant_socket]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def _no_mask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"

    write_private(path, b"one")
    write_private(path, b"two")

    assert read_private(path) == b"two"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_nothing_is_read_where_there_is_nothing(tmp_path: Path) -> None:
    assert read_private(tmp_path / "missing") is None
    assert read_private(tmp_path / "no folder" / "missing") is None


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(SIZE_LIMIT_BYTES * 100)

    data = read_private(path)

    assert data is not None
    assert len(data) == SIZE_LIMIT_BYTES + 1


@pytest.mark.usefixtures("_no_mask")
def test_files_and_folders_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    """S103"""
    folder, written, opened = tmp_path / "a" / "b", tmp_path / "a" / "written", tmp_path / "opened"

    make_private(folder)
    write_private(written, b"x")
    os.close(open_private(opened, os.O_WRONLY))

    assert mode(folder) == mode(folder.parent) == 0o700
    assert mode(written) == mode(opened) == 0o600


def test_a_folder_that_others_can_enter_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    make_private(tmp_path)

    assert mode(tmp_path) == 0o700


def test_a_file_that_others_could_read_is_private_after_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)

    write_private(path, b"new")

    assert mode(path) == 0o600


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_no_plain_file_is_refused_and_left_alone(tmp_path: Path, plant: Plant) -> None:
    """S104"""
    path, elsewhere = tmp_path / "file", tmp_path / "elsewhere"
    plant(path, elsewhere)
    before = path.lstat()

    for use in (
        read_private,
        lambda path: write_private(path, b"ours"),
        lambda path: open_private(path, os.O_WRONLY | os.O_APPEND),
    ):
        with pytest.raises(StoreError, match="no plain file") as told:
            use(path)
        assert str(path) in str(told.value)

    assert path.lstat().st_ino == before.st_ino
    assert path.lstat().st_mode == before.st_mode
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"theirs"


def test_a_file_that_cannot_be_opened_is_told_with_the_reason(tmp_path: Path) -> None:
    """A disk that is read-only, a file of somebody else: nothing lies there that is to be moved."""
    path = tmp_path / "file"
    path.write_bytes(b"ours")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = []
    for use in (read_private, close_to_others, lambda path: open_private(path, os.O_RDWR)):
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            with pytest.raises(StoreError) as caught:
                use(path)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        told.append(str(caught.value))

    why = "cannot be opened: Too many open files. Look at its rights and at its disk."
    assert told == [f"{path} {why}"] * 3


def test_a_link_planted_in_the_way_of_a_save_is_not_followed(tmp_path: Path) -> None:
    """S104"""
    path, elsewhere = tmp_path / "file", tmp_path / "elsewhere"
    plant_link(tmp_path / "file.new", elsewhere)

    write_private(path, b"ours")

    assert read_private(path) == b"ours"
    assert elsewhere.read_bytes() == b"theirs"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """S104"""
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)

    with pytest.raises(StoreError, match="belongs to another user"):
        make_private(folder)


def test_a_folder_that_others_could_exchange_is_refused(tmp_path: Path) -> None:
    """S104"""
    tmp_path.chmod(0o777)
    with pytest.raises(StoreError, match="every user can change"):
        make_private(tmp_path / "home")

    tmp_path.chmod(0o1777)
    make_private(tmp_path / "home")


def test_a_refused_file_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(5):
        with pytest.raises(StoreError):
            read_private(fifo)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_where_a_folder_must_be_is_refused(tmp_path: Path) -> None:
    """S104"""
    path = tmp_path / "home"
    path.write_bytes(b"theirs")

    with pytest.raises(StoreError, match="home"):
        make_private(path)

    assert path.read_bytes() == b"theirs"


@pytest.mark.parametrize("at", ["write", "fsync", "replace", "done"])
def test_a_save_that_dies_leaves_the_old_or_the_new_whole(tmp_path: Path, at: str) -> None:
    """R57"""
    path, old, new = tmp_path / "file", b"old" * 9999, b"new" * 7777
    write_private(path, old)
    code = (
        "import os, pathlib, sys\n"
        "from tray_app.store.files import write_private\n"
        f"step = lambda name: os._exit(9) if name == {at!r} else None\n"
        "write_private(pathlib.Path(sys.argv[1]), b'new' * 7777, step=step)\n"
    )

    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=30)

    assert ended.returncode == 9
    assert read_private(path) == (old if at in {"write", "fsync"} else new)
    write_private(path, b"next")
    assert read_private(path) == b"next"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    """R58"""
    path = tmp_path / "file"
    write_private(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_private(path, b"new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert read_private(path) == b"old"
    write_private(path, b"new")
    assert read_private(path) == b"new"


def test_a_full_disk_is_not_filled_with_halves(tmp_path: Path) -> None:
    """R58"""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_private(tmp_path / "file", b"new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(tmp_path.iterdir()) == []


def test_writers_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    """R57"""
    path, odd = tmp_path / "file", []

    def write(letter: bytes) -> None:
        for _ in range(50):
            write_private(path, letter * 100_000)
            data = read_private(path) or b""
            if data != data[:1] * 100_000:
                odd.append(data)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert odd == []


def test_an_open_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """S103"""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)

    os.close(open_private(path, os.O_WRONLY))

    assert mode(path) == 0o600


def test_a_folder_is_wiped_and_no_links_target(tmp_path: Path) -> None:
    """S113"""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "kept").write_text("kept")
    folder = tmp_path / "window"
    make_private(folder)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "cookies").write_text("canary")
    (folder / "link").symlink_to(theirs)
    wipe_folder(folder)
    wipe_folder(folder)
    (tmp_path / "other").symlink_to(theirs)
    wipe_folder(tmp_path / "other")

    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
    assert (theirs / "kept").read_text() == "kept"


def test_a_folder_that_cannot_be_wiped_is_told(tmp_path: Path) -> None:
    (tmp_path / "window").write_text("a file")
    with pytest.raises(StoreError, match="cannot be wiped"):
        wipe_folder(tmp_path / "window")
