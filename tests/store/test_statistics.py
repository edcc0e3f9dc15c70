"""Statistics from one run to the next, with real files, processes and clocks that jump."""

import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import until
from tray_app.core.deeds import Deed
from tray_app.store import statistics as module
from tray_app.store.ledger import reading
from tray_app.store.statistics import Statistics, day_of, first_of

NOON_S = 1_795_262_400.0
"""2026-11-21, noon UTC."""
DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk may take as long as it does at the end."""
    monkeypatch.setattr(module, "LAST_S", 60.0)


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    with zone("UTC"):
        yield


@contextmanager
def zone(name: str) -> Iterator[None]:
    """This computer is there."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "statistics.db"


def deed(at_s: float = NOON_S, outcome: str = "ok", key: str = "roo") -> Deed:
    return Deed(at_s, key, "qwen3.7-plus", outcome, 2.0, first_s=1.0)


def kept(path: Path) -> list[Deed]:
    with reading(path) as reader:
        return [one for _, one in reader.deeds("")] if reader else []


def counted(path: Path) -> dict[str, int]:
    """How many requests each day had."""
    with reading(path) as reader:
        days = reader.tallies("") if reader else {}
        return {day: tally.outcomes.total() for day, tally in days.items()}


def test_what_was_counted_is_known_at_once_and_in_the_next_run(path: Path) -> None:
    first = Statistics(path)
    first.note(deed())
    first.note(deed(outcome="rate_limited"))
    at_once = first.today(NOON_S)
    first.close()

    second = Statistics(path)
    second.note(deed())
    until(lambda: second.today(NOON_S).requests == 3)
    last = second.today(NOON_S)
    second.close()

    assert (at_once.requests, at_once.failed) == (2, 1)
    assert (last.requests, last.failed, last.first_s) == (3, 1, at_once.first_s)
    assert counted(path) == {"2026-11-21": 3}


def test_in_memory_nothing_is_written(tmp_path: Path) -> None:
    statistics = Statistics(None)
    statistics.note(deed())
    statistics.close()

    assert statistics.today(NOON_S).requests == 1
    assert list(tmp_path.iterdir()) == []


def test_whoever_only_looks_makes_no_file(path: Path) -> None:
    statistics = Statistics(path)
    statistics.today(NOON_S)
    statistics.keep_days(3)
    statistics.close()

    assert not path.exists()


def test_a_new_day_begins_at_midnight_with_nothing(path: Path) -> None:
    statistics = Statistics(path)
    statistics.note(deed(NOON_S + DAY_S / 2 - 1))
    before = statistics.today(NOON_S + DAY_S / 2 - 1).requests
    after = statistics.today(NOON_S + DAY_S / 2).requests
    statistics.close()

    assert (before, after) == (1, 0)
    assert counted(path) == {"2026-11-21": 1}


def test_a_clock_that_jumps_back_and_forth_counts_nothing_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0.02)
    statistics = Statistics(path)
    for days in (0, -1, 0, -9, 0):
        statistics.note(deed(NOON_S + days * DAY_S))
        until(lambda: len(kept(path)) == sum(counted(path).values()) > 0)
        # What was counted of the days before is let go once all is written.
        until(lambda: len(statistics._tallies) == 1)
    statistics.today(NOON_S - DAY_S)
    until(lambda: statistics.today(NOON_S - DAY_S).requests == 1)
    until(lambda: statistics.today(NOON_S).requests == 3)
    statistics.close()

    assert counted(path) == {"2026-11-12": 1, "2026-11-20": 1, "2026-11-21": 3}
    assert len(kept(path)) == 5


@pytest.mark.parametrize(("begins_s", "hours"), [(1_774_738_800.0, 23), (1_792_879_200.0, 25)])
def test_a_day_on_which_the_clocks_change_is_one_day(begins_s: float, hours: int) -> None:
    with zone("Europe/Berlin"):
        days = [day_of(begins_s + 1800 * half) for half in range(-1, 2 * hours + 1)]

    assert len(set(days)) == 3
    assert days.count(days[1]) == 2 * hours
    assert days == sorted(days)


