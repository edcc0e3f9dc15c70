"""The last good list of models, kept so that a site that is down costs nobody their models."""

import logging
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from .files import StoreError, read_private, write_private

_log = logging.getLogger(__name__)


class _Kept(Struct):
    of_s: float
    models: Raw


_kept = msgspec.json.Decoder(_Kept)


def save_models(path: Path, data: bytes, now_s: float) -> None:
    """Keep a list; a disk that refuses it is logged and otherwise of no interest."""
    try:
        write_private(path, msgspec.json.encode(_Kept(now_s, Raw(data))))
    except (OSError, StoreError) as error:
        _log.warning("models=not-saved reason=%s", type(error).__name__)


def load_models(path: Path) -> tuple[bytes, float] | None:
    """The list that was kept and its unix second; None where there is none that can be read."""
    try:
        data = read_private(path)
        kept = None if data is None else _kept.decode(data)
    except (OSError, StoreError, ValueError, RecursionError):
        return None
    return None if kept is None else (bytes(kept.models), kept.of_s)
