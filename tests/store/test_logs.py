"""Logs on a real disk: S103, S104, S107, R58, R59."""

import asyncio
import logging
import os
import stat
import subprocess
import sys
import threading
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tray_app.core.redact import Redactor
from tray_app.store import log_queue
from tray_app.store.logs import start_logging, stop_logging

CANARY = "cAnary/7f3a+9c=="
MEBIBYTE = 1 << 20
_log = logging.getLogger("tray_app.test")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's thread may be held up for as long as it is."""
    monkeypatch.setattr(log_queue, "_FLUSH_S", 60.0)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which logging is on, at debug."""
    start_logging(tmp_path, "debug", Redactor([CANARY]))
    yield tmp_path
    stop_logging()


def written() -> None:
    """What was said so far is on the disk; the log has a thread of its own."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def lines(folder: Path) -> list[str]:
    written()
    return (folder / "portico.log").read_text().split("\n")[:-1]


def by_argument() -> None:
    _log.info("GET /v1/models?a=%s&b=1", CANARY)


def by_message() -> None:
    _log.info(f"Referer: http://x/{CANARY}")


def by_header() -> None:
    _log.info("refused header=%r", (b"Authorization", b"Bearer\t" + CANARY.encode()))


def by_long_header() -> None:
    _log.info("refused header=%s", CANARY * 1000)


def by_object() -> None:
    _log.info({"cookies": [CANARY]})


def by_base64() -> None:
    _log.info("data=%s", b64encode(b"x" + CANARY.encode()).decode())


def by_exception() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        _log.exception("request=failed")


def by_chain() -> None:
    try:
        try:
            try:
                raise KeyError(CANARY)
            except KeyError as error:
                raise ValueError(f"inner {CANARY}") from error
        except ValueError:
            raise ExceptionGroup("outer", [OSError(CANARY), OSError(2, CANARY, CANARY)])  # noqa: B904
    except ExceptionGroup:
        _log.error("request=failed", exc_info=True, stack_info=True)


def by_child() -> None:
    logging.getLogger("tray_app.test.child.grandchild").debug(CANARY)


def by_library() -> None:
    logging.getLogger("aiohttp.client").warning("Can not load cookie: %r", CANARY)


def by_loop() -> None:
    async def fail() -> None:
        asyncio.get_running_loop().call_soon(int, CANARY)
        await asyncio.sleep(0)

    asyncio.run(fail())


def by_lost_task() -> None:
    loop = asyncio.new_event_loop()
    loop.call_exception_handler({"message": CANARY, "exception": ValueError(CANARY)})
    loop.close()


def by_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(CANARY, ResourceWarning, stacklevel=1)


