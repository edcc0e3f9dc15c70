"""Where things stay in a pane while others change, in the web engine that draws them."""

import json

import pytest
from msgspec.structs import replace

from tests.desktop.screen import Screen
from tests.desktop.windows.test_pages_drawn import looked_at, showing
from tests.desktop.windows.test_panes_drawn import settings, told
from tests.desktop.windows.views import ASIDE, CONNECT, COPY, PASTE, SETTINGS
from tray_app.desktop.windows.parts import (
    Button,
    Choice,
    Code,
    Column,
    Line,
    Part,
    Section,
    Table,
    Text,
    Tone,
    Value,
)

pytestmark = pytest.mark.desktop
DRAIN = "portico.drain()"
SCROLLED = "Math.round(document.getElementById('main').scrollTop)"


def of(*parts: Part) -> str:
    """A script that shows these parts."""
    return showing(replace(SETTINGS, parts=parts))


def high(name: str, lines: int = 60) -> Text:
    """A text of so many lines."""
    return Text(name, "\n".join(f"{name} {at}" for at in range(lines)))


def scrolled(to: int, where: str = "#main") -> str:
    return f"document.querySelector('{where}').scrollTop = {to}; 1"


def top_of(text: str, tag: str) -> str:
    """A script that says where the element with this text begins."""
    found = f"[...document.querySelectorAll('{tag}')].find((one) => one.textContent === '{text}')"
    return f"Math.round({found}.getBoundingClientRect().top)"


def table(first: int) -> Table:
    """Lines from this number on to the last one."""
    lines = tuple(Line(str(at), (f"Line {at}",)) for at in range(first, 200))
    return Table("t", "Things", (Column("Name"),), lines)


def test_lines_that_come_in_above_move_nothing_that_is_read(screen: Screen) -> None:
    where = top_of("Line 140", "td")
    scripts = (of(table(100)), scrolled(1000, ".table"), where, of(table(95)), where)
    more = (scrolled(0, ".table"), of(table(90)), "document.querySelector('.table').scrollTop")

    found = looked_at(screen, "settings", *scripts, *more)

    assert found[2] == found[4]
    assert found[7] == 0


def test_a_part_that_grows_or_shrinks_above_moves_nothing_that_is_read(screen: Screen) -> None:
    def grown(lines: int) -> str:
        return of(
            Section("now", "Now", (high("now", lines),)),
            Section("past", "Past", (Text("a", "First"), Text("b", "Read"), high("c"))),
        )

    where = top_of("Read", ".words")
    scripts = (grown(20), scrolled(500), where, grown(40), where, grown(3), where)

    found = looked_at(screen, "settings", *scripts, scrolled(0), grown(20), SCROLLED)

    assert found[2] == found[4] == found[6]
    assert found[9] == 0


def news(tone: Tone, text: str) -> str:
    press = Button("try", "Try")
    return of(
        Section("one", "One", (Text("now", "", buttons=(press,)), high("a"), Text("n", text, tone)))
    )


TRY = (
    "const one = document.querySelector('#parts .button');"
    "one.focus({ preventScroll: true }); one.click(); 1"
)


@pytest.mark.parametrize(
    ("before", "after", "comes"),
    [
        (("quiet", "None"), ("good", "It works."), True),
        (("busy", "Asking"), ("bad", "It does not."), True),
        (("quiet", "None"), ("quiet", "One app asked"), False),
        (("plain", "1"), ("plain", "2"), False),
    ],
)
def test_what_came_of_a_press_is_brought_into_sight_and_nothing_else(
    screen: Screen, before: tuple[Tone, str], after: tuple[Tone, str], comes: bool
) -> None:
    found = looked_at(screen, "settings", news(*before), TRY, news(*after), SCROLLED)

    assert (found[3] > 0) is comes


def test_what_an_app_brings_long_after_a_press_moves_nothing(screen: Screen) -> None:
    quiet, good = news("quiet", "None"), news("good", "Kept")

    found = looked_at(screen, "settings", quiet, TRY, 3.2, good, SCROLLED)

    assert found[4] == 0


def test_what_takes_long_is_brought_into_sight_when_it_is_over(screen: Screen) -> None:
    busy, good = news("busy", "Asking"), news("good", "It works.")
    scripts = (news("quiet", "None"), TRY, busy, scrolled(0), 3.2, busy, SCROLLED, good, SCROLLED)

    found = looked_at(screen, "settings", *scripts)

    assert found[6] == 0
    assert found[8] > 0


