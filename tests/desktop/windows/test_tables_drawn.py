"""Windows that have tables, in the web engine that draws them."""

import json

import pytest
from msgspec.structs import replace

from tests.desktop.more_views import LIVE, PAST, REFUSED, SUMS, about, activity, models, reading
from tests.desktop.screen import Screen
from tests.desktop.snapshots import NOW_S, facts
from tests.desktop.windows.test_pages_drawn import looked_at, showing
from tests.desktop.windows.test_panes_drawn import _AXE, axe
from tests.desktop.windows.views import HOSTILE
from tests.desktop.windows.window_child import Child
from tests.waiting import until
from tray_app.core.deeds import Deed
from tray_app.desktop.activity_view import Watching, activity_view
from tray_app.desktop.windows import WindowName
from tray_app.desktop.windows.messages import Pressed, Ready, Show, View
from tray_app.desktop.windows.parts import Button, Column, Line, ModelsView, Table
from tray_app.desktop.words import Words
from tray_app.proxy.bodies import Body

pytestmark = pytest.mark.desktop
EN = Words("en")
ZH = Words("zh")
VIEWS: dict[str, View] = {
    "activity": activity(EN),
    "reading": reading(EN),
    "models": models(EN),
    "about": about(EN),
    "licences": about(EN, "components"),
    "diagnostics": about(EN, "diagnostics"),
    "activity-zh": activity(ZH),
    "models-zh": models(ZH),
}
BODY = "[...document.querySelectorAll('#parts tbody tr')].map((row) => row.textContent)"


def name_of(view: View) -> WindowName:
    return view.__struct_config__.tag  # type: ignore[return-value]


def shown(screen: Screen, children: list[Child], view: View) -> Child:
    child = Child(screen, name_of(view))
    children.append(child)
    child.say(Show(view))
    assert child.hear() == Ready()
    until(lambda: screen.active() == view.title)
    return child


def table(*lines: Line) -> ModelsView:
    columns = (Column("Name"), Column("Size", is_number=True))
    return replace(models(EN), parts=(Table("t", "Things", columns, lines),))


def test_lines_that_come_in_above_leave_the_others_where_they_are(screen: Screen) -> None:
    first = table(Line("a", ("A", "1")), Line("b", ("B", "2"), button=Button("go", "Go")))
    second = table(Line("c", ("C", "3"), "bad"), Line("b", ("B", "4"), button=Button("go", "Go")))
    mark = "window.kept = document.querySelectorAll('tbody tr')[1]; kept.querySelector('button')"
    where = (
        "[kept === document.querySelectorAll('tbody tr')[1], document.activeElement.textContent]"
    )

    found = looked_at(
        screen, "models", showing(first), BODY, f"{mark}.focus(); 1", showing(second), BODY, where
    )

    assert found[1] == ["A1", "B2Go"]
    assert found[4:] == [["C3", "B4Go"], [True, "Go"]]


def test_a_button_stands_below_the_words_of_a_last_cell_and_keeps_its_place(screen: Screen) -> None:
    columns = (Column("Name"), Column("Outcome"))
    why = Button("why", "Why?")

    def views(*lines: Line) -> str:
        return showing(replace(models(EN), parts=(Table("t", "Things", columns, lines),)))

    first = views(Line("a", ("A", "bad"), "bad", why), Line("b", ("B", "ok")))
    second = views(Line("b", ("B", "ok")), Line("a", ("A", "worse"), "bad", why))
    cells = "[...document.querySelectorAll('#parts tr')].map((row) => row.cells.length).join()"
    focus = "document.querySelector('#parts td button').focus(); 1"
    where = "document.activeElement.closest('td').textContent"

    found = looked_at(screen, "models", first, BODY, cells, focus, second, BODY, where)

    assert found[1:3] == [["AbadWhy?", "Bok"], "2,2,2"]
    assert found[5:] == [["Bok", "AworseWhy?"], "worseWhy?"]


def test_a_table_can_be_read_by_a_screen_reader(screen: Screen, children: list[Child]) -> None:
    shown(screen, children, activity(EN))
    wanted = {
        ("column header", "Outcome"), ("table cell", "Waiting, place 1"), ("landmark", "Apps"),
        ("section", "too fast for Qwen"), ("push button", "Why: 14:11:45, Roo Code"),
    }  # fmt: skip

    until(lambda: wanted <= {(role, name) for role, name, _, _ in screen.read()})


