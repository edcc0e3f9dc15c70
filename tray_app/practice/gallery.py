"""Pictures of the practice site: each at an address with a key, while its chat is there.

The key is a token that says whose the picture is and which chat it came from, and has no end.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Container
from dataclasses import dataclass
from urllib.parse import parse_qs

from . import acts
from .drawing import Drawing
from .http import Request
from .record import keep_last

_USER = "practice-person"
MOST = 2_000
"""So many pictures hang at a time."""


@dataclass(frozen=True)
class _Hung:
    """A picture at its address; it is drawn when somebody looks."""

    chat_id: str
    key: str
    drawing: Drawing


class Gallery:
    """All of them.

    Args:
        chats: The ids of the chats that are there.
        origin: Tells where the pictures are, once that is known.
    """

    def __init__(self, chats: Container[str], origin: Callable[[], str]) -> None:
        self._chats = chats
        self._origin = origin
        self._hung: dict[str, _Hung] = {}
        self._secret = uuid.uuid4().bytes

    def hang(self, chat_id: str, response_id: str, drawing: Drawing) -> str:
        """Keep a picture; returns its whole address."""
        self._hung = {path: one for path, one in self._hung.items() if one.chat_id in self._chats}
        url, path, key = self._address(chat_id, response_id)
        self._hung[path] = _Hung(chat_id, key, drawing)
        keep_last(self._hung, MOST)
        return url

    def dead(self, chat_id: str, response_id: str) -> str:
        """An address at which there is nothing."""
        return self._address(chat_id, response_id)[0]

    def answer(self, request: Request) -> acts.Act:
        """The picture that is asked for, or why it is not given."""
        hung = self._hung.get(request.path)
        if hung is None or hung.chat_id not in self._chats:
            return acts.page("<html><title>404 Not Found</title></html>", 404)
        given = parse_qs(request.target.partition("?")[2]).get("key", [""])[0]
        if not hmac.compare_digest(given.encode(), hung.key.encode()):
            return acts.page("<html><title>403 Forbidden</title></html>", 403)
        return acts.Whole(hung.drawing.png(), content_type="image/png")

    def _address(self, chat_id: str, response_id: str) -> tuple[str, str, str]:
        """The whole address, its path, and its key."""
        picture = uuid.uuid4().hex
        claims = {
            "resource_user_id": _USER,
            "resource_id": picture,
            "resource_chat_id": chat_id,
        }
        told = b".".join(map(_plain, ({"alg": "HS256", "typ": "JWT"}, claims)))
        signed = hmac.digest(self._secret, told, hashlib.sha256)
        key = (told + b"." + base64.urlsafe_b64encode(signed).rstrip(b"=")).decode()
        path = f"/output/{_USER}/t2i/{response_id}/{picture}.png"
        return f"{self._origin()}{path}?key={key}", path, key


def _plain(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
