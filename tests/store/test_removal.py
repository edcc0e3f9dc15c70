"""Removing what Portico keeps: on a real disk, and in a keyring in memory."""

import os
from pathlib import Path

import pytest

from tests.rings import MemoryRing
from tray_app.store import StoreError
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths
from tray_app.store.removal import clear_keyring, remove_data
from tray_app.store.ring import Ring, RingAbsentError, RingLockedError
from tray_app.store.vault import Vault

OURS = (
    "settings.json", "settings.json.bak", "settings.json.corrupt-20261121T120000Z", "models.json",
    "chats-to-delete.txt", "restarts.json", "statistics.db", "statistics.db-wal",
    "statistics.db.kept-20261121T120000Z", "practice-statistics.db", "logs/portico.log",
    "logs/portico.log.4", "logs/fault-20261121-120000-000000-7.txt", "window/cookies",
    "window/storage/deep/file",
)  # fmt: skip


def filled(home: Path) -> Paths:
    """A data folder with everything in it."""
    paths = Paths(home)
    paths.prepare()
    for name in OURS:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    Path(paths.door).touch()
    return paths


def test_nothing_of_ours_is_left(tmp_path: Path) -> None:
    """P19"""
    paths = filled(tmp_path / "home")

    with InstanceLock(paths.lock) as lock:
        assert lock.acquire()
        left = remove_data(paths)

    assert left == []
    assert not paths.home.exists()


def test_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    """P19"""
    paths = filled(tmp_path / "home")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    theirs = [paths.home / "mine.txt", paths.logs / "notes.txt"]
    for path in theirs:
        path.write_text("mine")
    (paths.profile / "link").symlink_to(outside)
    (paths.home / "settings.json.link").symlink_to(outside / "kept")

    left = remove_data(paths)

    assert left == [paths.logs, paths.home / "mine.txt"]
    assert all(path.read_text() == "mine" for path in theirs)
    assert (outside / "kept").exists()
    assert sorted(path.name for path in paths.home.rglob("*")) == ["logs", "mine.txt", "notes.txt"]


def test_a_window_that_is_only_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    paths = filled(tmp_path / "home")
    for path in sorted(paths.profile.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    paths.profile.rmdir()
    paths.profile.symlink_to(tmp_path / "outside")

    assert remove_data(paths) == []
    assert (tmp_path / "outside").is_dir()


def test_a_door_in_another_folder_goes_with_it(tmp_path: Path) -> None:
    paths = filled(tmp_path / ("long" * 30))
    door = Path(paths.door)
    there = door.exists() and door.parent != paths.home

    remove_data(paths)

    assert there
    assert not door.exists()


def test_a_folder_that_is_not_there_is_removed_already(tmp_path: Path) -> None:
    assert remove_data(Paths(tmp_path / "nowhere")) == []


def test_a_folder_that_has_the_name_of_a_file_goes_too(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "home")
    paths.prepare()
    paths.models.mkdir()
    (paths.models / "file").touch()

    assert remove_data(paths) == []
    assert not paths.home.exists()


def test_the_keyring_has_nothing_of_ours_any_more() -> None:
    """P19"""
    ring = MemoryRing({"Other/session": "theirs"}, part_units=4)
    Vault(ring, "Portico").save("session", "a long session")
    Vault(ring, "Portico").save("keys", "many keys")

    assert clear_keyring(lambda: ring, "Portico", ("session", "keys"))
    assert ring.entries == {"Other/session": "theirs"}
    assert not clear_keyring(lambda: ring, "Portico", ("session", "keys"))


def absent() -> Ring:
    raise RingAbsentError("There is none.")


def test_a_keyring_that_is_not_there_has_nothing_and_a_locked_one_is_told() -> None:
    ring = MemoryRing()
    ring.is_locked = True

    assert not clear_keyring(absent, "Portico", ("session",))
    with pytest.raises(RingLockedError):
        clear_keyring(lambda: ring, "Portico", ("session",))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may remove anything")
def test_a_folder_that_gives_nothing_away_is_told(tmp_path: Path) -> None:
    paths = filled(tmp_path / "home")
    paths.home.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be"):
            remove_data(paths)
    finally:
        paths.home.chmod(0o700)
