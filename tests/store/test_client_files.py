"""Files of other programs: written with a copy beside them, put back, and never lost."""

import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.store.client_files import (
    Plan,
    Undoing,
    Writer,
    home_of,
    locate,
    plan,
    plan_undo,
    undo_all,
    was_written,
    write,
    write_all,
)
from tray_app.store.files import SIZE_LIMIT_BYTES, StoreError

NOW = datetime(2026, 11, 21, 19, 31, tzinfo=UTC)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are those of POSIX")


def adding(text: str) -> Callable[[str], str]:
    return lambda before: before + text


def written(
    path: Path, text: str = "new", *, is_private: bool = True, client: str = "zed", after_s: int = 0
) -> Path:
    planned = plan(path, adding(text), Writer(client, text), is_private=is_private)
    return write(planned, NOW + timedelta(seconds=after_s))


def without(now: str, before: str, notes: Sequence[str]) -> str:
    """The inverse of `adding`."""
    for note in notes:
        now = now.replace(note, "", 1)
    return now


def undo(path: Path, client: str = "zed") -> Undoing | None:
    undoing = plan_undo(path, client, without)
    undo_all([undoing] if undoing else [])
    return undoing


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A client's file that nobody has made yet."""
    return tmp_path / "settings.json"


@given(TEXTS | st.none(), st.lists(st.sampled_from("xyz"), min_size=1, max_size=3))
def test_undoing_puts_back_every_file_as_the_person_had_it(
    before: str | None, texts: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        if before is not None:
            path.write_bytes(before.encode())
        for number, text in enumerate(texts):
            written(path, f"<{text}{number}>", after_s=number)

        undone = undo(path)

        assert undone
        assert undone.is_whole
        assert (path.read_bytes() if path.exists() else None) == (
            before.encode() if before is not None else None
        )
        assert [one.name for one in Path(folder).iterdir()] == (
            [path.name] if path.exists() else []
        )


def test_a_new_file_and_its_folders_are_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "settings.json"

    copy = written(path)

    assert path.read_text() == "new"
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert copy.parent == path.parent
    assert list(path.parent.glob("*-note")) != []
    undo(path)
    assert list(path.parent.iterdir()) == []
    assert not copy.exists()


def test_a_file_that_gets_the_key_is_closed_to_others_until_it_is_put_back(path: Path) -> None:
    path.write_text("old")
    path.chmod(0o644)

    copy = written(path)

    assert mode_of(path) == 0o600
    assert copy.read_text() == "old"
    assert copy.name.startswith("settings.json.portico-backup-20261121-193100")
    undo(path)
    assert (path.read_text(), mode_of(path)) == ("old", 0o644)


def test_a_file_without_the_key_stays_as_open_as_it_was(path: Path) -> None:
    path.write_text("old")
    path.chmod(0o640)

    written(path, is_private=False)

    assert mode_of(path) == 0o640


def test_a_file_that_changed_after_it_was_planned_is_not_written(path: Path) -> None:
    path.write_text("old")
    planned = plan(path, adding("new"), Writer("zed"), is_private=True)
    path.write_text("somebody else's")

    with pytest.raises(StoreError, match="just now"):
        write(planned, NOW)

    assert path.read_text() == "somebody else's"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_came_meanwhile_is_not_written_over(path: Path) -> None:
    planned = plan(path, adding("new"), Writer("zed"), is_private=True)
    path.write_text("")

    with pytest.raises(StoreError, match="just now"):
        write(planned, NOW)

    assert path.read_text() == ""


def test_what_somebody_changed_since_stays(path: Path) -> None:
    path.write_text("old")
    path.chmod(0o644)
    copy = written(path)
    path.write_text("oldnew and more")

    undone = undo(path)

    assert undone
    assert not undone.is_whole
    assert (path.read_text(), mode_of(path)) == ("old and more", 0o644)
    assert not copy.exists()


def test_a_new_file_that_somebody_changed_since_is_removed_only_if_nothing_is_left(
    path: Path,
) -> None:
    written(path)
    path.write_text("new and mine")
    undo(path)
    left = path.read_text()
    path.unlink()
    written(path)
    path.write_text("new\n")
    undo(path)

    assert left == " and mine"
    assert not path.exists()


def test_a_file_that_is_gone_stays_gone(path: Path) -> None:
    path.write_text("old")
    written(path)
    path.unlink()

    undone = undo(path)

    assert undone
    assert undone.now is None
    assert list(path.parent.iterdir()) == []


def test_each_client_takes_back_its_own(path: Path) -> None:
    path.write_text("old")
    written(path, "<zed>")
    written(path, "<roo-code>", client="roo-code", after_s=1)

    undo(path)
    first = path.read_text()
    is_other = was_written(path, "roo-code")
    undo(path, "roo-code")

    assert first == "old<roo-code>"
    assert is_other
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_person_who_put_a_copy_back_by_hand_gets_what_came_after_that(path: Path) -> None:
    path.write_text("old")
    written(path, "<1>")
    path.write_text("newer")
    written(path, "<2>", after_s=1)

    undo(path)

    assert path.read_text() == "newer"
    assert list(path.parent.iterdir()) == [path]


def test_a_writing_that_never_ended_does_not_keep_from_undoing(path: Path) -> None:
    path.write_text("old")
    written(path)
    left = path.with_name("settings.json.portico-backup-20261122-000000-000000-zed-0123456789ab")
    left.write_text("oldnew")

    undone = undo(path)

    assert undone
    assert undone.is_whole
    assert path.read_text() == "old"
    assert not left.exists()


def test_what_cannot_be_put_back_keeps_the_rest_as_it_is(tmp_path: Path) -> None:
    first, last = tmp_path / "a.json", tmp_path / "b.json"
    for one in (first, last):
        one.write_text("old")
        written(one)
    last.chmod(0o400)
    undoings = [plan_undo(one, "zed", without) for one in (first, last)]

    with pytest.raises(StoreError, match="read-only"):
        undo_all([one for one in undoings if one])
    last.chmod(0o600)
    last.write_text("came meanwhile")
    with pytest.raises(StoreError, match="just now"):
        undo_all([one for one in undoings if one])

    assert (first.read_text(), last.read_text()) == ("oldnew", "came meanwhile")


def test_without_a_writing_there_is_nothing_to_undo(path: Path) -> None:
    path.write_text("old")
    written(path, client="roo-code")

    assert plan_undo(path, "zed", without) is None
    assert plan_undo(path, "roo", without) is None
    assert plan_undo(path.parent / "no folder" / "x.json", "zed", without) is None


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    first, last = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text("old")
    plans = [plan(one, adding("new"), Writer("zed"), is_private=True) for one in (first, last)]

    last.write_text("came meanwhile")
    with pytest.raises(StoreError, match="just now"):
        write_all(plans, NOW)
    left = sorted(one.name for one in tmp_path.iterdir())
    last.unlink()
    copies = write_all(plans, NOW)

    assert left == ["a.json", "b.json"]
    assert (first.read_text(), last.read_text()) == ("oldnew", "new")
    assert len(copies) == 2
    assert write_all([plan(first, adding(""), Writer("zed"), is_private=True)], NOW) == []


def test_a_read_only_file_is_left_alone(path: Path) -> None:
    path.write_text("old")
    path.chmod(0o400)

    with pytest.raises(StoreError, match="read-only"):
        written(path)

    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_left_alone(path: Path) -> None:
    path.write_text("old")
    os.chown(path, 12345, 12345)

    with pytest.raises(StoreError, match="another user"):
        written(path)

    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff\xfe", "UTF-8"), (b" " * (SIZE_LIMIT_BYTES + 1), "too large")],
    ids=["no-text", "huge"],
)
def test_a_file_that_is_no_settings_file_is_left_alone(path: Path, data: bytes, said: str) -> None:
    path.write_bytes(data)

    with pytest.raises(StoreError, match=said):
        written(path)

    assert path.read_bytes() == data


