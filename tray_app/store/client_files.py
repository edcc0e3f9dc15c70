"""Files of other programs in the person's home: changed with a copy beside them, and put back.

A copy's name says when it was made, for which client, and what was written then, as a digest. A
note beside it says what was put into the file, without its values. So a file comes back byte for
byte where it is still as Portico wrote it, and else loses only what that client was given: several
clients may share a file, and a person may change it at any time.
"""

import contextlib
import hashlib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from .files import SIZE_LIMIT_BYTES, StoreError, read_private

_COPY = ".portico-backup-"
_NONE = "-none"
"""Ends the name of a copy that stands for no file."""
_NOTE = "-note"
"""Ends the name of a copy's note."""
_NAMED = re.compile(rf"[\d-]{{22}}-(?P<client>.+)-(?P<digest>[0-9a-f]{{12}})(?:{_NONE})?")
"""The end of a copy's name."""
_DIGEST_CHARS = 12
_FOLDERS = {"$XDG_CONFIG_HOME": ".config", "$APPDATA": "AppData/Roaming"}
"""Folders that the environment names, and where in the home they are if it does not."""


Inverse = Callable[[str, str, Sequence[str]], str]
"""Takes out of a text what the notes say, oldest first, and puts back what was in the second."""


class Writer(Struct, frozen=True):
    """On whose behalf a file is changed, and what is put there."""

    client: str
    note: str = ""
    """What the inverse needs, without any secret."""


class Plan(Struct, frozen=True):
    """A change of a file that was worked out and not made yet."""

    path: Path
    """The file itself, where the client's place for it is a link."""
    before: str | None
    """None where there is no file."""
    after: str
    is_private: bool
    by: Writer

    def __repr__(self) -> str:
        return f"Plan(path={str(self.path)!r})"

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after


class Undoing(Struct, frozen=True):
    """How a file comes back, worked out and not done yet."""

    path: Path
    now: str | None
    """None where it is gone."""
    after: str | None
    """None where there was no file before."""
    is_whole: bool
    """It is as it was before, byte for byte."""
    mode: int | None
    """None for the present one."""
    copies: tuple[Path, ...]
    """What is not needed then."""

    def __repr__(self) -> str:
        return f"Undoing(path={str(self.path)!r})"


def home_of(environ: Mapping[str, str]) -> Path:
    """The person's home."""
    told = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    return Path(told) if told else Path.home()


def locate(place: str, environ: Mapping[str, str]) -> Path:
    """Where a file is that a client keeps at `~/…` or in a folder that the environment names.

    Raises `StoreError` for what lies outside the home, as it is spelled or where links lead.
    """
    home = home_of(environ)
    first, _, rest = place.partition("/")
    folder = home
    if first in _FOLDERS:
        told = Path(environ.get(first[1:], ""))
        folder = told if told.is_absolute() else home / _FOLDERS[first]
    try:
        path = _followed(folder / rest)
        if not path.is_relative_to(home.resolve()):
            raise StoreError(f"{folder / rest} leads out of your home. Change it by hand.")
    except (OSError, RuntimeError) as error:
        raise StoreError(f"{folder / rest} cannot be reached. Look at its folders.") from error
    return path


def _followed(path: Path) -> Path:
    real = path.resolve()
    if path.is_symlink() and not real.exists():
        raise StoreError(f"{path} is a link to nothing. Remove it and try again.")
    return real


def plan(path: Path, edit: Callable[[str], str], by: Writer, *, is_private: bool) -> Plan:
    """Work out a change; raises `StoreError`, and whatever `edit` raises.

    Args:
        path: As `locate` gives it.
        edit: Makes the new text from the present one, which is empty where there is no file.
        by: Who will undo it.
        is_private: Nobody else may read the file afterwards.
    """
    before = _read(path)
    return Plan(path, before, edit(before or ""), is_private, by)


