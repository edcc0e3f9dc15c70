"""The practice site refuses what the site refuses, and keeps account of what it was asked."""

import contextlib
import gc
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.proxy.equals import HeldBack
from tray_app.practice import PracticeSite, acts

MODEL = "qwen3.7-plus"


@dataclass
class Browser:
    """A client that knows what the site wants, signed in to it."""

    site: PracticeSite
    session: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = self.session or self.site.sign_in()

    def headers(self, **more: str) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.session["cookies"].items())
        return {
            "Authorization": f"Bearer {self.session['token']}",
            "Cookie": cookies,
            "version": "0.2.9",
            **more,
        }

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        auth = path.startswith("/api/v2/auths")
        origin = (self.site.auth_origin if auth else self.site.origin).partition("://")[2]
        line = http.client.HTTPConnection(origin, timeout=5)
        try:
            told = self.headers() if headers is None else headers
            line.request(method, path, None if body is None else json.dumps(body), told)
            response = line.getresponse()
            return response, response.read()
        finally:
            line.close()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        return json.loads(self.send(method, path, body, headers)[1])

    def new_chat(self, kind: str = "t2t") -> str:
        told = self.ask("POST", "/api/v2/chats/new", {"models": [MODEL], "chat_type": kind})
        return str(told["data"]["id"])

    def body(self, chat_id: str, text: str = "Hello", **features: Any) -> dict[str, Any]:
        message = {
            "role": "user",
            "content": text,
            "chat_type": self.site.chats.get(chat_id, {}).get("chat_type"),
            "feature_config": {"output_schema": "phase", **features},
        }
        return {
            "chat_id": chat_id,
            "model": MODEL,
            "incremental_output": True,
            "messages": [message],
        }

    def completions(self, body: dict[str, Any], **more: Any) -> bytes:
        path = f"/api/v2/chat/completions?chat_id={body.get('chat_id', '')}"
        return self.send("POST", path, body, **more)[1]

    def chat(self, text: str = "Hello", **features: Any) -> list[Any]:
        """The frames of an answer in a chat of its own."""
        return self.frames(self.completions(self.body(self.new_chat(), text, **features)))

    def frames(self, data: bytes) -> list[Any]:
        """What a stream said."""
        return [json.loads(event[6:]) for event in data.split(b"\n\n") if event.startswith(b"data")]

    def refused(self, body: dict[str, Any], **more: Any) -> str:
        """The code and the details of a refusal."""
        told = json.loads(self.completions(body, **more))
        assert told["success"] is False
        return f"{told['data']['code']}: {told['data']['details']}"


def text_of(told: list[Any], phase: str = "answer") -> str:
    deltas = [choice["delta"] for frame in told for choice in frame.get("choices", ())]
    return "".join(delta["content"] for delta in deltas if delta.get("phase", "answer") == phase)


@pytest.fixture
def browser(site: PracticeSite) -> Browser:
    return Browser(site)


def test_a_chat_is_made_answered_and_deleted(site: PracticeSite, browser: Browser) -> None:
    chat_id = browser.new_chat()
    data = browser.completions(browser.body(chat_id, "Echo?"))
    deleted = browser.ask("DELETE", f"/api/v2/chats/{chat_id}")

    assert b"Echo?" in data
    assert deleted["data"]["status"] is True
    assert site.deleted == [chat_id]
    assert site.chats == {}
    assert site.delete_all_calls == 0


def test_a_request_without_the_version_is_refused(browser: Browser) -> None:
    headers = browser.headers()
    del headers["version"]

    said = browser.refused(browser.body(browser.new_chat()), headers=headers)

    assert said == "Bad_Request: Something wrong with request!"


def test_several_messages_are_refused(browser: Browser) -> None:
    body = browser.body(browser.new_chat())
    body["messages"] *= 2

    assert browser.refused(body) == "Bad_Request: Invalid input too many messages"


@pytest.mark.parametrize("messages", [[], None, "Hello"])
def test_no_message_is_refused(browser: Browser, messages: object) -> None:
    body = {**browser.body(browser.new_chat()), "messages": messages}

    assert browser.refused(body).startswith("Bad_Request")


def test_a_system_message_gets_an_empty_answer(browser: Browser) -> None:
    body = browser.body(browser.new_chat())
    body["messages"][0]["role"] = "system"

    data = browser.completions(body)

    assert data.count(b"data: ") == 1
    assert b"response.created" in data


