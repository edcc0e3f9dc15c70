"""What every way of running begins with."""

import io
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path

import pytest

from tray_app.startup import AlreadyRunningError, complain, only_instance, tell
from tray_app.store.paths import Paths
from tray_app.store.restarts import note_restart

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
