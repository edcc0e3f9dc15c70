"""Takes secrets out of text before anybody reads it: those that are known, and what looks like one.

A known secret is found in plain form, escaped for JSON or URLs, in base64 at any offset, and broken
over lines. Others are found by what is around them: a header, a parameter, a well-known prefix.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import unquote

GONE = "[redacted]"
_SHORTEST = 8
_MOST = 128
"""How many secrets are known: each answer of the site may bring one, and the oldest are gone."""
_ESCAPE = r"\\{1,3}"
_BREAK = rf"(?:\s|{_ESCAPE}[rnt])*"
_BREAKS = re.compile(rf"\s|{_ESCAPE}[rnt]")
_ESCAPED = re.compile(r"[\"'\\/%\x00-\x20]")
_URL_SAFE = str.maketrans("+/", "-_")
_NAMES = (
    r"(?:access_|refresh_|security_?|id_|session_)?token|api[_-]?key|x-api-key|password|passwd|"
    r"secret|client_secret|access_?key_?(?:id|secret)|signature|x-oss-(?:security-token|signature)|"
    r"x5sec(?:data)?|authorization|(?:set-)?cookie"
)
_PATTERNS = (
    # A word of small letters behind these two is prose, such as "a basic understanding".
    (
        re.compile(
            r"\b((?i:Bearer|Basic))\s+(?![A-Za-z][a-z]{0,23}(?:[.=]*(?:[^\w.~+/=%-]|$)))"
            r"[A-Za-z0-9._~+/=%-]{6,}"
        ),
        rf"\1 {GONE}",
    ),
    (re.compile(r"\beyJ(?:(?!-eyJ)[\w-]){4,}\.[\w-]{2,}\.[\w-]*"), GONE),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{12,}"), GONE),
    (
        re.compile(
            r"((?:set-)?cookie|authorization)((?:['\"]?\s*[:=]|['\"]\s*,)\s*(?:b?['\"])?)"
            r"[^'\"\r\n]{4,}",
            re.IGNORECASE,
        ),
        rf"\1\2{GONE}",
    ),
    (
        re.compile(
            rf"(?<![\w-])({_NAMES}|key)(['\"]?\s*(?:=|:|%3[dD])\s*(?:b?['\"])?)(?!\[redacted\])"
            r"[^\s'\"&;,)}\]]{6,}",
            re.IGNORECASE,
        ),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/]{0,24})[A-Za-z0-9+/=]{40,}"), r"\1…"),
)


class _Secret:
    """A known secret: cheap to learn and to look for, costly only where it is found."""

    def __init__(self, text: str) -> None:
        self._text = text
        cores = _base64_cores(text)
        self._needles = {text, *cores, *(core.translate(_URL_SAFE) for core in cores)}
        # Others may be escaped in ways that squeezing does not undo.
        self._is_plain = text.isascii() and not _ESCAPED.search(text)

    def may_be_in(self, text: str, squeezed: str) -> bool:
        """False only where no form of this secret is in `text`."""
        if not self._is_plain:
            return True
        return self._text in text or any(needle in squeezed for needle in self._needles)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches every form of this secret."""
        return re.compile("|".join(_shapes(self._text)))


class Redactor:
    """Replaces secrets in text; may be taught more at any time, from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: dict[str, _Secret] = {}
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Know these secrets from now on; texts shorter than eight characters are no secrets."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                known = self._known.pop(secret) if secret in self._known else _Secret(secret)
                self._known[secret] = known
        self.forget(*tuple(self._known)[:-_MOST])

    def forget(self, *secrets: str) -> None:
        """Know these secrets no longer."""
        for secret in secrets:
            self._known.pop(secret, None)

    def __call__(self, text: str) -> str:
        squeezed = unquote(_BREAKS.sub("", text))
        for secret in tuple(self._known.values()):
            if secret.may_be_in(text, squeezed):
                text = secret.pattern.sub(GONE, text)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text


def _shapes(secret: str) -> list[str]:
    """Patterns for every form that a secret may take."""
    cores = (_BREAK.join(map(_char64, core)) for core in _base64_cores(secret))
    return [_BREAK.join(map(_char, secret)), *cores]


def _char64(char: str) -> str:
    """One character of base64, in its usual or its URL-safe alphabet."""
    return {"+": "[+-]", "/": "[/_]"}.get(char, char)


def _char(char: str) -> str:
    """One character as it is, escaped for JSON or Python, or for a URL."""
    raw = char.encode("utf-8", "surrogateescape")
    forms = [re.escape(char), "".join(f"%(?i:{byte:02x})" for byte in raw)]
    if char in "\"'\\/":
        forms.append(_ESCAPE + re.escape(char))
    if not char.isascii() or not char.isprintable():
        escaped = (json.dumps(char)[1:-1], ascii(char)[1:-1], ascii(raw)[2:-1])
        forms += [re.escape(form).replace(r"\\", _ESCAPE) for form in escaped]
    return f"(?:{'|'.join(forms)})"


def _base64_cores(secret: str) -> list[str]:
    """What is the same in base64 of every text that holds the secret, for the three offsets."""
    raw = secret.encode("utf-8", "surrogateescape")
    cores = []
    for offset in range(3):
        coded = b64encode(b"\0" * offset + raw).decode().rstrip("=")
        cores.append(coded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6])
    return cores
