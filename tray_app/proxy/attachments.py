"""What clients attach to a message, brought here: fetched or unpacked, and told by its bytes.

All of it has its place in the share of the request that it is for.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.kinds import KINDS, PICTURES, TEXTS, FileKind, kind_of

from .budget import Share
from .fetcher import Fetcher, NotFetchedError
from .limits import Limits
from .unpacking import NotUnpackedError, from_base64, from_data_url, is_data_url

_Unpack = Callable[[str, int], Awaitable[bytes]]
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LARGE_BYTES = 256 << 10
"""What is larger is looked at beside everybody else: all of a text has to be."""


class Wish(Struct, frozen=True):
    """What is taken where a client attaches something."""

    what: str
    """In a word, for people."""
    accept: str
    """What a server is asked for."""
    kinds: frozenset[str] | None
    """Names of kinds; None for all."""
    unfetched: Kind
    """What is said where it cannot be fetched."""
    instead: str = ""
    """What to send where it is of another kind."""


def _family(family: str) -> frozenset[str]:
    return frozenset(kind.name for kind in KINDS.values() if kind.family == family)


PICTURE = Wish(
    "picture",
    "image/*",
    PICTURES,
    Kind.IMAGE_URL_NOT_ALLOWED,
    "Send a PNG, JPEG, WebP, GIF or BMP.",
)
FILE = Wish("file", "*/*", None, Kind.FILE_REJECTED)
AUDIO = Wish("audio", "audio/*", _family("audio"), Kind.FILE_REJECTED)
VIDEO = Wish("video", "video/*", _family("video"), Kind.FILE_REJECTED)


class Attachment(Struct, frozen=True):
    """A file of a client, as it goes to the upstream."""

    data: bytes
    kind: FileKind
    name: str
    """As the client or its address calls it; may be empty."""


class Attachments:
    """Brings what clients attach.

    Args:
        fetcher: For what is at an address.
        limits: Those in force.
    """

    def __init__(self, fetcher: Fetcher, limits: Callable[[], Limits]) -> None:
        self._fetcher = fetcher
        self._limits = limits
        self._turn = asyncio.Lock()
        """One is unpacked at a time: a piece of each of many at once would take long together."""

    async def bring(
        self, address: str, wish: Wish, share: Share, *, name: str = "", param: str | None = None
    ) -> Attachment:
        """What is at an address, or in it; raises `ProxyError`.

        Args:
            address: Of a web server, or a `data:` URL.
            wish: What it has to be.
            share: Has room for it.
            name: What the client calls it.
            param: The field that has the address.
        """
        told = _Told(wish, name, param)
        if is_data_url(address):
            return await self._unpacked(from_data_url, address, share, told)
        if not _SCHEME.match(address):
            # It is nobody's address, so to say so tells nothing of anybody's network.
            why = f"The {wish.what}'s address begins with neither data: nor https://"
            raise ProxyError(wish.unfetched, why, param=param)
        return await self._fetched(address, share, told)

    async def unpack(
        self, packed: str, wish: Wish, share: Share, *, name: str = "", param: str | None = None
    ) -> Attachment:
        """What is in bare base64; raises `ProxyError`. The arguments are those of `bring`."""
        return await self._unpacked(from_base64, packed, share, _Told(wish, name, param))

    async def take(
        self, data: bytes, wish: Wish, *, name: str = "", param: str | None = None
    ) -> Attachment:
        """What came as it is; raises `ProxyError`. The arguments are those of `bring`.

        The body's share has room for it already.
        """
        told = _Told(wish, name, param)
        if len(data) > (most := self._limits().file_bytes):
            raise told.rejected(f"is larger than {most >> 20} MiB")
        return await _known(data, told)

    async def _unpacked(self, how: _Unpack, text: str, share: Share, told: "_Told") -> Attachment:
        limit = self._limits().file_bytes
        share.part().reach(min(len(text) // 4 * 3, limit))
        try:
            async with self._turn:
                data = await how(text, limit)
        except NotUnpackedError as error:
            raise told.rejected(str(error)) from None
        share.unpacked(len(text))
        return await _known(data, told)

    async def _fetched(self, address: str, share: Share, told: "_Told") -> Attachment:
        """One error for all that can go wrong there: a second one would be an answer as well."""
        wish, reach = told.wish, share.part().reach
        try:
            found = await self._fetcher.fetch(address, wish.accept, reach)
            return await _known(found.data, replace(told, name=told.name or found.name))
        except (NotFetchedError, ProxyError) as error:
            if isinstance(error, ProxyError) and error.kind is Kind.QUEUE_FULL:
                raise
            raise ProxyError(
                wish.unfetched, f"The {wish.what} could not be fetched", param=told.param
            ) from None


class _Told(Struct, frozen=True):
    """What is known of a file before it is there."""

    wish: Wish
    name: str
    param: str | None

    def rejected(self, why: str, advice: str = "") -> ProxyError:
        said = f"The {self.wish.what} {why}"
        return ProxyError(Kind.FILE_REJECTED, said, param=self.param, advice=advice)


async def _known(data: bytes, told: _Told) -> Attachment:
    if len(data) > _LARGE_BYTES:
        kind = await asyncio.to_thread(kind_of, data, told.name)
    else:
        kind = kind_of(data, told.name)
    wanted = told.wish.kinds
    if kind is None and wanted is None and told.name.rpartition(".")[2].lower() in TEXTS:
        raise told.rejected("is called a text, and is none in UTF-8")
    if kind is None or (wanted is not None and kind.name not in wanted):
        raise told.rejected("is of a kind that is not taken", told.wish.instead)
    return Attachment(data, kind, told.name)
