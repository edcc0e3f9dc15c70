"""Takes secrets out of text before anybody reads it: those that are known, and what looks like one.

A known secret is looked for in the text as it is, and in the text with one more layer of escapes
undone each time: percent signs, backslashes, line breaks and other white space. So it does not
matter how it was quoted, or how often. In base64 it is found at any offset. All others are found by
what is around them: a header, a parameter, a well-known prefix.

Every step reads the text once, so a long line costs no more than its length: no pattern here may
begin again inside what it has just read.
"""

import re
from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

GONE = "[redacted]"
_SHORTEST = 8
"""Shorter ones would hide ordinary words."""
_MOST = 128
"""How many are known: each answer of the site may bring one, so the oldest are forgotten."""
_DATA_URL_CHARS = 64
_WORDS_CHARS = 24

_GAP = re.compile(r"\s++")
_ESCAPE = re.compile(
    r"(?P<gap>(?:\s|\\[nrt\s])++)"
    r"|(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?:%|\\x|\\u00)(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?:u(?=[0-9a-fA-F]{4})|U00(?=0[0-9a-fA-F]{5}|10[0-9a-fA-F]{4}))(?P<code>(?<=u)....|.{6})"
    r"|\\(?P<char>[\"'\\/])"
)

_UNDONE = (_GAP, _ESCAPE, _ESCAPE, _ESCAPE, _ESCAPE)
_HEX = r"[0-9a-fA-F]"
_AFTER_ESCAPE = rf"(?<=\\[nrt])|(?<=%{_HEX}{{2}})|(?<=\\x{_HEX}{{2}})|(?<=\\u{_HEX}{{4}})"
_EDGE = rf"(?:(?<![\w-])|{_AFTER_ESCAPE})"
"""Where a word may begin: not inside another one, but after an escape."""
_JWT = re.compile(
    rf"(?:(?<!\w)|{_AFTER_ESCAPE})eyJ(?:(?!-eyJ)[\w-]){{12,}}+(?:\.(?:(?!-eyJ)[\w-])+){{0,4}}"
)
_KEY = re.compile(rf"{_EDGE}(?:sk-[\w-]{{12,}}+|STS\.\w{{10,}}+)")
_SCHEME = re.compile(
    rf"{_EDGE}(Bearer|Basic)((?:[ \t]|%20|\\t)++)([A-Za-z0-9._~+/=%-]{{6,}}+)", re.IGNORECASE
)
_WORDS = re.compile(r"[A-Z]?[a-z]+(?:[-_./][a-z]+)*[.:!?]*")
_USER = re.compile(r"(?<=://)[^\s/@:\"'<>]{0,256}:[^\s/@\"'<>]{0,256}@")
_DATA_URL = re.compile(
    r"data:[\w.+-]++\\*/[\w.+-]++(?:;[\w=.+-]++)*+,(?:[^\s\"'<>()\[\]\\…]|\\+/)*+"
)

