"""What the window keeps, as the proxy sees it."""

from pathlib import Path

import pytest

from tray_app.store import StoreError
from tray_app.store.profile import Profile


def test_a_mark_says_that_somebody_signed_in_until_it_is_wiped(tmp_path: Path) -> None:
    folder = tmp_path / "window"
    folder.mkdir(mode=0o700)
    (folder / "cookies").write_text("secret")
    profile = Profile(folder)

    before = profile.is_signed_in
    profile.mark()
    marked = profile.is_signed_in
    profile.wipe()

    assert (before, marked, profile.is_signed_in) == (False, True, False)
    assert not folder.exists()


def test_a_mark_is_taken_away_without_what_else_is_there(tmp_path: Path) -> None:
    """S113"""
    (tmp_path / "cookies").write_text("still in use")
    profile = Profile(tmp_path)
    profile.mark()

    profile.unmark()
    profile.unmark()

    assert not profile.is_signed_in
    assert (tmp_path / "cookies").exists()


def test_where_nothing_is_kept_nothing_is_marked(tmp_path: Path) -> None:
    for profile in (Profile(None), Profile(tmp_path / "none")):
        profile.mark()
        profile.unmark()
        profile.wipe()

        assert not profile.is_signed_in
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """S104"""
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept").write_text("mine")
    (tmp_path / "window").symlink_to(target)
    mark = tmp_path / "folder" / "signed-in"
    mark.parent.mkdir()
    mark.symlink_to(target / "kept")

    Profile(tmp_path / "window").wipe()

    assert (target / "kept").read_text() == "mine"
    assert not Profile(mark.parent).is_signed_in
    with pytest.raises(StoreError):
        Profile(mark.parent).mark()
