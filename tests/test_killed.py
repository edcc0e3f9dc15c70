"""A process that is killed at any moment, and the one that is started after it: R42."""

import json
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.proxy.test_supervisor import healthy
from tests.test_headless import environ
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.door import ask
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths

pytestmark = pytest.mark.slow


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


def begun(home: Path, site: PracticeSite, port: int) -> "subprocess.Popen[str]":
    """A Portico of this folder that begins; its keyring lies beside the folder."""
    ring = str(home.with_name("keyring.json"))
    words = [str(home), str(port), site.origin, site.auth_origin, ring]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.killable", *words],
        env=environ(home), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def running(home: Path, site: PracticeSite) -> Iterator[Killable]:
    """A Portico of this folder that serves; it is killed at the end at the latest."""
    port = free_port()
    with begun(home, site, port) as process:
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
    home.with_name("keyring.json").unlink()
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
    for _ in range(5):
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


def write(portico: Killable, said: list[int], name: str = "queue_size") -> None:
    """Change a setting again and again until nobody is there to be asked."""
    with suppress(ConnectionError):
        while True:
            said.append((said or [0])[-1] % 64 + 1)
            portico.do("settings", what="set", name=name, value=str(said[-1]))


Bring = Callable[[Killable, PracticeSite], list[socket.socket]]
"""Brings a state about; gives the clients that are waiting in it."""


def bring_idle(portico: Killable, _: PracticeSite) -> list[socket.socket]:
    """Nothing goes on."""
    return []


def bring_stream(portico: Killable, site: PracticeSite) -> list[socket.socket]:
    """A client is in mid-answer."""
    site.will(acts.say("first ", *["more "] * 3000, pace_s=0.02))
    client = portico.connect("Hello")
    while b"first" not in client.recv(4096):
        pass
    return [client]


def bring_queue(portico: Killable, site: PracticeSite) -> list[socket.socket]:
    """Two are answered, and a third waits."""
    site.will(*[acts.say("first ", *["more "] * 3000, pace_s=0.02)] * 2)
    clients = [portico.connect("Hello") for _ in range(3)]
    until(lambda: portico.do("status")["queue"] == {"waiting": 1, "in_flight": 2})
    site.wait_until(lambda: site.open_streams == 2)
    return clients


def bring_renewal(portico: Killable, site: PracticeSite) -> list[socket.socket]:
    """The site has been asked for a new token, and has not answered."""
    site.expire_tokens()
    site.on("refresh", acts.Silence())
    client = portico.connect("Hello")
    site.wait_until(lambda: site.heard_on("/api/v2/auths/refresh"))
    return [client]


def bring_setting(portico: Killable, _: PracticeSite) -> list[socket.socket]:
    """A setting is changed again and again."""
    said: list[int] = []
    threading.Thread(target=write, args=(portico, said, "parallel_answers"), daemon=True).start()
    until(lambda: len(said) > 3)
    return []


def bring_statistics(portico: Killable, _: PracticeSite) -> list[socket.socket]:
    """Requests are being written down."""
    size = portico.paths.statistics.with_name("statistics.db-wal")
    before = size.stat().st_mtime_ns
    with portico.connect("Hello") as client:
        b"".join(iter(lambda: client.recv(65536), b""))
    # The moment in which it begins to grow; what else is to be written may be on its way.
    while size.stat().st_mtime_ns == before:
        time.sleep(0.0005)
    return []


BRING = [bring_idle, bring_stream, bring_queue, bring_renewal, bring_setting, bring_statistics]


@pytest.mark.parametrize("bring", BRING, ids=lambda bring: bring.__name__.removeprefix("bring_"))
def test_killed_in_any_state_it_starts_clean_and_has_everything(
    site: PracticeSite, tmp_path: Path, bring: Bring
) -> None:
    """R42"""
    home = tmp_path / "home"
    with running(home, site) as portico:
        secret = prepare(portico, site)
        clients = bring(portico, site)
        portico.kill()
        for client in clients:
            client.close()

    left = set(site.chats) - {"the-persons-own"}
    assert portico.paths.lock.read_text() == f"{portico.process.pid}\n"
    assert Path(portico.paths.door).is_socket()
    check_whole(home, site, secret)
    assert left <= set(site.deleted)


def test_killed_while_it_starts_it_starts_clean_and_has_everything(
    site: PracticeSite, tmp_path: Path
) -> None:
    """R42"""
    home = tmp_path / "home"
    with running(home, site) as portico:
        secret = prepare(portico, site)
    with begun(home, site, free_port()) as process:
        until(lambda: portico.paths.lock.read_text() == f"{process.pid}\n")
        process.kill()
    port = free_port()
    with begun(home, site, port) as process:
        until(lambda: healthy(port))
        process.kill()

    check_whole(home, site, secret)


def prepare(portico: Killable, site: PracticeSite) -> str:
    """Have something that could be lost; gives the secret of a key."""
    site.chats["the-persons-own"] = {}
    portico.sign_in(site)
    portico.do("settings", what="set", name="queue_size", value="7")
    secret: str = portico.do("key", what="new", name="roo")["secret"]
    with portico.connect("Hello") as client:
        b"".join(iter(lambda: client.recv(65536), b""))
    until(lambda: written(portico.paths.statistics, 1))
    return secret


def check_whole(home: Path, site: PracticeSite, secret: str) -> None:
    """The next start is clean, and lacks nothing."""
    with running(home, site) as portico:
        assert portico.do("status")["session"]["state"] == "signed_in"
        assert portico.do("settings", what="list")["queue_size"] == 7
        assert portico.do("key", what="show", name="roo")["secret"] == secret
        before = counted(portico.paths.statistics)
        with portico.connect("And now?") as client:
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        site.wait_until(lambda: list(site.chats) == ["the-persons-own"], 15)
        until(lambda: written(portico.paths.statistics, before + 1))
        log = portico.paths.log.read_text()

    assert answer.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert b'"error"' not in answer
    assert before >= 1
    assert site.delete_all_calls == 0
    assert "Traceback" not in log
    assert not [path for path in home.iterdir() if "corrupt" in path.name or ".kept-" in path.name]


def counted(path: Path) -> int:
    """How many requests a file of statistics has, which is whole and agrees with itself."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
        [[check]] = file.execute("PRAGMA quick_check")
        file.execute("BEGIN")
        [[singly]] = file.execute("SELECT count(*) FROM deeds")
        [[summed]] = file.execute("SELECT coalesce(sum(requests), 0) FROM outcomes")
    assert (check, singly) == ("ok", summed)
    return int(singly)


def written(path: Path, requests: int) -> bool:
    """Whether a file of statistics, which may be about to be made, has so many requests."""
    with suppress(sqlite3.OperationalError):
        return counted(path) == requests
    return False
