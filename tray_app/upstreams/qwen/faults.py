"""How the site says no, and what that means: the only place where its errors are read.

Most refusals come with HTTP 200 and an error in JSON or HTML (seen: 2025-05 to 2026-10, many
sources), so the order is: true status, kind of content, marks of a challenge, error envelope. Marks
of a challenge are looked for only in what is no answer: people do ask about captchas.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from tray_app.core.errors import Again, Kind, ProxyError

_CHALLENGE_PAGE = re.compile(
    rb"aliyun_waf|_____tmd_____|x5secdata|FAIL_SYS_USER_VALIDATE|RGV587", re.IGNORECASE
)
_CHECK_URL = re.compile(
    rb"https?://[!#-&(-;=?-~]+_____tmd_____[!#-&(-;=?-~]*"
    rb"|(?<=[\"'])/[!#-&(-;=?-~]*_____tmd_____/punish[!#-&(-;=?-~]*"
)
"""Where a page sends people, with its host or on its own."""
_CHALLENGE_CODES = ("FAIL_SYS_USER_VALIDATE", "RGV587")
_SIGNED_OUT = frozenset(
    {"unauthorized", "invalid_token", "token_expired", "unauthenticated", "401"}
)
_FORBIDDEN = frozenset({"forbidden", "403", "account_suspended", "pending"})
_QUOTA = frozenset({"quotalimited", "exceedlimit", "quota_exhausted", "quota_limit"})
_TOO_FAST = frozenset({"parallellimited", "too_many_requests", "429"})
_GONE = frozenset({"not_found", "chat_not_found", "parent_not_found"})
_TRANSIENT = frozenset({"internal_error", "internal_server_error", "internalerror"})
_BAD = frozenset({"bad_request", "requestvalidationerror", "invalid_input", "invalid_parameter"})
_SIZE = re.compile(r"context length|too long|maximum.{0,20}(?:context|length|token)", re.IGNORECASE)
LOST_FILE = re.compile(r"invalid file|\bfile\b.{0,20} not exist", re.IGNORECASE)
"""Said of a file that was never there, and of one whose address has ended."""
_NO_MODEL = re.compile(r"model.{0,40}(?:not (?:found|exist|available)|unavailable)", re.IGNORECASE)
_STUMBLES = frozenset({Kind.UPSTREAM_ERROR, Kind.UPSTREAM_TIMEOUT})
"""What may be over after the time that the site names, if it names one."""
_WORDS_LIMIT = 160
_LONGEST_WAIT_S = 300.0


class Envelope(msgspec.Struct):
    """What an error body came to, whichever of the site's forms it had."""

    code: str
    words: str = ""
    hours: float | None = None


def of_page(status: int, headers: Mapping[str, str], body: bytes) -> ProxyError | None:
    """The error that a whole answer is; None when it is a good one in JSON.

    Args:
        status: As it came over the wire; a true status in the headers outranks it.
        headers: Names in lower case.
        body: As much of the answer as was read.
    """
    true = true_status(status, headers)
    wait_s = retry_after(headers)
    found = _of_answer(true, headers, body, wait_s)
    if found is not None and found.kind in _STUMBLES and wait_s is not None:
        found.retry_after_s, found.again = wait_s, None
    return found


def _of_answer(
    true: int, headers: Mapping[str, str], body: bytes, wait_s: float | None
) -> ProxyError | None:
    if 300 <= true < 400:
        return ProxyError(
            Kind.UPSTREAM_REDIRECT, "The site answered with a redirect, which is not followed"
        )
    if _is_page(headers, body):
        return _of_html(true, body)
    value = _json(body)
    if value is not _NOTHING:
        found = of_value(value, wait_s=wait_s)
        if found is not None:
            return found
    if true < 400:
        return None if value is not _NOTHING else _unreadable()
    if value is _NOTHING and _CHALLENGE_PAGE.search(body):
        return _challenged(body)
    return _of_status(true, body, wait_s)


def words_of(body: bytes) -> str:
    """What an error body says in words; empty for whatever is none."""
    value = _json(body)
    envelope = envelope_of(value) if isinstance(value, dict) else None
    return envelope.words if envelope else ""


