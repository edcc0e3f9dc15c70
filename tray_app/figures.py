"""What `portico statistics` tells: what each day came to, or every request, in words or as CSV.

It reads the file itself, whether Portico runs or not, and changes nothing.
"""

import argparse
import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tray_app.core.deeds import DaySum
from tray_app.core.errors import Kind
from tray_app.store import StoreError
from tray_app.store.paths import Paths
from tray_app.store.requests_csv import write_requests, write_sums
from tray_app.store.statistics import ROLLED_DAYS, day_of, first_of
from tray_app.streams import speak_utf8

if TYPE_CHECKING:
    from tray_app.store.ledger import By, Reader

SHOWN_DAYS = 7
_BY: "dict[str, By]" = {"day": "day", "client": "key", "model": "model"}


def figures(arguments: argparse.Namespace, paths: Paths) -> int:
    """Print or export statistics; returns the exit code, and raises `StoreError`."""
    from tray_app.store.ledger import reading

    usual = SHOWN_DAYS if arguments.csv is None else ROLLED_DAYS
    first = first_of(day_of(time.time()), arguments.days or usual)
    with reading(_file(paths, practice=arguments.practice)) as reader:
        if arguments.csv is None:
            _print(reader, first, arguments.by or "day")
        elif arguments.csv == "-":
            speak_utf8()
            _export(reader, first, arguments.by, sys.stdout)
        else:
            _export_to(Path(arguments.csv), reader, first, arguments.by)
    return 0


def _file(paths: Paths, *, practice: bool) -> Path:
    """Where the figures are; whoever only practised so far is shown what came of that."""
    if practice:
        return paths.practice_statistics
    if not paths.statistics.exists() and paths.practice_statistics.exists():
        print("These are of practice mode: nothing else was asked yet.", file=sys.stderr)
        return paths.practice_statistics
    return paths.statistics


def today_line(today: DaySum) -> str:
    """What today came to, in one line."""
    if not today.requests:
        return "no requests yet"
    parts = [f"{today.requests:,} request{'s' if today.requests > 1 else ''}"]
    if today.failed:
        parts.append(f"{today.failed:,} failed")
    about = "about " if today.estimated else ""
    parts.append(f"{about}{today.input_tokens:,} tokens in and {today.output_tokens:,} out")
    if today.first_s is not None:
        parts.append(f"first token after about {today.first_s:.1f} s")
    return ", ".join(parts)


def turned_away_line(since_s: float, reasons: Mapping[str, int]) -> str:
    """How many were refused at the door today and why, in one line; empty where nobody was.

    Args:
        since_s: Unix seconds since when they are counted.
        reasons: By the code of the error.
    """
    if not reasons:
        return ""
    told = ", ".join(f"{_title(code)}: {count:,}" for code, count in reasons.items())
    return f"{told} (since {datetime.fromtimestamp(since_s, UTC).astimezone():%H:%M})"


def _title(code: str) -> str:
    title = Kind(code).row.title
    return title[0].lower() + title[1:]


def _print(reader: "Reader | None", first: str, by: str) -> None:
    tallies = reader.tallies(first, _BY[by]) if reader else {}
    if not tallies:
        print(f"Nothing was counted since {first}.")
        return
    names = fitted([by, *(name or "(none)" for name in tallies)], 20)
    print(f"{names[0]}  requests  failed      tokens in     tokens out  first token      whole")
    for shown, (name, tally) in zip(names[1:], tallies.items(), strict=True):
        one = tally.sum_of(name)
        print(
            f"{shown}  {one.requests:>8,}  {one.failed:>6,}  {one.input_tokens:>13,}"
            f"  {one.output_tokens:>13,}  {_seconds(one.first_s):>11}  {_seconds(one.took_s):>9}"
        )


def fitted(names: Sequence[str], least: int) -> list[str]:
    """Names of equal width as a terminal draws them, at least so many columns."""
    widths = [sum(_columns(one) for one in name) for name in names]
    most = max([least, *widths])
    return [name + " " * (most - width) for name, width in zip(names, widths, strict=True)]


def cut(line: str, columns: int) -> str:
    """A line of no more columns than a terminal has; what is left out is marked."""
    width = 0
    fits = 0
    for at, char in enumerate(line):
        width += _columns(char)
        if width > columns:
            return f"{line[:fits]}…"
        if width < columns:
            fits = at + 1
    return line


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def _seconds(time_s: float | None) -> str:
    return "" if time_s is None else f"{time_s:.1f} s"


def _export_to(path: Path, reader: "Reader | None", first: str, by: str | None) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            _export(reader, first, by, file)
    except FileExistsError:
        raise StoreError(f"{path} is there already. Choose another name.") from None
    except (OSError, StoreError) as error:
        with suppress(OSError):
            path.unlink()
        if isinstance(error, StoreError):
            raise
        why = error.strerror or type(error).__name__
        raise StoreError(f"{path} cannot be written: {why}. Choose another place.") from None
    what = "requests" if by is None else f"sums by {by}"
    print(f"The {what} are in {path} now.", file=sys.stderr)


def _export(reader: "Reader | None", first: str, by: str | None, to: TextIO) -> None:
    """Every request, or what each day, client or model comes to."""
    if by is None:
        write_requests(reader.deeds(first) if reader else (), to)
        return
    tallies = reader.tallies(first, _BY[by]) if reader else {}
    write_sums(by, (tally.sum_of(name) for name, tally in tallies.items()), to)
