"""The stream of a drawing: its pictures, and what to do where it ends without one.

Some streams end before their picture is there, some tell a caption before it, and some answers show
it as Markdown in their text (seen: 2026-09, peers). So text is held until the end; alone, it says
why nothing was drawn, and is the answer, if the chat has no picture either.
"""

from collections.abc import Iterable
from functools import partial

from tray_app.core.calls import Call, Flow, Reply
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Event, Finished, ImageReady, TextDelta

from .decode import Emit, QwenDecoder
from .looking import looked, misplaced
from .media import path_of, shown, strange

_HELD_CHARS = 64 << 10
"""So much text is no caption, and no reason: it goes out as it comes."""
_UNFINISHED = {Kind.UPSTREAM_EMPTY, Kind.UPSTREAM_TRUNCATED}


class DrawingDecoder:
    """Decodes the stream of a drawing.

    Args:
        prompt_bytes: Size of the prompt, for a guess of usage where the site tells none.
        media_hosts: Hosts whose pictures are shown.
    """

    def __init__(self, *, prompt_bytes: int = 0, media_hosts: tuple[str, ...] = ()) -> None:
        self.begun = False
        self.finished = False
        self.is_over = False
        """The site is done with this drawing, as far as is known."""
        self._inner = QwenDecoder(prompt_bytes=prompt_bytes, draws=True, media_hosts=media_hosts)
        self._hosts = media_hosts
        self._shown: set[str] = set()
        self._held: list[str] = []
        self._held_chars = 0
        self._has_told = False
        self._end: Finished | None = None
        self._lacks = False

    @property
    def response_id(self) -> str | None:
        """By which the site knows this answer."""
        return self._inner.response_id

    @property
    def has_drawn(self) -> bool:
        """A picture was made."""
        return bool(self._shown)

    def open(self, status: int, headers: dict[str, str]) -> None:
        self._inner.open(status, headers)

    def feed(self, data: bytes, emit: Emit) -> None:
        if self.finished:
            return
        try:
            self._inner.feed(data, partial(self._take, emit))
        except ProxyError as error:
            if error.kind is not Kind.UPSTREAM_ERROR or not self._shown:
                raise
            # What went wrong behind a picture does not undo it, and to ask again would draw twice.
            self._complete(Finished(), emit)
            return
        if self._inner.finished and not self.is_over:
            self._settle(emit)

    def close(self, emit: Emit) -> None:
        if self.finished:
            return
        try:
            self._inner.close(partial(self._take, emit))
        except ProxyError as error:
            is_taken = self.response_id is not None or self._end is not None
            if error.kind not in _UNFINISHED or not (is_taken or self._shown):
                raise
            if self._has_told and not self._shown:
                raise
        self._settle(emit)

    def after(self, look: Call) -> Flow | None:
        """Brings by way of `look`, which reads the chat, what the stream did not."""
        return self._found(look) if self._lacks else None

    def _found(self, look: Call) -> Flow:
        text = self._text if self._end is not None else ""
        has_text = bool(text.strip())
        seen = yield from looked(look, self.response_id or "", self._hosts, once=has_text)
        events: list[Event] = []
        self._show(seen.urls, events.append)
        self._tell(text if has_text else seen.text, events.append)
        self.finished = self.is_over = True
        return Reply((*events, self._inner.counted(), self._end or Finished()))

    def _settle(self, emit: Emit) -> None:
        """The bytes are over: a picture is an answer, and where there is none it is looked for."""
        text = self._text
        elsewhere = self._inner.elsewhere or strange(text, self._hosts)
        if self._shown or shown(text, self._hosts)[0]:
            self._complete(Finished(), emit)
        elif elsewhere:
            raise misplaced(elsewhere)
        else:
            # Nothing has to be out yet, but it must not be drawn twice.
            self._lacks = self.begun = self.finished = True

    def _take(self, emit: Emit, event: Event) -> None:
        match event:
            case TextDelta():
                # What was complete before is not any more.
                self._end = None
                self._hold(event.text, emit)
            case ImageReady():
                self._show([event.url], emit)
            case Finished():
                self._heed(event, emit)
            case _:
                self.begun = True
                emit(event)

    def _heed(self, end: Finished, emit: Emit) -> None:
        """A text or a picture is complete; a text alone may still be the caption of a picture."""
        self._end = end
        has_picture = bool(self._shown or shown(self._text, self._hosts)[0])
        if has_picture or self._has_told or end.reason == "content_filter":
            self.is_over = self._inner.finished = True
            self._complete(end, emit)

    def _complete(self, end: Finished, emit: Emit) -> None:
        self._tell(self._text, emit)
        self.finished = True
        emit(self._inner.counted())
        emit(end)

    @property
    def _text(self) -> str:
        """What was said and is held; what was said aside where there is nothing else."""
        return "".join(self._held) or self._inner.aside

    def _hold(self, text: str, emit: Emit) -> None:
        self._held.append(text)
        self._held_chars += len(text)
        if self._held_chars > _HELD_CHARS:
            self._tell("".join(self._held), emit)
            self._held.clear()
            self._held_chars = 0

    def _tell(self, text: str, emit: Emit) -> None:
        """Emit a text, and first the pictures that it shows."""
        urls, rest = shown(text, self._hosts)
        self._show(urls, emit)
        if rest.strip():
            self.begun = self._has_told = True
            emit(TextDelta(rest))

    def _show(self, urls: Iterable[str], emit: Emit) -> None:
        for url in urls:
            if path_of(url) not in self._shown:
                self._shown.add(path_of(url))
                self.begun = True
                emit(ImageReady(url))