def test_so_many_days_end_with_the_last_of_them() -> None:
    assert first_of("2026-03-01", 1) == "2026-03-01"
    assert first_of("2026-03-01", 2) == "2026-02-28"


@pytest.mark.parametrize("leap_days", [31, 500, 20_000])
def test_a_clock_that_is_wrong_for_a_moment_loses_nothing(path: Path, leap_days: int) -> None:
    for days in (-390, -20, -1, leap_days, 0, 1):
        statistics = Statistics(path)
        statistics.note(deed(NOON_S + days * DAY_S))
        statistics.close()

    assert len(kept(path)) == 5
    assert len(counted(path)) == 6


def test_after_a_long_pause_the_second_day_clears_away_what_is_old(path: Path) -> None:
    for days in (0, 500, 501):
        statistics = Statistics(path)
        statistics.note(deed(NOON_S + days * DAY_S))
        statistics.close()

    assert len(kept(path)) == len(counted(path)) == 2


def test_single_requests_go_after_their_days_and_what_days_came_to_stays(path: Path) -> None:
    statistics = Statistics(path, days=30)
    for days in (500, 40, 29, 1, 0):
        statistics.note(deed(NOON_S - days * DAY_S))
    statistics.close()
    after_30 = len(kept(path)), len(counted(path))

    statistics = Statistics(path, days=30)
    statistics.today(NOON_S)
    statistics.keep_days(1)
    until(lambda: len(kept(path)) == 1)
    statistics.keep_days(0)
    until(lambda: not kept(path))
    statistics.note(deed())
    statistics.close()

    assert after_30 == (3, 4)
    assert kept(path) == []
    assert sum(counted(path).values()) == 5


@pytest.mark.slow
def test_a_killed_process_loses_the_last_second_at_most(path: Path) -> None:
    code = (
        "import sys, time, pathlib\n"
        "from tray_app.core.deeds import Deed\n"
        "from tray_app.store.statistics import Statistics\n"
        "statistics = Statistics(pathlib.Path(sys.argv[1]))\n"
        "number = 0\n"
        "while True:\n"
        "    number += 1\n"
        "    statistics.note(Deed(time.time(), str(number % 3), 'm'))\n"
        "    print(number, time.monotonic(), flush=True)\n"
        "    time.sleep(0.001)\n"
    )
    known = 0
    for _ in range(4):
        before = len(kept(path))
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            while float(lines[-1].split()[1]) - float(lines[0].split()[1]) < 2.2:
                lines.append(process.stdout.readline())
            process.kill()
            killed_s = float(lines[-1].split()[1])
        sure = sum(float(line.split()[1]) < killed_s - 1.0 for line in lines)
        known = len(kept(path))

        assert sure > 100
        assert known - before >= sure
        assert sum(counted(path).values()) == known
    statistics = Statistics(path)
    until(lambda: statistics.today(time.time()).requests == known)
    statistics.close()
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_broken_file_is_kept_aside_and_said_in_the_log(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"nonsense" * 1000)
    statistics = Statistics(path)
    statistics.note(deed())
    statistics.close()

    assert counted(path) == {"2026-11-21": 1}
    assert len(list(path.parent.glob("statistics.db.kept-*"))) == 1
    assert caplog.text.count("statistics=begun-anew") == 1


