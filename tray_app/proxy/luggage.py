"""What goes with a prompt: brought from where the client says, then given to the upstream."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached, File
from tray_app.core.model import FilePart, FileWish

from .attaching import Attacher, digest_of
from .attachments import AUDIO, FILE, PICTURE, VIDEO, Attachment, Attachments, Wish
from .budget import Share
from .session import Lane

T = TypeVar("T")

_ALSO = {
    "jpeg": ("jpg", "jpe", "jfif"),
    "tiff": ("tif",),
    "mp4": ("m4v",),
    "html": ("htm",),
    "markdown": ("md",),
    "heic": ("heif",),
}
"""Other endings that say the same."""

_OF_THE_FILE = {Kind.FILE_REJECTED, Kind.CONTENT_FILTER}
"""What the upstream says of one file alone."""
_WISHES: dict[FileWish, Wish] = {
    "picture": PICTURE,
    "file": FILE,
    "audio": AUDIO,
    "video": VIDEO,
}


class Luggage:
    """Brings files and gives them away; used in the proxy's loop.

    Args:
        attachments: Brings what clients attach.
        attacher: Gives it to the upstream.
        bring_made: The bytes of a picture that the upstream made, by its address.
    """

    def __init__(
        self,
        attachments: Attachments,
        attacher: Attacher,
        bring_made: Callable[[str], Awaitable[bytes]],
    ) -> None:
        self._attachments = attachments
        self._attacher = attacher
        self.bring_made = bring_made

    async def brought(self, parts: tuple[FilePart, ...], share: Share) -> tuple[File, ...]:
        """The files of a prompt, in its order; raises `ProxyError` that names the field."""
        if not parts:
            return ()
        return await _all(self._bring(part, share) for part in parts)

    async def given(self, files: tuple[File, ...], lane: Lane) -> tuple[Attached, ...]:
        """The same files as the upstream has them; raises `ProxyError` that names the field."""
        given = await _all(self._give(file, lane) for file in files)
        # One that is read slowly may take longer than another is good for: that is given again.
        return given if len(files) < 2 else await _all(self._give(file, lane) for file in files)

    async def _give(self, file: File, lane: Lane) -> Attached:
        try:
            return await self._attacher.attached(file, lane)
        except ProxyError as error:
            if error.kind in _OF_THE_FILE:
                error.param = file.param
            raise

    def forget(self, lane: Lane) -> None:
        """Give every file anew: the upstream may not have one of them."""
        self._attacher.forget(lane)

    async def _bring(self, part: FilePart, share: Share) -> File:
        brought, wish = self._attachments, _WISHES[part.wish]
        name, param = part.name, part.param
        if part.data:
            found = await brought.take(part.data, wish, name=name, param=param)
        elif part.is_bare:
            found = await brought.unpack(part.source, wish, share, name=name, param=param)
        else:
            found = await brought.bring(part.source, wish, share, name=name, param=param)
        # A prompt's files are looked up again with every question that is asked for it.
        digest = await digest_of(found.data)
        return File(found.kind.family, _named(found), found.kind.mime, found.data, param, digest)


def _named(found: Attachment) -> str:
    """A name that says what kind of file it is, which the upstream goes by."""
    name, kind = found.name or found.kind.family, found.kind.name
    ending = name.rpartition(".")[2].lower()
    return name if ending in {kind, *_ALSO.get(kind, ())} else f"{name}.{kind}"


async def _all(works: Iterable[Awaitable[T]]) -> tuple[T, ...]:
    """What comes of all of these at once; the first that fails ends the others."""
    tasks: list[asyncio.Task[T]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks += [group.create_task(_awaited(work)) for work in works]
    except asyncio.CancelledError as left:
        # It and the group's frame hold each other, and all that was brought until they are swept.
        left.__traceback__ = None
        raise
    except BaseExceptionGroup as errors:
        faults = [errors.exceptions[0]]
        # So do these.
        errors.__traceback__ = None
    else:
        return tuple(task.result() for task in tasks)
    tasks.clear()
    raise faults.pop()


async def _awaited(work: Awaitable[T]) -> T:
    return await work
