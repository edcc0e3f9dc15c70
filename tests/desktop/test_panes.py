"""The panes of a program on a real screen: from the menu to an answer, every change in force."""

import json
import time
from pathlib import Path

import msgspec
import pytest

from tests.desktop.desks import EN, office
from tests.desktop.running import Tray
from tests.desktop.snapshots import FACTS, facts, session
from tests.desktop.test_acts import running as running
from tests.desktop.test_signing_in_on_screen import SIGN_IN, sign_in
from tests.waiting import until
from tray_app.desktop.launcher import Launcher
from tray_app.desktop.panes import Panes, is_first_run
from tray_app.desktop.state import decide
from tray_app.desktop.views import status_view, tell_the_terms
from tray_app.practice import PracticeSite
from tray_app.proxy.status import Run
from tray_app.store.settings import Settings

CONNECT, SETTINGS = "Portico - Connect an app", "Portico - Settings"


def opened(running: Tray, row: str, title: str) -> None:
    running.remote.click(row)
    until(lambda: running.has_window(title))
    until(lambda: running.eyes.active() == title)


def press(running: Tray, name: str) -> None:
    """Walk to a button by the keyboard's focus, as its own place may be out of sight."""
    for _ in range(60):
        focused = [seen for _, seen, _, states in running.eyes.read() if "focused" in states]
        if name in focused:
            running.eyes.keys("space")
            return
        running.eyes.keys("Tab")
    raise AssertionError(f"{name} cannot be reached by the keyboard")


@pytest.mark.desktop
def test_an_app_is_connected_within_a_minute(running: Tray, tmp_path: Path) -> None:
    began_s = time.monotonic()
    opened(running, "Connect an app…", CONNECT)
    running.eyes.click("Roo Code Editor")
    press(running, "Copy: API key")
    until(lambda: "Copied" in running.eyes.names())
    key = until(running.pasted)
    press(running, "Try now")
    until(lambda: [one for one in running.eyes.names() if one.startswith("It works: ")])
    took_s = time.monotonic() - began_s

    assert key == running.portico.say("key", "show", "roo-code")
    assert took_s < 60
    running.eyes.keys("Escape")
    until(lambda: not running.has_window(CONNECT))


@pytest.mark.desktop
def test_an_apps_file_is_written_and_put_back(running: Tray) -> None:
    home = Path(running.environment["HOME"])
    path = home / ".config/opencode/opencode.json"
    opened(running, "Connect an app…", CONNECT)
    running.eyes.find("Search 32 apps", "entry")
    running.eyes.keys("Tab")
    running.eyes.run("xdotool", "type", "--delay", "30", "opencode")
    running.eyes.click("opencode Coding agent")
    press(running, "Write it for me")
    until(path.exists)
    told = json.loads(path.read_text())["provider"]["portico"]["options"]
    press(running, "Undo")
    until(lambda: not path.exists())

    assert told["apiKey"] == running.portico.say("key", "show", "opencode")


@pytest.mark.desktop
def test_a_setting_is_in_force_at_once_or_says_why_not(running: Tray) -> None:
    opened(running, "Settings…", SETTINGS)
    press(running, "Copy: Base URL for apps")
    until(lambda: running.pasted() == f"http://127.0.0.1:{running.portico.port}/v1")
    running.eyes.click("Answers")
    running.eyes.press(running.eyes.find("Answers at the same time", "entry")[2])
    running.eyes.keys("ctrl+a", "0", "Tab")
    until(lambda: "Write a whole number from 1 to 1000." in running.eyes.names())
    refused = running.portico.say("settings", "get", "parallel_answers")
    running.eyes.keys("shift+Tab", "ctrl+a", "5", "Return")
    until(lambda: running.portico.say("settings", "get", "parallel_answers") == "5")
    until(lambda: "Saved" in running.eyes.names())
    press(running, "Reset: Answers at the same time")
    until(lambda: running.portico.say("settings", "get", "parallel_answers") == "2")

    assert refused == "2"


@pytest.mark.desktop
def test_the_language_of_an_open_window_is_changed_in_it(running: Tray) -> None:
    opened(running, "Settings…", SETTINGS)

    running.portico.say("settings", "set", "language", "ru")

    until(lambda: running.has_window("Portico - Настройки"))
    until(lambda: "Ключи" in running.eyes.names())


