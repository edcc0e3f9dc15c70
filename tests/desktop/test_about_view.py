"""What the window *About* shows."""

import platform
from pathlib import Path

import pytest

from tests.desktop.more_views import about
from tray_app import __version__
from tray_app.desktop.about_view import PAGES, Reading, about_view
from tray_app.desktop.connect_view import Said
from tray_app.desktop.windows.parts import (
    AboutView,
    Button,
    Buttons,
    Code,
    Part,
    Section,
    Table,
    Text,
    Value,
)
from tray_app.desktop.words import LANGUAGES, Words

EN = Words("en")


def pieces(view: AboutView) -> list[Part]:
    """Every part, those of sections too."""
    return [
        piece
        for part in view.parts
        for piece in (part.parts if isinstance(part, Section) else (part,))
    ]


def buttons(view: AboutView) -> list[Button]:
    return [
        button
        for piece in pieces(view)
        if isinstance(piece, Text | Buttons | Value)
        for button in piece.buttons
    ]


def test_versions_and_the_data_folder_are_told() -> None:
    told = {one.label: one.text for one in pieces(about(EN)) if isinstance(one, Value)}

    assert told["Version"] == f"Portico {__version__}"
    assert platform.python_version() in told["Python"]
    assert told["Data folder"] == "/home/a/.local/share/portico"
    assert told["System"] == platform.platform()


def test_it_says_whose_program_it_is_not() -> None:
    first = pieces(about(EN))[0]

    assert isinstance(first, Text)
    assert "not affiliated with Qwen" in first.text


def test_what_is_brought_along_is_told_with_its_licence() -> None:
    """P17"""
    [table] = [one for one in pieces(about(EN, "components")) if isinstance(one, Table)]

    assert table.lines[0].cells == ("aiohttp", "3.14.5", "Apache-2.0 AND MIT")
    assert "open_licences" in [one.act for one in buttons(about(EN, "components"))]


def test_nothing_can_be_saved_before_it_is_shown() -> None:
    """S109"""
    before = about_view(Reading(page="diagnostics", home=Path("/h")), EN)
    after = about(EN, "diagnostics")

    assert [one.act for one in buttons(before)] == ["gather"]
    assert not [one for one in pieces(before) if isinstance(one, Code)]
    assert [one.act for one in buttons(after)] == ["gather", "save", "copy_all", "open"]
    assert [one.text for one in pieces(after) if isinstance(one, Code)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_drawn_in_every_language(page: str, language: str) -> None:
    view = about(Words(language), page)

    assert [item.act for item in view.aside.items if item.is_chosen] == [f"show:{page}"]
    assert view.heading == Words(language)(f"about.{page}")


def test_the_button_that_removes_everything_asks_first() -> None:
    """P19"""
    before = about_view(Reading(page="remove", home=Path("/h")), EN)
    asked = about_view(Reading(page="remove", home=Path("/h"), is_removing=True), EN)
    busy = Said("busy", "...")
    going = about_view(Reading(page="remove", home=Path("/h"), is_removing=True, removing=busy), EN)

    assert [(one.act, one.kind) for one in buttons(before)] == [("remove", "danger")]
    assert [(one.act, one.kind) for one in buttons(asked)] == [
        ("remove_keep", "plain"), ("remove_sure", "danger"),
    ]  # fmt: skip
    assert buttons(going) == []
