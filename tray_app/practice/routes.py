"""What a request to the practice site is for, by its method and path."""

import re

from .http import Request

_CHAT = re.compile(r"/api/v2/chats/([^/]+)")
_PICTURE = re.compile(r"/output/[\w-]+/t2i/[\w-]+/[\w-]+\.png")
_FIXED = {
    ("GET", "/api/models"): "models",
    ("GET", "/api/v2/models/"): "models-v2",
    ("POST", "/api/v2/chats/new"): "new",
    ("POST", "/api/v2/chat/completions"): "completions",
    ("POST", "/api/v2/chat/completions/stop"): "stop",
    ("DELETE", "/api/v2/chats/"): "delete-all",
    ("GET", "/api/v2/chats/"): "chats",
    ("GET", "/api/v2/users/user/settings"): "settings",
    ("GET", "/api/v2/user/info"): "whose",
    ("GET", "/api/v2/auths/refresh"): "refresh",
    ("POST", "/api/v2/auths/signin"): "signin",
    ("POST", "/api/v2/files/getstsToken"): "grant",
    ("POST", "/api/v2/files/parse"): "parse",
    ("POST", "/api/v2/files/parse/status"): "parsed",
    ("GET", "/auth"): "page",
    ("GET", "/"): "page",
}


def route_of(request: Request) -> tuple[str, str]:
    """The name of what a request is for, and the chat it is about."""
    method, path = request.method, request.path
    pairs = (pair.partition("=") for pair in request.target.partition("?")[2].split("&"))
    chat_id = {name: value for name, _, value in pairs}.get("chat_id", "")
    if (fixed := _FIXED.get((method, path))) is not None:
        return fixed, chat_id
    if method == "GET" and path.startswith("/c/"):
        return "page", chat_id
    one = _CHAT.fullmatch(path)
    if one is not None and method in {"GET", "DELETE"}:
        return ("delete" if method == "DELETE" else "chat"), one[1]
    return ("picture" if _PICTURE.fullmatch(path) else "unknown"), chat_id
