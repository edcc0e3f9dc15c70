"""What people paste when they bring a session: JSON, a Cookie header, "copy as cURL", a token.

Since 2026-09-29 a session is an access token of about fifteen minutes together with the cookies of
the same browser; the `refresh_token` among them renews the token (seen: 2026-09 and 2026-10, five
independent programs). What is pasted may lack any of that, so it is said in words what was found,
what is missing, and what will therefore not work.
"""

import re
import shlex
from itertools import pairwise
from typing import Any

import msgspec

from tray_app.core.session import Pasted, Session, expiry_of

from . import wire
from .account import is_guest

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_URL = re.compile(r"https?://([^/:?#]*)")
_BEARER = re.compile(r"(?i)bearer\s+(\S+)")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOW = (
    "Paste JSON with token and cookies, a Cookie header, a request copied as cURL, or an access "
    "token."
)
_SITE_COOKIE = "acw_tc"
_RENEWING = wire.RENEWING
_DOMAIN = ".qwen.ai"
_OLD_TOKEN = "token"  # noqa: S105  the name of a cookie


def read(text: str, now_s: float) -> Pasted:
    """The session in a pasted text, and sentences about it; `session` is None where there is none.

    Args:
        text: Whatever was pasted.
        now_s: Unix seconds, to say how long a token still lives.
    """
    token, cookies = _found(text.strip())
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
    session = Session(token, cookies, expires_at, guest=is_guest(token))
    return Pasted(session, tuple(_words(session, now_s)))


def _words(session: Session, now_s: float) -> list[str]:
    cookies = session.cookies
    said = [_token_words(session.token, session.expires_at, now_s)]
    if not cookies:
        said.append("There are no cookies, and Qwen takes a token only together with its cookies.")
        return said
    said.append(f"Found {len(cookies)} cookie{'s' * (len(cookies) != 1)}.")
    if _RENEWING in cookies:
        said.append("The session renews itself. Do not use it in a browser any more.")
    else:
        said.append(f"{_RENEWING} is not among them, so the session ends with its token.")
    if _SITE_COOKIE not in cookies:
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
    return f"Found an access token that is good for {minutes} more min."


def _found(text: str) -> tuple[str | None, dict[str, str]]:
    """The token, empty for none and None for a request to somebody else; and the cookies."""
    if text.startswith(("{", "[")):
        return _of_json(text)
    if re.match(r"curl\b", text):
        return _of_curl(text)
    bearer = _BEARER.search(text)
    if _JWT.fullmatch(text) or (bearer and "=" not in text):
        return (bearer[1] if bearer else text), {}
    return "", _of_cookie_header(re.sub(r"(?i)^cookie:\s*", "", text))


def _of_json(text: str) -> tuple[str, dict[str, str]]:
    try:
        told: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return "", {}
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
    return token, _clean((str(name), str(value)) for name, value in pairs)


def _of_list(told: list[Any]) -> dict[str, str]:
    """Cookies as browsers' extensions export them, one object each; only those of the site."""
    items = (item for item in told if isinstance(item, dict) and _is_ours(item.get("domain")))
    return _clean((str(item.get("name")), str(item.get("value", ""))) for item in items)


def _is_ours(domain: Any) -> bool:
    """Whether a cookie's domain is the site's; one that says none is taken for its own."""
    return not domain or f".{domain}".endswith(_DOMAIN)


def _of_curl(text: str) -> tuple[str | None, dict[str, str]]:
    plain = text.replace("\\\n", " ").replace("^\n", " ").replace('^"', '"')
    try:
        words = shlex.split(plain)
    except ValueError:
        return "", {}
    hosts = [host[1] for word in words if (host := _URL.match(word))]
    if hosts and not any(_is_ours(host.lower()) for host in hosts):
        return None, {}
    token, cookies = "", {}
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


def _of_cookie_header(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(";") if "=" in pair)
    return _clean((name.strip(), value.strip()) for name, _, value in pairs)


def _clean(pairs: Any) -> dict[str, str]:
    """Cookies whose names and values can stand in a header."""
    return {
        name: value
        for name, value in pairs
        if _NAME.fullmatch(name) and value.isascii() and value.isprintable() and ";" not in value
    }