def _read(path: Path) -> str | None:
    data = read_private(path)
    if data is None:
        return None
    if len(data) > SIZE_LIMIT_BYTES:
        raise StoreError(f"{path} is too large for a settings file. Look at it.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise StoreError(f"{path} is no text in UTF-8. Change it by hand.") from None


def write(planned: Plan, now: datetime) -> Path:
    """Make a planned change; returns the copy of what was there.

    Raises `StoreError` where that cannot be, or where the file changed after it was planned; the
    file is as it was then.
    """
    path = planned.path
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = _mode(path, is_private=planned.is_private)
        new = _beside(path, planned.after, mode)
        try:
            _check_unchanged(path, planned.before)
            copy = _copied(planned, now)
            # Once more: the client may write its file at any time.
            _check_unchanged(path, planned.before, copy)
            new.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()
    except OSError as error:
        raise StoreError(f"{path} cannot be written. Look at who may change it.") from error
    return copy


def write_all(plans: Iterable[Plan], now: datetime) -> list[Path]:
    """Make all of these changes or none; returns the copies, and raises, as `write` does.

    A plan that changes nothing leaves no copy.
    """
    done: list[tuple[Plan, Path]] = []
    try:
        for planned in plans:
            if not planned.changes:
                continue
            copy = write(planned, now)
            done.append((planned, copy))
    except StoreError:
        for planned, copy in done:
            _roll_back(planned.path, copy)
        raise
    return [copy for _, copy in done]


def _roll_back(path: Path, copy: Path) -> None:
    if copy.name.endswith(_NONE):
        path.unlink()
    else:
        copy.replace(path)
    _drop(copy)


def _drop(copy: Path) -> None:
    copy.unlink(missing_ok=True)
    _note_of(copy).unlink(missing_ok=True)


def _mode(path: Path, *, is_private: bool) -> int:
    try:
        told = path.stat()
    except FileNotFoundError:
        return 0o600
    if os.name == "posix" and told.st_uid != os.getuid():
        raise StoreError(f"{path} belongs to another user. Change it by hand.")
    if not told.st_mode & stat.S_IWUSR:
        raise StoreError(f"{path} is read-only. Allow yourself to write it and try again.")
    mode = stat.S_IMODE(told.st_mode) & 0o777
    return mode & 0o700 if is_private else mode


def _beside(path: Path, text: str, mode: int) -> Path:
    """A new file in the same folder, safely on the disk."""
    opened, name = tempfile.mkstemp(prefix=f".{path.name}.portico-", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        new.chmod(mode)
    except OSError:
        new.unlink()
        raise
    return new


def _check_unchanged(path: Path, text: str | None, copy: Path | None = None) -> None:
    if _read(path) == text:
        return
    if copy is not None:
        _drop(copy)
    raise StoreError(f"{path} was changed just now by another program. Try again.")


def _copied(planned: Plan, now: datetime) -> Path:
    path, before = planned.path, planned.before
    digest = _digest(planned.after)
    name = f"{path.name}{_COPY}{now:%Y%m%d-%H%M%S-%f}-{planned.by.client}-{digest}"
    copy = path.with_name(name if before is not None else name + _NONE)
    mode = stat.S_IMODE(path.stat().st_mode) & 0o777 if before is not None else 0o600
    _beside(path, planned.by.note, 0o600).replace(_note_of(copy))
    _beside(path, before or "", mode).replace(copy)
    return copy


def _note_of(copy: Path) -> Path:
    return copy.with_name(copy.name + _NOTE)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARS]


def plan_undo(path: Path, client: str, inverse: Inverse) -> Undoing | None:
    """Work out how a file loses what a client was given; None where it was given nothing.

    Raises `StoreError`, and whatever `inverse` raises.
    """
    copies = _copies(path, client)
    if not copies:
        return None
    now = _read(path)
    if now is None:
        return Undoing(path, None, None, is_whole=False, mode=None, copies=tuple(copies))
    digest = _digest(now)
    # The newest one may be of a writing that never came to its end.
    last = next((number for number, one in enumerate(copies) if _written(one) == digest), None)
    notes = [_read(_note_of(copy)) or "" for copy in reversed(copies)]
    base, is_chain = _own(copies[last or 0 :], notes, inverse)
    is_whole = is_chain and last is not None
    was = _read(base) or ""
    after: str | None = was if is_whole else inverse(now, was, notes)
    is_none = base.name.endswith(_NONE)
    if is_none and (is_whole or not (after or "").strip()):
        after = None
    mode = None if is_none else stat.S_IMODE(base.stat().st_mode) & 0o777
    return Undoing(path, now, after, is_whole=is_whole, mode=mode, copies=tuple(copies))


def _own(copies: list[Path], notes: list[str], inverse: Inverse) -> tuple[Path, bool]:
    """The copy of what the person had, and whether only Portico wrote since then.

    A client that is written twice has a copy of what Portico wrote first.
    """
    base, is_chain = copies[0], True
    for older in copies[1:]:
        text = _read(base) or ""
        if inverse(text, _read(older) or "", notes) == text:
            break
        is_chain = is_chain and _written(older) == _digest(text)
        base = older
    return base, is_chain


def undo_all(undoings: Sequence[Undoing]) -> None:
    """Put files back; raises `StoreError`, before any is changed where that can be known."""
    for one in undoings:
        if one.now is not None:
            _mode(one.path, is_private=False)
        _check_unchanged(one.path, one.now)
    for one in undoings:
        try:
            _put_back(one)
        except OSError as error:
            raise StoreError(
                f"{one.path} cannot be put back. Look at who may change it."
            ) from error


def _put_back(undoing: Undoing) -> None:
    path, after = undoing.path, undoing.after
    if after is None:
        _check_unchanged(path, undoing.now)
        path.unlink(missing_ok=True)
    else:
        mode = undoing.mode if undoing.mode is not None else _mode(path, is_private=False)
        new = _beside(path, after, mode)
        try:
            _check_unchanged(path, undoing.now)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    for copy in undoing.copies:
        _drop(copy)


def was_written(path: Path, client: str) -> bool:
    """Whether there is something that could be undone for a client."""
    return bool(_copies(path, client))


def _copies(path: Path, client: str) -> list[Path]:
    """The copies of what a file was before a client was given something, newest first."""
    start = path.name + _COPY
    try:
        beside = [one for one in path.parent.iterdir() if one.name.startswith(start)]
    except OSError:
        return []
    named = ((one, _NAMED.fullmatch(one.name[len(start) :])) for one in beside)
    return sorted((one for one, told in named if told and told["client"] == client), reverse=True)


def _written(copy: Path) -> str:
    """What a copy's name says that was written then."""
    return copy.name.removesuffix(_NONE).rpartition("-")[2]
