"""The profile's folder on a real disk."""

import os
import stat
from pathlib import Path

import pytest

from tray_app.desktop.site_profile import prepare, wipe
from tray_app.store import StoreError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_it_is_made_and_closed_to_others_whatever_was_there(tmp_path: Path) -> None:
    """S103"""
    profile = tmp_path / "p"
    profile.mkdir(mode=0o755)
    (profile / "cookies").write_text("theirs")
    (profile / "cookies").chmod(0o666)

    prepare(profile)

    assert (mode(profile), mode(profile / "cookies")) == (0o700, 0o600)
    assert (profile / "cookies").read_text() == "theirs"


def test_a_pipe_in_the_place_of_the_cookies_is_refused(tmp_path: Path) -> None:
    """S104"""
    os.mkfifo(tmp_path / "cookies")
    with pytest.raises(StoreError, match="no plain file"):
        prepare(tmp_path)


def test_wiping_leaves_an_empty_folder_and_what_links_lead_to(tmp_path: Path) -> None:
    """S113"""
    profile, other = tmp_path / "p", tmp_path / "other"
    (profile / "storage").mkdir(parents=True)
    (profile / "storage" / "token").write_text("secret")
    other.mkdir()
    (other / "kept").write_text("kept")
    (profile / "link").symlink_to(other)

    wipe(profile)

    assert list(profile.iterdir()) == []
    assert mode(profile) == 0o700
    assert (other / "kept").read_text() == "kept"


def test_a_profile_that_is_a_link_is_unlinked_and_no_more(tmp_path: Path) -> None:
    """S104"""
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").write_text("kept")
    (tmp_path / "p").symlink_to(other)

    with pytest.raises(StoreError, match="is a link"):
        prepare(tmp_path / "p")
    wipe(tmp_path / "p")

    assert (other / "kept").exists()
    assert list((tmp_path / "p").iterdir()) == []


def test_a_profile_that_was_never_made_can_be_wiped(tmp_path: Path) -> None:
    wipe(tmp_path / "p")

    assert mode(tmp_path / "p") == 0o700
