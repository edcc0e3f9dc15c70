"""What happens to any prompt and any answer on its way, whoever asked and whoever answered.

A filter is called with an event and hands on what becomes of it by calling what comes after, so
that a chain keeps no lists and costs next to nothing for an event that passes.
"""

from .long import ITEM_BYTES
from .talk import Means, Prepared, Talk, prepared

__all__ = ["ITEM_BYTES", "Means", "Prepared", "Talk", "prepared"]
