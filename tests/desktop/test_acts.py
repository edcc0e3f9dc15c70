"""Clicks that ask something first, answered in real windows; and those that cannot be done."""

import asyncio
import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.desktop.running import Tray, tray
from tests.desktop.screen import Eyes, screen_in
from tests.desktop.test_app import Life, key_of, knock, living
from tests.desktop.test_app import life as life
from tests.desktop.xfce import Xfce
from tests.proxy.test_supervisor import parts_on
from tests.waiting import until
from tray_app.desktop.words import Words
from tray_app.practice import PracticeSite, acts

ORIGIN = "https://app.example"


@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
def test_what_cannot_be_done_is_told(
    life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    life.click("Copy key")
    until(lambda: len(life.paper.notices) == 1)
    life.click("Open logs folder")
    until(lambda: len(life.paper.notices) == 2)
    life.instance.carry_out("key", what="new", name="gone").result(10)
    number = until(lambda: life.paper.row("gone")).id
    life.instance.supervisor.parts.person.keys.revoke("gone")
    life.app.pressed(number)
    until(lambda: len(life.paper.notices) == 3)

    said = [text for _, text in life.paper.notices]
    assert "the clipboard cannot be reached" in said[0]
    assert str(tmp_path) in said[1]
    assert "no key named 'gone'" in said[2]


@pytest.mark.slow
def test_without_windows_no_door_is_opened(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """S39"""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    port = life.instance.supervisor.parts.settings.port
    life.click("Without a key")
    life.click("Connect a web app")
    until(lambda: life.paper.row("Connect a web app").checked)
    assert knock(port, key_of(life), ORIGIN) == 403
    until(lambda: life.instance.status.visitors.asking is None)

    assert not life.instance.status.visitors.keyless
    assert life.instance.supervisor.parts.settings.origins == ()
    assert Words("en")("missing.no_display") in {text for _, text in life.paper.notices}


def test_this_computers_address_is_one() -> None:
    address = here("print(own_address())")

    assert address == "" or address.count(".") == 3


def here(code: str) -> str:
    """What a program says that may use this computer's own address in its network."""
    head = "import http.client\nfrom tray_app.desktop.acts import own_address\n"
    return subprocess.run(
        [sys.executable, "-c", head + code], capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()


CALL = """
line = http.client.HTTPConnection(own_address(), {port}, timeout=5)
try:
    line.request("GET", "/v1/models", headers={{"Authorization": "Bearer {key}"}})
    print(line.getresponse().status)
except ConnectionRefusedError:
    print("refused")
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Tray]:
    xfce = Xfce(tmp_path)
    xfce.start(panel=True)
    try:
        with tray(xfce, tmp_path / "portico") as started:
            started.line("Practice mode on port")
            yield started
    finally:
        xfce.stop()


def models(running: Tray, headers: dict[str, str]) -> tuple[int, str | None]:
    """The status of a request, and the origin that may read it."""
    connection = http.client.HTTPConnection("127.0.0.1", running.portico.port, timeout=5)
    try:
        connection.request("GET", "/v1/models", headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("Access-Control-Allow-Origin")
    finally:
        connection.close()


def is_busy(eyes: Eyes) -> bool:
    return any(Words("en")("ask.sign_in.busy") in name for name in eyes.names())


@pytest.mark.desktop
def test_a_session_that_the_site_is_slow_to_take_is_said_to_be_looked_at(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, parts = str(site.sign_in()["token"]), parts_on(site)
    # Who knows the terms is not welcomed, and by no window before the one for the session.
    settings = msgspec.structs.replace(parts.settings, terms_read=True)
    known = msgspec.structs.replace(parts, settings=settings)
    (tmp_path / "life").mkdir()
    with screen_in(tmp_path) as screen:
        for name, value in screen.environment.items():
            monkeypatch.setenv(name, value)
        with living(known, tmp_path / "life") as life:
            life.shows("running")
            life.instance.carry_out("session", what="clear").result(10)
            life.shows("signed_out")
            life.click("Bring a browser's session")
            until(lambda: "focused" in screen.find("The copied text", "entry")[3])
            screen.run("xdotool", "type", "--delay", "25", token)
            site.on("settings", acts.Slow(acts.Whole(b"{}", 401), 4.0))
            screen.click("Use it")
            until(lambda: is_busy(screen))
            until(lambda: not is_busy(screen))
            said = screen.names()

    assert any("It was not taken" in one for one in said)


@pytest.mark.desktop
def test_a_web_app_is_let_in_by_its_person_and_by_its_exact_origin(running: Tray) -> None:
    """S49, S62"""
    key = running.portico.say("key", "show")
    page = {"Authorization": f"Bearer {key}", "Origin": ORIGIN}
    running.remote.click("Connect a web app")
    until(lambda: running.remote.row("Connect a web app")["toggle-state"] == 1)
    before = [models(running, page) for _ in range(3)]
    running.line(f"{ORIGIN} wants to connect")
    running.press("Connect a web app", "Let it in")
    until(lambda: models(running, page) == (200, ORIGIN))
    time_again = models(running, {**page, "Origin": ORIGIN + ".evil.example"})

    assert before == [(403, None)] * 3
    assert time_again == (403, None)
    assert running.portico.say("settings", "get", "origins") == f'["{ORIGIN}"]'
    running.line(f"{ORIGIN}.evil.example wants to connect")
    running.press("Connect a web app", "Cancel")
    assert running.portico.say("settings", "get", "origins") == f'["{ORIGIN}"]'
    running.line("Practice mode on port")


@pytest.mark.desktop
def test_keys_are_dispensed_with_only_after_a_yes_and_until_the_end(running: Tray) -> None:
    """S39"""
    title = "Serve without a key"
    running.remote.click("Without a key")
    running.press(title, "Cancel")
    refused = models(running, {})
    running.remote.click("Without a key")
    running.press(title, "Serve without a key")
    until(lambda: running.remote.row("Without a key")["toggle-state"] == 1)

    assert refused[0] == 401
    assert models(running, {})[0] == 200
    assert models(running, {"Origin": "http://localhost:3000"})[0] == 401
    running.remote.click("Without a key")
    until(lambda: models(running, {})[0] == 401)


@pytest.mark.desktop
def test_the_network_is_let_in_with_a_key_of_its_own(running: Tray) -> None:
    """S19"""
    if not here("print(own_address())"):
        pytest.skip("this computer is in no network")
    running.remote.click("Devices of my network")
    running.press("Open to your network", "Open it")
    until(lambda: "open to your network" in running.remote.tip())
    port, portico = running.portico.port, running.portico
    answers = [
        here(CALL.format(port=port, key=portico.say("key", "show", name)))
        for name in ("default", "network")
    ]

    assert answers == ["401", "200"]
    running.remote.click("Devices of my network")
    until(lambda: portico.say("settings", "get", "network_host") == "")
    running.line("Practice mode on port")
    until(lambda: here(CALL.format(port=port, key="x")) == "refused")


def test_every_action_of_the_menu_can_be_done() -> None:
    """Whatever the menu names is known to who carries it out."""
    import ast

    import tray_app.desktop.acts as carried
    import tray_app.desktop.menu as named

    def texts(module: object) -> str:
        return Path(str(getattr(module, "__file__", ""))).read_text(encoding="utf-8")

    names = {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(texts(named)))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Action"
        and isinstance(node.args[0], ast.Constant)
    }
    done = texts(carried)

    assert len(names) > 15
    assert [name for name in names - {"quit"} if f'"{name}":' not in done] == []
    assert asyncio.iscoroutinefunction(carried.Acts.do)
