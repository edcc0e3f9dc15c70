"""Qwen Chat, chat.qwen.ai: what its web API speaks, as far as it was seen up to 2026-10-04.

What may change at the site lives in `wire.py`; how it streams in `decode.py`; how it says no in
`faults.py`.
"""

from .upstream import Qwen
from .wire import PAGES, SITE

QWEN = Qwen()

__all__ = ["PAGES", "QWEN", "SITE"]
