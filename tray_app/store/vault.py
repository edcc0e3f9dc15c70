"""Texts of any length in a keyring, so that a crash leaves the old one or the new one.

A text lies in parts in one of two places, `a` and `b`, and a pointer says in which. A new text goes
to the other place, part by part and each read back; then the pointer moves; then what is left over
is removed. Whatever a crash leaves behind are the first parts of a place, because parts are written
upwards and removed downwards: so they can be found again and never stay for good.
"""

import hashlib

import msgspec
from msgspec import Struct

from .ring import Ring, RingError

_PLACES = ("a", "b")


class _Pointer(Struct, frozen=True):
    place: str
    parts: int
    digest: str


class Vault:
    """Named texts in a keyring.

    Args:
        ring: Asked from one thread.
        label: Begins every service string, so that people recognise them and two data folders
            keep apart.
    """

    def __init__(self, ring: Ring, label: str) -> None:
        self._ring = ring
        self._label = label

    def load(self, name: str) -> str | None:
        """The text of this name, None where there is no whole one; raises `RingError`."""
        pointer = self._pointer(name)
        if pointer is None:
            return None
        parts = [self._ring.get(self._part(name, pointer.place, at)) for at in range(pointer.parts)]
        text = "".join(part or "" for part in parts)
        return text if _digest(text) == pointer.digest else None

    def save(self, name: str, text: str) -> None:
        """Keep a text; raises `RingError` where it was not kept, and the old one still is."""
        pointer = self._pointer(name)
        place = "b" if pointer is not None and pointer.place == "a" else "a"
        pieces = split(text, self._ring.part_units)
        for at, piece in enumerate(pieces):
            self._write(self._part(name, place, at), piece)
        told = _Pointer(place, len(pieces), _digest(text))
        self._write(self._head(name), msgspec.json.encode(told).decode())
        self._remove(name, place, len(pieces))
        self._remove(name, _PLACES[place == "a"], 0)

    def clear(self, name: str) -> None:
        """Remove everything of this name; raises `RingError` where something may be left."""
        self._erase(self._head(name))
        for place in _PLACES:
            self._remove(name, place, 0)

    def _remove(self, name: str, place: str, first: int) -> None:
        """Remove the parts of a place from `first` on, the last one first."""
        end = first
        while self._ring.get(self._part(name, place, end)) is not None:
            end += 1
        for at in reversed(range(first, end)):
            self._erase(self._part(name, place, at))

    def _write(self, service: str, text: str) -> None:
        self._ring.set(service, text)
        if self._ring.get(service) != text:
            raise RingError(f"{self._ring.name} did not keep what it was given.")

    def _erase(self, service: str) -> None:
        self._ring.delete(service)
        if self._ring.get(service) is not None:
            raise RingError(f"{self._ring.name} did not remove what it was told to.")

    def _pointer(self, name: str) -> _Pointer | None:
        try:
            return msgspec.json.decode(self._ring.get(self._head(name)) or "", type=_Pointer)
        except msgspec.DecodeError:
            return None

    def _head(self, name: str) -> str:
        return f"{self._label}/{name}"

    def _part(self, name: str, place: str, at: int) -> str:
        return f"{self._label}/{name}/{place}/{at}"


def split(text: str, units: int | None) -> list[str]:
    """A text in pieces of at most so many UTF-16 units; at least one piece."""
    if units is None:
        return [text]
    pieces: list[str] = []
    piece: list[str] = []
    length = 0
    for char in text:
        size = 2 if ord(char) > 0xFFFF else 1
        if length + size > units:
            pieces.append("".join(piece))
            piece, length = [], 0
        piece.append(char)
        length += size
    return [*pieces, "".join(piece)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
