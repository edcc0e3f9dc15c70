"""The file of the statistics, on a real disk and with the real SQLite."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tray_app.core.deeds import DaySum, Deed, Tally
from tray_app.store import StoreError
from tray_app.store.ledger import CACHE_KIB, MARK, STEPS, Ledger, LedgerError, open_ledger, reading

DAY = "2026-11-21"
DEED = Deed(
    1_795_290_000.25, "roo", "qwen3.7-plus", "ok", 4.0, "/chat/completions", 10, 5, True, 1.0,
    "page", 2,
)  # fmt: skip


def begun(path: Path, moved: list[tuple[str, str]] | None = None) -> Ledger:
    told = [] if moved is None else moved
    return open_ledger(
        path,
        lambda: datetime(2026, 11, 21, tzinfo=UTC),
        lambda reason, kept: told.append((reason, kept.name)),
    )


def written(path: Path, *deeds: tuple[str, Deed]) -> None:
    ledger = begun(path)
    ledger.write(deeds or [(DAY, DEED)])
    ledger.close()


def kept(path: Path, first: str = "") -> list[tuple[str, Deed]]:
    with reading(path) as reader:
        return list(reader.deeds(first)) if reader else []


def days(path: Path) -> dict[str, Tally]:
    with reading(path) as reader:
        return reader.tallies("") if reader else {}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "statistics.db"


def test_a_request_is_read_as_it_was_written(path: Path) -> None:
    written(path)

    assert kept(path) == [(DAY, DEED)]
    assert days(path)[DAY].sum_of(DAY) == DaySum(
        DAY, requests=1, input_tokens=10, output_tokens=5, estimated=True, calls=2,
        first_s=1.024, took_s=4.096,
    )  # fmt: skip


def test_only_its_owner_reads_it_and_what_lies_beside_it(path: Path) -> None:
    ledger = begun(path)
    ledger.write([(DAY, DEED)])
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    ledger.close()

    assert modes == dict.fromkeys(
        ["statistics.db", "statistics.db-wal", "statistics.db-shm"], 0o600
    )
    assert [one.name for one in path.parent.iterdir()] == ["statistics.db"]


def test_days_come_to_the_same_as_their_requests(path: Path) -> None:
    ledger = begun(path)
    others = [
        Deed(0.0, "roo", "m", "rate_limited", 1.0),
        Deed(0.0, "cline", "m", "client_left", 1.0, first_s=0.2),
        Deed(0.0, "cline", "n", "ok", 2.0, calls=3),
    ]
    ledger.write([(DAY, DEED), *((DAY, one) for one in others), ("2026-11-20", DEED)])
    counted = Tally()
    for one in (DEED, *others):
        counted.add(one)
    one_day = ledger.tally(DAY)
    ledger.close()

    assert one_day == counted
    assert list(days(path)) == ["2026-11-20", DAY]


def test_days_can_be_added_by_client_and_by_model(path: Path) -> None:
    other = Deed(0.0, "cline", "qwen3-max", "rate_limited", 1.0, first_s=0.2, input_tokens=7)
    written(path, (DAY, DEED), ("2026-11-20", DEED), (DAY, other), ("2026-01-01", other))
    with reading(path) as reader:
        assert reader is not None
        keys = reader.tallies("2026-11-01", "key")
        models = reader.tallies("2026-11-01", "model")
    alone, twice = Tally(), Tally()
    alone.add(other)
    twice.add(DEED)
    twice.add(DEED)

    assert keys == {"cline": alone, "roo": twice}
    assert models == {"qwen3-max": alone, "qwen3.7-plus": twice}


def test_what_days_come_to_outlives_their_requests(path: Path) -> None:
    ledger = begun(path)
    ledger.write([("2025-01-01", DEED), ("2026-11-01", DEED), (DAY, DEED)])
    ledger.prune("2026-11-21", "2026-01-01")
    ledger.close()

    assert kept(path) == [(DAY, DEED)]
    assert list(days(path)) == ["2026-11-01", DAY]


def test_requests_need_not_be_kept_singly(path: Path) -> None:
    ledger = begun(path)
    ledger.write([(DAY, DEED)], singly=False)
    ledger.close()

    assert kept(path) == []
    assert days(path)[DAY].outcomes == {"ok": 1}


def test_of_what_cannot_be_written_whole_nothing_is(path: Path) -> None:
    ledger = begun(path)
    with pytest.raises(OverflowError):
        ledger.write([(DAY, DEED), (DAY, Deed(0.0, "roo", input_tokens=1 << 80))])
    ledger.write([(DAY, DEED)])
    ledger.close()

    assert kept(path) == [(DAY, DEED)]
    assert days(path)[DAY].outcomes == {"ok": 1}


BROKEN = {
    "corrupt": b"SQLite format 3\0" + os.urandom(5000),
    "text": b"day,at,client\n" * 300,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_database_is_kept_aside_and_begun_anew(path: Path, name: str) -> None:
    path.write_bytes(BROKEN[name])
    moved: list[tuple[str, str]] = []
    ledger = begun(path, moved)
    ledger.write([(DAY, DEED)])
    ledger.close()

    [(_, aside)] = moved
    assert aside == "statistics.db.kept-20261121T000000Z"
    assert path.with_name(aside).read_bytes() == BROKEN[name]
    assert kept(path) == [(DAY, DEED)]


def test_a_page_that_went_bad_is_found_when_the_file_is_opened(path: Path) -> None:
    written(path, *([(DAY, DEED)] * 500))
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(os.urandom(4 * 4096))
    moved: list[tuple[str, str]] = []
    begun(path, moved).close()

    assert [reason for reason, _ in moved] in (["corrupt"], ["SQLITE_CORRUPT"])
    assert days(path) == {}


def test_a_file_of_another_program_is_kept_aside(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE music (title)")
    other.close()
    moved: list[tuple[str, str]] = []
    begun(path, moved).close()

    assert [reason for reason, _ in moved] == ["foreign"]
    with sqlite3.connect(path.with_name(moved[0][1])) as again:
        assert again.execute("SELECT name FROM sqlite_schema").fetchall() == [("music",)]
    again.close()


def test_a_file_that_is_begun_meanwhile_is_nobody_elses(tmp_path: Path) -> None:
    over = threading.Event()
    path = [tmp_path / "0.db"]

    def read() -> None:
        while not over.is_set():
            with reading(path[0]):
                pass

    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(read)
        for number in range(60):
            path[0] = tmp_path / f"{number}.db"
            begun(path[0], []).close()
        over.set()
        reads.result()


def test_a_newer_file_is_kept_aside_with_all_that_was_written_to_it(path: Path) -> None:
    newer = Ledger(_made(path), (*STEPS, "CREATE TABLE later (a)"))
    newer.write([(DAY, DEED)])
    before = path.with_name("statistics.db-wal").read_bytes()
    moved: list[tuple[str, str]] = []
    begun(path, moved).close()

    assert [reason for reason, _ in moved] == ["newer"]
    assert path.with_name(f"{moved[0][1]}-wal").read_bytes() == before
    assert days(path) == {}
    newer.close()


def _made(path: Path) -> Path:
    begun(path).close()
    return path


def test_an_older_file_becomes_one_of_this_version_and_loses_nothing(path: Path) -> None:
    written(path)
    steps = (*STEPS, "ALTER TABLE deeds ADD COLUMN cached INTEGER; CREATE TABLE later (a)")
    Ledger(path, steps).close()
    later = sqlite3.connect(path)
    found = later.execute("SELECT key, cached FROM deeds").fetchall()
    version = later.execute("PRAGMA user_version").fetchone()
    later.close()

    assert found == [("roo", None)]
    assert version == (2,)


def test_a_step_that_fails_leaves_the_older_version(path: Path) -> None:
    written(path)
    with pytest.raises(LedgerError):
        Ledger(path, (*STEPS, "CREATE TABLE later (a); CREATE TABLE later (a)"))

    assert kept(path) == [(DAY, DEED)]


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"mine")
    path.symlink_to(target)
    with pytest.raises(StoreError, match="no plain file"):
        begun(path)

    assert target.read_bytes() == b"mine"


def test_where_nothing_was_counted_there_is_nothing_to_read(path: Path) -> None:
    path.touch()

    assert days(path) == {}
    assert days(path.with_name("none.db")) == {}


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (f"PRAGMA application_id = {MARK + 1}", "cannot be read. Start Portico"),
        (f"PRAGMA user_version = {len(STEPS) + 1}", "a newer Portico"),
    ],
)
def test_whoever_only_looks_is_told_what_is_wrong(path: Path, statement: str, why: str) -> None:
    written(path)
    other = sqlite3.connect(path)
    other.execute(statement)
    other.close()

    with pytest.raises(StoreError, match=why), reading(path):
        pass


def test_another_process_reads_while_this_one_writes(path: Path) -> None:
    ledger = begun(path)
    ledger.write([(DAY, DEED)])
    code = (
        "import sys, pathlib; from tray_app.store.ledger import reading\n"
        "with reading(pathlib.Path(sys.argv[1])) as reader:\n"
        "    deeds = reader.deeds('')\n"
        "    next(deeds)\n"
        "    print('reading', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    print(1 + len(list(deeds)))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "reading\n"
        ledger.write([(DAY, DEED)] * 10)
        assert len(kept(path)) == 11
        said, _ = other.communicate("go\n", timeout=10)
    ledger.close()

    assert said == "1\n"
    assert other.returncode == 0


def test_the_latest_requests_are_read_without_the_others(path: Path) -> None:
    deeds = [Deed(float(at), "roo", f"m{at}") for at in range(5)]
    written(path, *((DAY, deed) for deed in deeds))

    with reading(path) as reader:
        assert reader is not None
        assert reader.latest(2) == [deeds[4], deeds[3]]


def test_each_model_is_told_with_its_last_good_answer(path: Path) -> None:
    written(
        path,
        (DAY, Deed(1.0, "roo", "a")),
        (DAY, Deed(2.0, "roo", "a")),
        (DAY, Deed(3.0, "roo", "a", "upstream_error")),
        (DAY, Deed(4.0, "roo", "b", "upstream_error")),
    )

    with reading(path) as reader:
        assert reader is not None
        assert reader.worked() == {"a": 2.0}


def test_what_is_written_does_not_stay_in_memory(tmp_path: Path) -> None:
    ledger = begun(tmp_path / "statistics.db")
    try:
        # As a positive number it would be pages, which are larger.
        assert ledger._first("PRAGMA cache_size") == -CACHE_KIB
    finally:
        ledger.close()
