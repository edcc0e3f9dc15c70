"""The one error of the product and the one table of its kinds.

Every foreign error is mapped to a `ProxyError` at the edge where it enters; every dialect wraps a
`ProxyError` in its own shape. A message is one sentence and one action: no upstream HTML, never a
secret.
"""

from enum import Enum
from typing import Literal

from msgspec import Struct

MESSAGE_CHARS = 240
RETRY_AFTER_S = range(1, 60)
"""Seen: 2026-11-21, real clients: from 60 on they ignore the header, hang, or give up."""

Again = Literal["renewed", "fresh", "answered", "page"]
"""How a failed call may be repeated, once: with a renewed session, simply afresh, after the person
answered the site's check, or by the window's page."""


class Row(Struct, frozen=True):
    """What a kind of error means outside."""

    status: int
    type: str
    title: str
    """A few words for people, without a full stop."""
    advice: str
    """One sentence that says what to do."""
    retry_after_s: int | None = None
    """What `Retry-After` says when nothing better is known."""
    hopeless: bool = False
    """Asking again cannot help: said to SDKs by `x-should-retry: false`."""


def _invalid(title: str, advice: str, status: int = 400) -> Row:
    return Row(status, "invalid_request_error", title, advice, hopeless=True)


def _signed_out(title: str, advice: str) -> Row:
    return Row(401, "authentication_error", title, advice, hopeless=True)


def _forbidden(title: str, advice: str) -> Row:
    return Row(403, "permission_error", title, advice, hopeless=True)


def _broken(title: str, advice: str, status: int = 502) -> Row:
    return Row(status, "server_error", title, advice)


def _wait(title: str, advice: str, retry_after_s: int, status: int = 503) -> Row:
    kind = "rate_limit_error" if status == 429 else "server_error"
    return Row(status, kind, title, advice, retry_after_s=retry_after_s)


_AGAIN = "Ask again."
_NO_FIELD = "Correct the request."
"""Where the advice of an invalid one would speak of a field, and none is named."""
_SIGN_IN = "Sign in again from Portico."


class Kind(Enum):
    """Every kind of error; its value is the `code` that clients see."""

    INVALID_REQUEST = "invalid_request"
    CONTEXT_LENGTH_EXCEEDED = "context_length_exceeded"
    CONTENT_FILTER = "content_filter"
    FILE_REJECTED = "file_rejected"
    IMAGE_URL_NOT_ALLOWED = "image_url_not_allowed"
    INVALID_API_KEY = "invalid_api_key"
    NOT_SIGNED_IN = "not_signed_in"
    GUEST_SESSION = "guest_session"
    SESSION_ENDED = "session_ended"
    HOST_NOT_ALLOWED = "host_not_allowed"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    ACCOUNT_FORBIDDEN = "account_forbidden"
    NOT_FOUND = "not_found"
    MODEL_NOT_FOUND = "model_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    REQUEST_TOO_LARGE = "request_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    DAILY_LIMIT = "daily_limit"
    QUEUE_FULL = "queue_full"
    TOO_SLOW = "too_slow"
    INTERNAL_ERROR = "internal_error"
    NOT_SUPPORTED = "not_supported"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_DISCONNECTED = "upstream_disconnected"
    UPSTREAM_TRUNCATED = "upstream_truncated"
    UPSTREAM_EMPTY = "upstream_empty"
    UPSTREAM_BAD_RESPONSE = "upstream_bad_response"
    UPSTREAM_REDIRECT = "upstream_redirect"
    UPSTREAM_EVENT_TOO_LARGE = "upstream_event_too_large"
    UPSTREAM_ERROR = "upstream_error"
    PROTOCOL_CHANGED = "protocol_changed"
    TOOL_CALL_MISSING = "tool_call_missing"
    TOOL_CALL_INVALID = "tool_call_invalid"
    STRUCTURED_OUTPUT_FAILED = "structured_output_failed"
    VERIFICATION_NEEDED = "verification_needed"
    COOLING_DOWN = "cooling_down"
    BREAKER_OPEN = "breaker_open"
    CREDENTIAL_STORE_LOCKED = "credential_store_locked"
    WINDOW_CLOSED = "window_closed"
    SERVER_STOPPING = "server_stopping"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_STALLED = "upstream_stalled"
    WINDOW_STUCK = "window_stuck"

    @property
    def row(self) -> Row:
        """What this kind means outside."""
        return TABLE[self]


