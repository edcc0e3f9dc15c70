"""Panes in the web engine that draws them: what they tell, and what a new view leaves alone."""

import json
from typing import Any

import msgspec
import pytest

from tests.clients.conftest import npm_packages
from tests.desktop.screen import Screen
from tests.desktop.windows.test_pages_drawn import looked_at, showing
from tests.desktop.windows.views import (
    ASIDE,
    CONNECT,
    PASTE,
    SETTINGS,
    STATUS,
    a_field,
    hostile_pane,
)
from tests.desktop.windows.window_child import Child
from tests.waiting import until
from tray_app.desktop.windows import PANES, WindowName
from tray_app.desktop.windows.messages import Pressed, Ready, Show, View
from tray_app.desktop.windows.parts import Button, Item, Section, SettingsView, Text

pytestmark = pytest.mark.desktop
DRAIN = "portico.drain()"
BUTTON_KEY = ("push button", "Key")
BUSY = msgspec.structs.replace(
    CONNECT,
    parts=(
        Text("good", "It works.", "good"),
        Text("busy", "Asking…", "busy"),
        Section("a", "Fields", (a_field("text", "x", error="Wrong."),), folded=False),
    ),
    aside=msgspec.structs.replace(ASIDE, items=(Item("choose:x", "X", "y"),), found=""),
)


def shown(screen: Screen, children: list[Child], view: View) -> Child:
    child = Child(screen, str(view.__struct_config__.tag))
    children.append(child)
    child.say(Show(view))
    assert child.hear() == Ready()
    until(lambda: screen.active() == view.title)
    return child


def told(found: Any) -> list[tuple[str, str]]:
    return [(one["id"], one["typed"]) for one in json.loads(found)["pressed"]]


def settings(**fields: Any) -> SettingsView:
    """`SETTINGS` with these fields changed, by their kinds."""
    [section] = SETTINGS.parts
    assert isinstance(section, Section)
    parts = tuple(
        msgspec.structs.replace(part, **fields.get(part.id, {})) for part in section.parts
    )
    return msgspec.structs.replace(SETTINGS, parts=(msgspec.structs.replace(section, parts=parts),))


def changing(kind: str, value: str) -> str:
    """A script that does what a person does who writes this into a field and leaves it."""
    return (
        f"(() => {{ const one = document.querySelector('.of-{kind} .control').firstChild;"
        f"one.value = {json.dumps(value)}; one.dispatchEvent(new Event('change')); }})(); 1"
    )


def test_every_kind_of_field_tells_its_new_value(screen: Screen) -> None:
    button = "document.querySelector('{}').click(); 1"
    scripts = (
        showing(SETTINGS),
        changing("number", "8000"),
        changing("text", "/x"),
        changing("choice", "a"),
        changing("lines", "a\nb"),
        changing("entry", "left alone"),
        button.format(".of-switch .switch"),
        button.format(".of-entry .button"),
        button.format(".of-number .button"),
        DRAIN,
        DRAIN,
    )

    found = looked_at(screen, "settings", *scripts)

    assert told(found[-2]) == [
        ("set:number", "8000"), ("set:text", "/x"), ("set:choice", "a"), ("set:lines", "a\nb"),
        ("set:switch", "yes"), ("set:entry", "left alone"), ("reset:number", ""),
    ]  # fmt: skip
    assert told(found[-1]) == []


def test_a_new_view_takes_nothing_from_who_is_typing(screen: Screen) -> None:
    typing = (
        "const one = document.querySelector('.of-text input'); one.focus(); one.value = '/half'; 1"
    )
    value = "document.querySelector('.of-text input').value"
    is_focused = "document.activeElement === document.querySelector('.of-text input')"
    other = msgspec.structs.replace(settings(switch={"value": "yes"}), told="Something else")
    refused = settings(text={"value": "/half", "error": "No."})
    reset = settings(text={"value": ""})
    scripts = (showing(SETTINGS), typing, showing(other), value, is_focused)
    more = (showing(refused), value, showing(reset), value, is_focused)

    found = looked_at(screen, "settings", *scripts, *more)

    assert found[3:5] == ["/half", True]
    assert found[6] == "/half"
    assert found[8:] == ["", True]


