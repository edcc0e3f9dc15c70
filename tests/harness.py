"""What tests share: a real proxy in front of a real practice site, on real sockets."""

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.hurry import Hurry
from tests.ports import free_port
from tests.waiting import WITHIN_S
from tray_app.compose import practice_session, practice_site
from tray_app.core.session import Session
from tray_app.practice import PracticeSite
from tray_app.proxy.house import Parts
from tray_app.proxy.keys import DEFAULT_NAME
from tray_app.proxy.limits import Limits
from tray_app.proxy.models import Shelf
from tray_app.proxy.person import Person
from tray_app.proxy.service import Service
from tray_app.store.settings import Settings
from tray_app.upstreams.qwen import QWEN

QUICK = Settings(start_spacing_s=0.0)
"""No distance between starts, so that tests need not wait for it."""


@dataclass
class Reply:
    """A whole answer of the proxy."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error in OpenAI's shape."""
        code: str = self.json()["error"]["code"]
        return code

    @property
    def frames(self) -> list[Any]:
        """The data of every event: objects, and the string `[DONE]`."""
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]

    @property
    def text(self) -> str:
        """The text of a chat answer, streamed or whole."""
        return self._joined("content")

    @property
    def reasoning(self) -> str:
        """The reasoning of a chat answer, streamed or whole."""
        return self._joined("reasoning_content")

    def _joined(self, name: str) -> str:
        if not self.headers["content-type"].startswith("text/event-stream"):
            return self.json()["choices"][0]["message"].get(name) or ""
        choices = [frame["choices"] for frame in self.frames[:-1] if "choices" in frame]
        return "".join(choice[0]["delta"].get(name) or "" for choice in choices if choice)

    @property
    def error(self) -> dict[str, Any]:
        """The error frame of a broken stream, which must be its last but one."""
        error: dict[str, Any] = self.frames[-2]["error"]
        return error


@dataclass
class Running:
    """A proxy that runs, with the site it asks."""

    service: Service
    site: PracticeSite
    key: str
    prefix: str = field(default="")

    @property
    def port(self) -> int:
        return self.service.port

    @property
    def base_url(self) -> str:
        return self.service.endpoint

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = "right",
        timeout_s: float = 30.0,
    ) -> Reply:
        """One request over a connection of its own; `key=None` sends none."""
        sent = dict(headers or {})
        if key is not None and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.key if key == 'right' else key}"
        data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, path, body=data, headers=sent)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())
        finally:
            connection.close()

    def chat(self, text: str = "Hello", **more: Any) -> Reply:
        """A chat of one user message; anything else goes into the body."""
        headers = more.pop("headers", None)
        key = more.pop("key", "right")
        body = {
            "model": "qwen3.7-plus",
            "messages": [{"role": "user", "content": text}],
            **more,
        }
        return self.ask("POST", "/v1/chat/completions", body, headers, key=key)

    def raw(self, data: bytes, *, timeout_s: float = 5.0, host: str = "127.0.0.1") -> bytes:
        """These bytes, and whatever comes back until the other side closes or says no more."""
        with socket.create_connection((host, self.port), timeout=timeout_s) as sock:
            sock.sendall(data)
            pieces = []
            try:
                while piece := sock.recv(65536):
                    pieces.append(piece)
            except TimeoutError:
                pass
            return b"".join(pieces)

    def control(self, command: str, /, **message: Any) -> Any:
        """A command of the control door, without the socket."""
        return self.service.post(self.service.control(command, message)).result(10)

    def let_pass(self, seconds: float) -> None:
        """Let so many of the proxy's seconds pass; what was due in them has been begun then."""
        self.service.post(asyncio.sleep(seconds)).result(WITHIN_S)

    def check_sound(self) -> None:
        """Nothing is left over, and the next request is answered."""
        self.site.wait_until(lambda: self.site.open_streams == 0, WITHIN_S)
        self.control("resume")
        reply = self.chat("sound?", model="qwen3.5-plus")
        assert reply.status == 200, reply.body
        assert "sound?" in reply.text
        self.site.wait_until(lambda: not self.site.chats, WITHIN_S)
        assert self.site.delete_all_calls == 0


@contextmanager
def running(
    site: PracticeSite,
    *,
    settings: Settings = QUICK,
    limits: Limits | None = None,
    session: Session | str | None = "practice",
    shelf: Shelf | None = None,
    hurry: float = 1.0,
    **parts: Any,
) -> Iterator[Running]:
    """A proxy on a free port in front of this site; `session=None` is signed out.

    With `hurry` its seconds pass so many times as fast.
    """
    if hurry != 1.0:
        hurried = Hurry(hurry)
        parts |= {
            "clock": hurried.clock, "wall_clock": hurried.wall_clock, "new_loop": hurried.new_loop
        }  # fmt: skip
    if session == "practice":
        session = practice_session(site.sign_in())
    person = Person(
        parts.pop("keeper", None),
        session=session if isinstance(session, Session) else None,
        profile=parts.pop("profile", None),
        **{name: parts[name] for name in ("clock", "wall_clock") if name in parts},
    )
    key = person.keys.new(DEFAULT_NAME).secret
    service = Service(
        Parts(
            site=parts.pop(
                "place", practice_site(site.origin, site.auth_origin, site.store.authority)
            ),
            upstream=parts.pop("upstream", QWEN),
            person=person,
            settings=msgspec.structs.replace(settings, port=free_port()),
            save_settings=lambda *_: None,
            shelf=shelf or Shelf(load=lambda: None, save=lambda *_: None),
            limits=limits or Limits(),
            **parts,
        )
    )
    service.start()
    try:
        yield Running(service, site, key)
    finally:
        service.stop()
