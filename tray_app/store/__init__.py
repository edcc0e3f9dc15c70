"""Disk: settings, logs, locks and the last good list of models; the only room with files."""

from .files import StoreError

__all__ = ["StoreError"]
