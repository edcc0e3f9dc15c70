"""What a window without a screen keeps, and what the scripts of the site's pages do with it."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tray_app.practice import PracticeSite

STATE = "qwen_access_token_state"
SIGNED_OUT = "qwen_token_logged_out_marker"
CHECK_PATH = "/_____tmd_____/"
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_SOON_S = 60.0


class Browser:
    """Cookies and the chat origin's local storage, and pages that use them; for one event loop."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site
        self.jar: dict[str, str] = {}
        self.storage: dict[str, str] = {}
        self._secret = ""
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            await self._http.close()

    @asynccontextmanager
    async def asked(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a request with the cookies; the cookies it sets are kept."""
        if self._http is None:
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        sent = {"User-Agent": "Paper/1", **headers, **({"Cookie": cookie} if cookie else {})}
        async with self._http.request(
            method, url, headers=sent, data=body, allow_redirects=False
        ) as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.jar[name] = value
            yield answer

    async def text(self, method: str, url: str, body: object = None, **headers: str) -> str:
        """The same as a text; an underscore in a header's name is a dash."""
        data = None if body is None else json.dumps(body).encode()
        said = {name.replace("_", "-"): text for name, text in headers.items()}
        async with self.asked(method, url, said, data) as answer:
            return await answer.text()

    @asynccontextmanager
    async def by_page(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, bearer: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a call of the page's own script."""
        sent = {**headers, "sec-fetch-site": "same-origin"}
        if bearer:
            token = json.loads(self.storage.get(bearer, '{"token": ""}'))["token"]
            sent["Authorization"] = f"Bearer {token}"
        if method in _WRITES:
            proof = f"{self._secret}\n{method}\n{path}"
            sent["x-practice-page"] = hashlib.sha256(proof.encode()).hexdigest()
        async with self.asked(method, self.site.origin + path, sent, body) as answer:
            yield answer

    async def run_scripts(self, path: str) -> str:
        """What a page does when it is loaded; the address of a check that it shows then."""
        load = await self._load()
        self._secret = load["secret"]
        if not path.startswith("/auth"):
            await self._begin(load)
        return load["check"] or ""

    async def load_beside(self) -> None:
        """Load the page in a second window of the profile, which leaves the first one alone."""
        await self._begin(await self._load())

    async def _load(self) -> dict[str, Any]:
        text = await self.text("GET", f"{self.site.origin}/qwen-chat-fe/0.3.12/js/load.js")
        told: dict[str, Any] = json.loads(text.partition("=")[2].rstrip(";\n"))
        return told

    async def _begin(self, load: Mapping[str, Any]) -> None:
        """Renew the session if it is about to end; if that cannot be, nobody is signed in."""
        state = json.loads(self.storage.get(STATE, "null"))
        now_s = self.site._sessions._clock()
        is_long = state is not None and state["expiresAt"] / 1000 > now_s + _SOON_S
        if is_long and await self._is_known(state["token"]):
            return
        if load["canRenew"]:
            await self._ask_auth("GET", "/api/v2/auths/refresh")
        elif state is not None:
            self._leave()

    async def _is_known(self, token: str) -> bool:
        url = f"{self.site.origin}/api/v2/user/info"
        told = await self.text("GET", url, Authorization=f"Bearer {token}", version="0.3.12")
        return bool(told.startswith("{") and json.loads(told)["success"])

    async def sign_in(self, email: str) -> None:
        """What the page does when a person has filled its form."""
        password = hashlib.sha256(b"a password").hexdigest()
        body = {"email": email, "password": password}
        await self._ask_auth("POST", "/api/v2/auths/signin", body)

    async def _ask_auth(self, method: str, path: str, body: object = None) -> None:
        told = json.loads(
            await self.text(
                method,
                self.site.auth_origin + path,
                body,
                Origin=self.site.origin,
                source="web",
                version="0.3.12",
                x_request_origin=self.site.origin,
            )
        )
        if not told["success"]:
            self._leave()
            return
        data = told["data"]
        self.keep({"token": data["access_token"], "expiresAt": round(data["expires_at"] * 1000)})

    def keep(self, state: Mapping[str, object]) -> None:
        """Keep a token as the page does."""
        self.storage.pop(SIGNED_OUT, None)
        self.storage[STATE] = json.dumps({"version": 1, **state})

    def _leave(self) -> None:
        self.storage.pop(STATE, None)
        self.storage[SIGNED_OUT] = "1"
