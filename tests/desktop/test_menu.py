"""The rows of the menu, what they do, and that they stay where they are: S94."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desktop.snapshots import facts, session, visitors
from tray_app.core.deeds import Deed
from tray_app.desktop.facts import Facts
from tray_app.desktop.look import Row
from tray_app.desktop.menu import Action, menu_of
from tray_app.desktop.words import Words
from tray_app.proxy.brakes import HoldStatus
from tray_app.proxy.ladder import TransportStatus, Why
from tray_app.proxy.safe import SafeKind, SafeStatus
from tray_app.proxy.status import Run
from tray_app.proxy.visitors import Blocked
from tray_app.store.settings import Settings

ENGLISH = Words("en")


def rows_of(known: Facts) -> tuple[Row, ...]:
    return menu_of(known, "line", ENGLISH)[0]


def flat(rows: tuple[Row, ...]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from flat(row.rows)


def labels(rows: tuple[Row, ...]) -> list[str]:
    return [row.label for row in rows if row.label]


def does(known: Facts, label: str) -> Action:
    """What the row of this label does."""
    rows, actions = menu_of(known, "line", ENGLISH)
    return actions[next(row.id for row in flat(rows) if row.label == label)]


def test_a_running_proxy_has_this_menu() -> None:
    assert labels(rows_of(facts())) == [
        "line",
        "Stop",
        "Copy endpoint",
        "Copy key",
        "Connect an app…",
        labels(rows_of(facts()))[5],
        "Models (click copies)",
        "What models can do…",
        "Recent activity",
        "Activity…",
        "Who gets in",
        "Preferences",
        "Settings…",
        "Open logs folder",
        "About and diagnostics…",
        "Quit Portico",
    ]
    assert labels(rows_of(facts()))[5].startswith("Signed in as a@example.org · renews by ")


@pytest.mark.parametrize(
    ("kind", "label"),
    [("stopped", "Start"), ("failed", "Start"), ("stopping", "Start"), ("starting", "Stop")],
)
def test_a_click_starts_or_stops(kind: str, label: str) -> None:
    known = facts(run=msgspec.convert({"kind": kind}, Run))

    assert label in labels(rows_of(known))
    assert does(known, label) == Action(label.lower())


def test_a_port_that_is_taken_says_by_whom_and_offers_another() -> None:
    run = Run("failed", "", "port_taken", holder="nginx (pid 7)", free_port=7937)
    known = facts(run=run)

    assert labels(rows_of(known))[1:4] == [
        "Used by nginx (pid 7)", "Use port 7937 from now on", "Start",
    ]  # fmt: skip
    assert does(known, "Use port 7937 from now on") == Action("use_port", "7937")


def test_a_pause_can_be_ended_by_who_answered() -> None:
    known = facts(status={"hold": HoldStatus("account", 60)})

    assert does(known, "I have answered Qwen's check") == Action("resume")


def test_a_failing_network_is_tried_again_and_no_check_is_spoken_of() -> None:
    known = facts(status={"hold": HoldStatus("network", 20)})

    assert does(known, "Try again now") == Action("resume")
    assert not {"Open chat.qwen.ai", "I have answered Qwen's check"} & set(labels(rows_of(known)))


def test_one_key_is_copied_at_once_and_of_many_one_is_chosen() -> None:
    many = facts(keys=("default", "roo", "a_b"))
    row = next(row for row in rows_of(many) if row.label == "Copy key")

    assert does(facts(), "Copy key") == Action("copy_key", "default")
    assert labels(row.rows) == ["default", "roo", "a_b"]
    assert does(many, "roo") == Action("copy_key", "roo")
    assert not next(row for row in rows_of(facts(keys=())) if row.label == "Copy key").enabled


def test_the_account_is_told_with_what_can_be_done() -> None:
    out = facts(status={"session": session("signed_out", account="")})
    ended = facts(status={"session": session("expired")})

    assert does(out, "Sign in…") == Action("sign_in")
    assert does(out, "Bring a browser's session…") == Action("bring")
    names = labels(rows_of(out))
    assert names.index("Bring a browser's session…") == names.index("Sign in…") + 1
    assert does(facts(), "Sign out…") == Action("sign_out")
    assert does(ended, "Sign in…") == Action("sign_in")
    assert does(ended, "Bring a browser's session…") == Action("bring")
    assert "The session has ended" in labels(rows_of(ended))


@pytest.mark.parametrize(
    ("why", "line"),
    [
        ("window", "Qwen's page makes the calls, since "),
        ("pasted", "Portico makes the calls: the session is a browser's, since "),
        ("closed", "Qwen's page makes the calls: elsewhere it asked for a person, since "),
    ],
)
def test_the_account_tells_who_makes_the_calls_and_since_when(why: Why, line: str) -> None:
    told = TransportStatus(why=why, since_s=1_790_000_000.0)

    shown = flat(rows_of(facts(status={"transport": told})))
    assert any(row.label.startswith(line) for row in shown)


def test_models_and_requests_are_listed() -> None:
    deeds = [
        Deed(1_790_000_000.0, "roo", "qwen3.7-plus", "ok", 1.25),
        Deed(1_790_000_000.0, "default", "", "queue_full", 0.0),
    ]
    known = facts(models=("one", "two"), status={"recent": deeds})
    recent = next(row for row in rows_of(known) if row.label == "Recent activity")

    assert does(known, "two") == Action("copy_model", "two")
    assert [row.label.partition(" · ")[2] for row in recent.rows] == [
        "roo · qwen3.7-plus · ok, 1.2 s", "default · queue full",
    ]  # fmt: skip
    assert not any(row.enabled for row in recent.rows)
    assert not next(row for row in rows_of(facts()) if row.label == "Recent activity").enabled


def test_the_door_is_opened_and_shut_in_one_place() -> None:
    came = visitors(blocked=(Blocked("https://b.example", 3),))
    known = facts(settings=Settings(origins=("https://a.example",)), status={"visitors": came})
    door = next(row for row in rows_of(known) if row.label == "Who gets in")

    assert labels(door.rows) == [
        "Connect a web app (2 minutes)",
        "Without a key until Portico quits",
        "Devices of my network",
        "https://a.example",
        "Let https://b.example in (turned away: 3)",
    ]
    assert does(known, "https://a.example") == Action("disallow", "https://a.example")
    assert does(known, door.rows[-1].label) == Action("allow", "https://b.example")
    assert does(known, "Without a key until Portico quits") == Action("keyless", value="on")
    is_open = facts(
        settings=Settings(network_host="192.168.1.5"),
        status={"visitors": visitors(keyless=True, pairing_s_left=5)},
    )
    checked = [row.checked for row in flat(rows_of(is_open)) if row.id in {51, 52, 53}]
    assert checked == [True, True, True]
    assert does(is_open, "Connect a web app (2 minutes)") == Action("pair", value="off")
    assert does(is_open, "Devices of my network") == Action("network", value="192.168.1.5")


def test_preferences_show_how_they_are_and_turn_to_the_other() -> None:
    known = facts(at_login=True, settings=Settings(notices=False, language="ru"))
    checked = {row.label: row.checked for row in flat(rows_of(known)) if row.checked is not None}

    assert checked["Start with the computer"] is True
    assert checked["Notices"] is False
    assert checked["Русский"] is True
    assert does(known, "Start with the computer") == Action("at_login", value="no")
    assert does(known, "Notices") == Action("set", "notices", "yes")
    assert does(known, "English") == Action("set", "language", "en")


@given(st.lists(st.text(min_size=1, max_size=40), unique=True, max_size=30))
def test_ids_are_unique_and_everything_clickable_does_something(names: list[str]) -> None:
    known = facts(keys=tuple(names), models=tuple(names))
    rows, actions = menu_of(known, "line", ENGLISH)
    numbers = [row.id for row in flat(rows)]

    assert len(numbers) == len(set(numbers))
    assert all(0 < number < 1 << 31 for number in numbers)
    for row in flat(rows):
        can_be_clicked = bool(row.label) and row.enabled and not row.rows
        assert (row.id in actions) is can_be_clicked


def test_a_row_keeps_its_id_whatever_comes_and_goes() -> None:
    before = facts(keys=("a", "b", "c"), models=("m1", "m2"))
    after = facts(
        keys=("c", "a"), models=("m2",), run=Run("stopped"),
        status={"hold": HoldStatus("account", 5), "visitors": visitors(keyless=True)},
    )  # fmt: skip
    known = {row.label: row.id for row in flat(rows_of(before)) if row.label}

    for row in flat(rows_of(after)):
        assert known.get(row.label, row.id) == row.id


@given(st.text(min_size=1, max_size=300))
def test_names_from_elsewhere_are_shown_as_one_line(name: str) -> None:
    """S94"""
    deed = Deed(1.0, name, name, "ok")
    rows = rows_of(facts(keys=(name, "x"), models=(name,), status={"recent": [deed]}))

    assert all(row.label.isprintable() and len(row.label) < 150 for row in flat(rows))


def test_without_a_panel_the_window_says_what_closing_it_does() -> None:
    assert "closing this window quits Portico" in labels(rows_of(facts(hosted=False)))[1]


@pytest.mark.parametrize(
    ("state", "label"),
    [("absent", "No keyring here"), ("failing", "The keyring fails"), ("slow", "does not answer"),
     ("locked", "is locked"), ("ready", ""), ("memory", "")],
)  # fmt: skip
def test_what_is_not_kept_is_told(state: SafeKind, label: str) -> None:
    known = facts(status={"keyring": SafeStatus(state, saved=False, note="")})
    row = next((row for row in rows_of(known) if row.id == 23), Row(23))

    assert label in row.label
    assert bool(row.label) is bool(label)


def test_before_it_is_put_together_it_can_only_be_quit() -> None:
    rows, actions = menu_of(Facts(run=Run("starting"), settings=Settings()), "line", ENGLISH)

    assert actions == {90: Action("quit")}
    assert [row.id for row in flat(rows) if row.label and row.enabled] == [90]


def test_without_windows_nothing_can_be_clicked_that_would_ask() -> None:
    _, actions = menu_of(facts(windows=False), "line", ENGLISH)
    names = {action.name for action in actions.values()}

    assert not names & {"sign_in", "sign_out", "pair", "keyless", "network"}
    is_open = facts(
        windows=False,
        settings=Settings(network_host="192.168.1.5"),
        status={"visitors": visitors(keyless=True, pairing_s_left=9)},
    )
    _, actions = menu_of(is_open, "line", ENGLISH)
    assert {"pair", "keyless", "network"} <= {action.name for action in actions.values()}


def test_that_texts_are_kept_is_told_while_it_is_so() -> None:
    """S122"""
    told = "Texts are kept for 60 min more"

    assert told in labels(rows_of(facts(status={"bodies_s": 3600})))
    assert told not in labels(rows_of(facts()))
