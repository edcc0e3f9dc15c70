"""Where everything lies: S103."""

import os
import socket
import stat
from pathlib import Path

import pytest

from tray_app.store import StoreError
from tray_app.store.paths import Paths, find


def test_everything_lies_in_portico_home(tmp_path: Path) -> None:
    paths = find({"PORTICO_HOME": str(tmp_path)})

    assert paths.home == tmp_path
    for path in (paths.settings, paths.logs, paths.log, paths.lock, paths.models):
        assert path.is_relative_to(tmp_path)


def test_a_home_may_be_short_for_a_longer_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")

    assert find({"PORTICO_HOME": "~/portico"}).home == Path("/home/somebody/portico")
    assert find({"PORTICO_HOME": "here"}).home == Path.cwd() / "here"


def test_without_portico_home_it_is_the_systems_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")

    assert find({}).home == find({"PORTICO_HOME": ""}).home
    assert find({}).home.name == "portico"


def test_the_folders_are_made_private_under_any_umask(tmp_path: Path) -> None:
    """S103"""
    paths = Paths(tmp_path / "home")
    before = os.umask(0)
    try:
        paths.prepare()
        paths.prepare()
    finally:
        os.umask(before)

    for folder in (paths.home, paths.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_door_is_in_the_home_where_its_path_is_short() -> None:
    assert Paths(Path("/home/somebody/portico")).door == "/home/somebody/portico/door.sock"


def test_the_door_of_a_long_home_can_still_be_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    paths, other = Paths(tmp_path / ("long" * 40)), Paths(tmp_path / ("long" * 41))

    paths.prepare()

    assert paths.door != other.door
    assert not Path(paths.door).is_relative_to(paths.home)
    assert stat.S_IMODE(Path(paths.door).parent.stat().st_mode) == 0o700
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(paths.door)


def test_a_home_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"a file")

    with pytest.raises(StoreError, match="PORTICO_HOME"):
        Paths(tmp_path / "home" / "below").prepare()


def test_the_door_has_a_place_without_a_runtime_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 30)))

    assert len(Paths(tmp_path / ("long" * 40)).door) < 104


def test_a_home_of_nobody_is_refused_in_words() -> None:
    with pytest.raises(StoreError, match="PORTICO_HOME"):
        find({"PORTICO_HOME": "~nobody-has-this-name/portico"})
