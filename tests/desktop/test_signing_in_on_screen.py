"""The whole way on a real screen: the notice, the sign-in page, an answer, a check, signing out."""

import http.client
import json
import threading

import pytest

from tests.desktop.running import Tray
from tests.desktop.test_acts import running as running
from tests.waiting import until

pytestmark = pytest.mark.desktop

SIGN_IN = "Sign in to Qwen Chat - http://127.0.0.1:[0-9]*"
CHECK = "Qwen asks for a person: answer here - http://127.0.0.1:[0-9]*"


def status(running: Tray) -> dict[str, dict[str, object]]:
    told: dict[str, dict[str, object]] = json.loads(running.portico.say("status", "--json"))
    return told


def chat(running: Tray, text: str) -> tuple[int, str]:
    """The status of a request, and the answer."""
    key = running.portico.say("key", "show")
    connection = http.client.HTTPConnection("127.0.0.1", running.portico.port, timeout=90)
    try:
        body = json.dumps(
            {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": text}]}
        )
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def sign_in(running: Tray, email: str) -> None:
    """Fill in the form as a person does."""
    screen = running.eyes
    screen.press(screen.find("Email", "entry")[2])
    screen.run("xdotool", "type", "--delay", "30", email)
    screen.keys("Tab")
    screen.run("xdotool", "type", "--delay", "30", "secret")
    screen.keys("Return")


def test_a_person_signs_in_is_answered_by_the_page_answers_a_check_and_signs_out(
    running: Tray,
) -> None:
    running.remote.click("Sign in…")
    running.press("Before you sign in", "Cancel")
    assert not running.has_window(SIGN_IN)
    assert running.portico.say("settings", "get", "terms_read") == "false"

    running.remote.click("Sign in…")
    running.press("Before you sign in", "I understand, go on")
    until(lambda: running.has_window(SIGN_IN))
    sign_in(running, "me@example.org")
    running.press("Another account", "Use it")
    until(lambda: status(running)["session"]["by_window"])
    until(lambda: not running.has_window(SIGN_IN))
    said = chat(running, "hello from the page")

    assert status(running)["session"]["account"] == "me@example.org"
    assert status(running)["transport"]["why"] == "window"
    assert said[0] == 200
    assert "hello from the page" in said[1]

    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(chat(running, "practice: modal")))
    asking.start()
    running.line("Qwen asks for a person: look at its window")
    until(lambda: running.has_window(CHECK))
    running.eyes.click("I am a person")
    asking.join(60)
    running.line("Practice mode on port")

    assert [code for code, _ in answers] == [200]
    assert not running.has_window(CHECK)

    running.remote.click("Sign out…")
    running.press("Sign out", "Sign out")
    until(lambda: status(running)["session"]["state"] == "signed_out")

    assert chat(running, "nobody")[0] == 401
    assert running.portico.say("settings", "get", "terms_read") == "true"


def test_the_hidden_window_is_closed_after_the_time_that_is_set(running: Tray) -> None:
    running.remote.click("Sign in…")
    running.press("Before you sign in", "I understand, go on")
    until(lambda: running.has_window(SIGN_IN))
    sign_in(running, "me@example.org")
    running.press("Another account", "Use it")
    until(lambda: status(running)["session"]["by_window"])

    running.portico.say("settings", "set", "idle_window_s", "1")
    answer = chat(running, "hello from the page")
    until(lambda: status(running)["transport"]["window"] == "closed")

    assert answer[0] == chat(running, "hello again")[0] == 200
