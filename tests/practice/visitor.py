"""A browser without a screen: keeps cookies and storage, and does what the pages' scripts do."""

import hashlib
import http.client
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tray_app.practice import PracticeSite

LOAD = "/qwen-chat-fe/0.3.12/js/load.js"
VERIFY = "/_____tmd_____/verify"
NEW = "/api/v2/chats/new"
PERSON = {"email": "ada@practice.example", "password": hashlib.sha256(b"open").hexdigest()}


@dataclass
class Got:
    """An answer, read to its end."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def cookie_lines(self) -> dict[str, str]:
        """The cookies set, whole lines by name."""
        lines = [value for key, value in self.headers if key == "Set-Cookie"]
        return {line.partition("=")[0]: line for line in lines}


@dataclass
class Visitor:
    """Somebody at a browser."""

    site: PracticeSite
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(self, method: str, url: str, body: Any = None, **headers: str) -> Got:
        """A call to the chat host, or to the auth host where `url` begins with its origin."""
        base, path = self.site.origin, url
        if url.startswith(self.site.auth_origin):
            base, path = self.site.auth_origin, url.removeprefix(self.site.auth_origin)
        line = http.client.HTTPConnection(base.partition("://")[2], timeout=5)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        line.request(method, path, data, {"Cookie": cookies, **told})
        response = line.getresponse()
        got = Got(response.status, response.getheaders(), response.read())
        line.close()
        for name, whole in got.cookie_lines().items():
            self.cookies[name] = whole.partition(";")[0].partition("=")[2]
        return got

    def ask_auth(self, method: str, path: str, body: Any = None, **headers: str) -> Got:
        """What the pages' scripts ask the auth host."""
        told = {
            "Origin": self.site.origin,
            "source": "web",
            "version": "0.3.12",
            "x-request-origin": self.site.origin,
            **headers,
        }
        return self.ask(method, self.site.auth_origin + path, body, **told)

    def sign_in(self) -> Got:
        """Fill in the form of the page and send it."""
        self.ask("GET", "/auth")
        got = self.ask_auth("POST", "/api/v2/auths/signin", PERSON)
        self.token = got.json()["data"]["access_token"]
        return got

    def load(self) -> dict[str, Any]:
        """What the script of a page that is loaded now is told."""
        script = self.ask("GET", LOAD).body.decode()
        found = re.fullmatch(r"export const load = (\{.*\});\n", script)
        assert found is not None, script
        told: dict[str, Any] = json.loads(found[1])
        return told

    def write(self, path: str = NEW, body: Any = None, **headers: str) -> Got:
        """A write such as a page makes whose script is in its place."""
        said = f"{self.load()['secret']}\nPOST\n{path}"
        proof = hashlib.sha256(said.encode()).hexdigest()
        told = {"x-practice-page": proof, "Sec-Fetch-Site": "same-origin", **headers}
        return self.bare(path, body, **told)

    def bare(self, path: str = NEW, body: Any = None, **headers: str) -> Got:
        """A write without what the page's script adds."""
        told = {"Authorization": f"Bearer {self.token}", "version": "0.3.12", **headers}
        return self.ask("POST", path, body or {}, **told)
