"""Giving the site a file: leave to store it, the store, and the wait until a document was read.

The store is another service than the site, and what is sent there has nothing of the session. A
file is named in a prompt by an item that holds an address with a signature, which soon ends.
Seen: 2026-03 to 2026-09, captures and several peers.
"""

import re
from collections.abc import Generator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tray_app.core.calls import Answer, Call, Flow, Pause, Reply, Stamp, Step, Upload
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import Attached, File, FileKind

from . import faults, oss, wire

GOOD_S = 240.0
"""How long a file may be named in prompts; its address ends 300 s after leave was given."""
PARSE_S = 120.0
"""How long a document may take to be read."""
_PAUSES_S = (0.5,) * 10 + (1.0,) * 15 + (2.0,) * 50
"""Between two looks at a document: 120 s in all."""
_NOT_YET = {Kind.UPSTREAM_ERROR, Kind.UPSTREAM_BAD_RESPONSE, Kind.UPSTREAM_TIMEOUT}
_STUMBLES = 3
"""So many looks in a row that tell nothing are an error."""
_NAME_CHARS = 96
_ASKED: dict[FileKind, str] = {
    "image": "image",
    "document": "file",
    "video": "video",
    "audio": "audio",
}
_CLASSES: dict[FileKind, str] = {
    "image": "vision",
    "document": "document",
    "video": "video",
    "audio": "audio",
}
_OTHER_FILE = "Send another file."
_WITHOUT_FILES = "Ask without files, and shorter, until it returns."
_SHORTER = "Shorten the conversation."
_ONLY_END = re.compile(r"\.[^ .]+")
_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
_TOO_LARGE = {"EntityTooLarge", "MaxFileSizeExceeded"}
_FAILED = {"failed", "fail", "error"}
_FILE = re.compile(r"\bfiles?\b", re.IGNORECASE)


class _Placed(oss.Grant, frozen=True):
    """Leave to put a file, and how it will be known."""

    file_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}\Z")]
    file_url: oss.Printable


class _Granted(Struct):
    data: _Placed


class _Reading(Struct):
    status: str
    file_id: str = ""


class _Read(Struct):
    data: list[_Reading]


_granted = msgspec.json.Decoder(_Granted)
_read = msgspec.json.Decoder(_Read)
_encode = msgspec.json.Encoder().encode


def upload(file: File, stamp: Stamp) -> Flow:
    """Give the site a file; ends in a `Reply` of what it is `Attached` by."""
    name = plain_name(file)
    placed = yield from _stored(file, name, stamp)
    if file.kind == "document":
        yield from _parsed(placed.file_id, file, name)
    return Reply(Attached(_encode(_item(file, name, placed, stamp)), GOOD_S, file.kind))


def plain_name(file: File) -> str:
    """What a file is called at the site: the last part of its name, short, of visible characters.

    The end is kept, since it tells the site what it is. One that is nothing but its end, as `.env`
    is, gets a beginning.
    """
    last = re.split(r"[/\\]", file.name)[-1]
    shown = "".join(char for char in last if char.isprintable()).strip()
    plain = shown.strip(" .")
    if _ONLY_END.fullmatch(shown):
        plain = _ASKED[file.kind] + shown
    return plain[-_NAME_CHARS:].lstrip(" .") or _ASKED[file.kind]


def _stored(file: File, name: str, stamp: Stamp) -> Generator[Step, Answer, _Placed]:
    """Put a file into the store; where it is refused, once more with new keys."""
    placed, put = yield from _asked(file, name, stamp)
    answer = yield put
    fault = _of_store(answer, file, name)
    if fault is not None and fault.kind is Kind.UPSTREAM_ERROR:
        placed, put = yield from _asked(file, name, stamp)
        answer = yield put
        fault = _of_store(answer, file, name)
    if fault is not None:
        raise fault
    return placed


def _asked(file: File, name: str, stamp: Stamp) -> Generator[Step, Answer, tuple[_Placed, Upload]]:
    """Leave to put a file, and the upload that follows from it."""
    wish = {"filename": name, "filesize": len(file.data), "filetype": _ASKED[file.kind]}
    answer = yield _post(wire.FILE_GRANT, wish)
    _check(answer, file, name)
    try:
        placed = _granted.decode(answer.body).data
    except msgspec.DecodeError:
        raise _not_understood() from None
    headers = oss.signed(placed, file.type, _moment_of(answer, stamp))
    return placed, Upload(placed.host, placed.path, headers, file.data)


def _moment_of(answer: Answer, stamp: Stamp) -> float:
    """The time at the site, whose store is as exact: this computer's clock may be wrong."""
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return stamp.now_s
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp()


