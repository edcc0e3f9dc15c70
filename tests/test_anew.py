"""A program that hangs and is replaced by itself, as a process of its own."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.hanging import LIMIT_S
from tests.test_headless import Portico, serving
from tests.waiting import until
from tray_app.store.restarts import RESTARTS

HANGING = ("-m", "tests.hanging")
WAIT_S = 20.0

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a process is only replaced on POSIX"
)


class Client:
    """Somebody who reads a long answer, in a thread."""

    def __init__(self, portico: Portico, words: int = 900) -> None:
        self.broke: list[str] = []
        self.got: list[tuple[int, bytes]] = []
        self._key = portico.say("key", "show")
        self._portico = portico
        self._words = words
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        until(lambda: '"in_flight": 1' in portico.say("status", "--json"))

    def _read(self) -> None:
        try:
            text = f"practice: long {self._words}"
            self.got.append(self._portico.chat(self._key, text, stream=True))
        except (OSError, http.client.HTTPException) as error:
            self.broke.append(type(error).__name__)

    def end(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


def hang(portico: Portico) -> None:
    """Have the proxy hang; it does so within a second or two while an answer goes on."""
    (portico.home / "hang").touch()
    until((portico.home / "hung").exists)
    (portico.home / "hung").unlink()


def pid_of(portico: Portico) -> int:
    return int((portico.home / "instance.lock").read_text())


def ready(portico: Portico) -> str:
    """The next line on stdout, which must come."""
    assert portico.process is not None
    assert portico.process.stdout is not None
    return portico.process.stdout.readline()


@pytest.mark.slow
def test_a_program_that_hangs_in_mid_answer_is_the_same_process_begun_anew(tmp_path: Path) -> None:
    """R62"""
    with serving(tmp_path, program=HANGING) as portico:
        assert portico.process is not None
        client = Client(portico)
        hang(portico)
        while_hanging = json.loads(portico.say("status", "--json"))
        again = ready(portico)
        client.end()
        answer = portico.chat(portico.say("key", "show"))
        pid = pid_of(portico)
        out, err = portico.stop()
        log = (tmp_path / "logs" / "portico.log").read_text()

    assert while_hanging["state"] == "busy"
    assert again == f"Portico ready http://127.0.0.1:{portico.port}/v1\n"
    assert pid == portico.process.pid
    assert (client.got, len(client.broke)) == ([], 1)
    assert answer[0] == 200
    assert (out, portico.process.returncode) == ("", 0)
    assert err.count("starts itself anew") == 1
    assert log.count("loop=blocked") == 1
    assert "hang_here" in log
    assert "canary" not in log


@pytest.mark.slow
def test_a_program_that_hangs_too_often_stays_and_says_so_once(tmp_path: Path) -> None:
    """R62"""
    tmp_path.chmod(0o700)
    (tmp_path / "restarts.json").write_text(json.dumps([time.time()] * (RESTARTS - 1)))
    log = tmp_path / "logs" / "portico.log"
    with serving(tmp_path, program=HANGING) as portico:
        assert portico.process is not None
        first = Client(portico)
        hang(portico)
        again = ready(portico)
        second = Client(portico)
        hang(portico)
        until(lambda: "anew=no" in log.read_text())
        time.sleep(2 * LIMIT_S)
        status = json.loads(portico.say("status", "--json"))
        portico.process.kill()
        out, err = portico.process.communicate(timeout=WAIT_S)
        first.end()
        second.end()

    assert again.startswith("Portico ready")
    assert status["state"] == "busy"
    assert out == ""
    assert err.count("starts itself anew") == 1
    assert err.count("does not help") == 1
    assert log.read_text().count("loop=blocked") == 2


@pytest.mark.slow
def test_a_program_that_was_halted_goes_on(tmp_path: Path) -> None:
    """R62"""
    with serving(tmp_path, program=HANGING) as portico:
        assert portico.process is not None
        client = Client(portico, words=400)
        portico.process.send_signal(signal.SIGSTOP)
        time.sleep(3 * LIMIT_S)
        portico.process.send_signal(signal.SIGCONT)
        status = portico.say("status", "--json")
        client.end()
        out, err = portico.stop()

    assert '"in_flight": 1' in status
    assert [code for code, _ in client.got] == [200]
    assert client.got[0][1].endswith(b"data: [DONE]\n\n")
    assert out == ""
    assert "anew" not in err


CHILD = """
import os, socket, subprocess, sys, threading
from tray_app.anew import start_anew
print(os.getpid(), sys.argv[1:], sys.flags.utf8_mode, os.environ.get("SEEN"), flush=True)
if not os.environ.get("SEEN"):
    os.environ["SEEN"] = "yes"
    taken = socket.create_server(("127.0.0.1", 0))
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read(); print('left')"],
                             stdin=subprocess.PIPE)
    thread = threading.Thread(target=start_anew)
    thread.start()
    thread.join()
kinds = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
         if os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}")]
print(sum("socket" in kind for kind in kinds), "sockets", flush=True)
print("ended", os.waitpid(-1, 0)[1], flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists what a process has open")
def test_the_command_line_stays_and_nothing_open_does() -> None:
    """R62"""
    with subprocess.Popen(
        [sys.executable, "-X", "utf8", "-c", CHILD, "--port", "7936", "two words"],
        stdout=subprocess.PIPE, text=True,
        env={name: value for name, value in os.environ.items() if name != "SEEN"},
    ) as process:  # fmt: skip
        out, _ = process.communicate(timeout=WAIT_S)

    said = f"{process.pid} ['--port', '7936', 'two words'] 1"
    assert out.splitlines()[0] == f"{said} None"
    assert sorted(out.splitlines()[1:]) == sorted([f"{said} yes", "left", "0 sockets", "ended 0"])