@pytest.mark.desktop
def test_a_key_is_made_and_revoked(running: Tray) -> None:
    opened(running, "Settings…", SETTINGS)
    running.eyes.click("Keys")
    running.eyes.press(running.eyes.find("Name", "entry")[2])
    running.eyes.run("xdotool", "type", "--delay", "30", "my app")
    running.eyes.keys("Return")
    until(lambda: "my app" in running.portico.say("key", "list"))
    until(lambda: "The key my app is in force." in running.eyes.names())
    secret = running.portico.say("key", "show", "my app")
    until(lambda: secret in running.eyes.names())
    answered = running.portico.chat(secret)[0]
    press(running, "Revoke…")
    running.eyes.find("Revoke this key")
    running.eyes.keys("Tab", "Return")
    until(lambda: "my app" not in running.portico.say("key", "list"))

    assert answered == 200
    assert running.portico.chat(secret)[0] == 401


@pytest.mark.desktop
def test_who_signs_in_for_the_first_time_is_shown_what_is_next(running: Tray) -> None:
    running.portico.say("session", "clear")
    opened(running, "Connect an app…", CONNECT)
    running.eyes.click("Sign in…")
    until(lambda: running.has_window("Before you sign in"))
    running.eyes.click("I understand, go on")
    until(lambda: running.has_window(SIGN_IN))
    sign_in(running, "me@example.org")
    until(lambda: running.eyes.active() == CONNECT)
    until(lambda: "Nobody is signed in to Qwen, so no app is answered." not in running.eyes.names())
    running.eyes.click("Any OpenAI client Everything else")
    press(running, "Try now")

    until(lambda: [one for one in running.eyes.names() if one.startswith("It works: ")])


@pytest.mark.slow
async def test_the_welcome_comes_once(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    nobody = facts(status={"session": session("signed_out")})
    launcher = Launcher(lambda *_: None, lambda *_: None)
    with office(site, tmp_path) as at_work:
        panes = Panes(launcher, at_work.desk, at_work.facts, welcomes=True)
        hidden = Panes(launcher, at_work.desk, at_work.facts)

        drawn = [panes.draw(FACTS), panes.draw(nobody), panes.draw(nobody), hidden.draw(nobody)]

    assert drawn == [False, True, False, False]


@pytest.mark.slow
async def test_the_welcome_waits_for_the_window_that_stands_in_for_the_icon(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    nobody = facts(status={"session": session("signed_out")}, hosted=False)
    launcher = Launcher(lambda *_: None, lambda *_: None)
    with office(site, tmp_path) as at_work:
        panes = Panes(launcher, at_work.desk, at_work.facts, welcomes=True)
        before = panes.draw(nobody)
        launcher.open("status", status_view(decide(nobody, EN), EN))
        drawn = [panes.draw(nobody), panes.draw(nobody)]
        await launcher.close_all()

    assert (before, drawn) == (False, [True, False])


@pytest.mark.slow
async def test_the_welcome_waits_until_nothing_is_asked(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    nobody = facts(status={"session": session("signed_out")})
    launcher = Launcher(lambda *_: None, lambda *_: None)
    with office(site, tmp_path) as at_work:
        panes = Panes(launcher, at_work.desk, at_work.facts, welcomes=True)
        launcher.open("question", tell_the_terms(EN))
        asked = panes.draw(nobody)
        await launcher.close_all()
        drawn = [panes.draw(nobody), panes.draw(nobody)]

    assert (asked, drawn) == (False, [True, False])


@pytest.mark.slow
@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
def test_only_who_never_signed_in_is_welcomed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    nobody = facts(status={"session": session("signed_out")})
    others = {
        "is signed in": FACTS,
        "knows it": msgspec.structs.replace(nobody, settings=Settings(terms_read=True)),
        "is not asked yet": facts(status=None, run=Run("starting")),
        "has no windows": msgspec.structs.replace(nobody, windows=False),
    }

    assert is_first_run(nobody)
    assert [name for name, told in others.items() if is_first_run(told)] == []
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not is_first_run(nobody)