def _of_store(answer: Answer, file: File, name: str) -> ProxyError | None:
    """What the store has against an upload; `UPSTREAM_ERROR` where new keys may help."""
    if 200 <= answer.status < 300:
        return None
    found = _CODE.search(answer.body)
    code = found[1].decode() if found else f"status {answer.status}"
    if answer.status == 413 or code in _TOO_LARGE:
        return _rejected(file, f"The file {name} is too large for Qwen")
    if answer.status == 403 or answer.status >= 500:
        return ProxyError(Kind.UPSTREAM_ERROR, f"Qwen's file store did not take {name} ({code})")
    if answer.status < 400:
        return ProxyError(
            Kind.UPSTREAM_REDIRECT, "Qwen's file store answered with a redirect, not followed"
        )
    return ProxyError(
        Kind.PROTOCOL_CHANGED, f"Qwen's file store refused the form of our upload ({code})"
    )


def _parsed(file_id: str, file: File, name: str) -> Generator[Step, Answer, None]:
    """Have a document read, and wait for it."""
    _check((yield _post(wire.FILE_PARSE, {"file_id": file_id})), file, name)
    waited_s, stumbles = 0.0, 0
    for pause_s in _PAUSES_S:
        yield Pause(pause_s)
        answer = yield _post(wire.FILE_PARSED, {"file_id_list": [file_id]})
        try:
            _check(answer, file, name)
        except ProxyError as fault:
            # It is only a look: the file would have to be given anew for the next one.
            stumbles += 1
            if fault.kind not in _NOT_YET or stumbles == _STUMBLES:
                raise
            status = ""
        else:
            stumbles = 0
            status = _status(answer, file_id)
        if status == "success":
            return
        if status in _FAILED:
            raise _rejected(file, f"Qwen could not read the file {name}")
        waited_s += pause_s + answer.took_s
        if waited_s >= PARSE_S:
            break
    raise ProxyError(
        Kind.UPSTREAM_TIMEOUT, f"Qwen did not read the file {name} within {PARSE_S:g} s"
    )


def _status(answer: Answer, file_id: str) -> str:
    """How far a document is."""
    try:
        told = _read.decode(answer.body).data
    except msgspec.DecodeError:
        raise _not_understood() from None
    found = [one.status for one in told if one.file_id in {"", file_id}]
    return found[0].lower() if found else ""


def _check(answer: Answer, file: File, name: str) -> None:
    """Raise the error that an answer is; what is said of the file itself is the file's fault."""
    fault = faults.of_page(answer.status, answer.headers, answer.body)
    if fault is None:
        return
    words = faults.words_of(answer.body)
    is_form = fault.kind is Kind.PROTOCOL_CHANGED and _FILE.search(words)
    is_lost = fault.kind is Kind.UPSTREAM_ERROR and faults.LOST_FILE.search(words)
    if is_form or is_lost:
        raise _rejected(file, f"Qwen does not take the file {name}")
    if fault.kind is Kind.CONTENT_FILTER and file.param is not None:
        # Other words in the prompt would change nothing about it.
        said = f"Qwen's content filter refused the file {name}"
        raise ProxyError(Kind.CONTENT_FILTER, said, advice=_OTHER_FILE)
    if fault.kind is Kind.DAILY_LIMIT:
        # No model was named, so none has to do with it.
        said = fault.message.replace("for this model", "for files")
        raise ProxyError(
            Kind.DAILY_LIMIT, said, retry_after_s=fault.retry_after_s, advice=_WITHOUT_FILES
        )
    raise fault


def _rejected(file: File, said: str) -> ProxyError:
    """The error that a refused file is; one that no client sent is a part of a long prompt."""
    advice = _SHORTER if file.param is None else ""
    return ProxyError(Kind.FILE_REJECTED, said, advice=advice)


def _item(file: File, name: str, placed: _Placed, stamp: Stamp) -> dict[str, Any]:
    """How the body of a prompt names a file."""
    now_ms = int(stamp.now_s * 1000)
    shown = "file" if file.kind == "document" else file.kind
    size = len(file.data)
    meta: dict[str, Any] = {"name": name, "size": size, "content_type": file.type}
    if file.kind == "document":
        meta["parse_meta"] = {"parse_status": "success"}
    item: dict[str, Any] = {
        "type": shown,
        "file": {
            "created_at": now_ms,
            "data": {},
            "filename": name,
            "hash": None,
            "id": placed.file_id,
            "user_id": placed.file_path.partition("/")[0],
            "meta": meta,
            "update_at": now_ms,
            "lastModified": now_ms,
            "name": name,
            "size": size,
            "type": file.type,
        },
        "id": placed.file_id,
        "url": placed.file_url,
        "name": name,
        "collection_name": "",
        "progress": 0,
        "status": "uploaded",
        "size": size,
        "error": "",
        "itemId": stamp.new_id(),
        "file_type": file.type,
        "showType": shown,
        "file_class": _CLASSES[file.kind],
        "uploadTaskId": stamp.new_id(),
    }
    if file.kind in {"image", "video"}:
        item["greenNet"] = "success"
    return item


def _post(path: str, body: object) -> Call:
    return Call("POST", path, body=_encode(body), page=wire.PAGE_NEW)


def _not_understood() -> ProxyError:
    return ProxyError(Kind.PROTOCOL_CHANGED, "Qwen takes files in a way that is not understood")
