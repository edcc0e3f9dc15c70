"""Requests as CSV."""

import csv
import io

from tests.store.test_ledger import DAY, DEED
from tray_app.core.deeds import DaySum, Deed
from tray_app.store.requests_csv import write_requests, write_sums


def written(*deeds: Deed) -> list[dict[str, str]]:
    text = io.StringIO()
    write_requests(((DAY, deed) for deed in deeds), text)
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_a_request_is_a_line_of_sizes_and_times() -> None:
    [line] = written(DEED)

    assert line == {
        "day": "2026-11-21", "at": "2026-11-21T19:40:00Z", "client": "roo",
        "route": "/chat/completions", "model": "qwen3.7-plus", "outcome": "ok",
        "input_tokens": "10", "output_tokens": "5", "estimated": "1", "first_ms": "1000",
        "took_ms": "4000", "transport": "page", "calls": "2",
    }  # fmt: skip


def test_a_name_that_a_spreadsheet_would_run_is_only_text() -> None:
    [line] = written(Deed(0.0, "=1+1", "@x"))

    assert (line["client"], line["model"]) == ("'=1+1", "'@x")


def test_what_days_or_clients_come_to_is_a_line_each() -> None:
    text = io.StringIO()
    day = DaySum("=2026", 5, 2, 1, 100, 50, True, 9, 1.25, None)
    write_sums("client", [day], text)
    [line] = csv.DictReader(io.StringIO(text.getvalue()))

    assert line == {
        "client": "'=2026", "requests": "5", "failed": "2", "left": "1", "input_tokens": "100",
        "output_tokens": "50", "estimated": "1", "first_ms": "1250", "took_ms": "", "calls": "9",
    }  # fmt: skip
