"""What the last days came to, by day, app or model."""

import pytest

from tests.desktop.more_views import SUMS, activity
from tests.desktop.test_activity_view import lines, section
from tray_app.core.deeds import DaySum
from tray_app.desktop.activity_days import GROUPS, SPANS, Days, in_order
from tray_app.desktop.connect_view import Said
from tray_app.desktop.numbers import count
from tray_app.desktop.windows.parts import Button, Field, Table, Text
from tray_app.desktop.words import LANGUAGES, Words

EN = Words("en")


def test_every_day_is_a_line_of_numbers() -> None:
    today, before = lines(activity(EN), "days")

    assert today[0] == "2026-09-21"
    assert today[1:] == (
        count(1204), "3", count(1_820_400, about=True), count(91_200, about=True), "1.1 s", "8.2 s",
    )  # fmt: skip
    assert before[2] == ""


def test_apps_and_models_have_their_names() -> None:
    apps = activity(EN, days=Days(by="key", sums=(DaySum("roo-code", requests=2),)))
    models = activity(EN, days=Days(by="model", sums=(DaySum("", requests=2),)))

    assert lines(apps, "days")[0][:2] == ("Roo Code", "2")
    assert lines(models, "days")[0][0] == "Unknown"


def test_days_begin_with_the_newest_and_the_others_with_the_most_used() -> None:
    days = [DaySum("2026-09-20"), DaySum("2026-09-21")]
    apps = [DaySum("a", requests=1), DaySum("c", requests=5), DaySum("b", requests=5)]

    assert [one.day for one in in_order(days, "day")] == ["2026-09-21", "2026-09-20"]
    assert [one.day for one in in_order(apps, "key")] == ["b", "c", "a"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_span_and_grouping_are_chosen_in_every_language(language: str) -> None:
    pieces = section(activity(Words(language)), "days").parts
    fields = {one.id: one for one in pieces if isinstance(one, Field)}

    assert [one.id for one in fields["span"].choices] == [str(span) for span in SPANS]
    assert [one.id for one in fields["by"].choices] == list(GROUPS)
    assert [len(one.lines) for one in pieces if isinstance(one, Table)] == [len(SUMS)]


def test_where_nothing_was_counted_there_is_no_table_and_one_app_alone_has_none() -> None:
    pieces = section(activity(EN, days=Days()), "days").parts

    assert "There is nothing here yet." in [one.text for one in pieces if isinstance(one, Text)]
    assert "days" not in [part.id for part in activity(EN, who="roo-code").parts]


def test_what_was_saved_is_told_where_it_was_asked_for() -> None:
    saved = Said("good", "Saved: /x.csv")
    pieces = section(activity(EN, days=Days(saved=saved)), "days").parts

    assert Text("saved-days", "Saved: /x.csv", "good", (Button("open", "Open folder"),)) in pieces
