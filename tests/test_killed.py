"""A process that is killed at any moment, and the one that is started after it: R42."""

import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.test_headless import environ, free_port
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import ask
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths


class Killable:
    """A running Portico, reached by its control door and its port."""

    def __init__(self, home: Path, port: int, process: "subprocess.Popen[str]") -> None:
        self.paths = Paths(home)
        self.port = port
        self.process = process

    def do(self, command: str, **message: Any) -> Any:
        """A command of the control door."""
        return ask(self.paths.door, {"do": command, **message})

    def sign_in(self, site: PracticeSite) -> None:
        """Bring the session that the site gives."""
        told = site.sign_in()
        text = json.dumps({"token": told["token"], "cookies": told["cookies"]})
        self.do("session", what="import", text=text)
        assert self.do("status")["session"]["state"] == "signed_in"

    def connect(self, text: str) -> socket.socket:
        """A client that has sent a streamed chat and reads nothing yet."""
        key = self.do("key", what="show")["secret"]
        asked = {
            "model": "qwen3.7-plus", "stream": True,
            "messages": [{"role": "user", "content": text}],
        }  # fmt: skip
        body = json.dumps(asked).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        sock.sendall(head.encode() + body)
        return sock

    def kill(self) -> None:
        """End it as a crash does: nothing of it runs any more."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running(home: Path, site: PracticeSite) -> Iterator[Killable]:
    """A Portico of this folder that serves; it is killed at the end at the latest."""
    port = free_port()
    words = [str(home), str(port), site.origin, site.auth_origin]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.killable", *words],
        env=environ(home), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        portico = Killable(home, port, process)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield portico
        finally:
            portico.kill()


def deletions(site: PracticeSite) -> list[str]:
    return [
        heard.request.target for heard in site.heard if heard.request.method == "DELETE"
    ]  # fmt: skip


def test_killed_in_mid_stream_it_starts_clean_and_deletes_that_chat_alone(
    site: PracticeSite, tmp_path: Path
) -> None:
    """R42"""
    home = tmp_path / "home"
    site.chats["the-persons-own"] = {}
    site.will(acts.say("first ", *["more "] * 3000, pace_s=0.02))
    with running(home, site) as portico:
        portico.sign_in(site)
        portico.do("settings", what="set", name="queue_size", value="7")
        with portico.connect("Hello") as client:
            while b"first" not in client.recv(4096):
                pass
            assert not InstanceLock(portico.paths.lock).acquire()
            portico.kill()
    [chat] = set(site.chats) - {"the-persons-own"}
    noted = portico.paths.chats.read_text()
    before = deletions(site)

    with running(home, site) as portico:
        settings = portico.do("settings", what="list")
        time.sleep(1.0)
        signed_out = deletions(site)
        portico.sign_in(site)
        site.wait_until(lambda: site.deleted, 10)
        with portico.connect("And now?") as client:
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        site.wait_until(lambda: list(site.chats) == ["the-persons-own"])
        time.sleep(1.0)

    assert before == signed_out == []
    assert noted.count("\n") == 1
    assert chat in noted
    assert "person@" not in noted
    assert settings["queue_size"] == 7
    assert answer.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert b'"error"' not in answer
    assert deletions(site)[0] == f"/api/v2/chats/{chat}"
    assert len(deletions(site)) == 2
    assert site.deleted[0] == chat
    assert site.delete_all_calls == 0
    assert not [path for path in home.iterdir() if "corrupt" in path.name]


def test_killed_while_settings_are_written_it_has_the_old_or_the_new_ones(
    site: PracticeSite, tmp_path: Path
) -> None:
    """R42, R57"""
    home, chance = tmp_path / "home", random.Random(42)
    filed = 32
    for _ in range(20):
        with running(home, site) as portico:
            assert portico.do("settings", what="list")["queue_size"] == filed
            said = [filed]
            writer = threading.Thread(target=write, args=(portico, said))
            writer.start()
            while len(said) < 4:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.05))
            portico.kill()
            writer.join()
        filed = json.loads(portico.paths.settings.read_text())["queue_size"]

        assert filed in said[-2:]
    assert {path.name for path in home.iterdir()} <= {
        "settings.json", "settings.json.bak", "settings.json.new", "settings.json.bak.new",
        "instance.lock", "door.sock", "logs",
    }  # fmt: skip


def write(portico: Killable, said: list[int]) -> None:
    """Change a setting again and again until nobody is there to be asked."""
    with suppress(ConnectionError):
        while True:
            said.append(said[-1] % 64 + 1)
            portico.do("settings", what="set", name="queue_size", value=str(said[-1]))