def test_what_is_wrong_is_told_of_its_field(screen: Screen) -> None:
    area = "document.querySelector('.of-lines textarea')"
    about = (
        f"{area}.getAttribute('aria-describedby').split(' ')"
        ".map((id) => document.getElementById(id).textContent).join('|')"
    )
    invalid = f"{area}.getAttribute('aria-invalid')"
    good = settings(lines={"error": "", "caution": ""})

    found = looked_at(
        screen, "settings", showing(SETTINGS), about, invalid, showing(good), about, invalid
    )

    assert found[1:3] == ["What it is.|That is wrong.|Take care.", "true"]
    assert found[4:] == ["What it is.", None]


def test_letters_of_a_search_that_nobody_fetched_are_one_search(screen: Screen) -> None:
    typing = (
        "for (const text of ['z', 'ze', 'zed']) { const one = document.getElementById('search');"
        "one.value = text; one.dispatchEvent(new Event('input')); } 1"
    )
    found = looked_at(screen, "connect", showing(CONNECT), typing, DRAIN)

    assert told(found[2]) == [("search", "zed")]


def test_what_takes_long_shows_how_long_it_takes(screen: Screen) -> None:
    clock = "(document.querySelector('.busy .clock:not([hidden])') ?? {}).textContent"
    done = msgspec.structs.replace(BUSY, parts=(Text("busy", "It works.", "good"),))

    found = looked_at(
        screen, "connect", showing(BUSY), clock, 2.2, clock, showing(done), clock,
        "document.querySelector('#parts .words').getAttribute('role')",
    )  # fmt: skip

    assert found[1] == "0:00"
    assert found[3] in {"0:02", "0:03"}
    assert found[5] is None
    assert found[6] == "status"


def test_a_section_is_opened_by_the_program_and_kept_by_the_person(screen: Screen) -> None:
    def one(*, folded: bool) -> SettingsView:
        section = Section("key", "Key", (Text("x", "Inside"),), folded=folded)
        return msgspec.structs.replace(SETTINGS, parts=(section,))

    is_open = "document.querySelector('details').open"
    press = "document.querySelector('summary').click(); 1"
    closed = showing(one(folded=True))
    scripts = (closed, is_open, press, is_open, closed, is_open, showing(one(folded=False)))

    found = looked_at(screen, "settings", *scripts, is_open)

    assert [found[at] for at in (1, 3, 5, 7)] == [False, True, True, True]


def test_what_opens_a_section_is_a_button_that_tells_whether_it_is_open(
    screen: Screen, children: list[Child]
) -> None:
    def one(*, folded: bool | None) -> SettingsView:
        section = Section("key", "Key", (Text("x", "Inside"),), folded=folded)
        return msgspec.structs.replace(SETTINGS, parts=(section,))

    child = shown(screen, children, one(folded=True))
    closed = screen.find("Key", "push button")[3]
    screen.click("Key")
    until(lambda: "expanded" in screen.find(*reversed(BUTTON_KEY))[3])
    child.say(Show(one(folded=None)))
    until(lambda: not [one for one in screen.read() if one[:2] == BUTTON_KEY])

    assert ("expandable" in closed, "expanded" in closed) == (True, False)
    assert ("heading", "Key") in {(role, name) for role, name, _, _ in screen.read()}


def test_what_is_gone_leaves_the_focus_near(screen: Screen) -> None:
    def with_end(*buttons: Button) -> SettingsView:
        section = Section("key", "Key", (Text("end", "Sure?", "bad", buttons),))
        return msgspec.structs.replace(SETTINGS, parts=(section,))

    focus = "document.querySelector('#parts .button').focus(); 1"
    where = "document.activeElement.textContent || document.activeElement.id"
    first = with_end(Button("revoke", "Revoke"))
    second = with_end(Button("sure", "Yes"), Button("keep", "No"))

    found = looked_at(
        screen, "settings", showing(first), focus, showing(second), where, focus,
        showing(with_end()), "document.activeElement.id",
    )  # fmt: skip

    assert found[3] == "Yes"
    assert found[6] == "main"


