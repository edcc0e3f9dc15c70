"""Takes secrets out of text before anybody reads it: those that are known, and what looks like one.

A known secret is found in plain form, escaped for JSON or URLs, in base64 at any offset, and broken
over lines. Others are found by what is around them: a header, a parameter, a well-known prefix.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable

GONE = "[redacted]"
_SHORTEST = 8
_MOST = 128
"""How many secrets are known: each answer of the site may bring one, and the oldest are gone."""
_ESCAPE = r"\\{1,3}"
_BREAK = rf"(?:\s|{_ESCAPE}[rnt])*"
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


class Redactor:
    """Replaces secrets in text; may be taught more at any time, from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: dict[str, re.Pattern[str]] = {}
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Know these secrets from now on; texts shorter than eight characters are no secrets."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                known = self._known.pop(secret, None)
                self._known[secret] = known or re.compile("|".join(_shapes(secret)))
        self.forget(*tuple(self._known)[:-_MOST])

    def forget(self, *secrets: str) -> None:
        """Know these secrets no longer."""
        for secret in secrets:
            self._known.pop(secret, None)

    def __call__(self, text: str) -> str:
        for known in tuple(self._known.values()):
            text = known.sub(GONE, text)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text


def _shapes(secret: str) -> list[str]:
    """Patterns for every form that a secret may take."""
    plain = _BREAK.join(map(_char, secret))
    return [plain, *_base64_cores(secret.encode("utf-8", "surrogateescape"))]


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


def _base64_cores(raw: bytes) -> list[str]:
    """What is the same in base64 of every text that holds these bytes, for the three offsets."""
    cores = []
    for offset in range(3):
        coded = b64encode(b"\0" * offset + raw).decode().rstrip("=")
        first = (offset * 8 + 5) // 6
        whole = (offset + len(raw)) * 8 // 6
        core = (re.escape(char) for char in coded[first:whole])
        cores.append(_BREAK.join(core).replace(r"\+", "[+-]").replace("/", "[/_]"))
    return cores