def test_a_chat_that_is_not_there_is_refused(browser: Browser) -> None:
    assert browser.refused(browser.body("nowhere")) == "CHAT_NOT_FOUND: the chat is not exist"
    assert browser.refused({"model": MODEL}).startswith("RequestValidationError")


def test_a_chat_in_the_body_must_be_that_of_the_address(browser: Browser) -> None:
    one, two = browser.new_chat(), browser.new_chat()
    path = f"/api/v2/chat/completions?chat_id={one}"

    told = browser.ask("POST", path, browser.body(two))

    assert told["data"]["code"] == "CHAT_NOT_FOUND"


@pytest.mark.parametrize(("bytes_", "taken"), [(120 << 10, True), (129 << 10, False)])
def test_a_body_beyond_128_kib_gets_a_challenge(
    browser: Browser, bytes_: int, *, taken: bool
) -> None:
    data = browser.completions(browser.body(browser.new_chat(), "x" * bytes_))

    assert (b"FAIL_SYS_USER_VALIDATE" not in data) == taken
    assert (b"response.created" in data) == taken


def test_a_model_that_always_thinks_cannot_be_told_not_to(browser: Browser) -> None:
    body = {**browser.body(browser.new_chat()), "model": "qwen3.8-max"}
    thinking = browser.body(browser.new_chat(), thinking_enabled=True)

    assert "thinking cannot be disabled" in browser.refused(body)
    assert b"summary_thought" in browser.completions({**thinking, "model": "qwen3.8-max"})


def test_a_chat_that_is_answering_is_busy(site: PracticeSite, browser: Browser) -> None:
    chat_id = browser.new_chat()
    act = HeldBack(acts.say("done"))
    site.will(act)
    first = threading.Thread(target=browser.completions, args=(browser.body(chat_id),))
    first.start()
    site.wait_until(lambda: site.open_streams == 1)

    said = browser.refused(browser.body(chat_id))
    act.may.set()
    first.join()
    site.wait_until(lambda: site.open_streams == 0)

    assert said == "Bad_Request: The chat is in progress!"
    assert b"response.created" in browser.completions(browser.body(chat_id))


@pytest.mark.parametrize("spoiled", ["token", "scheme", "cookie", "nothing sent"])
def test_without_a_session_nothing_is_done(
    site: PracticeSite, browser: Browser, spoiled: str
) -> None:
    headers = {
        "token": browser.headers(Authorization="Bearer other"),
        "scheme": browser.headers(Authorization=f"Basic {browser.session['token']}"),
        "cookie": browser.headers(Cookie="cna=1"),
        "nothing sent": {},
    }[spoiled]

    told = browser.ask("POST", "/api/v2/chats/new", {}, headers)

    assert told["data"]["code"] == "Unauthorized"
    assert site.chats == {}


def test_an_expired_token_is_refused(site: PracticeSite, browser: Browser) -> None:
    site.expire_tokens()

    told = browser.ask("GET", "/api/v2/users/user/settings")

    assert told["data"]["details"] == "Token has expired, please log in again."


def test_a_token_expires_by_itself() -> None:
    now_s = [time.time()]
    site = PracticeSite(clock=lambda: now_s[0])
    site.start()
    try:
        browser = Browser(site)
        assert browser.ask("GET", "/api/v2/users/user/settings")["success"]
        now_s[0] += 901
        assert not browser.ask("GET", "/api/v2/users/user/settings")["success"]
    finally:
        site.stop()


def renewal(browser: Browser, refresh: str, **more: str) -> tuple[Any, str | None]:
    headers = {"Cookie": f"refresh_token={refresh}", "x-request-origin": browser.site.origin}
    response, data = browser.send("GET", "/api/v2/auths/refresh", None, {**headers, **more})
    return json.loads(data), response.getheader("Set-Cookie")


def test_a_renewal_gives_a_token_and_a_new_cookie_to_renew(browser: Browser) -> None:
    told, cookie = renewal(browser, browser.session["cookies"]["refresh_token"])

    assert cookie is not None
    assert cookie.startswith("refresh_token=")
    assert told["data"]["expires_at"] > time.time() + 800
    browser.session["token"] = told["data"]["access_token"]
    assert browser.ask("GET", "/api/v2/users/user/settings")["success"]
    assert renewal(browser, cookie.split("=")[1].split(";")[0])[0]["success"]


