"""The site's event stream, turned into events.

An answer runs through phases: visible thinking (as deltas, or as snapshots of summaries that grow),
rounds of search, then the answer itself. Only the answer's own finished frame ends it: every other
phase says finished too. Two answers may come interleaved; the one with index 0 is ours.
Seen: 2026-03 to 2026-10, captures and fixtures of several programs; transcripts in `tests`.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    TOKEN_BYTES,
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    TextDelta,
    Usage,
    utf8_bytes,
)
from tray_app.core.sse import EventTooLargeError, SseDecoder

from . import faults, usage
from .media import IMAGE_PHASES, is_media, path_of, pictured
from .search import SearchRounds
from .summary import Summary

_THINKING = frozenset(
    {
        "think", "thinking", "DeepThinking", "image_gen_think",
        "ResearchPlanning", "ResearchSearching", "Writing",
    }
)  # fmt: skip
_SEARCH = frozenset(
    {"web_search", "search_result", "web_search_image", "image_search", "web_extractor",
     "fetch_page"}
)  # fmt: skip
_SILENT = frozenset(
    {
        "image_zoom_in_tool", "code_interpreter", "tool_call", "bash", "edit_file", "read_file",
        "write_file", "present_file", "history_retriever", "bio", "local_tool", "slides",
        "KeepAlive",
    }
)  # fmt: skip
_UNTOLD = frozenset({b"{}", b"null"})
_CONTROL = frozenset({b"[DONE]", b"true"})
_BAD_FRAMES = 3
_LATE_FRAMES = 6
"""So many frames that tell nothing new are read after an end of a drawing: more may come."""
_BODY_BYTES = 256 << 10

Emit = Callable[[Event], None]
Mode = Literal["sniffing", "events", "page"]


class _Delta(Struct):
    content: str | None = None
    phase: str | None = None
    status: str | None = None
    role: str | None = None
    extra: Raw | UnsetType = UNSET
    name: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Created(Struct):
    response_id: str | None = None
    response_index: str | int | None = None


class _Frame(Struct):
    choices: list[_Choice] | None = None
    response_id: str | None = None
    usage: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    created: _Created | UnsetType = msgspec.field(default=UNSET, name="response.created")
    info: Raw | UnsetType = msgspec.field(default=UNSET, name="response.info")
    stopped: Raw | UnsetType = msgspec.field(default=UNSET, name="response.stopped")
    done: bool | None = None


def is_answer(phase: str | None) -> bool:
    """Whether the text of a phase is the answer itself."""
    return phase is None or phase == "answer" or phase.startswith(("final", "ReportGeneration"))


_frame = msgspec.json.Decoder(_Frame)


class QwenDecoder:
    """Decodes one answer.

    Args:
        prompt_bytes: Size of the prompt, for a guess of usage where the site tells none.
        draws: Pictures are the answer. `Finished` then only says that its text or a picture is
            complete: who asked knows whether that is all, and if so sets `finished`.
        media_hosts: Hosts whose pictures are shown; an address elsewhere is not a picture.
        incremental: The site was asked for new text only; else frames carry all text so far.
    """

    def __init__(
        self,
        *,
        prompt_bytes: int = 0,
        draws: bool = False,
        media_hosts: tuple[str, ...] = (),
        incremental: bool = True,
    ) -> None:
        self.begun = False
        self.finished = False
        self.response_id: str | None = None
        self.elsewhere = ""
        """Where a picture was said to be that is on none of the hosts."""
        self._sse = SseDecoder()
        self._mode: Mode = "sniffing"
        self._page = bytearray()
        self._status = 200
        self._headers: dict[str, str] = {}
        self._prompt_bytes = prompt_bytes
        self._draws = draws
        self._media_hosts = media_hosts
        self._incremental = incremental
        self._snapshot = ""
        self._answer_bytes = 0
        self._answered = False
        self._bad = 0
        self._usage: bytes | None = None
        self._summary = Summary()
        self._search = SearchRounds()
        self._images: set[str] = set()
        self._unknown: list[str] = []
        self._frames_left: int | None = None
        self._lacking = ""
        """Of what a tool of the site's own failed: the model may well answer without it."""

    def open(self, status: int, headers: dict[str, str]) -> None:
        self._status = status
        self._headers = headers
        if faults.true_status(status, headers) != 200:
            self._mode = "page"

    def feed(self, data: bytes, emit: Emit) -> None:
        if self.finished:
            return
        if self._mode == "sniffing":
            data = self._sniff(data)
        elif self._mode == "page":
            self._collect(data)
        if self._mode != "events":
            return
        try:
            frames = self._sse.feed(data)
        except EventTooLargeError:
            raise ProxyError(
                Kind.UPSTREAM_EVENT_TOO_LARGE, "Qwen sent a piece of an answer that is too large"
            ) from None
        for frame in frames:
            self._frame(frame, emit)
            if self.is_over:
                return

    @property
    def is_over(self) -> bool:
        """The site is done with this answer."""
        return self.finished

    @property
    def aside(self) -> str:
        """The text of phases nobody knows: it is the answer only where there is no other."""
        return "" if self._answered else "".join(self._unknown)

    @property
    def has_drawn(self) -> bool:
        """A picture was made."""
        return bool(self._images)

    def close(self, emit: Emit) -> None:
        if self.finished:
            return
        if self._mode != "events":
            raise self._page_fault()
        if not self._answered and not self._unknown:
            raise self._empty()
        raise ProxyError(Kind.UPSTREAM_TRUNCATED, "Qwen's answer stopped before its end")

    def _sniff(self, data: bytes) -> bytes:
        """Tell a stream from a page by its first byte; returns what belongs to the stream."""
        self._page += data
        start = bytes(self._page.lstrip(b" \t\r\n\xef\xbb\xbf")[:1])
        if not start:
            return b""
        if start in b"{<" or "html" in self._headers.get("content-type", "").lower():
            self._mode = "page"
            return b""
        self._mode = "events"
        data = bytes(self._page)
        self._page.clear()
        return data

    def _collect(self, data: bytes) -> None:
        """Keep what is no stream, to be read as an error once it is complete."""
        self._page += data
        if len(self._page) > _BODY_BYTES:
            raise self._page_fault()

    def _page_fault(self) -> ProxyError:
        body = bytes(self._page)
        if not body and faults.true_status(self._status, self._headers) == 200:
            return faults.empty()
        found = faults.of_page(self._status, self._headers, body)
        return found or ProxyError(
            Kind.UPSTREAM_BAD_RESPONSE, "Qwen answered something that is no answer"
        )

    def _frame(self, data: bytes, emit: Emit) -> None:
        if self._frames_left is not None:
            self._frames_left -= 1
            if self._frames_left < 0:
                self.finished = True
                return
        try:
            frame = _frame.decode(data)
        except (msgspec.DecodeError, RecursionError):
            if data.strip() not in _CONTROL:
                self._odd_frame(data, emit)
            return
        choices = frame.choices
        if choices is None or frame.error is not UNSET:
            self._frame_without_choices(frame, data, emit)
            return
        if frame.response_id is not None and not self._is_ours(frame.response_id):
            return
        if frame.usage is not UNSET and (told := bytes(frame.usage)) not in _UNTOLD:
            # A copy: the other would keep the whole frame.
            self._usage = told
        if choices and choices[0].delta is not None:
            self._delta(choices[0].delta, choices[0].finish_reason, emit)

    def _is_ours(self, response_id: str) -> bool:
        if self.response_id is None:
            self.response_id = response_id
        return response_id == self.response_id

    def _frame_without_choices(self, frame: _Frame, data: bytes, emit: Emit) -> None:
        if frame.created is not UNSET:
            first = str(frame.created.response_index or "0") == "0"
            if self.response_id is None and first:
                self.response_id = frame.created.response_id
            return
        if frame.info is not UNSET or frame.stopped is not UNSET or frame.done:
            return
        self._odd_frame(data, emit)

    def _odd_frame(self, data: bytes, emit: Emit) -> None:
        """A frame that is no part of an answer: an error of the site, or rubbish to be counted."""
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError):
            value = None
        found = faults.of_value(value)
        if found is not None:
            # An error may be the first that is heard of an answer.
            whose = value.get("response_id") if isinstance(value, dict) else None
            if isinstance(whose, str) and self.response_id not in {None, whose}:
                return
            if found.kind is Kind.CONTENT_FILTER and self._answered:
                self._finish("content_filter", emit)
                return
            try:
                raise found
            finally:
                # It and this frame would hold each other, and all of the answer.
                del found
        self._bad += 1
        if self._bad > _BAD_FRAMES:
            raise ProxyError(Kind.UPSTREAM_BAD_RESPONSE, "Qwen's answer could not be understood")

    def _delta(self, delta: _Delta, reason: str | None, emit: Emit) -> None:
        phase = delta.phase
        if delta.status == "error":
            self._failed(delta)
            return
        if delta.status != "finished":
            self._frames_left = None
        if is_answer(phase):
            self._answer(delta, reason, emit)
        elif phase == "thinking_summary":
            self._emit_reasoning(self._summary.feed(delta.extra, delta.status), emit)
        elif phase in _THINKING:
            self._emit_reasoning(delta.content or "", emit)
        elif phase in _SEARCH:
            for source in self._search.feed(delta.extra):
                emit(source)
        elif phase in IMAGE_PHASES:
            self._image(delta, emit)
        elif phase not in _SILENT and delta.role in {None, "assistant"} and delta.content:
            self._unknown.append(delta.content)

    def _answer(self, delta: _Delta, reason: str | None, emit: Emit) -> None:
        text = delta.content or ""
        if text and not self._incremental:
            text = self._new_text(text)
        if text:
            if not self._answered:
                self._emit_reasoning(self._summary.close(), emit)
                self._answered = True
            self.begun = True
            self._answer_bytes += utf8_bytes(text)
            emit(TextDelta(text))
        if delta.status == "finished":
            self._finish(reason, emit)

    def _new_text(self, snapshot: str) -> str:
        known = self._snapshot
        if not snapshot.startswith(known):
            return ""
        self._snapshot = snapshot
        return snapshot[len(known) :]

    def _image(self, delta: _Delta, emit: Emit) -> None:
        urls, words = pictured(delta.content, delta.extra)
        for url in urls:
            if not is_media(url, self._media_hosts):
                self.elsewhere = url
            elif path_of(url) not in self._images:
                self._images.add(path_of(url))
                self._answered = self.begun = True
                emit(ImageReady(url))
        if words and delta.role in {None, "assistant"}:
            self._unknown.append(words)
        if self._draws and delta.status == "finished":
            self._frames_left = _LATE_FRAMES
            if self._images or self.aside:
                self._finish(None, emit)

    def _emit_reasoning(self, text: str, emit: Emit) -> None:
        if text:
            self.begun = True
            self._answer_bytes += utf8_bytes(text)
            emit(ReasoningDelta(text))

    def _finish(self, reason: str | None, emit: Emit) -> None:
        if self._draws:
            self._frames_left = _LATE_FRAMES
        else:
            self._complete(emit)
        emit(
            Finished("length" if reason == "length" else "content_filter")
            if reason in {"length", "content_filter"}
            else Finished()
        )

    def _complete(self, emit: Emit) -> None:
        if not self._answered:
            if not self.aside:
                raise self._empty()
            self.begun = True
            emit(TextDelta(self.aside))
        self.finished = True
        emit(self.counted())

    def counted(self) -> Usage:
        """The tokens so far, as the site told them or as their sizes make one guess."""
        told = usage.read(self._usage, may_be_nothing=self._draws)
        if told is not None:
            return told
        return Usage(
            input_tokens=self._prompt_bytes // TOKEN_BYTES + 1,
            output_tokens=self._answer_bytes // TOKEN_BYTES + 1,
            estimated=True,
        )

    def _failed(self, delta: _Delta) -> None:
        """Raise `ProxyError`, or note it of a tool without which there can be an answer."""
        if delta.role != "function" or self._draws or delta.phase in IMAGE_PHASES:
            raise _fault_of(delta)
        self._lacking = _fault_of(delta).message or "A tool of Qwen's own failed"

    def _empty(self) -> ProxyError:
        """Why there is no answer at its end."""
        if self._lacking:
            return ProxyError(Kind.UPSTREAM_ERROR, self._lacking)
        return faults.empty()


def _fault_of(delta: _Delta) -> ProxyError:
    """The error that a part of an answer tells."""
    extra: Any = {} if delta.extra is UNSET else msgspec.json.decode(delta.extra)
    error = extra.get("error") if isinstance(extra, dict) else None
    found = faults.of_value({"error": error or delta.content or "unknown error"})
    return found or ProxyError(Kind.UPSTREAM_ERROR, "Qwen had an error")
