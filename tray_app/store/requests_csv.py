"""Requests as CSV, and what the requests of a day come to: sizes and times for a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TextIO

from tray_app.core.deeds import DaySum, Deed

_COLUMNS = (
    "day", "at", "client", "route", "model", "outcome", "input_tokens", "output_tokens",
    "estimated", "first_ms", "took_ms", "transport", "calls",
)  # fmt: skip
_SUMS = (
    "requests", "failed", "left", "input_tokens", "output_tokens", "estimated", "first_ms",
    "took_ms", "calls",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t")
"""What a spreadsheet takes for the beginning of a formula."""


def write_requests(deeds: Iterable[tuple[str, Deed]], to: TextIO) -> None:
    """Write requests, each with its day, under a line of names."""
    lines = csv.writer(to, lineterminator="\n")
    lines.writerow(_COLUMNS)
    lines.writerows(_rows(deeds))


def write_sums(by: str, sums: Iterable[DaySum], to: TextIO) -> None:
    """Write what each day comes to, or each client or model, under a line of names.

    Args:
        by: What the names of the sums are: `day`, `client` or `model`.
        sums: The times among them are about the median.
        to: Where they are written.
    """
    lines = csv.writer(to, lineterminator="\n")
    lines.writerow((by, *_SUMS))
    for one in sums:
        tokens, times = (one.input_tokens, one.output_tokens), (one.first_s, one.took_s)
        counts = (one.requests, one.failed, one.left)
        told = (*counts, *tokens, int(one.estimated), *map(_ms, times), one.calls)
        lines.writerow((_plain(one.day), *told))


def _ms(time_s: float | None) -> int | str:
    return "" if time_s is None else round(time_s * 1000)


def _rows(deeds: Iterable[tuple[str, Deed]]) -> Iterator[tuple[object, ...]]:
    for day, deed in deeds:
        at = datetime.fromtimestamp(deed.at_s, UTC)
        yield (
            day,
            f"{at:%Y-%m-%dT%H:%M:%S}Z",
            *map(_plain, (deed.key, deed.route, deed.model, deed.outcome)),
            deed.input_tokens,
            deed.output_tokens,
            int(deed.estimated),
            _ms(deed.first_s),
            round(deed.took_s * 1000),
            deed.transport,
            deed.calls,
        )


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