WAYS = [
    by_argument, by_message, by_header, by_long_header, by_object, by_base64, by_exception,
    by_chain, by_child, by_library, by_loop, by_lost_task, by_warning,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_taken_out_whatever_way_it_comes(folder: Path, way: Callable[[], None]) -> None:
    """S107"""
    way()

    [line] = lines(folder)
    assert "[redacted]" in line
    assert "anary" not in line
    assert b64encode(b"x" + CANARY.encode()).decode()[2:-3] not in line


def test_a_secret_learnt_later_is_taken_out_from_then_on(tmp_path: Path) -> None:
    redactor = Redactor()
    start_logging(tmp_path, "info", redactor)

    redactor.learn("learnt-later-on")
    _log.info("learnt-later-on")
    stop_logging()

    assert "learnt" not in (tmp_path / "portico.log").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "a\nb", "a\r\nb", "a\x00b", "a\u2028b\u2029c", "a\x1b[31mb", "a\x85b\x0bc", "\ud800",
        "\u202egnp.exe\u202c", "<img src=x onerror=alert(1)>", "</script>", "{{7*7}} %s {0}",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_record_is_one_line_whatever_it_says(
    folder: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S94"""
    root = logging.getLogger()
    # The test runner keeps records as well, and cannot send half a surrogate between processes.
    ours = [one for one in root.handlers if not type(one).__module__.startswith("_pytest")]
    monkeypatch.setattr(root, "handlers", ours)
    _log.info("before %s after", text)
    _log.info("next")
    written()

    whole = (folder / "portico.log").read_bytes().decode()
    assert len(whole.splitlines()) == 2
    assert whole.splitlines()[0].endswith("after")
    assert all(char.isprintable() or char == "\n" for char in whole)


def test_a_line_has_its_time_level_and_place(folder: Path) -> None:
    _log.warning("chat=done took=%.1f", 1.25)

    [line] = lines(folder)
    moment, level, name, *message = line.split(" ")
    assert moment.endswith("+00:00")
    assert (level, name, message) == ("WARNING", "tray_app.test", ["chat=done", "took=1.2"])


def test_a_huge_record_is_cut(folder: Path) -> None:
    _log.info("x" * MEBIBYTE)

    [line] = lines(folder)
    assert len(line) < 9000


def test_a_huge_traceback_keeps_its_end(folder: Path) -> None:
    try:
        raise ValueError("what it is about")
    except ValueError:
        _log.exception("x" * MEBIBYTE)

    [line] = lines(folder)
    assert line.endswith("ValueError: what it is about")


class _Unsayable:
    def __str__(self) -> str:
        raise RuntimeError("never")


@pytest.mark.parametrize("arguments", [("text",), (1, 2, 3), (_Unsayable(),), ()])
def test_a_record_that_cannot_be_put_together_is_no_error(
    folder: Path, arguments: tuple[object, ...]
) -> None:
    """R58"""
    _log.info("%d of %s", *arguments)
    _log.info("next")

    assert lines(folder)[-1].endswith("next")


@pytest.mark.parametrize(
    ("level", "told"),
    [("debug", 3), ("info", 2), ("INFO", 2), ("warning", 1), ("error", 0), ("nonsense", 2)],
)
def test_the_level_decides_what_is_kept(tmp_path: Path, level: str, told: int) -> None:
    start_logging(tmp_path, level, Redactor())
    for say in (_log.debug, _log.info, _log.warning):
        say("said")
    stop_logging()

    log = tmp_path / "portico.log"
    assert len(log.read_text().splitlines() if log.exists() else []) == told


def test_starting_again_replaces_what_was_there(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    start_logging(other, "info", Redactor())
    _log.info("once")

    assert len(lines(other)) == 1
    assert not (folder / "portico.log").exists()


@pytest.mark.slow
def test_the_files_of_a_log_under_load_stay_small_private_and_few(folder: Path) -> None:
    """R59, S103"""
    before = os.umask(0)
    try:
        work = [threading.Thread(target=write, args=(800,)) for _ in range(3)]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    finally:
        written()
        os.umask(before)

    files = list(folder.glob("portico.log*"))
    assert len(files) == 5
    assert sum(file.stat().st_size for file in files) <= 10 * MEBIBYTE
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(line.endswith("x") for line in lines(folder))


def write(records: int) -> None:
    for _ in range(records):
        _log.info("x" * 3800)


def test_a_log_that_was_deleted_is_made_again(folder: Path) -> None:
    """R59"""
    _log.info("one")
    written()
    (folder / "portico.log").unlink()
    _log.info("two")

    [line] = lines(folder)
    assert line.endswith("two")


def test_a_log_that_was_exchanged_for_another_is_left(folder: Path) -> None:
    """R59, S104"""
    elsewhere = folder / "elsewhere"
    elsewhere.write_text("theirs")
    _log.info("one")
    written()
    (folder / "portico.log").unlink()
    (folder / "portico.log").symlink_to(elsewhere)
    _log.info("two")
    written()

    assert elsewhere.read_text() == "theirs"


def test_a_rotation_that_fails_is_made_good_later(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R59"""
    older = folder / "portico.log.1"
    older.write_text("older\n")
    blocked = folder / "portico.log.new"
    (blocked / "inside").mkdir(parents=True)
    write(700)
    written()
    assert older.read_text() == "older\n"
    (blocked / "inside").rmdir()
    blocked.rmdir()
    write(1)
    written()

    assert capsys.readouterr().err.count("the log cannot be written") == 1
    assert lines(folder)[-1].endswith("x")
    assert (folder / "portico.log.1").stat().st_size <= 2 * MEBIBYTE


@pytest.mark.parametrize("plant", ["link", "fifo", "folder"])
def test_a_log_that_is_no_plain_file_is_refused_and_told_once(
    folder: Path, plant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """S104"""
    path, elsewhere = folder / "portico.log", folder / "elsewhere"
    elsewhere.write_text("theirs")
    if plant == "link":
        path.symlink_to(elsewhere)
    elif plant == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()

    _log.info("one")
    _log.info("two")
    written()

    assert elsewhere.read_text() == "theirs"
    assert capsys.readouterr().err.count("the log cannot be written") == 1


FULL = """
import logging, pathlib, resource, sys
from tray_app.core.redact import Redactor
from tray_app.store import log_queue
from tray_app.store.logs import has_failed, start_logging, stop_logging
log_queue._FLUSH_S = 60.0
start_logging(pathlib.Path(sys.argv[1]), "info", Redactor())
logging.info("before")
[log] = logging.getLogger().handlers
log.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (400, resource.RLIM_INFINITY))
for number in range(500):
    logging.info("number %d", number)
log.flush()
if sys.argv[2] == "recovers":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    logging.info("after")
log.flush()
print(has_failed())
stop_logging()
print("went on")
"""


@pytest.mark.parametrize("how", ["recovers", "stays full"])
def test_a_full_disk_is_told_once_and_stops_nothing(tmp_path: Path, how: str) -> None:
    """R58"""
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), how],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert ended.stdout == "True\nwent on\n"
    assert ended.stderr == "portico: the log cannot be written. Check the disk.\n"
    kept = (tmp_path / "portico.log").read_text()
    assert "before" in kept.splitlines()[0]
    assert kept.endswith("after\n") == (how == "recovers")