def is_gone(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer says that the chat that it is about does not exist."""
    value = _json(body)
    envelope = envelope_of(value) if isinstance(value, dict) else None
    if envelope is not None:
        return _is_lost(envelope.code.lower(), envelope.words)
    return true_status(status, headers) == 404 and not _is_page(headers, body)


def true_status(status: int, headers: Mapping[str, str]) -> int:
    """The status the site means: some answers carry it in a header under a 200."""
    said = headers.get("x-actual-status-code", "")
    return int(said) if re.fullmatch(r"[1-5]\d\d", said) else status


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After`, at most 300; None for rubbish and the past.

    A date is measured from the answer's own `Date`, so that no clock but the site's matters.
    """
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    if re.fullmatch(r"\d{1,20}", said):
        wait_s = float(said)
    else:
        try:
            until, now = (parsedate_to_datetime(text) for text in (said, headers.get("date", "")))
            wait_s = (until - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(wait_s, _LONGEST_WAIT_S) if wait_s > 0 else None


def of_value(value: object, *, wait_s: float | None = None) -> ProxyError | None:
    """The error that a decoded JSON value is; None when it is none."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("ret"), list):
        return _of_ret(value["ret"], value.get("data"))
    if _is_held(value):
        return challenge()
    envelope = envelope_of(value)
    return None if envelope is None else of_envelope(envelope, wait_s=wait_s)


def envelope_of(value: Mapping[str, Any]) -> Envelope | None:
    """The code and words of an error body, in any of the forms seen."""
    raw_data = value.get("data")
    data = raw_data if isinstance(raw_data, dict) else {}
    error = value.get("error", data.get("error"))
    if isinstance(error, str):
        return Envelope(code=error.rstrip("!").replace(" ", "_"), words=error)
    if isinstance(error, dict):
        return _envelope(error)
    if value.get("success") is False:
        return _envelope(data if data.get("code") else value)
    if value.get("code") and ("detail" in value or "message" in value):
        return _envelope(value)
    return None


def _envelope(error: Mapping[str, Any]) -> Envelope:
    words = next(
        (str(error[key]) for key in ("details", "detail", "message", "msg") if error.get(key)), ""
    )
    hours = error.get("num")
    return Envelope(
        code=str(error.get("code") or error.get("type") or "unknown"),
        words=words,
        hours=float(hours) if isinstance(hours, int | float) and 0 < hours < 1000 else None,
    )


def of_envelope(envelope: Envelope, *, wait_s: float | None = None) -> ProxyError:
    """What a code and its words mean to us."""
    code = envelope.code.lower()
    words = envelope.words
    if code in _SIGNED_OUT or words.startswith("401"):
        return session_expired()
    if code in _FORBIDDEN:
        return ProxyError(Kind.ACCOUNT_FORBIDDEN, "Qwen refuses this account")
    if code == "data_inspection_failed" or "Content security warning" in words:
        return _refused_content(words)
    limit = _of_limit(code, envelope, wait_s)
    if limit is not None:
        return limit
    if "in progress" in words:
        return ProxyError(Kind.UPSTREAM_ERROR, "Qwen is still busy with another answer")
    return _of_request(code, words)


def _of_limit(code: str, envelope: Envelope, wait_s: float | None) -> ProxyError | None:
    words = envelope.words
    if code == "ratelimited" or code in _QUOTA or "today's usage" in words:
        return _daily_limit(envelope.hours)
    if code in _TOO_FAST:
        return ProxyError(Kind.RATE_LIMITED, "Qwen says that was too fast", retry_after_s=wait_s)
    if "quota exceeded" in words:
        return ProxyError(
            Kind.RATE_LIMITED, "Qwen's servers have no room for this model", retry_after_s=wait_s
        )
    return None


def _of_request(code: str, words: str) -> ProxyError:
    transient = code in _TRANSIENT or "internal error" in words.lower()
    if _SIZE.search(words):
        return too_long()
    if _NO_MODEL.search(words):
        return ProxyError(Kind.MODEL_NOT_FOUND, "Qwen does not have this model now", param="model")
    if LOST_FILE.search(words):
        return ProxyError(Kind.UPSTREAM_ERROR, "Qwen lost a file of this chat", again="fresh")
    if _is_lost(code, words):
        return ProxyError(Kind.UPSTREAM_ERROR, "Qwen lost this chat")
    if code in _BAD and not transient:
        return ProxyError(
            Kind.PROTOCOL_CHANGED, f"Qwen refused the form of our request ({_words(words)})"
        )
    said = _words(words) if words else code.replace("_", " ")
    return ProxyError(Kind.UPSTREAM_ERROR, f"Qwen had an error ({said})")


def _is_lost(code: str, words: str) -> bool:
    return code in _GONE or "is not exist" in words


def challenge(place: str = "") -> ProxyError:
    """The site asks for a person, at this place if it says so."""
    return ProxyError(
        Kind.VERIFICATION_NEEDED, "Qwen wants to check that a person is here", place=place
    )


def session_expired() -> ProxyError:
    """The access token is no longer taken; a renewal may help, once."""
    return ProxyError(Kind.SESSION_ENDED, "Qwen ended the session", again="renewed")


def too_long() -> ProxyError:
    """The prompt was refused for its size, in the words that clients look for."""
    return ProxyError(
        Kind.CONTEXT_LENGTH_EXCEEDED,
        "This prompt is longer than the model's maximum context length",
        param="messages",
    )


def empty() -> ProxyError:
    """An answer that ended without an answer."""
    return ProxyError(Kind.UPSTREAM_EMPTY, "Qwen took the prompt and answered nothing")


def _daily_limit(hours: float | None) -> ProxyError:
    when = f"in about {hours:g} hours" if hours else "later, usually the next day"
    return ProxyError(
        Kind.DAILY_LIMIT,
        f"Today's allowance for this model is used up and returns {when}",
        retry_after_s=hours * 3600 if hours else None,
    )


def _refused_content(words: str) -> ProxyError:
    side = "answer" if "输出" in words or "output" in words.lower() else "prompt"
    return ProxyError(Kind.CONTENT_FILTER, f"Qwen's content filter refused the {side}")


def _of_ret(ret: list[Any], data: object) -> ProxyError:
    said = " ".join(str(item) for item in ret)
    if any(code in said for code in _CHALLENGE_CODES):
        url = data.get("url") if isinstance(data, dict) else None
        return challenge(url if isinstance(url, str) else "")
    return ProxyError(Kind.UPSTREAM_ERROR, "Qwen's gateway refused the call")


def _is_held(value: Mapping[str, Any]) -> bool:
    """A risk hold looks like success and brings no stream. Seen: 2026-10."""
    result = value.get("result")
    return isinstance(result, dict) and str(result.get("sig", "")).startswith("from bx")


def _is_page(headers: Mapping[str, str], body: bytes) -> bool:
    start = body.lstrip()[:1]
    is_html = "html" in headers.get("content-type", "").lower()
    return start == b"<" or (is_html and start != b"{")


def _of_html(status: int, body: bytes) -> ProxyError:
    if _CHALLENGE_PAGE.search(body):
        return _challenged(body)
    if status >= 500:
        return _of_status(status, body, None)
    return ProxyError(
        Kind.UPSTREAM_BAD_RESPONSE, "Qwen answered with a web page, not with an answer"
    )


def _challenged(body: bytes) -> ProxyError:
    found = _CHECK_URL.search(body)
    return challenge(found[0].decode() if found else "")


def _of_status(status: int, body: bytes, wait_s: float | None) -> ProxyError:
    if status == 401:
        return session_expired()
    if status == 403:
        return ProxyError(Kind.ACCOUNT_FORBIDDEN, "Qwen refuses this account or this place")
    if status == 413:
        return too_long()
    if status == 429:
        return ProxyError(Kind.RATE_LIMITED, "Qwen says that was too fast", retry_after_s=wait_s)
    if status in {502, 503}:
        # Whoever answers in JSON is the site itself, and may have taken the prompt.
        again: Again | None = None if _says_json(body) else "fresh"
        return ProxyError(Kind.UPSTREAM_ERROR, f"Qwen's gateway answered {status}", again=again)
    if status == 504:
        return ProxyError(Kind.UPSTREAM_TIMEOUT, "Qwen's gateway gave up waiting")
    return ProxyError(Kind.UPSTREAM_ERROR, f"Qwen answered with status {status}")


def _unreadable() -> ProxyError:
    return ProxyError(Kind.UPSTREAM_BAD_RESPONSE, "Qwen's answer could not be read")


def _words(words: str) -> str:
    """The site's own words, without addresses, short enough for a sentence."""
    plain = re.sub(r"\S*(?:://|_____tmd_____|x5sec)\S*", "", words)
    return " ".join(plain.split())[:_WORDS_LIMIT].rstrip(" .") or "no reason given"


_NOTHING = object()


def _says_json(body: bytes) -> bool:
    """Whether a body is JSON, or begins like it: its end may be cut off."""
    return body.lstrip()[:1] in {b"{", b"["} or _json(body) is not _NOTHING


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _NOTHING
