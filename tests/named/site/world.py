"""What the site knows: how it shall behave, who is signed in, and what it heard."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

CHAT = "chat.qwen.ai"
AUTH = "auth.qwen.ai"
GIT = "github.com"
HOSTS = (CHAT, AUTH, "qwen.ai", GIT)
EMAIL = "ada@example.org"
PASSWORD = "correct horse 7"
FIRST_COOKIES = frozenset({"acw_tc", "cna", "isg", "tfstk"})
"""What every visitor of the pages has; a call without them is challenged."""


@dataclass
class Script:
    """How the site behaves; a test sets it."""

    token_life_s: float = 900.0
    renew_below_s: float = 120.0
    """A loaded page asks for a new token when the one it has ends before that."""
    grace_s: float = 3.0
    """How long a refresh token that was used is still taken."""
    expired_status: int = 200
    """Of an answer to a token that is over; the true one is in a header then."""
    guest_first: bool = True
    page_only: bool = True
    wrap_after_s: float = 0.8
    wrapped_as: str = "function"
    """How the page puts its own `fetch` before the browser's: `function`, `bind` or `proxy`."""
    fe_version: str = "0.3.12"
    pace_s: float = 0.02
    words: int = 12
    linger_s: float = 20.0
    """How long a stream stays open after its finished frame."""
    crlf: bool = False
    same_site: str = "Lax"
    pushes: bool = True
    """Whether the page changes its address without a load after signing in."""
    challenge: str = ""
    """The shape of the check that is asked for until it is answered; empty for none."""
    challenge_on: str = "writes"
    """What it is asked of: `writes`, or `completions` alone."""
    asks_on_load: bool = True
    """Whether a page that is loaded meanwhile shows the check; else it does when one writes."""
    challenge_after: int = 0
    """So many completions are answered before the check begins."""
    needs_clearance: bool = False
    """Whether a call needs the cookie of an answered check from then on."""


@dataclass
class Chain:
    """One sign-in: what renews it, and what it was."""

    user: str
    refresh: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    before: str = ""
    changed_s: float = 0.0
    over: bool = False


class World:
    """Everything that lives as long as the site runs; belongs to one event loop."""

    def __init__(self) -> None:
        self.script = Script()
        self.log: list[dict[str, Any]] = []
        self.chains: list[Chain] = []
        self.tokens: dict[str, tuple[float, str]] = {}
        """By token: when it ends, and whose it is; empty for a guest."""
        self.chats: dict[str, str] = {}
        """By id: what is known of it: `new`, `busy`, `idle`."""
        self.page_keys: set[str] = set()
        self.nonces: set[str] = set()
        self.clearances: set[str] = set()
        self.codes: set[str] = set()
        self.completions = 0
        self.secrets: list[str] = []
        """Everything that must not be found anywhere it does not belong."""

    def note(self, what: str, **more: Any) -> None:
        """Keep what happened."""
        self.log.append({"at": round(time.time(), 3), "what": what, **more})

    def new_token(self, user: str) -> tuple[str, int]:
        """An access token and when it ends, in ms; `user` is empty for a guest."""
        end_s = time.time() + self.script.token_life_s
        claims = {"id": str(uuid4()), "exp": int(end_s), "type": "access_token"}
        parts = [_packed({"alg": "HS256", "typ": "JWT"}), _packed(claims)]
        token = ".".join([*parts, secrets.token_urlsafe(32)])
        self.tokens[token] = (end_s, user)
        self.secrets.append(token)
        return token, int(end_s * 1000)

    def sign_in(self, user: str) -> Chain:
        """A new chain of refresh tokens."""
        chain = Chain(user)
        self.chains.append(chain)
        self.secrets.append(chain.refresh)
        self.note("signed_in", user=user)
        return chain

    def renew(self, refresh: str) -> Chain | None:
        """Use a refresh token; None where it is good for nothing."""
        now_s = time.time()
        for chain in self.chains:
            if chain.over or refresh not in {chain.refresh, chain.before}:
                continue
            if refresh == chain.before and now_s - chain.changed_s > self.script.grace_s:
                chain.over = True
                self.note("stale_refresh")
                return None
            if refresh == chain.refresh:
                chain.before, chain.refresh = refresh, secrets.token_urlsafe(32)
                chain.changed_s = now_s
                self.secrets.append(chain.refresh)
            self.note("renewed")
            return chain
        return None

    def whose(self, authorization: str) -> str | None:
        """Who sends this header: a mail address, empty for a guest, None for nobody."""
        end_s, user = self.tokens.get(authorization.removeprefix("Bearer "), (0.0, ""))
        return user if time.time() < end_s else None

    def is_from_page(self, mark: str, method: str, target: str, body: bytes) -> bool:
        """Whether the header that only the page's own script can make is that of this request."""
        key, _, rest = mark.partition(".")
        nonce, _, proof = rest.partition(".")
        if key not in self.page_keys or nonce in self.nonces:
            return False
        told = "\n".join([key, nonce, method, target, hashlib.sha256(body).hexdigest()])
        if hashlib.sha256(told.encode()).hexdigest() != proof:
            return False
        self.nonces.add(nonce)
        return True


def _packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
