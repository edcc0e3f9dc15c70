"""Snapshots of a thinking summary, turned into new text.

The site sends lists that grow: new entries, and a last entry that lengthens; after a round of tools
the list may begin again. Seen: 2026-06 and 2026-09. Titles stand beside the thoughts, and are shown
only where no thought ever comes.
"""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

_GAP = "\n\n"


class _Texts(Struct):
    content: list[str] | str | None = None

    def entries(self) -> list[str]:
        """The entries, whichever way they came."""
        if isinstance(self.content, str):
            return [self.content]
        return self.content or []


class _Extra(Struct):
    summary_thought: _Texts | None = None
    summary_title: _Texts | None = None


_extra = msgspec.json.Decoder(_Extra)


class Summary:
    """The summary of one answer, as far as it was shown."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._began = False
        self._titles: list[str] = []

    def feed(self, extra: Raw | UnsetType, status: str | None) -> str:
        """The new text of a frame; at the phase's end, the titles if they were all there was."""
        text = ""
        if extra is not UNSET:
            try:
                told = _extra.decode(extra)
            except msgspec.DecodeError:
                return ""
            if told.summary_title is not None:
                self._titles = told.summary_title.entries()
            if told.summary_thought is not None:
                text = self._grown(told.summary_thought.entries())
        return text + (self.close() if status == "finished" else "")

    def close(self) -> str:
        """The titles, where no thought came."""
        titles, self._titles = self._titles, []
        if self._began or not titles:
            return ""
        self._began = True
        return _GAP.join(titles)

    def _grown(self, entries: list[str]) -> str:
        shown = self._shown
        if not entries or entries == shown:
            return ""
        last = len(shown) - 1
        goes_on = not shown or (
            len(entries) > last
            and entries[:last] == shown[:last]
            and entries[last].startswith(shown[last])
        )
        self._shown = entries
        if not goes_on:
            return self._join([entry for entry in entries if entry not in shown])
        if not shown:
            return self._join(entries)
        return entries[last][len(shown[last]) :] + self._join(entries[last + 1 :])

    def _join(self, entries: list[str]) -> str:
        pieces = [entry for entry in entries if entry]
        if not pieces:
            return ""
        before = _GAP if self._began else ""
        self._began = True
        return before + _GAP.join(pieces)
