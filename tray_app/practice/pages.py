"""What a browser sees of the practice site: its pages, their scripts, and how people sign in."""

import dataclasses
import hashlib
import html
import json
import uuid
from collections import deque
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs, quote

from . import acts, checks
from .http import Request
from .sessions import Sessions

Host = Literal["chat", "auth", "store"]

VERSION = "0.3.12"
_UI = Path(__file__).parent / "ui"
_FRONT = f"/qwen-chat-fe/{VERSION}/"
_STATIC = {
    f"{_FRONT}js/main.js": "main.js",
    f"{_FRONT}js/auth.js": "auth.js",
    f"{_FRONT}js/session.js": "session.js",
    f"{_FRONT}css/site.css": "site.css",
    "/_____tmd_____/punish.js": "punish.js",
    "/_____tmd_____/punish.css": "site.css",
}
_LOAD = f"{_FRONT}js/load.js"
_KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_FRESH = ("Cache-Control", "no-store")
_PROOF = "x-practice-page"
_ALLOWED = "content-type, source, version, timezone, x-request-id, x-request-origin"
_NO_PASSWORD = hashlib.sha256(b"").hexdigest()
_LOADS = 256
"""So many loads of a page are remembered."""


class Manners(Protocol):
    """How the site behaves to browsers, as it is scripted."""

    origin: str
    auth_origin: str
    account: dict[str, Any]
    page_only: bool
    wraps_after_s: float
    guest_first: bool
    password: str | None
    github_origin: str


class Pages:
    """The pages of both hosts."""

    def __init__(self, site: Manners, sessions: Sessions, asked: checks.Checks) -> None:
        self._site = site
        self._sessions = sessions
        self._checks = asked
        self._secrets: deque[str] = deque(maxlen=_LOADS)
        self._codes: deque[str] = deque(maxlen=_LOADS)

    def gate(self, request: Request) -> acts.Act | None:
        """What the chat host has against a write for where it comes from, if anything."""
        if not checks.is_write(request):
            return None
        given = request.header(_PROOF)
        if given is not None and given in self._proofs(request):
            return None
        # Only browsers say this, and scripts cannot: such a write is of a page not yet ready.
        if given is not None or request.header("sec-fetch-site") == "same-origin":
            return acts.refused("Bad_Request", "internal error")
        return acts.CHALLENGE if self._site.page_only else None

    def answer(self, host: Host, request: Request) -> acts.Act | None:
        """What a browser gets; None where there is no such page."""
        return self._of_auth(request) if host == "auth" else self._of_chat(request)

    def shared(self, act: acts.Act, request: Request) -> acts.Act:
        """An answer of the auth host, which the chat host's pages and no others may read."""
        origin = self._site.origin
        if request.header("origin") != origin or not isinstance(act, acts.Whole):
            return act
        told = (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Origin"),
        )
        return dataclasses.replace(act, headers=(*act.headers, *told))

    def _proofs(self, request: Request) -> set[str]:
        said = f"\n{request.method}\n{request.target}"
        return {hashlib.sha256((one + said).encode()).hexdigest() for one in self._secrets}

    def _of_chat(self, request: Request) -> acts.Act | None:
        if checks.is_verify(request):
            return self._checks.verified(request, self._answered)
        if request.method != "GET":
            return None
        if checks.is_punish(request):
            return _file("punish.html", _policy(""))
        if request.path in _STATIC:
            return _file(_STATIC[request.path])
        if request.path == _LOAD:
            return self._load(request)
        if request.path in {"/auth", "/auth/callback"}:
            return self._page("auth.html", request)
        if request.path == "/" or request.path.startswith("/c/"):
            return self._page("app.html", request)
        if request.path == "/auth/github":
            return self._to_github()
        return _file("terms.html", _policy("")) if request.path == "/legal/terms" else None

    def _of_auth(self, request: Request) -> acts.Act | None:
        match (request.method, request.path):
            case ("OPTIONS", _):
                return self._preflight(request)
            case ("POST", "/api/v2/auths/signin"):
                return self._signed_in(request)
            case ("POST", "/api/v2/auths/oauth/github"):
                return self._from_github(request)
            case ("GET", "/login/oauth/authorize"):
                return self._authorize(request)
            case ("GET", "/o/google"):
                return _file("google.html", _policy(""))
            case ("GET", path) if path in _STATIC:
                return _file(_STATIC[path])
        return None

    def _page(self, name: str, request: Request) -> acts.Act:
        """A page of the site's own, which a browser leaves with the chat host's cookies."""
        given, line = request.cookies, self._sessions.line
        cookies = []
        if not self._sessions.is_cleared(request):
            cookies.append(line("acw_tc", self._sessions.clear(), "HttpOnly"))
        if "cna" not in given:
            cookies.append(line("cna", uuid.uuid4().hex))
        if "x-ap" not in given:
            cookies.append(line("x-ap", "ap-southeast-1"))
        page = _file(name, _policy(self._site.auth_origin))
        told = (("Set-Cookie", cookie) for cookie in cookies)
        return dataclasses.replace(page, headers=(*page.headers, *told))

    def _load(self, request: Request) -> acts.Act:
        """What a page's script is told at each load."""
        secret = uuid.uuid4().hex
        self._secrets.append(secret)
        told = {
            "authOrigin": self._site.auth_origin,
            "version": VERSION,
            "secret": secret,
            "wrapsAfterMs": int(self._site.wraps_after_s * 1000),
            "canRenew": "refresh_token" in request.cookies,
            "guest": self._sessions.new_guest() if self._site.guest_first else None,
            "check": self._checks.url if self._checks.is_met else None,
        }
        script = f"export const load = {json.dumps(told)};\n"
        return acts.Whole(script.encode(), content_type=_KINDS[".js"], headers=(_FRESH,))

    def _answered(self, value: str) -> str:
        return self._sessions.line("x5sec", value, "HttpOnly", "Max-Age=3600")

    def _preflight(self, request: Request) -> acts.Act:
        allows = request.header("origin") == self._site.origin
        told = (
            ("Access-Control-Allow-Methods", "GET, POST"),
            ("Access-Control-Allow-Headers", _ALLOWED),
            ("Access-Control-Max-Age", "600"),
        )
        return acts.Whole(b"", headers=told if allows else ())

    def _signed_in(self, request: Request) -> acts.Act:
        if not request.header("source") or not request.header("version"):
            return acts.refused("Bad_Request", "Invalid request header")
        told = request.json()
        email, given = str(told.get("email", "")), str(told.get("password", ""))
        right = self._site.password
        is_wrong = right is not None and given != hashlib.sha256(right.encode()).hexdigest()
        if not email or len(given) != len(_NO_PASSWORD) or given == _NO_PASSWORD or is_wrong:
            return acts.refused("Unauthorized", "The email or the password is not right.")
        return self._welcome(email)

    def _welcome(self, email: str) -> acts.Act:
        self._sessions.who = uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email}").hex
        self._site.account = {**self._site.account, "email": email, "is_guest": False}
        return self._sessions.signed_in_browser()

    def _to_github(self) -> acts.Act:
        back = quote(f"{self._site.origin}/auth/callback", safe="")
        at = self._site.github_origin or self._site.auth_origin
        where = f"{at}/login/oauth/authorize?redirect_uri={back}"
        return acts.Whole(b"", 302, headers=(("Location", where), _FRESH))

    def _authorize(self, request: Request) -> acts.Act:
        """The page of the other site, which asks whether it may tell who somebody is."""
        back = f"{self._site.origin}/auth/callback"
        if parse_qs(request.target.partition("?")[2]).get("redirect_uri") != [back]:
            return acts.page("The redirect_uri is not associated with this application.", 400)
        code = uuid.uuid4().hex
        self._codes.append(code)
        text = _read("github.html").decode().replace("{back}", html.escape(f"{back}?code={code}"))
        return acts.page(text)

    def _from_github(self, request: Request) -> acts.Act:
        code = str(request.json().get("code", ""))
        if code not in self._codes:
            return acts.refused("Unauthorized", "The code was used or is not known.")
        self._codes.remove(code)
        return self._welcome("person@github.example")


def _policy(connects: str) -> tuple[str, str]:
    """The strict policy of the site's pages, which may ask one other origin."""
    asks = f"'self' {connects}".rstrip()
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"connect-src {asks}; img-src 'self' data:; form-action 'self'; "
        "frame-src 'self'; base-uri 'none'"
    )
    return ("Content-Security-Policy", policy)


def _file(name: str, *headers: tuple[str, str]) -> acts.Whole:
    kind = _KINDS[Path(name).suffix]
    return acts.Whole(_read(name), content_type=kind, headers=(_FRESH, *headers))


def _read(name: str) -> bytes:
    return (_UI / name).read_bytes()
