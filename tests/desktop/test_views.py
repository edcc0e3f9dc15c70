"""What windows are told to show."""

import base64

import pytest

from tests.desktop.snapshots import facts
from tray_app.desktop import views
from tray_app.desktop.state import decide
from tray_app.desktop.views import NO, YES
from tray_app.desktop.words import LANGUAGES, Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_can_be_asked_and_refused_in_every_language(language: str) -> None:
    """S19, S39, S49"""
    words = Words(language)
    for view in (
        views.ask_to_pair("https://app.example", words),
        views.ask_for_keyless(words),
        views.ask_for_network("192.168.1.5", words),
        views.ask_to_sign_out("a@example.org", words),
        views.ask_for_session(words),
    ):
        assert view.title
        assert view.text
        assert all(view.facts)
        assert [answer.id for answer in view.answers] == [NO, YES]
        assert view.safe == NO
        assert sum(answer.kind == "default" for answer in view.answers) == 1


def test_what_opens_a_door_is_never_the_default() -> None:
    """S19, S39"""
    words = Words("en")
    for view in (views.ask_for_keyless(words), views.ask_for_network("10.0.0.1", words)):
        assert {answer.id: answer.kind for answer in view.answers} == {NO: "default", YES: "danger"}
    assert "https://app.example" in views.ask_to_pair("https://app.example", words).text
    assert "10.0.0.1" in views.ask_for_network("10.0.0.1", words).text


def test_what_was_wrong_with_a_session_is_told_apart_from_how_it_is_done() -> None:
    view = views.ask_for_session(Words("en"), "There is no session in this.")

    assert view.fault == "There is no session in this."
    assert view.facts == views.ask_for_session(Words("en")).facts
    assert view.field


def test_the_status_is_the_menu_without_its_first_line() -> None:
    decision = decide(facts(), Words("zh"))
    view = views.status_view(decision, Words("zh"))

    assert view.rows == decision.look.rows[1:]
    assert (view.tip, view.language) == (decision.look.tip, "zh-Hans")
    assert base64.b64decode(view.icon.partition(",")[2]).startswith(b"\x89PNG")