def test_the_mouse_and_the_keys_are_enough(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, activity_view(Watching(past=PAST), facts(), EN))

    screen.click("Save all as CSV")
    assert child.hear() == Pressed("save")
    screen.click("Only what failed")
    assert child.hear() == Pressed("failed", "yes")
    screen.keys("Escape")
    assert child.hear() == Pressed("close")
    other = shown(screen, children, models(EN))
    screen.keys("Tab", "Down", "Down", "Return")
    assert other.hear() == Pressed("choose:qwen3.7-plus")
    third = shown(screen, children, about(EN, "diagnostics"))
    screen.click("Save it")
    assert third.hear() == Pressed("save")


def test_a_text_that_is_chosen_comes_into_sight_with_what_it_says(screen: Screen) -> None:
    bodies = tuple(Body(number, NOW_S, "roo-code", "Asked") for number in range(40))
    state, on = Watching(bodies=bodies), facts(status={"bodies_s": 2400})
    button = "document.querySelector('#parts .section:last-child td button')"
    press = f"{button}.focus(); {button}.click(); 1"
    seen = (
        "['good', 'code'].map((kind) => document.querySelector(`#parts .${kind}`)"
        ".getBoundingClientRect().bottom <= innerHeight).join()"
    )
    before = showing(activity_view(state, on, EN))
    after = showing(activity_view(replace(state, reading=0, read=("Asked", "")), on, EN))

    found = looked_at(screen, "activity", before, press, after, seen)

    assert found[3] == "true,true"


def test_a_wide_table_is_moved_inside_its_frame_by_the_keys(
    screen: Screen, children: list[Child]
) -> None:  # fmt: skip
    wider = (
        "[...document.querySelectorAll('body *')].filter((one) => one.getClientRects().length"
        " && one.getBoundingClientRect().right > innerWidth && !one.closest('pre, .table *'))"
        ".map((one) => one.outerHTML.slice(0, 99)).join()"
    )
    frame = (
        "(([one]) => [one.tabIndex, one.scrollWidth > one.clientWidth])"
        "([...document.querySelectorAll('.table')].slice(-1))"
    )

    found = looked_at(screen, "activity", showing(activity(EN)), wider, frame, width=320)

    assert found[1:] == ["", [0, True]]


def test_whatever_a_request_says_it_is_text(screen: Screen) -> None:
    """S94"""
    past = tuple(Deed(float(at), text, text, text) for at, text in enumerate(HOSTILE))
    live = [replace(LIVE[0], number=at, key=text, model=text) for at, text in enumerate(HOSTILE)]
    view = activity_view(Watching(past=past), facts(status={"live": live}), EN)
    odd = "document.querySelectorAll('#parts script, #parts img, #parts b, #parts a').length"

    found = looked_at(screen, "activity", showing(view), odd, BODY)

    assert found[1] == 0
    assert "<img src=x onerror=alert(1)>" in "".join(found[2])


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(
    name: str, theme: str, request: pytest.FixtureRequest
) -> None:
    screen: Screen = request.getfixturevalue("screen" if theme == "light" else "dark_screen")
    view = VIEWS[name]
    scripts: tuple[str | float, ...] = (showing(view), f"{axe()}\n;1", _AXE)

    found = looked_at(screen, name_of(view), *scripts, *(1.0, "window.found") * 4)

    passes, violations = json.loads(found[-1])
    assert violations == []
    assert passes > 15


def test_every_request_of_a_long_list_is_drawn(screen: Screen) -> None:
    past = tuple(replace(PAST[0], at_s=float(at)) for at in range(200))

    found = looked_at(screen, "activity", showing(activity(EN, past=past)), f"{BODY}.length")

    assert found[1] == 200 + len(LIVE) + len(SUMS) + len(REFUSED.reasons)


def test_a_long_name_leaves_room_for_the_other_columns(screen: Screen) -> None:
    past = replace(PAST[0], model="m" * 200)
    view = activity_view(Watching(past=(past,)), facts(), EN)
    wide = "((one) => one.scrollWidth - one.clientWidth)(document.querySelector('.table'))"

    found = looked_at(screen, "activity", showing(view), wide, width=1120)

    assert found[1] == 0
