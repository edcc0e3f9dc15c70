"""A look made ready for the tray of one system, and when it is drawn."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.desktop.icons import Theme
from tray_app.desktop.look import Look, Row
from tray_app.desktop.picture import (
    SPACING_S,
    TEXT_UNITS,
    TIP_UNITS,
    TITLE_UNITS,
    Latest,
    Part,
    changed,
    cut,
    notice,
    picture,
    theme_of,
)

LOOK = Look("running", "Portico", "2 answers on the way", (Row(1, "Copy key & address"),))


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_the_tip_says_what_it_is_and_how_it_goes() -> None:
    assert picture(LOOK, "linux", is_dark=None).tip == "Portico – 2 answers on the way"
    bare = msgspec.structs.replace(LOOK, tip="")
    assert picture(bare, "linux", is_dark=None).tip == "Portico"


def test_only_windows_cuts_a_long_tip() -> None:
    long = msgspec.structs.replace(LOOK, tip="x" * 500)

    assert units(picture(long, "windows", is_dark=True).tip) == TIP_UNITS
    assert len(picture(long, "macos", is_dark=True).tip) == len("Portico – ") + 500


def test_an_ampersand_of_a_row_is_no_shortcut_on_windows() -> None:
    inner = Row(3, "A & B")
    look = msgspec.structs.replace(LOOK, rows=(Row(1, "C & D", rows=(inner,)), Row(2)))

    outer, line = picture(look, "windows", is_dark=True).rows

    assert (outer.label, outer.rows[0].label) == ("C && D", "A && B")
    assert line == Row(2)
    assert picture(look, "macos", is_dark=True).rows == look.rows


def test_nothing_in_a_label_begins_another_line_or_column() -> None:
    look = msgspec.structs.replace(LOOK, rows=(Row(1, "one\ttwo\nthree", checked=True),))

    assert picture(look, "windows", is_dark=True).rows == (Row(1, "one two three", checked=True),)


@pytest.mark.parametrize(
    ("system", "icon", "is_dark", "theme"),
    [
        ("windows", "running", True, "dark"),
        ("windows", "running", False, "light"),
        ("linux", "running", None, "auto"),
        ("macos", "running", False, "template"),
        ("macos", "stopped", True, "template"),
        ("macos", "needs_you", True, "dark"),
        ("macos", "needs_you", False, "light"),
    ],
)
def test_an_icon_suits_what_it_is_drawn_upon(
    system: str, icon: str, is_dark: bool | None, theme: Theme
) -> None:
    assert theme_of(icon, system, is_dark=is_dark) == theme  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("look", "is_dark", "parts"),
    [
        (LOOK, True, ()),
        (LOOK, False, ("image",)),
        (msgspec.structs.replace(LOOK, icon="busy"), True, ("image",)),
        (msgspec.structs.replace(LOOK, tip="waiting"), True, ("tip",)),
        (msgspec.structs.replace(LOOK, rows=(Row(1, "Quit"),)), True, ("rows",)),
        (msgspec.structs.replace(LOOK, icon="busy", tip=""), True, ("image", "tip")),
    ],
)
def test_only_what_changed_is_drawn(look: Look, is_dark: bool, parts: tuple[Part, ...]) -> None:
    before = picture(LOOK, "windows", is_dark=True)

    assert changed(before, picture(look, "windows", is_dark=is_dark)) == parts


def test_the_first_picture_is_drawn_whole() -> None:
    assert changed(None, picture(LOOK, "linux", is_dark=None)) == ("image", "tip", "rows")


def test_a_notice_fits_into_what_windows_takes() -> None:
    title, text = notice("t" * 100, "x" * 1000, "windows")

    assert (units(title), units(text)) == (TITLE_UNITS, TEXT_UNITS)
    assert notice("t" * 100, "x" * 1000, "macos") == ("t" * 100, "x" * 1000)


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_is_whole_characters_and_never_too_long(text: str, limit: int) -> None:
    found = cut(text, limit)

    assert units(found) <= max(limit, 1)
    assert found == text or (found.endswith("…") and text.startswith(found[:-1]))


def test_a_character_of_two_units_is_kept_or_dropped_whole() -> None:
    assert cut("ab😀cd", 5) == "ab😀…"
    assert cut("ab😀cd", 4) == "ab…"
    assert cut("ab😀cd", 6) == "ab😀cd"


def test_of_looks_that_follow_each_other_quickly_the_last_is_drawn() -> None:
    latest = Latest()
    for number in range(3000):
        latest.put(msgspec.structs.replace(LOOK, tip=str(number)))

    assert latest.wait_s(100.0) == 0.0
    assert latest.take(100.0) == msgspec.structs.replace(LOOK, tip="2999")
    assert latest.wait_s(100.0) is None


def test_no_more_is_drawn_in_a_second_than_a_panel_can_take() -> None:
    latest = Latest()
    drawn = 0
    for moment in range(1000):
        latest.put(msgspec.structs.replace(LOOK, tip=str(moment)))
        drawn += latest.take(moment / 1000) is not None

    assert drawn == 1 / SPACING_S


def test_a_look_that_comes_too_soon_waits_for_its_turn() -> None:
    latest = Latest()
    latest.put(LOOK)
    latest.take(7.0)

    latest.put(msgspec.structs.replace(LOOK, tip="later"))

    assert latest.take(7.125) is None
    assert latest.wait_s(7.125) == 0.125
    assert latest.take(7.25) is not None


def test_the_same_look_again_is_nothing_to_draw_unless_it_is_asked_for() -> None:
    latest = Latest()
    assert latest.wait_s(0.0) is None
    assert not latest.has_begun
    latest.put(LOOK)
    latest.take(0.0)

    latest.put(msgspec.structs.replace(LOOK))
    assert latest.take(1.0) is None

    latest.repeat()
    assert latest.take(1.0) == LOOK
    assert latest.has_begun
