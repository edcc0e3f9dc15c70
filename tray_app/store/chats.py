"""The chats that are still to be deleted at the site, noted so that none outlives a crash.

A chat is noted before it is used and struck off when the site says that it is gone; what a crash
left is found at the next start. One that is still of use is kept until its time, which is noted as
well. Notes are appended without waiting for the disk: a killed process loses none, a power cut
perhaps the last few. What cannot be read as a note is passed over, and a disk that takes none stops
no request.
"""

import contextlib
import hashlib
import logging
import math
import os
import re
from pathlib import Path

from msgspec import Struct

from .files import StoreError, open_private, read_private, write_private

_log = logging.getLogger(__name__)

REFUSALS = 3
"""After so many refusals to delete it a chat is given up."""
LEFT_OVER = 1_000
"""More are not remembered; the oldest are given up first."""
FULL_BYTES = 256 << 10
"""A file of this size is written anew."""
_WORN_BYTES = 4 << 10
"""A file of this size is emptied when nothing is noted any more."""
_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
_ANYBODY = "0" * 16
_LATEST_S = 10**12 - 1
# Every line ends in a word of fixed length, so that a part of one is never taken for the whole.
_LINE = re.compile(r"([+?-]|(=)) ([A-Za-z0-9_-]{1,128}) ([0-9a-f]{16})(?(2) ([0-9]{12}))")


class _Chat(Struct):
    account: str
    refusals: int = 0
    in_use: bool = True
    due_s: int = 0

    def lines(self, name: str) -> str:
        """The notes that come to this."""
        whose = f"{name} {self.account}"
        first = f"= {whose} {self.due_s:012}\n" if self.due_s else f"+ {whose}\n"
        return first + f"? {whose}\n" * self.refusals


class Chats:
    """The chats of one data folder; used from one thread at a time.

    Args:
        path: The file of the notes; None for none, as in practice mode.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._chats: dict[str, _Chat] = {}
        self._begun = False
        self._file: int | None = None
        self._size = 0
        self._is_torn = False
        self._is_failing = False

    def begin(self) -> int:
        """Take up what is noted, also by an earlier run; returns how many chats are left over."""
        if not self._begun:
            self._begun = True
            self._take_up()
        for chat in self._chats.values():
            chat.in_use = False
        self._forget_oldest()
        return len(self._chats)

    def note(self, chat: str, account: str) -> None:
        """A chat was made, by an account that goes by this label, and is about to be used."""
        self._chats[chat] = _Chat(_mark(account))
        self._write("+", chat)

    def strike(self, chat: str) -> None:
        """A chat is gone, or is given up."""
        if chat in self._chats:
            self._write("-", chat)
            del self._chats[chat]
            self._tidy()

    def leave(self, chat: str, *, refused: bool) -> None:
        """A chat is not used any more and could not be deleted; others come before it now.

        Args:
            chat: Its id; one that is not noted is passed over.
            refused: The site was asked and would not.
        """
        left = self._chats.pop(chat, None)
        if left is None:
            return
        self._chats[chat] = left
        left.in_use = False
        if refused:
            left.refusals += 1
            self._write("?", chat)
        if left.refusals >= REFUSALS:
            _log.info("chat=given-up reason=refused")
            self.strike(chat)
        self._forget_oldest()

    def keep(self, chat: str, due_s: float) -> None:
        """A chat is not used any more, and is left over from that time on.

        Args:
            chat: Its id; one that is not noted is passed over.
            due_s: Unix seconds.
        """
        kept = self._chats.pop(chat, None)
        if kept is None:
            return
        self._chats[chat] = kept
        kept.in_use, kept.refusals = False, 0
        kept.due_s = min(max(1, math.ceil(due_s)), _LATEST_S)
        self._add(kept.lines(chat))
        self._forget_oldest()

    def left_over(self, account: str, now_s: float) -> str | None:
        """The chat to be deleted next with this account: one of its own, or nobody knows whose.

        Args:
            account: Its label.
            now_s: Unix seconds; what is kept for longer is not left over yet.
        """
        whose = {_mark(account), _ANYBODY}
        left = (
            name
            for name, chat in self._chats.items()
            if not chat.in_use and chat.account in whose and chat.due_s <= now_s
        )
        return next(left, None)

    def close(self) -> None:
        """Let go of the file, which is removed where nothing is left over."""
        self._let_go()
        if self._begun and not self._chats:
            self._remove()

    def _forget_oldest(self) -> None:
        left = [name for name, chat in self._chats.items() if not chat.in_use]
        for name in left[:-LEFT_OVER]:
            self.strike(name)

    def _take_up(self) -> None:
        data = None
        if self._path is not None:
            try:
                data = read_private(self._path)
            except (OSError, StoreError) as error:
                self._failed(error)
        if not data:
            return
        self._chats = {**_read(data), **self._chats}
        if not self._chats:
            self._remove()
        elif data != self._text():
            self._write_anew()

    def _write(self, sign: str, chat: str) -> None:
        self._add(f"{sign} {chat} {self._chats[chat].account}\n")

    def _add(self, line: str) -> None:
        if self._path is None:
            return
        try:
            if self._file is None:
                self._file = open_private(self._path, _APPEND)
                self._size = os.fstat(self._file).st_size
                self._is_torn = self._size > 0
            self._append(self._file, line.encode())
        except (OSError, StoreError) as error:
            self._failed(error)

    def _append(self, file: int, line: bytes) -> None:
        # After half a line the next one must not become a part of it.
        data = b"\n" + line if self._is_torn else line
        self._is_torn = True
        written = os.write(file, data)
        self._size += written
        if written < len(data):
            raise OSError("a part of a line was written")
        self._is_torn = self._is_failing = False
        if self._size > FULL_BYTES:
            self._write_anew()

    def _tidy(self) -> None:
        if not self._chats and self._file is not None and self._size > _WORN_BYTES:
            try:
                os.ftruncate(self._file, 0)
                self._size = 0
            except OSError as error:
                self._failed(error)

    def _write_anew(self) -> None:
        self._let_go()
        if self._path is not None:
            try:
                write_private(self._path, self._text())
            except (OSError, StoreError) as error:
                self._failed(error)

    def _text(self) -> bytes:
        return "".join(chat.lines(name) for name, chat in self._chats.items()).encode()

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _remove(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            _log.warning("chats=not-noted reason=%s", type(error).__name__)


def _read(data: bytes) -> dict[str, _Chat]:
    """The chats of a file, oldest first."""
    chats: dict[str, _Chat] = {}
    for line in data.decode("ascii", "replace").split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        sign, _, name, account, due_s = found.groups()
        if sign == "-":
            chats.pop(name, None)
        elif sign == "+":
            chats[name] = _Chat(account)
        elif sign == "=":
            chats[name] = _Chat(account, due_s=int(due_s))
        elif name in chats:
            chats[name].refusals += 1
    return chats


def _mark(account: str) -> str:
    """What tells one account from another and does not name it."""
    return (
        hashlib.sha256(account.encode(errors="replace")).hexdigest()[:16] if account else _ANYBODY
    )
