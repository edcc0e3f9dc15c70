"""What is noted of chats, on a real disk: S103, S104, R42, R58."""

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.store.chats import FULL_BYTES, LEFT_OVER, REFUSALS, Chats

NAMES = st.sampled_from(["a", "ab", "abc", "0f3c-1", "x" * 128])
STEPS = st.lists(
    st.tuples(st.sampled_from(["note", "strike", "refuse", "keep"]), NAMES),
    min_size=1,
    max_size=30,
)
NOW_S = 1_795_000_000.0
DAY_S = 86_400.0


def begun(path: Path) -> Chats:
    chats = Chats(path)
    chats.begin()
    return chats


def left(path: Path, account: str = "me", now_s: float = NOW_S) -> list[str]:
    """What a next start would find, in its order."""
    chats, found = begun(path), []
    while (chat := chats.left_over(account, now_s)) is not None:
        found.append(chat)
        chats.strike(chat)
    chats.close()
    return found


def do(chats: Chats, expected: dict[str, int], step: str, name: str) -> None:
    """One step, with what is to be expected after it: the refusals of every chat that is left."""
    if step == "note":
        chats.note(name, "me")
        expected[name] = 0
    elif step == "keep":
        chats.keep(name, NOW_S)
        if name in expected:
            expected[name] = 0
    elif step == "strike":
        chats.strike(name)
        expected.pop(name, None)
    else:
        chats.leave(name, refused=True)
        if name in expected:
            expected[name] += 1
            if expected[name] == REFUSALS:
                del expected[name]


def test_what_was_not_struck_off_is_left_over_at_the_next_start(tmp_path: Path) -> None:
    """S103"""
    path = tmp_path / "chats"
    chats = begun(path)
    for name in ("first", "second", "third"):
        chats.note(name, "me")
    chats.strike("second")

    assert chats.left_over("me", NOW_S) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"me" not in path.read_bytes()
    assert begun(path).begin() == 2
    assert left(path) == ["first", "third"]
    assert not path.exists()


def test_what_a_stopped_proxy_was_using_is_left_over_for_the_next(tmp_path: Path) -> None:
    chats = begun(tmp_path / "chats")
    chats.note("one", "me")

    assert chats.begin() == 1
    assert chats.left_over("me", NOW_S) == "one"


def test_a_chat_is_left_to_the_account_that_made_it(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    chats.note("mine", "me@example.org")
    chats.note("somebodys", "")
    chats.close()

    chats = begun(path)
    assert [chats.left_over(who, NOW_S) for who in ("me@example.org", "you", "")] == [
        "mine", "somebodys", "somebodys",
    ]  # fmt: skip


def test_any_label_of_an_account_can_be_told_again() -> None:
    chats = Chats()
    chats.note("one", "\ud800 é")
    chats.begin()

    assert chats.left_over("\ud800 é", NOW_S) == "one"


def test_a_chat_that_is_refused_again_and_again_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    for name in ("refused", "unheard"):
        chats.note(name, "me")
    for _ in range(REFUSALS):
        chats.leave("unheard", refused=False)
        assert chats.left_over("me", NOW_S) is not None
        chats.leave("refused", refused=True)

    assert chats.left_over("me", NOW_S) == "unheard"
    assert left(path) == ["unheard"]


def test_refusals_are_counted_across_starts(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    begun(path).note("refused", "me")
    for start in range(REFUSALS):
        chats = begun(path)
        assert chats.left_over("me", NOW_S) == "refused", start
        chats.leave("refused", refused=True)

    assert left(path) == []


def test_after_a_failure_another_chat_comes_first() -> None:
    chats = Chats()
    for name in ("one", "two"):
        chats.note(name, "me")
        chats.leave(name, refused=False)

    chats.leave("one", refused=False)

    assert chats.left_over("me", NOW_S) == "two"


@given(STEPS, st.data())
def test_cut_at_any_byte_it_is_as_before_its_last_line(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]], data: st.DataObject
) -> None:
    """R42"""
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "chats"
    path.touch()
    chats = begun(path)
    expected: dict[str, int] = {}
    after = {0: set[str]()}
    for step, name in steps:
        do(chats, expected, step, name)
        after[path.stat().st_size] = set(expected)
    at = data.draw(st.integers(0, path.stat().st_size))
    path.write_bytes(path.read_bytes()[:at])

    found = set(left(path))
    before = max(size for size in after if size <= at)
    behind = min(size for size in after if size >= at)

    assert found in (after[before], after[behind])


