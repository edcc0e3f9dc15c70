"""Reports of faults on a real disk."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tray_app.store import StoreError
from tray_app.store.reports import KEPT, newest_untold, read_reports, reports, write_report

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_report_is_for_its_owner_alone_and_only_the_newest_are_kept(tmp_path: Path) -> None:
    """S108"""
    logs = tmp_path / "home" / "logs"
    for number in range(KEPT + 3):
        path = write_report(logs, f"report {number}\n", NOW + timedelta(seconds=number))

        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    told = [text for _, text in read_reports(logs)]
    assert told == [f"report {number}\n" for number in range(KEPT + 2, 2, -1)]
    assert len(list(logs.iterdir())) == KEPT


def test_a_report_is_told_once(tmp_path: Path) -> None:
    write_report(tmp_path, "older", NOW)
    write_report(tmp_path, "newer", NOW + timedelta(seconds=1))

    told = newest_untold(tmp_path)

    assert told is not None
    assert told.read_text() == "newer"
    assert newest_untold(tmp_path) is None
    assert len(reports(tmp_path)) == 2
    write_report(tmp_path, "newest", NOW + timedelta(seconds=2))
    again = newest_untold(tmp_path)
    assert again is not None
    assert again.read_text() == "newest"


def test_where_there_is_no_folder_there_are_no_reports(tmp_path: Path) -> None:
    assert newest_untold(tmp_path / "nowhere") is None
    assert read_reports(tmp_path / "nowhere") == []


def test_what_somebody_planted_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("somebody else's")
    (tmp_path / "fault-1.txt").symlink_to(tmp_path / "other")
    (tmp_path / "fault-2.txt").mkdir()

    assert [text for _, text in read_reports(tmp_path)] == ["It cannot be read: StoreError"] * 2


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")

    with pytest.raises(StoreError):
        write_report(tmp_path / "logs", "report", NOW)
