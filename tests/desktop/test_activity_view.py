"""What the window *Activity* shows."""

import pytest

from tests.desktop.more_views import PAST, activity
from tests.desktop.snapshots import NOW_S, facts, session
from tray_app.core.deeds import Deed
from tray_app.desktop.activity_view import SHOWN, Watching, activity_view
from tray_app.desktop.windows.parts import ActivityView, Code, Field, Section, Table, Text
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.proxy.activity import HISTORY
from tray_app.proxy.bodies import Body
from tray_app.proxy.status import Run

EN = Words("en")


def section(view: ActivityView, name: str) -> Section:
    [found] = [part for part in view.parts if isinstance(part, Section) and part.id == name]
    return found


def lines(view: ActivityView, name: str) -> list[tuple[str, ...]]:
    """The lines of the table in this section; none where there is no table."""
    tables = [piece for piece in section(view, name).parts if isinstance(piece, Table)]
    return [line.cells for table in tables for line in table.lines]


def test_what_goes_on_is_told_with_how_far_it_is() -> None:
    first, second, third = lines(activity(EN), "now")

    assert first == (
        "Roo Code", "qwen3.7-plus", "≈ 322", "1.4 s", "9.1 s", "Answering",
    )  # fmt: skip
    assert second[2:] == ("", "", "3.0 s", "Qwen was asked")
    assert third[-1] == "Waiting, place 1"


def test_what_ended_is_told_with_why_it_failed_in_words() -> None:
    told = lines(activity(EN), "past")

    assert told[0][1:] == (
        "Roo Code", "qwen3.7-plus", "18 204", "912", "1.2 s", "12.4 s", "ok",
    )  # fmt: skip
    assert [line[-1] for line in told[1:]] == [
        "too fast for Qwen", "ok", "the client left", "Qwen stopped in mid-answer",
    ]  # fmt: skip
    assert told[2][3:5] == ("≈ 420", "≈ 388")


def test_today_is_told_in_numbers() -> None:
    [told] = section(activity(EN), "today").parts

    assert isinstance(told, Text)
    assert told.text == (
        "Requests: 1 204. Failed: 3. Tokens: ≈ 1 820 400 in, "
        "≈ 91 200 out. First token after about 1.1 s."
    )


def test_one_app_is_shown_alone() -> None:
    view = activity(EN, who="open-webui")

    assert view.heading == "Open WebUI"
    assert [line[1] for line in lines(view, "past")] == ["Open WebUI"]
    assert lines(view, "now") == []
    assert [item.note for item in view.aside.items if item.is_chosen] == [
        "Requests in 30 days: 1, failed: 1"
    ]


def test_an_app_has_all_its_requests_counted_and_none_is_gone() -> None:
    notes = {item.label: item.note for item in activity(EN).aside.items}

    assert notes["Roo Code"] == "Requests in 30 days: 1 190, failed: 12"
    assert notes["Cherry Studio"] == "Requests in 30 days: 40"
    assert notes["Open WebUI"] == "Requests in 30 days: 1, failed: 1"


def test_that_older_ones_are_not_listed_is_said() -> None:
    past = tuple(Deed(float(at), "roo", "m") for at in range(HISTORY))
    told, less = (
        [one.id for one in section(activity(EN, past=some), "past").parts]
        for some in (past, past[1:])
    )

    assert "latest" in told
    assert "latest" not in less


def test_only_what_failed_is_shown_and_who_left_is_no_failure() -> None:
    told = lines(activity(EN, only_failed=True), "past")

    assert [line[-1] for line in told] == ["too fast for Qwen", "Qwen stopped in mid-answer"]


def test_where_nothing_was_asked_that_is_said() -> None:
    view = activity_view(Watching(), facts(), EN)

    assert "Nothing is being answered." in [
        piece.text for piece in section(view, "now").parts if isinstance(piece, Text)
    ]
    assert lines(view, "past") == []
    [today] = section(view, "today").parts
    assert isinstance(today, Text)
    assert today.text == "Nothing was asked today."


def test_no_more_is_listed_than_can_be_looked_at() -> None:
    past = tuple(Deed(float(at), "roo", "m") for at in range(SHOWN + 5))

    assert len(lines(activity(EN, past=past), "past")) == SHOWN


def test_every_line_has_an_id_of_its_own() -> None:
    [table] = [one for one in section(activity(EN), "past").parts if isinstance(one, Table)]

    assert len({line.id for line in table.lines}) == len(PAST)
    assert all(len(line.cells) == len(table.columns) for line in table.lines)


def test_what_keeps_apps_from_being_answered_is_above_everything() -> None:
    stopped = activity_view(Watching(), facts(run=Run("stopped")), EN)
    nobody = activity_view(Watching(), facts(status={"session": session("signed_out")}), EN)

    assert [one.id for one in stopped.notices] == ["stopped"]
    assert [button.act for one in nobody.notices for button in one.buttons] == ["sign_in", "bring"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_can_be_drawn_in_every_language(language: str) -> None:
    view = activity(Words(language))

    [switch] = [one for one in section(view, "past").parts if isinstance(one, Field)]
    assert (switch.kind, switch.value) == ("switch", "no")
    assert view.language == Words(language)("language.html")


def test_names_from_elsewhere_are_short_lines_of_text() -> None:
    """S94"""
    deed = Deed(1.0, "<b>\u202egnp\r\n" + "x" * 99, "<script>\x1b[31m", "<img src=x>")
    [told] = lines(activity(EN, past=(deed,)), "past")

    assert all(cell.isprintable() for cell in told)
    assert all(len(cell) <= 60 for cell in told)


KEPT = (
    Body(7, NOW_S, "roo-code", "model: m\n\nuser:\nHello", ["An ", "answer"]),
    Body(6, NOW_S, "other", "x"),
)
ON = facts(status={"bodies_s": 3600})


def test_while_texts_are_kept_that_is_above_everything_with_the_way_to_end_it() -> None:
    """S122"""
    view = activity_view(Watching(), ON, EN)

    assert [one.text for one in view.notices] == [
        "What is asked and answered is kept for 60 min more."
    ]
    assert [button.act for one in view.notices for button in one.buttons] == ["forget"]
    assert not view.notices[0].is_spoken
    assert activity_view(Watching(), facts(), EN).notices == ()


def test_what_is_kept_is_listed_and_one_is_read() -> None:
    view = activity_view(Watching(bodies=KEPT, reading=7, read=("Hello", "An answer")), ON, EN)
    parts = section(view, "texts").parts
    [table] = [one for one in parts if isinstance(one, Table)]

    assert [line.button.act for line in table.lines if line.button] == ["read:7", "read:6"]
    assert [line.cells[1:] for line in table.lines] == [("Roo Code", "30"), ("other", "1")]
    assert [one.text for one in parts if isinstance(one, Code)] == ["Hello", "An answer"]
    [said] = [one for one in parts if isinstance(one, Text)]
    assert said.text.startswith("Roo Code, ")
    assert said.text.endswith("what was asked and answered is below.")
    assert (said.tone, parts[parts.index(said) + 1].id) == ("good", "asked")
    alone = activity_view(Watching(bodies=KEPT, who="other"), ON, EN)
    assert [line[1] for line in lines(alone, "texts")] == ["other"]
