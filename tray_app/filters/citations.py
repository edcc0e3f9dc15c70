"""Markers of sources, `[[3]]`, become what a client likes to read, and citations.

The site writes a marker where a sentence rests on a page that its search found. An answer without
sources is never touched or held. In one that has them no marker is left that leads nowhere: one
that names no source goes. What looks like a marker in code is none.
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from tray_app.core.model import (
    Citation,
    Event,
    Finished,
    ImageReady,
    Source,
    TextDelta,
    ToolCallDelta,
)
from tray_app.core.ports import CitationStyle

from .markers import Markers

_IN_URL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029()<>\[\]\\`\"]")
_IN_TITLE = re.compile(r"[\[\]\\`<]")
_CLOSING = frozenset(".,;:!?)]}…”’»。，、；：！？）】》」』 \t\r\n")
"""No space is left before these by a marker that goes."""


class Citing:
    """A filter that turns sources into citations and shows their markers in a style.

    An answer that cites none of its sources ends with all of them, so that none is lost.
    """

    def __init__(self, emit: Callable[[Event], None], style: CitationStyle) -> None:
        self._emit = emit
        self._style = style
        self._markers = Markers(self._say, self._mark)
        self._sources: dict[int, Source] = {}
        self._cited: dict[int, int] = {}
        """The place of each cited source among them, from 1 on, by its number."""
        self._pieces: list[str] = []
        self._length = 0
        self._gap = False
        """A space is held back that stood before a marker which went."""

    def __call__(self, event: Event) -> None:
        if type(event) is TextDelta:
            if self._sources:
                self._markers.feed(event.text)
                self._flush()
            else:
                self._length += len(event.text)
                self._emit(event)
        elif type(event) is Source:
            self._sources[event.number] = event
        else:
            if isinstance(event, (ToolCallDelta, ImageReady, Finished)):
                self._markers.flush()
                self._flush()
            if type(event) is Finished:
                self._end()
            self._emit(event)

    def _mark(self, number: int, space: str) -> None:
        source = self._sources.get(number)
        if source is None or self._style == "none":
            self._gap = self._gap or bool(space)
            return
        self._say(space)
        place = self._cited.setdefault(number, len(self._cited) + 1)
        shown = f"[{place}]" if self._style == "list" else f"[[{number}]]"
        if self._style == "links":
            shown += f"({_url(source)})"
        self._say(shown)
        self._cite(source, self._length - len(shown))

    def _cite(self, source: Source, start: int) -> None:
        self._emit(Citation(source.url, source.title, start, self._length))

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._gap:
            self._gap = False
            if text[0] not in _CLOSING:
                text = " " + text
        self._pieces.append(text)
        self._length += len(text)

    def _flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._emit(TextDelta(text))

    def _end(self) -> None:
        if self._style == "none":
            return
        if not self._cited:
            for place, (number, source) in enumerate(sorted(self._sources.items()), 1):
                self._cited[number] = place
                self._cite(source, self._length)
        if self._style == "list" and self._cited and self._length:
            shown = (f"{at}. {_link(self._sources[one])}" for one, at in self._cited.items())
            self._say("\n\n" + "\n".join(shown))
            self._flush()


def _url(source: Source) -> str:
    """Its address, with nothing in it that ends a link of Markdown."""
    return _IN_URL.sub(lambda found: quote(found[0], safe=""), source.url)


def _link(source: Source) -> str:
    """Its title as a link of Markdown, in one line."""
    title = " ".join(source.title.split()) or source.url
    return f"[{_IN_TITLE.sub(_escaped, title)}]({_url(source)})"


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[0]
