"""Files that people give the practice site: what it lends for them, and how it reads them."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import acts
from .http import Request
from .looks import Seen, look
from .record import keep_last
from .store import BUCKET, MOST, REGION, Refused, Store

_KINDS = {"image", "video", "audio", "file"}
_USER = "practice-person"
_NOT_THERE = acts.refused("Bad_Request", "The file is not exist")
_WRONG = acts.refused("Bad_Request", "Invalid file information!")


@dataclass
class _Given:
    """A file that was announced."""

    key: str
    is_document: bool
    looks_left: int | None = None
    """How often it is still found unread; None before anybody had it read."""


class Uploads:
    """What the site knows of files; everything public may be used from any thread."""

    def __init__(self, store: Store, note: Callable[[Callable[[], object]], None]) -> None:
        self.looks = 2
        """How often a document is found unread before it is read."""
        self._store = store
        self._note = note
        self._files: dict[str, _Given] = {}
        self._lock = threading.Lock()

    def answer(self, route: str, request: Request) -> acts.Act:
        """The answer on a route of files."""
        asked = request.json()
        if route == "grant":
            return self._grant(asked)
        if route == "parse":
            return self._parse(asked)
        return self._parsed(asked)

    def _grant(self, asked: dict[str, Any]) -> acts.Act:
        name, size, kind = (asked.get(f"file{part}") for part in ("name", "size", "type"))
        is_size = isinstance(size, int | str) and str(size).isdigit() and int(size) > 0
        if not isinstance(name, str) or not name or not is_size or kind not in _KINDS:
            return _WRONG
        file_id = str(uuid.uuid4())
        key = f"{_USER}/{file_id}_{name}"
        self._files[file_id] = _Given(key, is_document=kind == "file")
        keep_last(self._files, MOST)
        keys = self._store.lend(key)
        data = {
            "access_key_id": keys.id,
            "access_key_secret": keys.secret,
            "security_token": keys.token,
            "file_url": self._store.url(key),
            "file_path": key,
            "file_id": file_id,
            "bucketname": BUCKET,
            "region": f"oss-{REGION}",
            "endpoint": self._store.endpoint,
        }
        told = {"success": True, "request_id": uuid.uuid4().hex, "data": data}
        return acts.value(told, Date=self._store.date())

    def _parse(self, asked: dict[str, Any]) -> acts.Act:
        given = self._files.get(str(asked.get("file_id")))
        if given is None or given.key not in self._store.objects:
            return _NOT_THERE
        given.looks_left = self.looks
        return acts.value({"success": True, "data": {"status": "pending"}})

    def _parsed(self, asked: dict[str, Any]) -> acts.Act:
        ids = asked.get("file_id_list")
        told = [self._state(str(one)) for one in ids] if isinstance(ids, list) else []
        return acts.value({"success": True, "data": told})

    def _state(self, file_id: str) -> dict[str, str]:
        given = self._files.get(file_id)
        if given is None or given.looks_left is None:
            return {"file_id": file_id, "status": "failed"}
        stored = self._store.objects.get(given.key)
        if stored is None or not stored.data.strip():
            return {"file_id": file_id, "status": "failed"}
        with self._lock:
            left = given.looks_left
            given.looks_left = max(0, left - 1)
        status = "success" if not left else "pending" if left == self.looks else "running"
        return {"file_id": file_id, "status": status}

    def refusal(self, body: dict[str, Any]) -> acts.Act | None:
        """What the site has against the files of a completions body, if anything."""
        for item in _items(body):
            given = self._files.get(str(item.get("id")))
            if given is None or given.key not in self._store.objects:
                return _NOT_THERE
            try:
                self._store.at(str(item.get("url")))
            except Refused:
                return _WRONG
            if given.is_document and given.looks_left != 0:
                return acts.refused("Bad_Request", "The file is not parsed")
        return None

    def seen(self, body: dict[str, Any]) -> tuple[Seen, ...]:
        """The files of a completions body that is not refused, as a model sees them."""
        return tuple(
            look(str(item.get("name")), self._store.at(str(item["url"])).data)
            for item in _items(body)
        )


def _items(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    messages = body.get("messages")
    message = messages[0] if isinstance(messages, list) and messages else None
    files = message.get("files") if isinstance(message, dict) else None
    yield from (item for item in files or () if isinstance(item, dict))
