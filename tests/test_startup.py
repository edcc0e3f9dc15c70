"""What every way of running begins with."""

import io
import subprocess
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.test_headless import environ
from tray_app.startup import AlreadyRunningError, complain, only_instance, tell
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths
from tray_app.store.restarts import note_restart

pytestmark = pytest.mark.slow

ARGUMENTS = Namespace(log_level=None)


def test_there_is_one_instance_of_a_folder(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with (
        only_instance(ARGUMENTS, paths, {}),
        pytest.raises(AlreadyRunningError),
        only_instance(ARGUMENTS, paths, {}),
    ):
        pass
    with only_instance(ARGUMENTS, paths, {}):
        pass


@pytest.mark.parametrize("hard", [1024, 8192])
def test_it_has_room_for_many_connections_where_the_system_gives_few(
    tmp_path: Path, hard: int
) -> None:
    """R67: what starts without a terminal may open 256 files on some systems."""
    code = (
        "import sys; from argparse import Namespace; from pathlib import Path; import resource\n"
        "from tray_app.startup import only_instance; from tray_app.store.paths import Paths\n"
        "kind, hard = resource.RLIMIT_NOFILE, int(sys.argv[2])\n"
        "resource.setrlimit(kind, (256, hard))\n"
        "with only_instance(Namespace(log_level=None), Paths(Path(sys.argv[1])), {}):\n"
        "    print(resource.getrlimit(kind) == (min(4096, hard), hard))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert done.stdout == "True\n", done.stderr


def test_an_instance_that_was_started_in_anothers_place_waits_for_its_end(tmp_path: Path) -> None:
    """R62"""
    paths = Paths(tmp_path)
    began = threading.Event()

    def begin() -> None:
        with only_instance(ARGUMENTS, paths, {}):
            began.set()

    with only_instance(ARGUMENTS, paths, {}):
        note_restart(paths.restarts, time.time())
        second = threading.Thread(target=begin)
        second.start()
        was_early = began.wait(1.0)
    second.join(5.0)

    assert not was_early
    assert began.is_set()


@pytest.mark.parametrize("is_held", [False, True])
def test_a_start_waits_for_a_command_that_has_the_data_folder(
    tmp_path: Path, is_held: bool
) -> None:
    paths = Paths(tmp_path)
    paths.prepare()
    port = free_port()
    with InstanceLock(paths.lock) as lock:
        assert lock.acquire()
        process = subprocess.Popen(
            [sys.executable, "-m", "tray_app", "--headless", "--practice", f"--port={port}"],
            env=environ(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if is_held:
            process.wait(30)
        else:
            time.sleep(1.5)
    if not is_held:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Portico ready http://127.0.0.1:{port}/v1\n"
        process.terminate()
    said = process.communicate(timeout=10)[1]

    assert process.returncode == (6 if is_held else 0)
    assert ("running already" in said) == is_held


def test_words_are_said_to_who_listens_and_lost_on_who_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R60"""
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    tell("hello")
    code = complain("no", 3)
    said.close()
    tell("nobody")
    monkeypatch.setattr(sys, "stderr", None)
    tell("nobody either")

    assert code == 3


def test_what_is_said_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell("hello")
    complain("no", 1)

    assert capsys.readouterr().err == "hello\nportico: no\n"
