"""Why a request failed, and who was refused at the door."""

from collections.abc import Sequence

import pytest

from tests.desktop.more_views import PAST, activity
from tests.desktop.snapshots import NOW_S, facts
from tests.desktop.test_activity_view import lines, section
from tray_app.core.deeds import LEFT, Deed
from tray_app.core.errors import Kind
from tray_app.desktop.activity_view import Watching, activity_view
from tray_app.desktop.activity_why import id_of, why_button
from tray_app.desktop.numbers import count
from tray_app.desktop.windows.parts import Piece, Table, Text
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.proxy.turned_away import TurnedAwayStatus

EN = Words("en")
STALLED = Deed(
    NOW_S - 60, "roo-code", "qwen3.7-plus", "upstream_stalled", 75.0, "/chat/completions",
    transport="page", calls=2, asked="gpt-9",
)  # fmt: skip


def text(pieces: Sequence[Piece], name: str) -> str:
    """What stands there; empty where there is no such piece."""
    return "".join(one.text for one in pieces if isinstance(one, Text) and one.id == name)


def test_every_line_that_ended_otherwise_than_it_should_says_why_on_request() -> None:
    [table] = [one for one in section(activity(EN), "past").parts if isinstance(one, Table)]

    assert [line.button is not None for line in table.lines] == [False, True, False, True, True]
    button = table.lines[1].button
    assert button is not None
    assert button.act == f"why:{id_of(PAST[1])}"
    assert button.about.startswith("Why: ")
    assert button.about.endswith(", Roo Code")


def test_the_answer_is_a_sentence_what_to_do_and_how_far_it_came() -> None:
    past = section(activity(EN, past=(STALLED,), why=id_of(STALLED)), "past").parts

    assert text(past, "why").partition(", ")[2] == (
        "Roo Code: Qwen fell silent in mid-answer. Ask again, or allow more seconds of silence in "
        "Settings, Connection to Qwen."
    )
    assert text(past, "why-facts") == (
        "Path: /chat/completions. Model asked for: gpt-9. Calls to Qwen: 2. "
        "The last one was made by Qwen's own page."
    )


def test_nothing_is_said_of_a_request_that_is_not_listed() -> None:
    past = section(activity(EN, past=(STALLED,), why="1.0 nobody"), "past").parts

    assert (text(past, "why"), text(past, "why-facts")) == ("", "")


def test_who_asked_for_a_model_that_is_not_there_is_shown_its_name() -> None:
    deed = Deed(1.0, "roo", "", "model_not_found", asked="gpt-9")

    assert lines(activity(EN, past=(deed,)), "past")[0][2] == "gpt-9"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_a_sentence_and_what_to_do_in_every_language(language: str) -> None:
    words = Words(language)
    ends = "。？" if language == "zh" else ".?"
    for code in (*(kind.value for kind in Kind), LEFT):
        said = words.why(code)

        assert said != words.outcome(code)
        assert said[-1] in ends
        assert sum(said.count(end) for end in "。.？?") >= 2, code


def test_a_code_of_another_version_is_told_as_it_is() -> None:
    deed = Deed(1.0, "roo", "m", "some_new_code")

    assert EN.why("some_new_code") == "some new code"
    assert why_button(deed, NOW_S, EN) is not None


def test_who_was_refused_at_the_door_is_told_with_what_to_do() -> None:
    reasons = {"invalid_api_key": 1203, "origin_not_allowed": 1}
    told = facts(status={"turned_away": TurnedAwayStatus(NOW_S, reasons)})
    view = activity_view(Watching(), told, EN)

    assert [line[:2] for line in lines(view, "turned-away")] == [
        ("wrong key", count(1203)), ("web page not allowed", "1"),
    ]  # fmt: skip
    assert "revoked" in lines(view, "turned-away")[0][2]
    alone = activity_view(Watching(who="roo-code"), told, EN)
    nobody = activity_view(Watching(), facts(), EN)
    for other in (alone, nobody):
        assert "turned-away" not in [part.id for part in other.parts]