def test_a_screen_reader_is_told_of_everything(screen: Screen, children: list[Child]) -> None:
    shown(screen, children, CONNECT)
    until(lambda: "Try now" in screen.names())
    seen = {(role, name) for role, name, _, _ in screen.read()}

    assert seen >= {
        ("heading", "One"), ("push button", "Copy: Address"), ("push button", "Try now"),
        ("push button", "Start"), ("push button", "Two"), ("landmark", "Things"),
    }  # fmt: skip
    assert "Folded away" not in screen.names()
    child = shown(screen, children, SETTINGS)
    until(lambda: "A switch" in screen.names())
    fields = {(role, name) for role, name, _, _ in screen.read()}
    assert {name for role, name in fields if role in {"entry", "toggle button", "combo box"}} >= {
        "A number", "A text", "A switch", "A choice", "A lines", "A entry",
    }  # fmt: skip
    screen.click("Reset")
    assert child.hear() == Pressed("reset:number")


def test_the_keyboard_is_enough(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, SETTINGS)

    screen.keys("Tab", "z")
    assert child.hear() == Pressed("search", "z")
    screen.keys("Down", "Down", "Return")
    assert child.hear() == Pressed("choose:two")
    screen.keys("Up", "Return")
    assert child.hear() == Pressed("choose:one")
    screen.keys("Tab", "Tab")
    screen.keys("ctrl+a", "8", "1", "Return")
    assert child.hear() == Pressed("set:number", "81")
    screen.keys("Tab", "Return")
    assert child.hear() == Pressed("reset:number")
    screen.keys("Tab", "x", "Escape", "Tab", "space")
    assert child.hear() == Pressed("set:switch", "yes")
    screen.keys("Escape")
    assert child.hear() == Pressed("close")


def test_a_narrow_window_has_room_for_one_of_both(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, CONNECT)
    [window] = screen.windows(CONNECT.title)

    screen.run("xdotool", "windowsize", window, "330", "600")
    until(lambda: "All things" in screen.names())
    until(lambda: "Two" not in screen.names())
    screen.click("All things")
    assert child.hear() == Pressed("back")
    child.say(Show(msgspec.structs.replace(CONNECT, back="")))

    until(lambda: "Two" in screen.names())
    assert "Try now" not in screen.names()


@pytest.mark.parametrize("view", [CONNECT, SETTINGS, hostile_pane()], ids=["a", "b", "hostile"])
def test_nothing_is_wider_than_a_narrow_window(screen: Screen, view: View) -> None:
    name: WindowName = "settings" if view is SETTINGS else "connect"
    wider = (
        "[...document.querySelectorAll('body *')].filter((one) => one.getClientRects().length"
        " && one.getBoundingClientRect().right > innerWidth && !one.closest('pre'))"
        ".map((one) => one.outerHTML.slice(0, 99)).join()"
    )

    found = looked_at(screen, name, showing(view), wider, "innerWidth", width=320)

    assert found[1:] == ["", 320]


_AXE = """
window.found = null;
axe.run(document, {resultTypes: ["violations"]}).then((result) => {
  window.found = JSON.stringify([result.passes.length, result.violations.map((one) =>
    `${one.id}: ${one.nodes.map((node) => node.html + " " + node.failureSummary).join(" | ")}`)]);
}); 1
"""


def axe() -> str:
    """The rules, in ASCII: pywebview counts characters where WebKit counts bytes."""
    text = (npm_packages("axe") / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in text)


@pytest.mark.parametrize(
    "view",
    [CONNECT, SETTINGS, BUSY, STATUS, PASTE],
    ids=["connect", "settings", "busy", "status", "question"],
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(
    view: View, theme: str, request: pytest.FixtureRequest
) -> None:
    screen: Screen = request.getfixturevalue("screen" if theme == "light" else "dark_screen")
    name: WindowName = view.__struct_config__.tag  # type: ignore[assignment]
    is_dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    scripts: tuple[str | float, ...] = (showing(view), f"{axe()}\n;1", _AXE, is_dark)

    found = looked_at(screen, name, *scripts, *(1.0, "window.found") * 4)

    passes, violations = json.loads(found[-1])
    assert violations == []
    assert passes > (15 if name in PANES else 8)
    assert found[3] is (theme == "dark")
