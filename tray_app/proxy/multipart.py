"""Reading a form that comes as `multipart/form-data`, as browsers and SDKs send files."""

import warnings
from io import BytesIO

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.hdrs import CONTENT_DISPOSITION, CONTENT_TRANSFER_ENCODING
from aiohttp.multipart import parse_content_disposition

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import FormField

from .body import Arrival, arriving
from .budget import Share
from .limits import Limits

MAX_FIELDS = 64
MAX_NAME_CHARS = 200
_PIECE_BYTES = 1 << 16
_BEFORE_BYTES = 8 << 10
"""So much may stand before the first field, where nobody puts anything."""
_AS_IT_IS = frozenset({"binary", "8bit", "7bit"})


async def read_form(
    request: web.BaseRequest, limits: Limits, share: Share
) -> tuple[FormField, ...]:
    """Every field of a form, in its order; raises `ProxyError`."""
    fields: list[FormField] = []
    async with arriving(request, limits, share) as arrival:
        try:
            reader = _Reader(request.headers, request.content)
            while isinstance(part := await reader.next(), BodyPartReader):
                if len(fields) == MAX_FIELDS:
                    raise _invalid(f"The form has more than {MAX_FIELDS} fields")
                fields.append(await _field(part, request, arrival))
        except (ValueError, LookupError, RuntimeError, AssertionError, Warning):
            # By each of them the library may say that it is not written as a form is.
            raise _invalid("The form is broken off or badly written") from None
        while await request.content.readany():
            arrival.check(request.content.total_bytes)
    return tuple(fields)


class _Reader(MultipartReader):
    """aiohttp's reader, which here meets nothing but fields with names."""

    _before = 0

    async def _readline(self) -> bytes:
        """The next line; the library reads those before the first field without end or pause."""
        line = await super()._readline()
        if self._at_bof:
            self._before += len(line)
            if self._before > _BEFORE_BYTES:
                raise _invalid(
                    f"The form has more than {_BEFORE_BYTES >> 10} KiB before its fields"
                )
        return line

    async def fetch_next_part(self) -> BodyPartReader:
        """The next field; raises `ProxyError` for any other part."""
        part = await super().fetch_next_part()
        if not isinstance(part, BodyPartReader):
            raise _invalid("The form has another form in it")
        with warnings.catch_warnings():
            # The library warns of a header that it cannot read, and would print it.
            warnings.simplefilter("error")
            told, _ = parse_content_disposition(part.headers.get(CONTENT_DISPOSITION))
        if told is None or told.lower() != "form-data" or not part.name:
            raise _invalid("The form has a field without a name")
        if part.headers.get(CONTENT_TRANSFER_ENCODING, "binary").lower() not in _AS_IT_IS:
            raise _invalid("The form has a field with a Content-Transfer-Encoding")
        if len(part.name) > MAX_NAME_CHARS:
            raise _invalid(f"The form has a name of more than {MAX_NAME_CHARS} characters")
        return part


async def _field(part: BodyPartReader, request: web.BaseRequest, arrival: Arrival) -> FormField:
    read = BytesIO()
    while not part.at_eof():
        read.write(await part.read_chunk(_PIECE_BYTES))
        arrival.check(request.content.total_bytes)
    return FormField(part.name or "", read.getvalue(), part.filename or "")


def _invalid(why: str) -> ProxyError:
    return ProxyError(Kind.INVALID_REQUEST, why, param="body")
