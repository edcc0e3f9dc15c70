"""Changing settings: over a real proxy, without the window."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.desks import EN, Office, office
from tests.desktop.test_settings_view import fields
from tests.ports import free_port
from tests.proxy.test_supervisor import healthy
from tests.waiting import comes, until
from tray_app.desktop.acts import own_address
from tray_app.desktop.menu import Action
from tray_app.desktop.settings_pane import SettingsPane
from tray_app.desktop.settings_view import GROUPS
from tray_app.desktop.windows.parts import Field
from tray_app.practice import PracticeSite

pytestmark = pytest.mark.slow

NOBODYS = "198.51.100.7"
"""An address of no computer."""
OTHER: dict[str, tuple[str, Any]] = {
    "port": ("7999", 7999),
    "path_prefix": ("/qwen", "/qwen"),
    "hosts": ("host.docker.internal\nbox", ("host.docker.internal", "box")),
    "origins": ("https://app.example", ("https://app.example",)),
    "opaque_origins": ("yes", True),
    "parallel_answers": ("3", 3),
    "start_spacing_s": ("1.5", 1.5),
    "queue_size": ("9", 9),
    "long_prompt": ("trim", "trim"),
    "blind_model": ("switch", "switch"),
    "show_variants": ("no", False),
    "aliases": ("gpt-* = qwen3.7-plus", {"gpt-*": "qwen3.7-plus"}),
    "xml_tools": ("*coder*", ("*coder*",)),
    "transport": ("auto", "auto"),
    "idle_window_s": ("60", 60.0),
    "outbound_proxy": ("none", "none"),
    "fake_addresses": ("yes", True),
    "connect_timeout_s": ("5", 5.0),
    "first_event_timeout_s": ("50", 50.0),
    "idle_timeout_s": ("40", 40.0),
    "language": ("ru", "ru"),
    "start_proxy": ("no", False),
    "notices": ("no", False),
    "statistics_days": ("7", 7),
    "terms_read": ("yes", True),
}


@pytest.fixture
def at_work(site: PracticeSite, tmp_path: Path) -> Iterator[Office]:
    with office(site, tmp_path) as started:
        yield started


def field_of(at_work: Office, pane: SettingsPane, name: str) -> Field:
    return fields(pane.view(at_work.facts(), EN))[name]


def group_of(name: str) -> str:
    return next(group for group, names in GROUPS.items() if name in names)


async def test_every_setting_is_changed_in_force_and_can_be_reset(at_work: Office) -> None:
    pane = SettingsPane(at_work.desk)
    assert set(OTHER) | {"network_host"} == {name for names in GROUPS.values() for name in names}
    for name, (typed, value) in OTHER.items():
        await pane.do("group", group_of(name), "")
        await pane.do("set", name, typed)
        changed = field_of(at_work, pane, name)

        assert getattr(at_work.instance.supervisor.parts.settings, name) == value
        assert changed.error == ""
        assert changed.note.startswith("Saved")
        await pane.do("reset", name, "")
        assert field_of(at_work, pane, name).button is None


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("port", "70000", "Write a whole number from 1 to 65535."),
        ("port", "many", "Write a whole number from 1 to 65535."),
        ("parallel_answers", "1,5", "Write a whole number from 1 to 1000."),
        ("idle_timeout_s", "0", "Write a number from 0.1 to 600."),
        ("aliases", "gpt-4", "That does not fit. One a line, with * for anything, such as gpt-* ="),
        ("path_prefix", "no slash", "That does not fit. Such as /qwen; empty for none."),
        ("hosts", "with space", "That does not fit. One a line, without a port"),
        ("outbound_proxy", "ftp://x", "That does not fit. system, none, or an address"),
        ("network_host", "127.0.0.1", "That does not fit. This computer's own address"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_changes_nothing(
    at_work: Office, name: str, typed: str, said: str
) -> None:
    pane = SettingsPane(at_work.desk)
    before = at_work.instance.supervisor.parts.settings
    await pane.do("group", group_of(name), "")

    await pane.do("set", name, typed)
    refused = field_of(at_work, pane, name)

    assert said in refused.error
    assert refused.value == typed
    assert refused.note == ""
    assert at_work.instance.supervisor.parts.settings == before
    assert at_work.actions == []


async def test_a_change_that_waits_for_a_restart_has_it_by_a_button(at_work: Office) -> None:
    pane = SettingsPane(at_work.desk)
    old, new = at_work.instance.supervisor.parts.settings.port, free_port()
    await pane.do("set", "port", str(new))
    waiting = pane.view(at_work.facts(), EN)
    there = healthy(old), healthy(new)
    await pane.do("restart", "", "")
    await comes(lambda: pane.view(at_work.facts(), EN).notices != waiting.notices)
    await asyncio.to_thread(until, lambda: healthy(new))
    await comes(lambda: pane.view(at_work.facts(), EN).notices == ())

    assert there == (True, False)
    assert [button.act for button in waiting.notices[0].buttons] == ["restart"]
    assert "after a restart" in fields(waiting)["port"].note
    assert not healthy(old)


async def test_a_restart_is_asked_for_only_while_something_waits_for_it(at_work: Office) -> None:
    pane, supervisor = SettingsPane(at_work.desk), at_work.instance.supervisor
    old = str(supervisor.parts.settings.port)

    def asked() -> list[str]:
        return [notice.id for notice in pane.view(at_work.facts(), EN).notices]

    await pane.do("set", "port", str(free_port()))
    changed = asked()
    await pane.do("set", "port", old)
    back = asked()
    await pane.do("set", "outbound_proxy", "none")
    waiting = asked()
    supervisor.stop()
    await asyncio.to_thread(supervisor.settle, 10)
    supervisor.start()
    await asyncio.to_thread(supervisor.settle, 10)

    assert (changed, back, waiting, asked()) == (["restart"], [], ["restart"], [])
    assert field_of(at_work, pane, "port").note == ""


async def test_other_devices_that_cannot_get_in_are_told_beside_the_address(
    at_work: Office,
) -> None:
    pane, supervisor = SettingsPane(at_work.desk), at_work.instance.supervisor
    await at_work.desk.command("settings", what="set", name="network_host", value=NOBODYS)
    await pane.do("group", "visitors", "")
    before = pane.view(at_work.facts(), EN)
    supervisor.restart()
    await asyncio.to_thread(supervisor.settle, 10)

    [notice] = pane.view(at_work.facts(), EN).notices
    field = field_of(at_work, pane, "network_host")

    assert [one.id for one in before.notices] == ["restart"]
    assert (notice.id, notice.tone) == ("shut", "bad")
    assert [button.act for button in notice.buttons] == ["restart"]
    assert f"did not have the address {NOBODYS}" in notice.text
    assert field.error == notice.text
    assert field.caution == ""
    assert "the address" in at_work.instance.status.network.note


async def test_the_network_and_the_login_are_asked_for_as_the_menu_does(at_work: Office) -> None:
    pane, own = SettingsPane(at_work.desk), own_address()

    await pane.do("set", "network_host", NOBODYS)
    refused = at_work.actions.copy()
    await pane.do("group", "visitors", "")
    await pane.do("set", "network_host", NOBODYS)
    error = field_of(at_work, pane, "network_host").error
    await pane.do("set", "network_host", own)
    await pane.do("set", "network_host", "")
    await pane.do("at_login", "", "yes")
    await pane.do("set", "no such setting", "1")
    await pane.do("reset", "no such setting", "")

    assert refused == []
    assert error == f"This computer does not have the address {NOBODYS} now."
    asked = [Action("network", own, "")] if own else []
    assert at_work.actions == [*asked, Action("at_login", value="yes")]


async def test_the_list_is_searched_and_left(at_work: Office) -> None:
    pane = SettingsPane(at_work.desk)

    await pane.do("search", "", "port")
    found = pane.view(at_work.facts(), EN)
    await pane.do("group", "qwen", "")
    chosen = pane.view(at_work.facts(), EN)
    await pane.do("back", "", "")
    left = pane.view(at_work.facts(), EN)
    pane.begin()
    await pane.prepare()

    assert found.heading == EN("settings.found")
    assert (found.aside.query, chosen.aside.query) == ("port", "")
    assert chosen.heading == EN("settings.qwen")
    assert left.back == ""


async def test_what_was_refused_is_marked_in_the_list_until_it_is_put_right(
    at_work: Office,
) -> None:
    pane = SettingsPane(at_work.desk)

    def marked() -> list[str]:
        return [one.act for one in pane.view(at_work.facts(), EN).aside.items if one.note]

    await pane.do("set", "port", "99999999")
    await pane.do("key_set", "patience_s:default", "many")
    await pane.do("group", "qwen", "")
    elsewhere = marked()
    await pane.do("group", "endpoint", "")
    refused = field_of(at_work, pane, "port")
    await pane.do("set", "port", str(free_port()))
    await pane.do("key_set", "patience_s:default", "30")

    assert elsewhere == ["group:endpoint", "group:keys"]
    assert refused.value == "99999999"
    assert refused.error == "Write a whole number from 1 to 65535."
    assert marked() == []
