"""Server-sent events: bytes to data fields, and data fields to bytes.

Decoding follows the WHATWG rules on bytes: lines end in LF, CRLF or CR, wherever the socket cuts
them; U+2028 and its like are text. Streams that hold no CR, which is every stream seen, take a
fast way that splits at blank lines only.
"""

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(Exception):
    """One event grew past the limit before it ended."""


def frame(data: bytes) -> bytes:
    """One event that carries `data`, which must hold no line end."""
    return b"data: %b\n\n" % data


class SseDecoder:
    """Turns the bytes of one stream into the data of its events.

    `feed` takes any piece and returns the data of every event that it completed, in order. An
    event that the stream never ends is dropped, as the rules say.

    Raises:
        EventTooLargeError: More than `limit_bytes` came without an event's end.
    """

    def __init__(self, limit_bytes: int = 8 << 20) -> None:
        self._limit_bytes = limit_bytes
        self._tail = bytearray()
        self._bom: bytes | None = b""
        self._by_line = False
        self._after_cr = False
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        if self._bom is not None:
            data = self._without_bom(data)
        if self._by_line or b"\r" in data:
            return self._feed_lines(data)
        if not self._tail:
            if data.endswith(b"\n\n"):
                return _complete(data[:-2].split(b"\n\n"))
            blocks = data.split(b"\n\n")
            if len(blocks) == 1:
                self._keep(data)
                return []
            self._keep(blocks.pop())
            return _complete(blocks)
        return self._feed_tail(data)

    def _feed_tail(self, data: bytes) -> list[bytes]:
        # The blank line may straddle the border, so look at one byte before it as well.
        known = max(len(self._tail) - 1, 0)
        self._tail += data
        if self._tail.find(b"\n\n", known) < 0:
            self._check(len(self._tail))
            return []
        blocks = bytes(self._tail).split(b"\n\n")
        self._tail.clear()
        self._keep(blocks.pop())
        return _complete(blocks)

    def _keep(self, data: bytes) -> None:
        self._check(len(data))
        self._tail += data

    def _check(self, size: int) -> None:
        if size > self._limit_bytes:
            # Whoever holds on to the error has no use for it.
            self._tail.clear()
            self._data.clear()
            raise EventTooLargeError

    def _without_bom(self, data: bytes) -> bytes:
        head = (self._bom or b"") + data
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._bom = head
            return b""
        self._bom = None
        return head.removeprefix(_BOM)

    def _feed_lines(self, data: bytes) -> list[bytes]:
        self._by_line = True
        if self._after_cr and data:
            # The CR has ended its line already; an LF behind it is the rest of that end.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        known = len(self._tail)
        self._tail += data
        if not any(self._tail.find(end, known) >= 0 for end in (b"\n", b"\r")):
            self._check(len(self._tail))
            return []
        text = bytes(self._tail)
        self._tail.clear()
        self._after_cr = text.endswith(b"\r")
        *whole, rest = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._keep(rest)
        done: list[bytes] = []
        for line in whole:
            self._line(line, done)
        return done

    def _line(self, line: bytes, done: list[bytes]) -> None:
        if not line:
            if self._data:
                done.append(b"\n".join(self._data))
                self._data.clear()
                self._data_bytes = 0
            return
        value = _data_of(line)
        if value is not None:
            self._data_bytes += len(value)
            self._check(self._data_bytes)
            self._data.append(value)


def _complete(blocks: list[bytes]) -> list[bytes]:
    done = []
    for block in blocks:
        if block.startswith(b"data:") and b"\n" not in block:
            done.append(block[6:] if block[5:6] == b" " else block[5:])
            continue
        fields = [value for line in block.split(b"\n") if (value := _data_of(line)) is not None]
        if fields:
            done.append(b"\n".join(fields))
    return done


def _data_of(line: bytes) -> bytes | None:
    """The value of a data line; None for comments and every other field."""
    name, colon, value = line.partition(b":")
    if name != b"data":
        return None
    return value.removeprefix(b" ") if colon else b""