_QUOTE = r"(?:(?<!\\)\\*+[\"']|%2[27])"
_NAMED = re.compile(
    rf"""
    (?P<tuple>\(b?)?(?P<first>{_QUOTE})?
    (?:
        (?P<header>(?:set-)?cookie2?|authorization|x-(?:goog-)?api-key)
      | (?P<strong>
            (?:access|refresh|security|session|auth|id|csrf|xsrf)[_-]?token(?:_state)?
          | (?:api|access|private|secret)[_-]?key | access[_-]?key[_-]?(?:id|secret)
          | secret | password | passwd | passphrase | x5sec(?:data)?
          | x-oss-(?:security-token|signature|credential)
        )
      | (?P<weak>token|signature|{_EDGE}key)
    )
    (?P<last>{_QUOTE})?
    (?P<sign>>|[ \t]*+(?:=(?!=)>?|:(?!:)=?|,|%3[aAdD])(?:[ \t]|%20)*+(?:\s++(?=b?[\"']))?)
    b?(?P<open>{_QUOTE})?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HINTS = ("token", "key", "secret", "pass", "cookie", "auth", "sign", "x5sec", "x-oss")
"""One of them is in every name above; most lines have none and are done sooner."""
_QUOTED_END = re.compile(r"(?<!\\)(\\*+)([\"'])|%2[27]")
_LINE_END = re.compile(r"[\r\n]|\\[rn]")
_BARE = re.compile(
    r"(?![{(]|\[(?!redacted\]))"
    r"(?:\[redacted\]|(?!%2[2367cC]|%3[bB]|\\[\"'\\nrt])[^\s\"'&;,)}\]<>])*+"
)
_NOTHING = {"", "null", "none", "true", "false"}


class Redactor:
    """Replaces secrets in text; may be taught more at any time, from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Single entries come and go in one step each, so that no thread undoes another's change.
        self._forms: dict[str, tuple[str, ...]] = {}
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Know these secrets from now on; texts shorter than eight characters are no secrets."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                self._forms[secret] = self._forms.pop(secret, ()) or _forms(secret)
        self.forget(*tuple(self._forms)[:-_MOST])

    def forget(self, *secrets: str) -> None:
        """Know these secrets no longer."""
        for secret in secrets:
            self._forms.pop(secret, None)

    def known(self, text: str) -> str:
        """A text without the secrets that are known; what only looks like one stays."""
        forms = [form for some in tuple(self._forms.values()) for form in some]
        return _without(text, _places(text, forms)) if forms else text

    def __call__(self, text: str) -> str:
        text = self.known(text)
        text = _DATA_URL.sub(lambda found: _cut(found[0]), text)
        # Most lines have no such thing, and to see that costs a tenth of looking for its edges.
        if "eyJ" in text:
            text = _JWT.sub(GONE, text)
        if "sk-" in text or "STS." in text:
            text = _KEY.sub(GONE, text)
        text = _USER.sub(f"{GONE}@", text)
        small = text.casefold()
        if any(hint in small for hint in _HINTS):
            text = _without_named(text)
        if "bearer" in small or "basic" in small:
            text = _SCHEME.sub(_without_credential, text)
        return text


class _View:
    """A text without white space and, for a next layer, with its escapes undone.

    `_places` and `_origins` are parallel: from that place on, the characters came from that place
    of the text before.
    """

    def __init__(self, text: str, undone: re.Pattern[str]) -> None:
        self._places = [0]
        self._origins = [0]
        pieces: list[str] = []
        length = end = 0
        for found in undone.finditer(text):
            start = found.start()
            plain = "" if undone is _GAP else _plain(found)
            length += start - end
            pieces += (text[end:start], plain)
            end = found.end()
            self._places += (length, length + len(plain))
            self._origins += (start, end)
            length += len(plain)
        pieces.append(text[end:])
        self.text = "".join(pieces)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text before these characters came from."""
        first = bisect_right(self._places, start) - 1
        last = bisect_left(self._places, end)
        if last == len(self._places) or self._places[last] != end:
            last -= 1
        return (
            self._origins[first] + start - self._places[first],
            self._origins[last] + end - self._places[last],
        )


def _plain(found: re.Match[str]) -> str:
    """What an escape stands for."""
    if found["gap"] is not None:
        return ""
    if found["pair"] is not None:
        units = bytes.fromhex(found["pair"][2:6] + found["pair"][8:])
        return units.decode("utf-16-be")
    if found["char"] is not None:
        return found["char"]
    return chr(int(found["byte"] or found["code"], 16))


def _forms(secret: str) -> tuple[str, ...]:
    """What to look for when looking for a secret: itself, less escaped, as UTF-8, in base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, raw.decode("latin-1"), *_base64_cores(raw)}
    layers = {secret, raw.decode("latin-1")}
    for undone in _UNDONE:
        layers = {_View(layer, undone).text for layer in layers}
        forms |= layers
    return tuple(form for form in forms if len(form) >= _SHORTEST and form not in GONE)


