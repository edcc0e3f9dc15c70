"""The headers of each kind of call: S116."""

import pytest

from tray_app.core.calls import Call, Stamp
from tray_app.core.session import Session
from tray_app.upstreams.qwen.wire import SITE, WEB_APP_VERSION, headers, page_headers

STAMP = Stamp(
    now_s=0.0, new_id=lambda: "id-1", timezone="GMT+0800", local="Tue Sep 22 2026 04:13:35"
)
SESSION = Session("token", {"a": "1", "b": "2"})


def sent(call: Call, session: Session | None = SESSION) -> dict[str, str]:
    return headers(SITE, call, session, STAMP, "Portico/1")


def test_a_plain_call_says_who_we_are_and_no_more() -> None:
    """S116"""
    assert sent(Call("GET", "/x")) == {
        "Accept": "application/json, text/plain, */*",
        "Accept-Language": "en-US,en;q=0.9",
        "Authorization": "Bearer token",
        "Cookie": "a=1; b=2",
        "Origin": "https://chat.qwen.ai",
        "Referer": "https://chat.qwen.ai/",
        "User-Agent": "Portico/1",
        "source": "web",
        "timezone": "Tue Sep 22 2026 04:13:35 GMT+0800",
        "version": "0.3.12",
        "x-request-id": "id-1",
    }


@pytest.mark.parametrize(
    ("call", "name", "value"),
    [
        (Call("POST", "/x", body=b"{}"), "Content-Type", "application/json"),
        (Call("POST", "/x", streams=True), "Accept-Encoding", "identity"),
        (Call("POST", "/x", streams=True), "x-accel-buffering", "no"),
        (Call("GET", "/x", place="auth"), "x-request-origin", "https://chat.qwen.ai"),
        (Call("GET", "/x", page="/c/1"), "Referer", "https://chat.qwen.ai/c/1"),
    ],
)
def test_some_calls_say_one_thing_more(call: Call, name: str, value: str) -> None:
    assert sent(call)[name] == value


def test_nobodys_call_carries_nobodys_session() -> None:
    assert not {"Authorization", "Cookie"} & set(sent(Call("GET", "/x"), None))
    assert not {"Authorization", "Cookie"} & set(sent(Call("GET", "/x", signed=False)))


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("/qwen-chat-fe/0.3.47/js/main.js", "0.3.47"),
        ("/other/qwen-chat-fe/1.2/js/main.js", "1.2"),
        ("", WEB_APP_VERSION),
        ("/qwen-chat-fe/latest/js/main.js", WEB_APP_VERSION),
        ("/qwen-chat-fe/0.3.4\r\nevil: 1/js/main.js", WEB_APP_VERSION),
    ],
)
def test_the_pages_calls_say_the_version_of_the_page(script: str, version: str) -> None:
    """S116"""
    said = page_headers(Call("POST", "/x", body=b"{}"), STAMP, script)

    assert said == {
        "Accept": "application/json, text/plain, */*",
        "Content-Type": "application/json",
        "source": "web",
        "timezone": "Tue Sep 22 2026 04:13:35 GMT+0800",
        "version": version,
        "x-request-id": "id-1",
    }
