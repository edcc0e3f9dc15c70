"""How often the program may start itself anew."""

import json
from pathlib import Path

import pytest

from tray_app.store.restarts import RESTARTS, WITHIN_S, note_restart, restarted_within

NOW_S = 1_800_000_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "restarts.json"


def test_a_few_restarts_are_allowed_and_more_when_time_has_passed(file: Path) -> None:
    """R62"""
    first = [note_restart(file, NOW_S + number) for number in range(RESTARTS + 2)]
    later = [note_restart(file, NOW_S + WITHIN_S + number) for number in range(RESTARTS + 2)]

    assert first == [True] * RESTARTS + [False] * 2
    assert later == [True] * RESTARTS + [False] * 2
    assert file.stat().st_mode & 0o077 == 0


def test_a_restart_is_remembered_for_a_while(file: Path) -> None:
    before = restarted_within(file, NOW_S, 10.0)
    note_restart(file, NOW_S)

    assert not before
    assert restarted_within(file, NOW_S + 9.0, 10.0)
    assert not restarted_within(file, NOW_S + 11.0, 10.0)


def test_a_clock_that_was_ahead_forbids_nothing(file: Path) -> None:
    file.write_text(json.dumps([NOW_S + 86_400.0] * 5))

    assert not restarted_within(file, NOW_S, 10.0)
    assert note_restart(file, NOW_S)


@pytest.mark.parametrize("text", ["", "{", '["x"]', "null", "[1e999]"])
def test_a_spoilt_file_is_an_empty_one(file: Path, text: str) -> None:
    file.write_text(text)

    assert note_restart(file, NOW_S)
    assert restarted_within(file, NOW_S, 10.0)


def test_a_restart_that_cannot_be_counted_is_not_allowed(file: Path) -> None:
    file.mkdir()

    assert not note_restart(file, NOW_S)
    assert not note_restart(file / "missing" / "restarts.json", NOW_S)