TABLE: dict[Kind, Row] = {
    Kind.INVALID_REQUEST: _invalid("Invalid request", "Change the field that is named."),
    Kind.CONTEXT_LENGTH_EXCEEDED: _invalid("Prompt too long", "Shorten the conversation."),
    Kind.CONTENT_FILTER: _invalid("Refused content", "Rephrase the prompt."),
    Kind.FILE_REJECTED: _invalid("File refused", "Send another file."),
    Kind.IMAGE_URL_NOT_ALLOWED: _invalid("Picture not fetched", "Send the picture itself."),
    Kind.INVALID_API_KEY: _signed_out("Wrong key", "Use the key that `portico key show` prints."),
    Kind.NOT_SIGNED_IN: _signed_out("Not signed in", "Sign in to Qwen Chat from Portico."),
    Kind.GUEST_SESSION: _signed_out("Guest session", "Sign in to Qwen Chat from Portico."),
    Kind.SESSION_ENDED: _signed_out("Session ended", _SIGN_IN),
    Kind.HOST_NOT_ALLOWED: _forbidden("Host not allowed", "Use http://127.0.0.1 as the address."),
    Kind.ORIGIN_NOT_ALLOWED: _forbidden(
        "Web page not allowed", "Approve this web app in Portico first."
    ),
    Kind.ACCOUNT_FORBIDDEN: _forbidden(
        "Account refused", "Open chat.qwen.ai in a browser to see why."
    ),
    Kind.NOT_FOUND: _invalid("No such route", "Use a base URL that ends in /v1.", 404),
    Kind.MODEL_NOT_FOUND: _invalid("No such model", "Pick a model of /v1/models.", 404),
    Kind.METHOD_NOT_ALLOWED: _invalid("Wrong method", "Use the method that is named.", 405),
    Kind.REQUEST_TIMEOUT: _invalid("Request too slow", "Send the whole body at once.", 408),
    Kind.REQUEST_TOO_LARGE: _invalid("Request too large", "Send less than 32 MiB.", 413),
    Kind.UNSUPPORTED_MEDIA_TYPE: _invalid("Not JSON", "Send Content-Type: application/json.", 415),
    Kind.RATE_LIMITED: _wait("Too fast for Qwen", "Wait and ask again.", 10, 429),
    Kind.DAILY_LIMIT: Row(
        429,
        "insufficient_quota",
        "Daily allowance used up",
        "Use another model until it returns.",
        hopeless=True,
    ),
    Kind.QUEUE_FULL: _wait("Queue full", "Wait and ask again.", 10, 429),
    Kind.TOO_SLOW: _wait("No turn in time", "Wait and ask again.", 10, 429),
    Kind.INTERNAL_ERROR: Row(
        500, "server_error", "Bug in Portico", "Report it with the request id.", hopeless=True
    ),
    Kind.NOT_SUPPORTED: Row(
        501,
        "not_supported_error",
        "Not offered",
        "Use another service for this.",
        hopeless=True,
    ),
    Kind.UPSTREAM_UNREACHABLE: _broken("Qwen not reachable", "Check the internet connection."),
    Kind.UPSTREAM_DISCONNECTED: _broken("Connection to Qwen broke", _AGAIN),
    Kind.UPSTREAM_TRUNCATED: _broken("Answer cut off", _AGAIN),
    Kind.UPSTREAM_EMPTY: _broken("Empty answer", "Wait a little before asking again."),
    Kind.UPSTREAM_BAD_RESPONSE: _broken("Answer not understood", _AGAIN),
    Kind.UPSTREAM_REDIRECT: _broken("Qwen sent us elsewhere", "Check the network's sign-in page."),
    Kind.UPSTREAM_EVENT_TOO_LARGE: _broken("Answer too large", "Ask for less at once."),
    Kind.UPSTREAM_ERROR: _broken("Qwen had an error", _AGAIN),
    Kind.PROTOCOL_CHANGED: Row(
        502,
        "server_error",
        "Qwen changed something",
        "Look for an update of Portico.",
        hopeless=True,
    ),
    Kind.TOOL_CALL_MISSING: _broken("Tool call missing", _AGAIN),
    Kind.TOOL_CALL_INVALID: _broken("Tool call invalid", _AGAIN),
    Kind.STRUCTURED_OUTPUT_FAILED: _broken("Answer does not fit the schema", _AGAIN),
    Kind.VERIFICATION_NEEDED: _wait(
        "Qwen asks for a person",
        "Answer the check in Portico's window, or at chat.qwen.ai and then run `portico resume`.",
        30,
    ),
    Kind.COOLING_DOWN: _wait(
        "Pausing for Qwen",
        "Wait, or answer any check in Portico's window (elsewhere: then run `portico resume`).",
        30,
    ),
    Kind.BREAKER_OPEN: _wait("Qwen keeps failing", "Wait for the next try.", 30),
    Kind.CREDENTIAL_STORE_LOCKED: _wait("Keyring locked", "Unlock it and ask again.", 5),
    Kind.WINDOW_CLOSED: _wait("Window closed", _AGAIN, 5),
    Kind.SERVER_STOPPING: _wait("Portico is stopping", "Start Portico and ask again.", 5),
    Kind.UPSTREAM_TIMEOUT: _broken("Qwen did not answer in time", _AGAIN, 504),
    Kind.UPSTREAM_STALLED: _broken("Qwen stopped in mid-answer", _AGAIN, 504),
    Kind.WINDOW_STUCK: _broken("Window stuck", _AGAIN, 504),
}


