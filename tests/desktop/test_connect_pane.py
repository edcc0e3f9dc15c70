"""Connecting an app: over a real proxy, on a real disk, without the window."""

import asyncio
import http.client
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tests.desktop.desks import EN, Office, office
from tests.waiting import until
from tray_app.core.deeds import Deed
from tray_app.desktop.connect_pane import ConnectPane, exports
from tray_app.desktop.menu import Action
from tray_app.desktop.windows.parts import Code, Section, Text, Value
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.tryout import Fault

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="places are those of POSIX"),
]


@pytest.fixture
def at_work(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with office(site, tmp_path) as started:
        yield started


async def opened(at_work: Office, client: str) -> ConnectPane:
    pane = ConnectPane(at_work.desk)
    pane.begin()
    pane.view(at_work.facts(), EN)
    await pane.prepare()
    await pane.do("choose", client, "")
    return pane


def shown(at_work: Office, pane: ConnectPane) -> str:
    return str(msgspec.to_builtins(pane.view(at_work.facts(), EN)))


def text(at_work: Office, pane: ConnectPane, wanted: str) -> Text:
    view = pane.view(at_work.facts(), EN)
    [found] = [
        piece
        for part in view.parts
        if isinstance(part, Section)
        for piece in part.parts
        if isinstance(piece, Text) and piece.id == wanted
    ]
    return found


def values(at_work: Office, pane: ConnectPane) -> dict[str, str]:
    view = pane.view(at_work.facts(), EN)
    return {
        piece.label: piece.text
        for part in view.parts
        if isinstance(part, Section)
        for piece in part.parts
        if isinstance(piece, Value)
    }


async def test_looking_makes_no_key_and_asking_to_see_it_does(at_work: Office) -> None:
    pane = await opened(at_work, "immersive-translate")
    before, looked = at_work.names(), values(at_work, pane)
    await pane.do("reveal", "", "")
    revealed = values(at_work, pane)
    await pane.do("reveal", "", "")
    hidden = values(at_work, pane)
    [key] = [
        one
        for one in at_work.instance.supervisor.parts.person.keys.all()
        if one.name == "immersive-translate"
    ]

    assert "immersive-translate" not in before
    assert looked["API key"] == hidden["API key"] == "sk-portico-..."
    assert revealed["API key"] == key.secret
    assert key.profile.patience_s == 100
    assert key.profile.queue == "background"
    assert looked["Custom API URL"] == f"{at_work.instance.status.endpoint}/chat/completions"


async def test_a_key_that_was_shown_is_hidden_when_the_window_is_opened_again(
    at_work: Office,
) -> None:
    pane = await opened(at_work, "roo-code")
    await pane.do("reveal", "", "")
    secret = values(at_work, pane)["API key"]

    pane.begin()

    assert secret.startswith("sk-portico-")
    assert secret not in shown(at_work, pane)


async def test_trying_asks_as_the_app_does_and_tells_how_long_it_took(
    at_work: Office, site: PracticeSite
) -> None:
    pane = await opened(at_work, "roo-code")
    site.will(acts.say("ready"))
    await pane.do("try", "", "")
    tried = text(at_work, pane, "tried")
    deeds = await asyncio.to_thread(until, lambda: _deeds_of(at_work, "roo-code"))

    assert tried.tone == "good"
    assert "s to the first word" in tried.text
    assert [deed.outcome for deed in deeds] == ["ok"]


def _deeds_of(office: Office, key: str) -> list[Deed]:
    return [one for one in office.instance.status.recent if one.key == key]


async def test_trying_says_why_it_does_not_work(at_work: Office) -> None:
    pane = await opened(at_work, "openai")
    await at_work.desk.command("session", what="clear")
    await pane.do("try", "", "")
    nobody = text(at_work, pane, "tried")
    at_work.instance.supervisor.stop()
    at_work.instance.supervisor.settle(10)
    await pane.do("try", "", "")
    stopped = text(at_work, pane, "tried")

    assert nobody.tone == stopped.tone == "bad"
    assert "sign" in nobody.text.lower()
    assert "does not answer" in stopped.text


async def test_nobody_else_who_has_the_port_is_sent_the_key(at_work: Office) -> None:
    pane = await opened(at_work, "openai")
    port = at_work.instance.supervisor.parts.settings.port
    at_work.instance.supervisor.stop()
    at_work.instance.supervisor.settle(10)
    with socket.create_server(("127.0.0.1", port)) as stranger:
        stranger.setblocking(False)
        await pane.do("try", "", "")

        with pytest.raises(BlockingIOError):
            stranger.accept()
    assert "does not answer" in text(at_work, pane, "tried").text


async def test_another_model_is_in_everything_that_is_pasted(at_work: Office) -> None:
    pane = await opened(at_work, "roo-code")
    before = values(at_work, pane)["Model"]

    await pane.do("model", "", "qwen3.7-max")
    await pane.do("model", "", "no such model")

    assert before != "qwen3.7-max"
    assert values(at_work, pane)["Model"] == "qwen3.7-max"


async def test_files_are_previewed_written_with_the_key_and_put_back(
    at_work: Office, tmp_path: Path
) -> None:
    path = tmp_path / ".config/opencode/opencode.json"
    pane = await opened(at_work, "opencode")
    await pane.do("preview", "", "")
    previewed = shown(at_work, pane)
    names = at_work.names()
    await pane.do("preview", "", "")
    await pane.do("write", "", "")
    written = text(at_work, pane, "wrote")
    told = json.loads(path.read_text())["provider"]["portico"]["options"]
    key = at_work.instance.supervisor.parts.person.keys.get("opencode").secret
    with_undo = shown(at_work, pane)
    await pane.do("preview", "", "")
    unchanged = shown(at_work, pane)
    await pane.do("undo", "", "")

    assert "+++" in previewed
    assert "opencode" not in names
    assert told == {"baseURL": at_work.instance.status.endpoint, "apiKey": key}
    assert written.tone == "good"
    assert "'act': 'undo'" in with_undo
    assert key not in previewed + with_undo
    assert EN("connect.unchanged") in unchanged
    assert not path.exists()
    assert "'act': 'undo'" not in shown(at_work, pane)


async def test_a_file_that_cannot_be_changed_is_named_before_anybody_tries(
    at_work: Office, tmp_path: Path
) -> None:
    path = tmp_path / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text("{ no JSON")

    pane = await opened(at_work, "opencode")

    assert "cannot be changed safely" in text(at_work, pane, "unwritable").text
    assert "'act': 'write'" not in shown(at_work, pane)
    assert "opencode" not in at_work.names()


@pytest.mark.parametrize("how", ["button", "app", "window"])
async def test_a_file_that_was_repaired_can_be_written(
    at_work: Office, tmp_path: Path, how: str
) -> None:
    path = tmp_path / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text("{ no JSON")
    pane = await opened(at_work, "opencode")
    await pane.do("write", "", "")
    refused = text(at_work, pane, "unwritable")
    path.write_text('{"theme": "dark"}')

    if how == "button":
        await pane.do(refused.buttons[0].act, "", "")
    elif how == "app":
        await pane.do("choose", "opencode", "")
    else:
        await pane.prepare()

    view = shown(at_work, pane)
    assert "'act': 'write'" in view
    assert "cannot be changed safely" not in view
    await pane.do("write", "", "")
    assert json.loads(path.read_text())["theme"] == "dark"
    assert "portico" in json.loads(path.read_text())["provider"]


async def test_what_is_not_the_panes_own_is_passed_on(at_work: Office) -> None:
    pane = await opened(at_work, "roo-code")

    await pane.do("sign_in", "", "")
    await pane.do("bring", "", "")
    await pane.do("start", "", "")
    await pane.do("use_port", "7937", "")
    await pane.do("no such deed", "", "")
    await pane.do("back", "", "")
    await pane.do("search", "", "zed")
    view = pane.view(at_work.facts(), EN)

    assert at_work.actions == [
        Action("sign_in"), Action("bring"), Action("start"), Action("use_port", "7937"),
    ]  # fmt: skip
    assert [item.label for item in view.aside.items] == ["Zed"]
    assert view.back == ""
    assert not [part for part in view.parts if isinstance(part, Code)]


async def test_a_host_that_an_app_needs_is_let_in_beside_those_that_are(at_work: Office) -> None:
    await at_work.desk.command("settings", what="set", name="hosts", value='["mine"]')
    pane = await opened(at_work, "open-webui")
    before = shown(at_work, pane)

    await pane.do("need", "7", "")
    await pane.do("need", "0", "")

    settings = at_work.instance.supervisor.parts.settings
    assert settings.hosts == ("mine", "host.docker.internal")
    assert knocked(at_work, "host.docker.internal") == 200
    assert knocked(at_work, "elsewhere.internal") == 403
    assert "'act': 'need:0'" in before
    assert "'act': 'need:0'" not in shown(at_work, pane)


def knocked(office: Office, host: str) -> int:
    """The status for an app that calls this computer by this name."""
    port = office.instance.supervisor.parts.settings.port
    key = office.instance.supervisor.parts.person.keys.get("default").secret
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Host": f"{host}:{port}", "Authorization": f"Bearer {key}"}
        line.request("GET", "/v1/models", headers=headers)
        return line.getresponse().status
    finally:
        line.close()


async def test_a_page_of_the_web_that_an_app_has_is_waited_for(at_work: Office) -> None:
    pane = await opened(at_work, "lobechat")

    await pane.do("need", "0", "")

    assert at_work.actions == [Action("pair", value="on")]


async def test_starting_with_the_computer_is_offered_once_and_off(
    at_work: Office, site: PracticeSite
) -> None:
    pane = await opened(at_work, "openai")
    await pane.do("try", "", "")
    first = shown(at_work, pane)
    await pane.do("at_login", "", "yes")
    await pane.do("choose", "roo-code", "")
    await pane.do("try", "", "")

    assert text(at_work, pane, "tried").tone == "good"
    assert "'act': 'at_login'" in first
    assert "'act': 'at_login'" not in shown(at_work, pane)
    assert at_work.actions == [Action("at_login", value="yes")]


async def test_why_a_trial_failed_is_in_the_persons_language(at_work: Office) -> None:
    desk = msgspec.structs.replace(at_work.desk, words=lambda: Words("ru"))
    pane = ConnectPane(desk)
    pane.begin()
    pane.view(at_work.facts(), Words("ru"))
    await pane.do("choose", "openai", "")
    await at_work.desk.command("session", what="clear")
    await pane.do("try", "", "")
    nobody = text(at_work, pane, "tried").text
    at_work.instance.supervisor.stop()
    at_work.instance.supervisor.settle(10)
    await pane.do("try", "", "")

    assert nobody == f"{Words('ru')('tried.refused', why='вход не выполнен')} " + Words("ru")(
        "connect.nobody"
    )
    assert text(at_work, pane, "tried").text == Words("ru")("tried.silent")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_of_a_trial_has_words(language: str) -> None:
    faults = set(get_args(Fault)) - {"", "refused"}

    said = {Words(language)(f"tried.{fault}") for fault in faults}

    assert len(said) == len(faults) == 6


def test_variables_are_lines_for_a_terminal() -> None:
    assert list(exports({"A": "b c", "D": "e"})) == ["export A='b c'", "export D=e"]
