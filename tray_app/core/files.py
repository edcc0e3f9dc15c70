"""Files that go with a prompt: as clients send them, and before and after an upstream has them."""

from typing import Literal

from msgspec import Struct

FileKind = Literal["image", "document", "video", "audio"]


class File(Struct, frozen=True):
    """A file for the model to look at."""

    kind: FileKind
    name: str
    """As the client calls it; may be empty, and may be anything."""
    type: str
    """The media type, by what the bytes are."""
    data: bytes
    param: str | None = None
    """The field of the request that has it."""
    digest: bytes = b""
    """SHA-256 of the bytes, where somebody has reckoned it."""

    def __repr__(self) -> str:
        return f"File(kind={self.kind!r}, type={self.type!r}, bytes={len(self.data)})"


class FormField(Struct, frozen=True):
    """One part of a form."""

    name: str
    data: bytes
    file_name: str = ""
    """Empty where it is no file."""

    def __repr__(self) -> str:
        return f"FormField(name={self.name!r}, bytes={len(self.data)})"


class Attached(Struct, frozen=True):
    """A file that the upstream has."""

    item: bytes
    """JSON by which a prompt's body names it; it means nothing elsewhere and must not be shown."""
    good_for_s: float
    """How long it can go with prompts, from when it began to be given."""
    kind: FileKind

    def __repr__(self) -> str:
        return f"Attached(kind={self.kind!r}, good_for_s={self.good_for_s!r})"