NO_ROOM = _wait("No room", "Wait and ask again.", 10)
"""What `queue_full` means where no more can be opened: that is not for what a client asked."""


class ProxyError(Exception):
    """What went wrong, as the client will be told.

    Args:
        kind: The row of the table.
        message: What happened, in words; the row's advice is appended by `text`.
        retry_after_s: Seconds until asking again makes sense, when known. Whatever it is, clients
            are told 1 to 59; a longer wait is answered again, each time.
        param: The field of the request that is at fault.
        again: How the failed call may be repeated, if it may.
        place: Where the site says that it asks for a person. It holds what must not be shown.
        advice: What to do, where the table does not know it as well.
        row: What it means outside, where that is other than what its kind means.
    """

    def __init__(
        self,
        kind: Kind,
        message: str = "",
        *,
        retry_after_s: float | None = None,
        param: str | None = None,
        again: Again | None = None,
        place: str = "",
        advice: str = "",
        row: Row | None = None,
    ) -> None:
        super().__init__(kind.value, message)
        self.kind = kind
        self.row = row or kind.row
        self.message = message
        self.retry_after_s = retry_after_s
        self.param = param
        self.again: Again | None = again
        self.place = place
        self.has_cooled = False
        """Something cools down for it already."""
        self._advice = advice

    def copy(self) -> "ProxyError":
        """The same for somebody else: an exception grows with each who raises it."""
        return ProxyError(
            self.kind,
            self.message,
            retry_after_s=self.retry_after_s,
            param=self.param,
            again=self.again,
            place=self.place,
            advice=self._advice,
            row=self.row,
        )

    @property
    def advice(self) -> str:
        """One sentence that says what to do."""
        if not self._advice and self.kind is Kind.INVALID_REQUEST and self.param is None:
            return _NO_FIELD
        return self._advice or self.row.advice

    @property
    def text(self) -> str:
        """One sentence and one action, on one line, of at most 240 characters."""
        advice = self.advice
        said = " ".join(_printable(self.message or self.row.title).split()).rstrip(".")
        room = MESSAGE_CHARS - len(advice) - 2
        if len(said) > room:
            said = said[: room - 1] + "…"
        end = "" if said.endswith(("?", "!", "…")) else "."
        return f"{said}{end} {advice}"

    @property
    def wait_s(self) -> int | None:
        """The whole number of seconds for `Retry-After`; None where neither kind nor site has any.

        What is hopeless for a client that waits a minute has none, whatever the site says.
        """
        row = self.row
        wanted = row.retry_after_s if self.retry_after_s is None else self.retry_after_s
        if wanted is None or row.hopeless:
            return None
        return int(min(max(wanted, RETRY_AFTER_S.start), RETRY_AFTER_S.stop - 1))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
