"""Markers of sources, `[[3]]`, become links and citations.

The site writes a marker where a sentence rests on a page that its search found. A marker may be cut
anywhere, so while an answer has sources the shortest tail that could become one is held back; an
answer without sources is never held. A marker whose number no source has stays as it is.
"""

import re
from collections.abc import Callable

from tray_app.core.model import Citation, Event, Finished, Source, TextDelta

_MARKER = re.compile(r"\[\[(\d{1,4})\]\]")
_BEGINNING = re.compile(r"\[(?:\[(?:\d{1,4}\]?)?)?\Z")


class Citing:
    """A filter that turns sources into citations, and their markers into links if `linked`.

    An answer that cites none of its sources ends with all of them, so that none is lost.
    """

    def __init__(self, emit: Callable[[Event], None], *, linked: bool) -> None:
        self._emit = emit
        self._linked = linked
        self._sources: dict[int, Source] = {}
        self._held = ""
        self._length = 0
        self._cited = False

    def __call__(self, event: Event) -> None:
        if type(event) is TextDelta:
            if self._sources:
                self._text(event.text)
            else:
                self._length += len(event.text)
                self._emit(event)
        elif type(event) is Source:
            self._sources[event.number] = event
        else:
            if type(event) is Finished:
                self._end()
            self._emit(event)

    def _text(self, text: str) -> None:
        text = self._held + text
        self._held = ""
        if "[" in text:
            beginning = _BEGINNING.search(text)
            if beginning:
                text, self._held = text[: beginning.start()], beginning[0]
            text = self._marked(text)
        self._say(text)

    def _marked(self, text: str) -> str:
        """The text with its known markers linked; their citations are handed on first."""
        pieces: list[str] = []
        at = written = 0
        for found in _MARKER.finditer(text):
            source = self._sources.get(int(found[1]))
            if source is None:
                continue
            shown = f"{found[0]}({source.url})" if self._linked else found[0]
            before = text[at : found.start()]
            start = self._length + written + len(before)
            self._emit(Citation(source.url, source.title, start, start + len(shown)))
            self._cited = True
            pieces += (before, shown)
            written += len(before) + len(shown)
            at = found.end()
        pieces.append(text[at:])
        return "".join(pieces)

    def _end(self) -> None:
        self._say(self._held)
        self._held = ""
        if not self._cited:
            for source in self._sources.values():
                self._emit(Citation(source.url, source.title, self._length, self._length))

    def _say(self, text: str) -> None:
        if text:
            self._length += len(text)
            self._emit(TextDelta(text))