@given(st.binary(max_size=300))
def test_foreign_bytes_are_passed_over(
    tmp_path_factory: pytest.TempPathFactory, foreign: bytes
) -> None:
    """R42"""
    path = tmp_path_factory.mktemp("foreign") / "chats"
    noted = b"+ real 0123456789abcdef\n"
    path.write_bytes(noted + foreign + b"\n" + noted)
    chats = Chats(path)

    assert chats.begin() >= 1
    chats.note("new", "")
    chats.close()

    assert "new" in left(path, "")


def test_a_note_never_becomes_a_part_of_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    path.write_bytes(b"+ half 0123")
    chats = Chats(path)
    chats.note("one", "me")
    chats.close()

    assert left(path) == ["one"]


@pytest.mark.parametrize("name", ["", "/", "..", "a/b", "a b", "?x", "x" * 129, "é"])
def test_what_is_no_id_is_never_one_to_be_deleted(tmp_path: Path, name: str) -> None:
    path = tmp_path / "chats"
    path.write_text(f"+ {name} 0000000000000000\n+ {name}\n+ {name} 0000\n")

    assert begun(path).left_over("me", NOW_S) is None


def test_the_notes_stay_small_however_much_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    chats.note("lasting", "me")
    sizes = []
    for number in range(6000):
        chats.note(f"{number:036}", "me")
        chats.strike(f"{number:036}")
        sizes.append(path.stat().st_size)
    busiest = max(sizes)
    chats.strike("lasting")

    assert busiest < FULL_BYTES + 200
    assert sizes != sorted(sizes)
    assert path.stat().st_size == 0
    chats.note("last", "me")
    assert left(path) == ["last"]


def test_no_more_is_remembered_than_can_be_deleted(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    chats = begun(path)
    for number in range(LEFT_OVER + 50):
        chats.note(f"chat-{number}", "somebody else")
    chats.close()

    assert begun(path).begin() == LEFT_OVER
    assert left(path, "somebody else")[0] == "chat-50"


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chats = Chats()
    chats.begin()
    chats.note("one", "me")
    chats.close()

    assert list(tmp_path.iterdir()) == []


def test_a_single_command_leaves_the_notes_alone(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    path.write_bytes(b"+ one 0000000000000000\n")
    Chats(path).close()

    assert left(path) == ["one"]


def test_what_somebody_planted_is_left_alone_and_stops_nothing(tmp_path: Path) -> None:
    """S104"""
    path, theirs = tmp_path / "chats", tmp_path / "theirs"
    theirs.write_bytes(b"+ theirs 0000000000000000\n")
    path.symlink_to(theirs)

    chats = begun(path)
    chats.note("one", "me")
    chats.leave("one", refused=False)

    assert chats.left_over("me", NOW_S) == "one"
    assert theirs.read_bytes() == b"+ theirs 0000000000000000\n"


def test_a_folder_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    """R58"""
    chats = begun(tmp_path / "gone" / "chats")
    chats.note("one", "me")
    chats.leave("one", refused=True)

    assert chats.left_over("me", NOW_S) == "one"
    chats.close()


FULL = """
import pathlib, resource, signal, sys
from tray_app.store.chats import Chats
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = pathlib.Path(sys.argv[1])
chats = Chats(path)
chats.begin()
chats.note("before", "me")
whole = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, whole[1]))
chats.note("half-a-line", "me")
chats.note("no-line", "me")
resource.setrlimit(resource.RLIMIT_FSIZE, whole)
chats.note("after", "me")
print(chats.begin())
"""


def test_a_full_disk_costs_the_notes_it_has_no_room_for_and_no_other(tmp_path: Path) -> None:
    """R58"""
    path = tmp_path / "chats"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True,
        timeout=20,
    )  # fmt: skip

    assert done.stdout == "4\n"
    assert begun(path).begin() == 2
    assert left(path) == ["before", "after"]


def test_a_note_waits_for_no_disk(tmp_path: Path) -> None:
    chats = begun(tmp_path / "chats")
    began_s = time.perf_counter()
    for number in range(1000):
        chats.note(f"{number}", "me")
        chats.strike(f"{number}")
    took_s = time.perf_counter() - began_s

    assert took_s < 2
