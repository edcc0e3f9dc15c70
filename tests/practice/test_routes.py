"""Every request has a name."""

import pytest

from tray_app.practice.http import Request
from tray_app.practice.routes import route_of


@pytest.mark.parametrize(
    ("method", "target", "route", "chat"),
    [("GET", "/api/models", "models", ""), ("GET", "/c/new-chat", "page", ""),
     ("POST", "/api/v2/chat/completions?chat_id=c-1", "completions", "c-1"),
     ("POST", "/api/v2/chat/completions/stop?x&chat_id=c-1", "stop", "c-1"),
     ("DELETE", "/api/v2/chats/c-1", "delete", "c-1"), ("GET", "/api/v2/chats/c-1", "chat", "c-1"),
     ("DELETE", "/api/v2/chats/", "delete-all", ""),
     ("GET", "/output/p-1/t2i/r-1/a1.png?key=k", "picture", ""),
     ("GET", "/output/a-1.png?key=k", "unknown", ""),
     ("POST", "/api/v2/files/getstsToken", "grant", ""),
     ("POST", "/api/v2/files/parse", "parse", ""),
     ("POST", "/api/v2/files/parse/status", "parsed", ""), ("PUT", "/", "unknown", ""),
     ("POST", "/api/v2/chats/c-1", "unknown", ""), ("GET", "/x", "unknown", "")],
)  # fmt: skip
def test_a_request_is_for_something(method: str, target: str, route: str, chat: str) -> None:
    assert route_of(Request(method, target, [])) == (route, chat)