def test_a_folder_in_its_place_is_left_alone(path: Path) -> None:
    path.mkdir()

    with pytest.raises(StoreError, match="no plain file"):
        written(path)


def test_a_folder_that_cannot_be_made_is_told(path: Path) -> None:
    path.write_text("a file")

    with pytest.raises(StoreError):
        written(path / "below" / "settings.json")


def test_a_place_is_found_in_the_home_or_where_the_environment_says(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}

    assert home_of(environ) == tmp_path
    assert locate("~/.a/b.json", environ) == tmp_path / ".a/b.json"
    assert locate("$XDG_CONFIG_HOME/x", environ) == tmp_path / ".config/x"
    assert locate("$APPDATA/x", environ) == tmp_path / "AppData/Roaming/x"
    moved = {**environ, "XDG_CONFIG_HOME": str(tmp_path / "conf")}
    assert locate("$XDG_CONFIG_HOME/x", moved) == tmp_path / "conf/x"
    assert locate("$XDG_CONFIG_HOME/x", {**environ, "XDG_CONFIG_HOME": "conf"}) == (
        tmp_path / ".config/x"
    )


def test_a_link_inside_the_home_is_followed_and_stays(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "x.json"
    real.parent.mkdir()
    real.write_text("old")
    (tmp_path / "x.json").symlink_to(real)

    path = locate("~/x.json", {"HOME": str(tmp_path)})
    copy = written(path)

    assert path == real
    assert (tmp_path / "x.json").is_symlink()
    assert (tmp_path / "x.json").read_text() == "oldnew"
    assert copy.parent == real.parent


@pytest.mark.parametrize("is_folder", [False, True])
def test_nothing_outside_the_home_is_touched(tmp_path: Path, is_folder: bool) -> None:
    outside, home = tmp_path / "outside", tmp_path / "home"
    outside.mkdir()
    home.mkdir()
    (outside / "x.json").write_text("old")
    if is_folder:
        (home / ".config").symlink_to(outside)
    else:
        (home / ".config").mkdir()
        (home / ".config" / "x.json").symlink_to(outside / "x.json")

    with pytest.raises(StoreError, match="out of your home"):
        locate("$XDG_CONFIG_HOME/x.json", {"HOME": str(home)})
    with pytest.raises(StoreError, match="out of your home"):
        locate("$XDG_CONFIG_HOME/x", {"HOME": str(home), "XDG_CONFIG_HOME": str(outside)})


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "round").symlink_to(tmp_path / "round")

    with pytest.raises(StoreError, match="link to nothing"):
        locate("~/dangling", {"HOME": str(tmp_path)})
    with pytest.raises(StoreError, match="cannot be reached"):
        locate("~/round", {"HOME": str(tmp_path)})


def test_a_plan_shows_no_text_of_the_file() -> None:
    planned = Plan(Path("x"), "old secret", "new secret", is_private=True, by=Writer("zed"))
    undoing = Undoing(Path("x"), "new secret", "old secret", is_whole=True, mode=None, copies=())

    assert "secret" not in repr(planned) + repr(undoing)
    assert planned.changes


def test_what_was_written_is_known_until_it_is_put_back(path: Path) -> None:
    before = was_written(path, "zed")
    written(path)
    after = was_written(path, "zed")
    undo(path)

    assert (before, after, was_written(path, "zed")) == (False, True, False)
