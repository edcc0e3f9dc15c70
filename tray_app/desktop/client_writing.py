"""A client's files as the window writes them: where they are, what would change, and the way back.

Every method works on the disk, so none of them belongs in a loop.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tray_app.dialects.clients.recipe import Client, ConfigFile, Mark, MergeError, Offer
from tray_app.dialects.clients.shown import difference
from tray_app.store import StoreError
from tray_app.store.client_files import (
    Inverse,
    Plan,
    Undoing,
    Writer,
    home_of,
    locate,
    plan,
    plan_undo,
    undo_all,
    was_written,
    write_all,
)


class UnmergedError(StoreError):
    """The text of a file is such that it cannot be changed safely; its text says why."""

    def __init__(self, path: Path, why: MergeError, number: int) -> None:
        super().__init__(f"{path} cannot be changed safely: {why}. Change it by hand.")
        self.number = number
        """Which of the client's files it is."""


class ClientWriting:
    """The files of one client on this computer.

    Args:
        client: Whose files.
        environ: Where the home and its folders are.
    """

    def __init__(self, client: Client, environ: Mapping[str, str]) -> None:
        self._client = client
        self._environ = environ

    def places(self) -> tuple[str, ...]:
        """Where they are, below the home; raises `StoreError`."""
        home = home_of(self._environ).resolve()
        paths = (self._locate(file) for file in self._files(Offer("", "", "any")))
        return tuple(f"~/{path.relative_to(home).as_posix()}" for path in paths)

    def is_undoable(self) -> bool:
        """Whether Portico has written one of them; raises `StoreError`."""
        files = self._files(Offer("", "", "any"))
        return any(was_written(self._locate(file), self._client.id) for file in files)

    def plans(self, offer: Offer) -> list[Plan]:
        """What writing them would come to; raises `StoreError`."""
        plans = []
        for number, file in enumerate(self._files(offer)):
            path = self._locate(file)
            by = Writer(self._client.id, msgspec.json.encode(file.edit.marks()).decode())
            try:
                plans.append(plan(path, file.edit, by, is_private=file.holds_key))
            except MergeError as error:
                raise UnmergedError(path, error, number) from None
        return plans

    def changes(self, offer: Offer) -> str:
        """What writing them would change, line by line; raises `StoreError`.

        Nobody's secrets are in it.
        """
        lines: list[str] = []
        for planned in self.plans(offer):
            lines += difference(str(planned.path), planned.before or "", planned.after)
        return "\n".join(lines)

    def write(self, offer: Offer) -> bool:
        """Write all of them or none; returns whether anything changed, and raises `StoreError`."""
        plans = self.plans(offer)
        write_all(plans, datetime.now(UTC))
        return any(planned.changes for planned in plans)

    def check(self, offer: Offer) -> None:
        """Raise `StoreError` where they cannot be written."""
        self.plans(offer)

    def undo(self) -> list[Undoing]:
        """Take out what Portico wrote there; raises `StoreError`, and then mostly nothing changed.

        Returns:
            What was done to each that was written; nothing where none was.
        """
        found = []
        for number, file in enumerate(self._files(Offer("", "", "any"))):
            path = self._locate(file)
            try:
                undoing = plan_undo(path, self._client.id, _inverse(file))
            except MergeError as error:
                raise UnmergedError(path, error, number) from None
            if undoing is not None:
                found.append(undoing)
        undo_all(found)
        return found

    def _files(self, offer: Offer) -> tuple[ConfigFile, ...]:
        return self._client.setup(offer).files

    def _locate(self, file: ConfigFile) -> Path:
        return locate(file.place.on(sys.platform), self._environ)


def _inverse(file: ConfigFile) -> Inverse:
    def inverse(now: str, before: str, notes: Sequence[str]) -> str:
        return file.edit.undone(now, before, _marks(notes))

    return inverse


def _marks(notes: Sequence[str]) -> tuple[Mark, ...]:
    """All that was put there, as it was put there last."""
    found: dict[tuple[object, ...], Mark] = {}
    for note in notes:
        try:
            for mark in msgspec.json.decode(note, type=tuple[Mark, ...]):
                found[mark.path, mark.item, mark.known_as] = mark
        except msgspec.DecodeError:
            # Somebody changed or removed it: what the rest says can still be taken out.
            continue
    return tuple(found.values())
