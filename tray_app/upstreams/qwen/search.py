"""Rounds of the site's own web search, turned into numbered sources.

Numbering runs over all rounds of an answer: a round says how many documents were used so far, and
its last document has that number. Seen: 2026-10, fixtures of a published client.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tray_app.core.model import Source


class SearchRounds:
    """The sources of one answer."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._count = 0

    def feed(self, extra: Raw | UnsetType) -> list[Source]:
        """The sources that a frame of a search phase brings."""
        if extra is UNSET:
            return []
        try:
            told = msgspec.json.decode(extra)
        except (msgspec.DecodeError, RecursionError):
            return []
        if not isinstance(told, dict):
            return []
        docs, last = _documents(told)
        first = (last or self._count + len(docs)) - len(docs) + 1
        found = [
            source
            for number, doc in enumerate(docs, first)
            if (source := _source(number, doc)) and number not in self._known
        ]
        self._known.update(source.number for source in found)
        self._count = max([self._count, *self._known])
        return found


def _documents(told: dict[str, Any]) -> tuple[list[Any], int | None]:
    """The documents of a round, and the number of the last one where it is told."""
    result = told.get("tool_result")
    if isinstance(result, dict) and isinstance(result.get("docs"), list):
        used = result.get("used_id")
        docs = result["docs"]
        return docs, used if isinstance(used, int) and used >= len(docs) else None
    for key in ("web_search_info", "search_result"):
        if isinstance(told.get(key), list):
            return told[key], None
    return [], None


def _source(number: int, doc: object) -> Source | None:
    if not isinstance(doc, dict):
        return None
    url, title = doc.get("url"), doc.get("title")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return None
    safe = url.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
    return Source(number=number, url=safe, title=title if isinstance(title, str) else safe)
