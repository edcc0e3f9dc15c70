"""Takes secrets out of text before anybody reads it: those that are known, and what looks like one.

A known secret is found in plain form, escaped for JSON or URLs, in base64 at any offset, and broken
over lines. Others are found by what is around them: a header, a parameter, a well-known prefix.
"""

import re
from base64 import b64encode
from collections.abc import Iterable

GONE = "[redacted]"
_SHORTEST = 8
_BREAK = r"(?:\\[rnt]|\s|\\\\[rnt])*"
_NAMES = (
    r"(?:access_|refresh_|security_?|id_|session_)?token|api[_-]?key|x-api-key|password|passwd|"
    r"secret|client_secret|access_?key_?(?:id|secret)|signature|x-oss-(?:security-token|signature)|"
    r"x5sec(?:data)?|authorization|(?:set-)?cookie"
)
_PATTERNS = (
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=%-]{6,}", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]{2,}\.[\w-]*"), GONE),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{12,}"), GONE),
    (
        re.compile(r"((?:set-)?cookie|authorization)(['\"]?\s*[:=,]\s*b?['\"]?)[^'\"\r\n]{4,}",
                   re.IGNORECASE),
        rf"\1\2{GONE}",
    ),
    (
        re.compile(
            rf"(?<![\w-])({_NAMES}|key)(['\"]?\s*(?:=|:|%3[dD])\s*b?['\"]?)(?!\[redacted\])"
            r"[^\s'\"&;,)}}\]]{6,}",
            re.IGNORECASE,
        ),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/]{0,24})[A-Za-z0-9+/=]{40,}"), r"\1…"),
)  # fmt: skip


class Redactor:
    """Replaces secrets in text; may be taught more at any time, from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Know these secrets from now on; texts shorter than eight characters are no secrets."""
        new = frozenset(secret for secret in secrets if len(secret) >= _SHORTEST)
        if not new <= self._secrets:
            self._set(self._secrets | new)

    def forget(self, *secrets: str) -> None:
        """Know these secrets no longer."""
        self._set(self._secrets - set(secrets))

    def _set(self, secrets: frozenset[str]) -> None:
        shapes = sorted({shape for secret in secrets for shape in _shapes(secret)}, key=len)
        self._known = re.compile("|".join(reversed(shapes))) if shapes else None
        self._secrets = secrets

    def __call__(self, text: str) -> str:
        known = self._known
        if known is not None:
            text = known.sub(GONE, text)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text


def _shapes(secret: str) -> list[str]:
    """Patterns for every form that a secret may take."""
    raw = secret.encode("utf-8", "surrogateescape")
    plain = _BREAK.join(_char(char) for char in secret)
    return [plain, *(_BREAK.join(map(re.escape, core)) for core in _base64_cores(raw))]


def _char(char: str) -> str:
    """One character as it is, escaped for JSON or Python, or for a URL."""
    percent = "".join(
        "%" + "".join(f"[{digit}{digit.lower()}]" for digit in f"{byte:02X}")
        for byte in char.encode("utf-8", "surrogateescape")
    )
    forms = [re.escape(char), percent]
    if char in "\"'\\/":
        forms.append(r"\\+" + re.escape(char))
    if not char.isascii() or not char.isprintable():
        forms.append(re.escape(char.encode("unicode_escape").decode()))
    return f"(?:{'|'.join(forms)})"


def _base64_cores(raw: bytes) -> set[str]:
    """What is the same in base64 of every text that holds these bytes, for the three offsets."""
    cores = set()
    for offset in range(3):
        coded = b64encode(b"\0" * offset + raw).decode().rstrip("=")
        first = (offset * 8 + 5) // 6
        whole = (offset + len(raw)) * 8 // 6
        core = coded[first:whole]
        if len(core) >= _SHORTEST:
            cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores
