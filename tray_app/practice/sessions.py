"""Who is signed in to the practice site: access tokens, and the cookies that renew them."""

import hmac
import json
import uuid
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import acts
from .http import Request
from .record import keep_last

_REFRESH_LIFE_S = 30 * 24 * 3600
_MOST = 1_000
"""So many sign-ins, and so many tokens, are good at a time."""
_HALF = 16
"""So long is each half of a cookie of the chat host: a name and its seal."""


@dataclass(eq=False)
class _Chain:
    """What renews one sign-in."""

    cookie: str
    in_browser: bool
    who: str
    before: str | None = None


class Sessions:
    """Everybody who is signed in; several sign-ins of the one account have a chain each.

    Args:
        token_life_s: How long an access token lives.
        rotates: Each renewal changes the cookie that renews; the one before is taken until the
            new one was used, since an answer may be lost, and then no more.
        is_secure: The site is served over TLS.
        clock: Unix seconds.
    """

    def __init__(
        self, *, token_life_s: float, rotates: bool, is_secure: bool, clock: Callable[[], float]
    ) -> None:
        self.token_life_s = token_life_s
        self.rotates = rotates
        self._is_secure = is_secure
        self._clock = clock
        self._chains: deque[_Chain] = deque(maxlen=_MOST)
        self._tokens: dict[str, float] = {}
        self._guests: dict[str, float] = {}
        self._secret = uuid.uuid4().bytes
        self.who = uuid.uuid4().hex
        """The number of the account that signs in; the tokens of its sign-ins say it."""
        self.numbers_tokens = False
        """Each token says a number of its own instead."""

    def sign_in(self) -> dict[str, object]:
        """A session of a client that keeps its cookies itself."""
        chain = self._begin(in_browser=False)
        token, expires_at = self._new_token(chain)
        cookies = {
            "acw_tc": self.clear(),
            "x-ap": "ap-southeast-1",
            "cna": uuid.uuid4().hex,
            "token": token,
            "refresh_token": chain.cookie,
        }
        return {"token": token, "expires_at": expires_at, "cookies": cookies}

    def signed_in_browser(self) -> acts.Whole:
        """The answer to a browser that has signed in."""
        chain = self._begin(in_browser=True)
        # The API takes this one no more; browsers still get it.
        old = _jwt({"id": chain.who, "exp": int(self._clock()) + _REFRESH_LIFE_S})
        return acts.value(
            self._told(chain),
            Set_Cookie=self._renewing(chain),
            Set__Cookie=self.line("token", old, "HttpOnly", f"Max-Age={_REFRESH_LIFE_S}"),
        )

    def new_guest(self) -> dict[str, object]:
        """A token of somebody who has not signed in, as a page gets it."""
        name = uuid.uuid4().hex
        expires_at = self._clock() + self.token_life_s
        token = _jwt({"id": name, "email": f"{name}@guest.com", "exp": int(expires_at)})
        self._keep(self._guests, token, expires_at)
        return {"token": token, "expiresAt": int(expires_at * 1000)}

    def clear(self) -> str:
        """A cookie by which the chat host knows a browser again."""
        name = uuid.uuid4().hex[:_HALF]
        return name + self._seal(name)

    def is_cleared(self, request: Request) -> bool:
        """Whether the chat host knows this browser."""
        # By a seal and not by a list, which would grow with every chat.
        cookie = request.cookies.get("acw_tc", "")
        return cookie[_HALF:] == self._seal(cookie[:_HALF])

    def is_signed_in(self, request: Request) -> bool:
        """Whether a request may do what only a signed-in person may."""
        return self._bears(request, self._tokens) and self.is_cleared(request)

    def is_guest(self, request: Request) -> bool:
        """Whether a request is of somebody who has not signed in."""
        return self._bears(request, self._guests)

    def revoke(self) -> None:
        """End every session."""
        self._chains.clear()
        self._tokens.clear()

    def expire_tokens(self) -> None:
        """Take no access token any more that is out now."""
        self._tokens.clear()

    def renewed(self, request: Request, origin: str) -> acts.Act:
        """The answer to a renewal that the chat `origin` asks for."""
        given = request.cookies.get("refresh_token")
        chain = next((one for one in self._chains if given in {one.cookie, one.before}), None)
        if not given or chain is None or request.header("x-request-origin") != origin:
            return acts.refused("Unauthorized", "Please log in again.")
        told = self._told(chain)
        if not self.rotates:
            return acts.value(told)
        chain.before, chain.cookie = given, uuid.uuid4().hex
        if chain.in_browser:
            return acts.value(told, Set_Cookie=self._renewing(chain))
        cookie = f"refresh_token={chain.cookie}; Domain=.qwen.ai; Path=/; HttpOnly; Secure"
        # Each host has its own, and takes no other's.
        own = f"acw_tc={uuid.uuid4().hex}; Path=/; HttpOnly"
        return acts.value(told, Set_Cookie=cookie, Set__Cookie=own)

    def line(self, name: str, value: str, *more: str) -> str:
        """A `Set-Cookie` line for a browser: on loopback both hosts are one to it."""
        secure = ("Secure",) if self._is_secure else ()
        return "; ".join((f"{name}={value}", "Path=/", "SameSite=Lax", *secure, *more))

    def _renewing(self, chain: _Chain) -> str:
        life = f"Max-Age={_REFRESH_LIFE_S}"
        return self.line("refresh_token", chain.cookie, "HttpOnly", life)

    def _seal(self, name: str) -> str:
        return hmac.digest(self._secret, name.encode(), "sha256").hex()[:_HALF]

    def _begin(self, *, in_browser: bool) -> _Chain:
        chain = _Chain(uuid.uuid4().hex, in_browser, self.who)
        self._chains.append(chain)
        return chain

    def _told(self, chain: _Chain) -> dict[str, object]:
        token, expires_at = self._new_token(chain)
        return {"success": True, "data": {"access_token": token, "expires_at": expires_at}}

    def _new_token(self, chain: _Chain) -> tuple[str, float]:
        expires_at = self._clock() + self.token_life_s
        who = uuid.uuid4().hex if self.numbers_tokens else chain.who
        token = _jwt({"id": who, "exp": int(expires_at), "type": "access_token"})
        self._keep(self._tokens, token, expires_at)
        return token, expires_at

    def _keep(self, tokens: dict[str, float], token: str, expires_at: float) -> None:
        """Add a token, and drop those that are over."""
        now_s = self._clock()
        for old in [old for old, until_s in tokens.items() if until_s <= now_s]:
            del tokens[old]
        tokens[token] = expires_at
        keep_last(tokens, _MOST)

    def _bears(self, request: Request, tokens: dict[str, float]) -> bool:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        return scheme == "Bearer" and tokens.get(token, 0) > self._clock()


def _jwt(claims: dict[str, Any]) -> str:
    """Something that looks like a signed token."""
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    coded = [urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*coded, uuid.uuid4().hex])