@pytest.mark.slow
def test_a_file_that_breaks_while_it_is_written_is_kept_aside_too(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    statistics = Statistics(path)
    statistics.note(deed())
    until(lambda: len(kept(path)) == 1)
    emptied = sqlite3.connect(path)
    emptied.execute("DELETE FROM times")
    emptied.commit()
    emptied.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    emptied.close()
    path.write_bytes(os.urandom(50_000))
    statistics.note(deed())
    until(lambda: "statistics=begun-anew" in caplog.text)
    statistics.close()

    assert counted(path) == {"2026-11-21": 1}
    assert statistics.today(NOON_S).requests == 2


def test_a_file_that_somebody_removes_is_begun_anew(path: Path) -> None:
    statistics = Statistics(path)
    statistics.note(deed())
    until(lambda: len(kept(path)) == 1)
    path.unlink()
    statistics.note(deed(key="cline"))
    statistics.close()

    assert [one.key for one in kept(path)] == ["cline"]


FULL = """
import logging, resource, signal, sys, time, pathlib
from tray_app.core.deeds import Deed
from tests.waiting import until
from tray_app.store import statistics as module
from tray_app.store.statistics import Statistics

logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
module.GATHER_S = 0.02
statistics = Statistics(pathlib.Path(sys.argv[1]), retry_s=0.1)
statistics.note(Deed(time.time(), "roo"))
until(lambda: statistics.latest(9))
resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
for _ in range(5):
    statistics.note(Deed(time.time(), "roo"))
    time.sleep(0.15)
until(lambda: statistics._is_failing)
print("known", statistics.today(time.time()).requests, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
until(lambda: not statistics._is_failing)
statistics.close()
"""


@pytest.mark.slow
def test_where_the_disk_takes_nothing_counting_goes_on_and_is_written_later(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    lines = done.stdout.splitlines()

    assert [line.partition(" reason")[0] for line in lines] == [
        "statistics=in-memory", "known 6", "statistics=written",
    ]  # fmt: skip
    assert sum(counted(path).values()) == 6


class Failing(Statistics):
    """Counts how often the disk took nothing."""

    times = 0

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        self.times += 1


def test_a_folder_that_is_gone_stops_neither_counting_nor_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0.02)
    statistics = Failing(tmp_path / "gone" / "statistics.db", retry_s=0.02)
    for _ in range(3):
        statistics.times = 0
        statistics.note(deed())
        until(lambda: statistics.times)
    began_s = time.monotonic()
    statistics.close()

    assert time.monotonic() - began_s < 1.0
    assert statistics.today(NOON_S).requests == 3
    assert caplog.text.count("statistics=in-memory") == 1


def test_what_cannot_be_counted_costs_itself_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    statistics = Statistics(path)
    statistics.note(Deed(NOON_S, "roo", input_tokens=1 << 80))
    until(lambda: "statistics=lost requests=1" in caplog.text)
    statistics.note(deed())
    statistics.close()

    assert counted(path) == {"2026-11-21": 1}


def test_what_the_file_has_is_read_back_while_it_is_written(path: Path) -> None:
    statistics = Statistics(path)
    assert (statistics.latest(5), statistics.worked()) == ([], {})
    statistics.note(deed())
    statistics.note(deed(NOON_S + 1, "rate_limited"))
    until(lambda: len(statistics.latest(5)) == 2)

    assert [one.outcome for one in statistics.latest(5)] == ["rate_limited", "ok"]
    assert statistics.latest(1) == statistics.latest(5)[:1]
    assert statistics.worked() == {"qwen3.7-plus": NOON_S}
    statistics.close()


def test_in_memory_there_is_no_file_to_read() -> None:
    statistics = Statistics(None)
    statistics.note(deed())

    assert (statistics.latest(5), statistics.worked()) == ([], {})


def test_what_days_keys_and_models_come_to_is_read_back(path: Path) -> None:
    statistics = Statistics(path)
    statistics.note(deed(key="roo"))
    statistics.note(deed(NOON_S - 86_400, "rate_limited", key="other"))
    until(lambda: len(statistics.latest(5)) == 2)

    assert list(statistics.tallies("2026-11-20")) == ["2026-11-20", "2026-11-21"]
    assert list(statistics.tallies("2026-11-21", "key")) == ["roo"]
    assert statistics.tallies("2026-11-20", "key")["other"].sum_of("").failed == 1
    assert Statistics(None).tallies("2026-11-20") == {}
    statistics.close()


def test_what_a_client_called_the_model_reaches_no_file(path: Path) -> None:
    statistics = Statistics(path)
    statistics.note(Deed(NOON_S, "roo", outcome="model_not_found", asked="a-name-of-its-own"))
    until(lambda: len(statistics.latest(5)) == 1)
    statistics.close()

    assert [one.asked for one in statistics.latest(5)] == [""]
    for file in path.parent.iterdir():
        assert b"a-name-of-its-own" not in file.read_bytes()
