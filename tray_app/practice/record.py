"""What the practice site remembers: only so much, since the program may run for weeks."""

from typing import TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key")


class Record(list[Item]):
    """A list that forgets what came first.

    Args:
        most: So many items it keeps; None for all.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self._most = most

    def append(self, item: Item) -> None:
        """Add an item at the end."""
        super().append(item)
        if self._most is not None:
            del self[: max(0, len(self) - self._most)]


def keep_last(kept: dict[Key, Item], most: int) -> None:
    """Drop what came first of more than so many."""
    while len(kept) > most:
        del kept[next(iter(kept))]