def test_a_search_that_is_over_leaves_no_word_in_its_field(screen: Screen) -> None:
    def searching(query: str) -> str:
        return showing(replace(CONNECT, aside=replace(ASIDE, query=query)))

    typing = "const one = document.getElementById('search'); one.focus(); one.value = 'zed'; 1"
    value = "document.getElementById('search').value"
    leaving = "document.getElementById('search').blur(); 1"
    scripts = (searching(""), typing, searching("ze"), value, leaving, searching(""), value)

    found = looked_at(screen, "connect", *scripts)

    assert (found[3], found[6]) == ("zed", "")


def click(times: int) -> str:
    """A script that does what the mouse does that clicks so often at the same place."""
    return (
        "(() => { const one = document.querySelector('.of-entry .button');"
        f"for (let at = 1; at <= {times}; at += 1)"
        " one.dispatchEvent(new MouseEvent('click', { bubbles: true, detail: at })); })(); 1"
    )


def test_a_second_press_on_what_is_under_way_is_none(screen: Screen) -> None:
    typing = "document.querySelector('.of-entry input').value = 'mine'; 1"
    enter = (
        "document.querySelector('.of-entry input')"
        ".dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' })); 1"
    )
    scripts = (showing(SETTINGS), typing, click(2), DRAIN, enter, DRAIN)
    made = settings(entry={"value": "", "note": "Made"})

    found = looked_at(screen, "settings", *scripts, showing(made), typing, enter, enter, DRAIN)

    assert told(found[3]) == [("set:entry", "mine")]
    assert told(found[5]) == []
    assert told(found[10]) == [("set:entry", "mine")]


def test_what_only_counts_down_is_spoken_to_nobody(screen: Screen) -> None:
    counting = replace(
        SETTINGS,
        notices=(Text("a", "5 min", "bad", is_spoken=False), Text("b", "Stopped", "bad")),
    )
    live = (
        "JSON.stringify([...document.querySelectorAll('#notices .words')]"
        ".map((one) => one.getAttribute('aria-live')))"
    )

    found = looked_at(screen, "settings", showing(counting), live)

    assert json.loads(found[1]) == ["off", None]


def test_a_long_line_of_text_is_broken_inside_its_frame(screen: Screen) -> None:
    wide = "(([one]) => one.scrollWidth > one.clientWidth)(document.querySelectorAll('pre'))"
    long = Code("c", "Text", "word " * 400 + "x" * 2000)

    found = looked_at(screen, "settings", of(long), wide)

    assert found[1] is False


def test_the_largest_number_can_be_read_in_a_narrow_window_with_large_letters(
    screen: Screen,
) -> None:
    larger = "document.documentElement.style.fontSize = '200%'; 1"
    is_whole = "((one) => one.scrollWidth <= one.clientWidth)"
    number = f"{is_whole}(document.querySelector('.of-number input'))"
    view = showing(settings(number={"value": "41839"}))

    found = looked_at(screen, "settings", view, larger, number, width=420)

    assert found[2] is True


def test_the_longest_choice_can_be_read(screen: Screen) -> None:
    longest = Choice("b", "Refuse it and name a model that can look")
    reset = Button("reset:choice", "Back to the default")
    choices = {"choices": (Choice("a", "Short"), longest), "button": reset}
    missing = (
        "(() => { const one = document.querySelector('.of-choice select');"
        "const whole = one.cloneNode(true); whole.style.width = 'max-content';"
        "whole.style.position = 'fixed'; document.body.append(whole);"
        "return whole.offsetWidth - one.offsetWidth; })()"
    )

    found = looked_at(screen, "settings", showing(settings(choice=choices)), missing, width=900)

    assert found[1] <= 0


@pytest.mark.parametrize("width", [660, 780, 900])
def test_an_address_is_broken_over_two_lines_at_most(screen: Screen, width: int) -> None:
    address = Value("a", "Base URL for apps", "http://127.0.0.1:12386/v1", (COPY,))
    lines = (
        "(() => { const one = document.querySelector('.value code');"
        "const { lineHeight, paddingTop } = getComputedStyle(one);"
        "return (one.offsetHeight - 2 * parseFloat(paddingTop)) / parseFloat(lineHeight) })()"
    )

    found = looked_at(
        screen, "connect", of(Section("s", "Address", (address,))), lines, width=width
    )

    assert found[1] < 2.5


def test_what_is_typed_is_in_sight_where_a_question_outgrows_its_window(screen: Screen) -> None:
    long = replace(PASTE, facts=tuple("A long way to do it. " * 9 for _ in "abc"))
    inside = (
        "document.querySelector('#typed').getBoundingClientRect().bottom"
        " <= document.querySelector('.foot').getBoundingClientRect().top + 1"
    )

    found = looked_at(screen, "question", showing(long), inside, width=480)

    assert found[1] is True