def test_an_old_cookie_renews_until_its_successor_was_used(browser: Browser) -> None:
    old = browser.session["cookies"]["refresh_token"]
    renewal(browser, old)
    again, newer = renewal(browser, old)
    assert again["success"]
    assert newer is not None
    renewal(browser, newer.split("=")[1].split(";")[0])

    told, cookie = renewal(browser, old)

    assert told["data"]["code"] == "Unauthorized"
    assert cookie is None


def test_a_renewal_from_elsewhere_is_refused(browser: Browser) -> None:
    refresh = browser.session["cookies"]["refresh_token"]

    told, _ = renewal(browser, refresh, **{"x-request-origin": "https://elsewhere.example"})

    assert told["data"]["code"] == "Unauthorized"


def test_a_site_that_does_not_rotate_keeps_its_cookie() -> None:
    site = PracticeSite(rotates=False)
    site.start()
    try:
        browser = Browser(site)
        refresh = browser.session["cookies"]["refresh_token"]
        for _ in range(2):
            told, cookie = renewal(browser, refresh)
            assert told["success"]
            assert cookie is None
    finally:
        site.stop()


def test_deleting_a_chat_that_is_not_there_is_refused(site: PracticeSite, browser: Browser) -> None:
    chat_id = browser.new_chat()

    told = browser.ask("DELETE", "/api/v2/chats/other")

    assert told["data"]["code"] == "Not_Found"
    assert list(site.chats) == [chat_id]
    assert site.deleted == []


def test_deleting_every_chat_is_done_and_counted(site: PracticeSite, browser: Browser) -> None:
    browser.new_chat()
    browser.new_chat()
    assert len(browser.ask("GET", "/api/v2/chats/")["data"]) == 2

    assert browser.ask("DELETE", "/api/v2/chats/")["success"]

    assert site.delete_all_calls == 1
    assert site.chats == {}


def test_a_chat_can_be_looked_at_and_stopped(site: PracticeSite, browser: Browser) -> None:
    chat_id = browser.new_chat()

    assert browser.ask("GET", f"/api/v2/chats/{chat_id}")["data"]["id"] == chat_id
    assert not browser.ask("GET", "/api/v2/chats/other")["success"]
    assert browser.ask("POST", f"/api/v2/chat/completions/stop?chat_id={chat_id}", {})["success"]
    assert site.stopped == [chat_id]


def test_models_need_no_session(browser: Browser) -> None:
    plain = browser.ask("GET", "/api/models", None, {})
    wrapped = browser.ask("GET", "/api/v2/models/", None, {})

    assert plain["data"] == wrapped["data"]["data"]


def test_any_other_address_is_not_found(browser: Browser) -> None:
    response, data = browser.send("PATCH", "/api/models")

    assert response.status == 404
    assert json.loads(data)["data"]["code"] == "Not_Found"


def test_scripts_are_played_in_turn_and_then_it_is_as_usual(
    site: PracticeSite, browser: Browser
) -> None:
    site.on("models", acts.page("one", 503), acts.value({"two": 2}))

    assert browser.send("GET", "/api/models")[0].status == 503
    assert browser.ask("GET", "/api/models") == {"two": 2}
    assert "data" in browser.ask("GET", "/api/models")
    assert len(site.heard_on("/api/models")) == 3


def test_waiting_for_what_does_not_come_fails_in_time(site: PracticeSite) -> None:
    with pytest.raises(AssertionError, match="awaited"):
        site.wait_until(lambda: False, 0.1)


@pytest.mark.parametrize("number", range(3))
def test_a_site_that_stops_says_nothing_of_those_who_were_there(
    caplog: pytest.LogCaptureFixture, number: int
) -> None:
    site = PracticeSite()
    site.start()
    browser = Browser(site)
    chat = browser.new_chat()
    site.will(acts.Silence())
    address = ("127.0.0.1", int(site.origin.rpartition(":")[2]))
    with contextlib.ExitStack() as stack:
        for data in (b"", b"GET /api", b"GET /api/models HTTP/1.1\r\n\r\n"):
            sock = stack.enter_context(socket.create_connection(address, timeout=5))
            sock.sendall(data)
        waits = threading.Thread(target=lambda: suppressed(browser, chat))
        waits.start()
        site.wait_until(lambda: site.open_streams == 1)
        # Whoever connects last has no task of its own yet.
        for _ in range(20):
            stack.enter_context(socket.create_connection(address, timeout=5))
        site.stop()
        waits.join()
    gc.collect()

    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def suppressed(browser: Browser, chat: str) -> None:
    """Ask something whose answer never comes."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        path = f"/api/v2/chat/completions?chat_id={chat}"
        browser.send("POST", path, browser.body(chat))
