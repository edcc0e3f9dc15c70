"""What a filter tells whoever reads the upstream: nothing more of this answer is wanted."""

from msgspec import Struct


class Ending(Struct):
    """Shared by the filters of one answer and whoever reads it."""

    over: bool = False
    """The answer has had its `Finished` though the upstream goes on: leave its stream."""