def _base64_cores(raw: bytes) -> set[str]:
    """What is the same in base64 of every text that holds these bytes, for the three offsets."""
    cores = set()
    for offset in range(3):
        coded = b64encode(b"\0" * offset + raw).decode()
        first = (offset * 8 + 5) // 6
        whole = (offset + len(raw)) * 8 // 6
        core = coded[first:whole]
        cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores


def _places(text: str, forms: list[str]) -> list[tuple[int, int]]:
    """Where a text holds one of these forms, under any number of layers of escapes."""
    places: set[tuple[int, int]] = set()
    views: list[_View] = []
    for undone in (*_UNDONE, None):
        places.update(_found(text, forms, views))
        if undone is None:
            break
        view = _View(text, undone)
        if view.text != text:
            views.append(view)
        elif undone is _ESCAPE:
            break
        text = view.text
    return sorted(places)


def _found(text: str, forms: list[str], views: list[_View]) -> Iterator[tuple[int, int]]:
    for form in forms:
        at = text.find(form)
        while at >= 0:
            place = (at, at + len(form))
            for view in reversed(views):
                place = view.origin(*place)
            yield place
            at = text.find(form, at + len(form))


def _without(text: str, places: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in places:
        if start >= done:
            pieces += (text[done:start], GONE)
        done = max(done, end)
    pieces.append(text[done:])
    return "".join(pieces)


def _without_named(text: str) -> str:
    """Without the values of parameters, fields and headers whose names tell of a secret."""
    pieces: list[str] = []
    done = 0
    while found := _NAMED.search(text, done):
        start = end = found.end()
        if _is_assigned(found):
            end = _value_end(text, found)
        harmless = _is_harmless(found, text[start:end])
        pieces += (text[done:start], "" if harmless else GONE)
        done = start if harmless else end
    pieces.append(text[done:])
    return "".join(pieces)


def _is_assigned(found: re.Match[str]) -> bool:
    """Whether a value follows; after a comma it may be the next name of a list, or a sentence."""
    if "," not in found["sign"]:
        return True
    is_pair = found["last"] is not None and found["open"] is not None
    return is_pair and (found["header"] is not None or found["tuple"] is not None)


def _value_end(text: str, found: re.Match[str]) -> int:
    start = found.end()
    if found["open"] is not None:
        return _quoted_end(text, start, found["open"])
    if found["header"] is None:
        bare = _BARE.match(text, start)
        return bare.end() if bare else start
    if found["first"] is not None and found["last"] is None:
        return _quoted_end(text, start, found["first"])
    line = _LINE_END.search(text, start)
    return line.start() if line else len(text)


def _quoted_end(text: str, start: int, quote: str) -> int:
    """Where a value ends that began with this quote: at the next that is escaped no deeper."""
    for found in _QUOTED_END.finditer(text, start):
        if found[0] == quote or (found[2] == quote[-1] and len(found[1]) < len(quote)):
            return found.start()
    return len(text)


def _is_harmless(found: re.Match[str], value: str) -> bool:
    """Whether this value is none, or a word in a sentence or of our own logs."""
    if value.lower() in _NOTHING:
        return True
    name = found["weak"]
    if name is None:
        return False
    is_said = found["last"] is None and "=" not in found["sign"]
    return (is_said or name.lower() == "key") and _are_words(value)


def _are_words(text: str) -> bool:
    return len(text) < _WORDS_CHARS and (text.isdecimal() or _WORDS.fullmatch(text) is not None)


def _without_credential(found: re.Match[str]) -> str:
    return found[0] if _are_words(found[3]) else f"{found[1]}{found[2]}{GONE}"


def _cut(url: str) -> str:
    return url if len(url) <= _DATA_URL_CHARS else url[:_DATA_URL_CHARS] + "…"
