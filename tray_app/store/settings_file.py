"""The file of the settings, which survives anything.

What cannot be read is moved aside and never lost; one bad field costs that field alone.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from .files import SIZE_LIMIT_BYTES, StoreError, read_private, write_private
from .settings import SettingError, Settings, with_value

VERSION = 1


class Loaded(Struct, frozen=True):
    """What a settings file came to."""

    settings: Settings
    notes: tuple[str, ...] = ()
    """For people: what could not be read, and what was done about it."""
    extra: dict[str, Any] = {}
    """Fields of the file that this version does not know."""
    read_only: bool = False
    """The file is of a newer version, which must not be written over."""


def load(path: Path, now: Callable[[], datetime]) -> Loaded:
    """The settings of a file, whatever it holds; never raises for its content.

    Args:
        path: `settings.json`; its last good copy lies beside it with `.bak`.
        now: UTC, for the name under which an unreadable file is kept.
    """
    try:
        data = read_private(path)
    except StoreError as error:
        return Loaded(Settings(), (str(error),), read_only=True)
    if data is None:
        return Loaded(Settings())
    told = _object(data)
    if told is not None:
        return _read(told)
    return _recover(path, path.with_name(f"{path.name}.corrupt-{now():%Y%m%dT%H%M%SZ}"))


def _recover(path: Path, kept: Path) -> Loaded:
    """Keep an unreadable file under another name, and take up the last good one."""
    data = _backup(path)
    told = None if data is None else _object(data)
    good = Loaded(Settings()) if told is None else _read(told)
    try:
        if told is None:
            path.replace(kept)
        else:
            _name_twice(path, kept)
    except OSError:
        note = f"The settings in {path} can be neither read nor moved. Look at that folder."
        return Loaded(good.settings, (note,), good.extra, read_only=True)
    note = f"The settings could not be read and are kept as {kept.name}."
    if data is None or told is None:
        return Loaded(Settings(), (f"{note} Every setting has its default now.",))
    # In its place again, or the next start would find no settings at all.
    with contextlib.suppress(OSError, StoreError):
        write_private(path, data)
    return Loaded(good.settings, (f"{note} The last good ones are used.",), good.extra)


def _name_twice(path: Path, kept: Path) -> None:
    """Give a file a second name, so that a crash or a full disk leaves something in its place.

    Without that the next start would take it that there were never any settings.
    """
    try:
        kept.hardlink_to(path)
    except OSError:
        # Some file systems have no second names.
        path.replace(kept)


def save(path: Path, settings: Settings, temporary: Mapping[str, object] | None = None) -> None:
    """Write settings, keeping fields this version does not know and a copy of the last good file.

    Raises `StoreError` where the file must not or cannot be written; it is as it was then.

    Args:
        path: `settings.json`.
        settings: What is in force.
        temporary: What the file should hold instead for settings that a flag or a variable says for
            one run, as long as nobody changed them.
    """
    data = read_private(path)
    told = _object(data) if data is not None else None
    before = _read(told) if told is not None else Loaded(Settings())
    if before.read_only:
        raise StoreError(
            "The settings are of a newer Portico, so they are left alone. Update this Portico."
        )
    filed = {**before.extra, **msgspec.to_builtins(settings), **(temporary or {})}
    lines = msgspec.json.format(msgspec.json.encode({"version": VERSION, **filed}), indent=2)
    try:
        if told is not None and data is not None:
            write_private(_backup_path(path), data)
        elif data is not None:
            write_private(path.with_name(path.name + ".corrupt"), data)
        write_private(path, lines + b"\n")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StoreError(f"The settings cannot be saved: {why}. Check the disk.") from error


def _object(data: bytes) -> dict[str, Any] | None:
    if len(data) > SIZE_LIMIT_BYTES:
        return None
    try:
        told = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _read(told: dict[str, Any]) -> Loaded:
    settings = Settings()
    notes: list[str] = []
    extra: dict[str, Any] = {}
    version = told.pop("version", VERSION)
    for name, value in told.items():
        if name not in Settings.__struct_fields__:
            extra[name] = value
            continue
        try:
            settings = with_value(settings, name, value)
        except SettingError as error:
            notes.append(f"In the settings, {error} It has its default now.")
    newer = isinstance(version, int) and version > VERSION
    if newer:
        notes.append("The settings are of a newer Portico: they are used, and not changed.")
    return Loaded(settings, tuple(notes), extra, read_only=newer)


def _backup_path(path: Path) -> Path:
    return path.with_name(path.name + ".bak")


def _backup(path: Path) -> bytes | None:
    try:
        return read_private(_backup_path(path))
    except StoreError:
        return None
