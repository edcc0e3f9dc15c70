"""What people paste when they bring a session: JSON, a Cookie header, "copy as cURL", a token.

Since 2026-09-29 a session is an access token of about fifteen minutes together with the cookies of
the same browser; the `refresh_token` among them renews the token (seen: 2026-09 and 2026-10, five
independent programs). What is pasted may lack any of that, so it is said in words what was found,
what is missing, and what will therefore not work.
"""

import re
import shlex
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.core.calls import Place
from tray_app.core.session import Pasted, Session, SetCookie, expiry_of, with_cookies

from . import wire
from .account import is_guest

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_URL = re.compile(r"https?://([^/:?#]*)")
_ESCAPING = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_BEARER = re.compile(r"(?i)bearer\s+(\S+)")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOW = (
    "Paste JSON with token and cookies, a Cookie header, a request copied as cURL, or an access "
    "token."
)
_SITE_COOKIE = "acw_tc"
_RENEWING = wire.RENEWING
_SITE = "qwen.ai"
_PLACES: dict[str, Place] = {"chat.qwen.ai": "chat", "auth.qwen.ai": "auth"}
_OLD_TOKEN = "token"  # noqa: S105  the name of a cookie


def read(text: str, now_s: float) -> Pasted:
    """The session in a pasted text, and sentences about it; `session` is None where there is none.

    Args:
        text: Whatever was pasted.
        now_s: Unix seconds, to say how long a token still lives.
    """
    token, given = _found(text.strip())
    cookies = {one.name: one.value for one in given}
    if token is None:
        return Pasted(None, ("This is a request to another site.", _HOW))
    token = token.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        return Pasted(None, ("The token in this cannot be one: it has odd characters.", _HOW))
    if not token and _RENEWING not in cookies:
        token = cookies.get(_OLD_TOKEN, "") if _JWT.fullmatch(cookies.get(_OLD_TOKEN, "")) else ""
    if not token and _RENEWING not in cookies:
        return Pasted(None, ("There is no session in this.", _HOW))
    expires_at = expiry_of(token) if token else 0.0
    session = Session(token, {}, expires_at, guest=is_guest(token))
    for place in (None, "chat", "auth"):
        news = [
            SetCookie(one.name, one.value, everywhere=place is None)
            for one in given
            if one.place == place
        ]
        session = with_cookies(session, news, place or "chat")
    return Pasted(session, tuple(_words(session, now_s)))


def _words(session: Session, now_s: float) -> list[str]:
    cookies = {**session.cookies_at("chat"), **session.cookies_at("auth")}
    said = [_token_words(session.token, session.expires_at, now_s)]
    if not cookies:
        said.append("There are no cookies, and Qwen takes a token only together with its cookies.")
        return said
    said.append(f"Found {len(cookies)} cookie{'s' * (len(cookies) != 1)}.")
    if _RENEWING in session.cookies_at("auth"):
        said.append("The session renews itself. Do not use it in a browser any more.")
    else:
        said.append(f"{_RENEWING} is not among them, so the session ends with its token.")
    if _SITE_COOKIE not in session.cookies_at("chat"):
        said.append(
            f"{_SITE_COOKIE} is not among them, so Qwen will probably ask for a check at once."
        )
    return said


def _token_words(token: str, expires_at: float | None, now_s: float) -> str:
    if not token:
        return "Found no access token; the first request gets one by the renewing cookie."
    if expires_at is None:
        return "Found a token whose end cannot be read; it is good until Qwen refuses it."
    minutes = round((expires_at - now_s) / 60)
    if minutes <= 0:
        return "Found an access token that has ended; only a renewal can help."
    return f"Found an access token that ends in {minutes} min."


class _Given(Struct, frozen=True):
    """A cookie of a pasted text; `place` is the one host it goes to, None where it is both."""

    name: str
    value: str
    place: Place | None = None


def _found(text: str) -> tuple[str | None, list[_Given]]:
    """The token, empty for none and None for a request to somebody else; and the cookies."""
    if text.startswith(("{", "[")):
        return _of_json(text)
    if re.match(r"curl\b", text):
        return _of_curl(text)
    bearer = _BEARER.search(text)
    if _JWT.fullmatch(text) or (bearer and "=" not in text):
        return (bearer[1] if bearer else text), []
    return "", _of_cookie_header(re.sub(r"(?i)^cookie:\s*", "", text))


def _of_json(text: str) -> tuple[str, list[_Given]]:
    try:
        told: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return "", []
    if isinstance(told, list):
        return "", _of_list(told)
    token = next(
        (told[name] for name in ("token", "access_token") if isinstance(told.get(name), str)), ""
    )
    cookies = told.get("cookies")
    if isinstance(cookies, str):
        return token, _of_cookie_header(cookies)
    if isinstance(cookies, list):
        return token, _of_list(cookies)
    pairs = cookies.items() if isinstance(cookies, dict) else ()
    return token, _clean(_Given(name, value) for name, value in pairs if isinstance(value, str))


def _of_list(told: list[Any]) -> list[_Given]:
    """Cookies as browsers' extensions export them, one object each; only those of the site.

    One that says no domain is taken for the site's own.
    """
    found = []
    for item in told:
        name, value, domain = (_text(item, key) for key in ("name", "value", "domain"))
        host = domain.lstrip(".").lower()
        if value and (host in {"", _SITE} or host in _PLACES):
            found.append(_Given(name, value, _PLACES.get(host)))
    return _clean(found)


def _text(item: Any, key: str) -> str:
    value = item.get(key) if isinstance(item, dict) else None
    return value if isinstance(value, str) else ""


def _of_curl(text: str) -> tuple[str | None, list[_Given]]:
    try:
        words = shlex.split(_plain(text))
    except ValueError:
        return "", []
    hosts = [host[1] for word in words if (host := _URL.match(word))]
    if hosts and not any(f".{host.lower()}".endswith(f".{_SITE}") for host in hosts):
        return None, []
    token, cookies = "", list[_Given]()
    for flag, value in pairwise(words):
        name, _, content = value.partition(":")
        if flag in {"-b", "--cookie"}:
            cookies = _of_cookie_header(value)
        elif flag in {"-H", "--header"} and name.lower() == "cookie":
            cookies = _of_cookie_header(content)
        elif flag in {"-H", "--header"} and name.lower() == "authorization":
            bearer = _BEARER.search(content)
            token = bearer[1] if bearer else token
    return token, cookies


def _plain(text: str) -> str:
    """A request copied for any shell, as it would be for a plain one.

    Browsers write `^"` and `^` before special characters for Windows, and `$'…'` with escapes for
    other systems where a value has quotes or exclamation marks.
    """
    if '^"' in text:
        text = re.sub(r"\^(?:\r?\n|(.))", lambda found: found[1] or " ", text)
    else:
        text = re.sub(r"\\(?:\r?\n|\Z)", " ", text)
    return _ESCAPING.sub(lambda found: shlex.quote(_ESCAPED.sub(_unescaped, found[1])), text)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if code[0] in "ux" and len(code) > 1 else _LETTERS.get(code, code)


def _of_cookie_header(text: str) -> list[_Given]:
    """The cookies of a request, which do not say whether they go to one host only."""
    pairs = (pair.partition("=") for pair in text.split(";") if "=" in pair)
    return _clean(_Given(name.strip(), value.strip()) for name, _, value in pairs)


def _clean(cookies: Iterable[_Given]) -> list[_Given]:
    """Cookies whose names and values can stand in a header."""
    return [
        one
        for one in cookies
        if _NAME.fullmatch(one.name)
        and one.value.isascii()
        and one.value.isprintable()
        and ";" not in one.value
    ]
