"""Files for the person, on a real disk."""

import os
import stat
from pathlib import Path
from typing import TextIO

import pytest

from tray_app.store import StoreError
from tray_app.store.handed_out import downloads, hand_out, hand_out_text


def test_a_file_is_for_its_owner_alone_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = hand_out(tmp_path, "portico.txt", b"told")
    finally:
        os.umask(before)

    assert path == tmp_path / "portico.txt"
    assert path.read_bytes() == b"told"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "portico.txt").symlink_to(target)
    (tmp_path / "portico-2.txt").write_text("mine")

    assert hand_out(tmp_path, "portico.txt", b"told") == tmp_path / "portico-3.txt"
    assert not target.exists()
    assert (tmp_path / "portico-2.txt").read_text() == "mine"


@pytest.mark.parametrize("folder", ["nowhere", "a-file"])
def test_a_folder_that_takes_nothing_is_told(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a-file").touch()

    with pytest.raises(StoreError, match="cannot be written"):
        hand_out(tmp_path / folder, "portico.txt", b"told")


def test_a_long_text_is_written_as_it_comes(tmp_path: Path) -> None:
    def write(to: TextIO) -> None:
        to.writelines(f"строка {number}\n" for number in range(3))

    path = hand_out_text(tmp_path, "portico.txt", write)

    assert path.read_bytes() == "строка 0\nстрока 1\nстрока 2\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_text_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    def write(to: TextIO) -> None:
        to.write("half")
        raise StoreError("The rest is gone.")

    with pytest.raises(StoreError, match="gone"):
        hand_out_text(tmp_path, "portico.txt", write)

    assert list(tmp_path.iterdir()) == []


def test_a_person_without_a_folder_of_downloads_has_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("XDG_DOWNLOAD_DIR", raising=False)

    assert downloads() == tmp_path
    (tmp_path / "Downloads").mkdir()
    assert downloads() == tmp_path / "Downloads"
