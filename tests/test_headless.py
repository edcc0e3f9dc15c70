"""Serving in the foreground, as a process of its own: S103, S104, S105."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.slow

MODULE = ("-m", "tray_app")


def environ(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    return {**kept, "PORTICO_HOME": str(home), **(more or {})}


@dataclass
class Portico:
    """The command line with one data folder, and what runs in it."""

    home: Path
    port: int = 0
    process: "subprocess.Popen[str] | None" = None

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """One command to its end."""
        return subprocess.run(
            [sys.executable, *MODULE, *words],
            env=environ(self.home, more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=20,
        )  # fmt: skip

    def say(self, *words: str) -> str:
        """What a command that must succeed prints."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.rstrip("\n")

    def chat(
        self, key: str, text: str = "Hello", path: str = "", patience_s: float = 20.0, **more: Any
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        headers |= more.pop("headers", {})
        body = {
            "model": "qwen3.7-plus", "messages": [{"role": "user", "content": text}], **more,
        }  # fmt: skip
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience_s)
        try:
            line.request("POST", f"/v1/chat/completions{path}", json.dumps(body), headers)
            response = line.getresponse()
            return response.status, response.read()
        finally:
            line.close()

    def stop(self, number: int = signal.SIGTERM) -> tuple[str, str]:
        """End it by a signal; gives what it said on stdout and stderr after the ready line."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.communicate(timeout=10)


@contextmanager
def serving(
    home: Path,
    *flags: str,
    more: Mapping[str, str] | None = None,
    program: Sequence[str] = MODULE,
    told: Sequence[str] = ("--headless", "--practice"),
    address: str = "127.0.0.1",
) -> Iterator[Portico]:
    """A practice instance that has said it is ready."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *program, *told, "--port", str(port), *flags],
        env=environ(home, more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline() or "".join(process.communicate(timeout=15))
        assert ready == f"Portico ready http://{address}:{port}/v1\n"
        yield Portico(home, port, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=15)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_it_is_ready_once_and_ends_on_a_signal(tmp_path: Path, number: int) -> None:
    with serving(tmp_path) as portico:
        began_s = time.monotonic()
        out, err = portico.stop(number)

        assert time.monotonic() - began_s < 5
        assert portico.process is not None
        assert portico.process.returncode == 0
        assert out == ""
        assert "key show" in err
        assert "curl" in err
        assert "no tray" not in err
        assert not (tmp_path / "door.sock").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the keyring of Linux is on a bus")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_start_that_waits_for_a_keyring(tmp_path: Path, number: int) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        silent.settimeout(20)
        bus = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path / 'bus'}"}
        process = subprocess.Popen(
            [sys.executable, *MODULE, "--headless", f"--port={free_port()}"],
            env=environ(tmp_path / "home", bus), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with silent.accept()[0]:
            began_s = time.monotonic()
            process.send_signal(number)
            out, _ = process.communicate(timeout=20)

        assert time.monotonic() - began_s < 5
        assert (process.returncode, out) == (0, "")


def test_without_flags_it_says_there_is_no_tray_and_serves(tmp_path: Path) -> None:
    with serving(tmp_path, told=["--practice"]) as portico:
        assert portico.chat(portico.say("key", "show"))[0] == 200
        out, err = portico.stop()

    assert out == ""
    assert "There is no tray here" in err


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = Portico(tmp_path).run("--headless", "--practice", "--port", str(port))

    assert ended.returncode == 3
    assert str(port) in ended.stderr
    assert ended.stdout == ""


def test_a_second_instance_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path) as portico:
        ended = portico.run("--headless", "--practice", "--port", str(free_port()))

        assert ended.returncode == 6
        assert "running already" in ended.stderr
        assert portico.chat(portico.say("key", "show"))[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_leaving_this_computer_must_be_allowed(tmp_path: Path, host: str) -> None:
    ended = Portico(tmp_path).run("--headless", "--practice", "--host", host)

    assert ended.returncode == 2
    assert "--allow-network" in ended.stderr


@pytest.mark.parametrize("more", [[], ["--allow-network"]])
def test_a_name_is_no_address_to_listen_on(tmp_path: Path, more: list[str]) -> None:
    ended = Portico(tmp_path).run("--headless", "--practice", "--host", "example.org", *more)

    assert ended.returncode == 2
    assert "no IP address" in ended.stderr
    assert "--allow-network" not in ended.stderr


def test_an_address_that_this_computer_does_not_have_is_told(tmp_path: Path) -> None:
    ended = Portico(tmp_path).run(
        "--headless", "--practice", "--port", str(free_port()), "--host", "192.0.2.1",
        "--allow-network",
    )  # fmt: skip

    assert ended.returncode == 1
    assert "does not have the address 192.0.2.1" in ended.stderr
    assert "--host" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_door_to_the_network_says_how_a_device_gets_in(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0", "--allow-network") as portico:
        shown = portico.say("status")
        _, err = portico.stop()

    assert "every address" in shown
    for told in ("key new phone", "key set phone network yes", "plain HTTP", "hosts"):
        assert told in err
    assert "key show phone" not in err


def test_where_only_the_network_is_open_the_line_to_try_names_its_key(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "127.0.0.2", address="127.0.0.2") as portico:
        _, err = portico.stop()

    assert 'Bearer $(portico key show phone)"' in err
    assert f"curl -N http://127.0.0.2:{portico.port}/v1" in err


def test_an_address_that_went_away_leaves_this_computer_served(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "settings.json").write_text('{"network_host": "192.0.2.1"}')
    with serving(tmp_path) as portico:
        assert portico.chat(portico.say("key", "show"))[0] == 200
        status = json.loads(portico.say("status", "--json"))
        shown = portico.say("status")
        _, err = portico.stop()

    assert status["network"]["address"] == ""
    for told in (status["network"]["note"], shown, err):
        assert "does not have the address 192.0.2.1" in told


def test_a_stream_that_runs_when_it_ends_is_closed_properly(tmp_path: Path) -> None:
    with serving(tmp_path) as portico:
        key = portico.say("key", "show")
        got: list[tuple[int, bytes]] = []
        reader = threading.Thread(
            target=lambda: got.append(portico.chat(key, "practice: long 9000", stream=True))
        )
        reader.start()
        until_s = time.monotonic() + 5
        while '"in_flight": 0' in portico.say("status", "--json"):
            assert time.monotonic() < until_s
        time.sleep(0.3)

        began_s = time.monotonic()
        portico.stop()
        took_s = time.monotonic() - began_s
        reader.join()

    [(status, data)] = got
    frames = [line[6:] for line in data.decode().split("\n") if line.startswith("data: ")]
    assert took_s < 5
    assert status == 200
    assert frames[-1] == "[DONE]"
    assert frames.count("[DONE]") == 1
    assert json.loads(frames[-2])["error"]["code"] == "server_stopping"


def test_everything_it_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    """S103"""
    home = tmp_path / "above" / "home"
    before = os.umask(0)
    try:
        with serving(home, "--log-level", "debug") as portico:
            portico.chat(portico.say("key", "show"))
            portico.say("settings", "set", "parallel_answers", "3")
            portico.say("settings", "set", "parallel_answers", "2")
            until((home / "practice-statistics.db-wal").exists)
            made = [home.parent, home, *home.rglob("*")]
            modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in made}
    finally:
        os.umask(before)

    names = {path.name for path in made}
    assert {"settings.json", "settings.json.bak", "portico.log", "instance.lock"} <= names
    assert {"practice-statistics.db", "practice-statistics.db-wal", "door.sock"} <= names
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())


@pytest.mark.parametrize("name", ["instance.lock", "logs"])
def test_what_somebody_planted_is_refused_in_words(tmp_path: Path, name: str) -> None:
    """S104"""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir(mode=0o700)
    elsewhere.write_text("theirs")
    (home / name).symlink_to(elsewhere)

    ended = Portico(home).run("--headless", "--practice", "--port", str(free_port()))

    assert ended.returncode == 1
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr
    assert elsewhere.read_text() == "theirs"


def test_neither_its_arguments_nor_its_environment_hold_a_secret(tmp_path: Path) -> None:
    """S105"""
    with serving(tmp_path) as portico:
        keys = [portico.say("key", "show"), portico.say("key", "new", "other")]
        assert portico.chat(keys[1])[0] == 200
        assert portico.process is not None
        family = [portico.process.pid]
        for pid in family:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                family += map(int, children.read_text().split())
        told = b"".join(
            Path(f"/proc/{pid}/{name}").read_bytes()
            for pid in family
            for name in ("cmdline", "environ")
        )

    assert b"PORTICO_HOME" in told
    assert not any(key.encode() in told for key in keys)
    assert not re.search(rb"sk-portico|eyJ|acw_tc|refresh_token", told)
