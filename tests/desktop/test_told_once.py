"""What went wrong is told by the tray once, however often it does."""

import logging
import threading
import time
from pathlib import Path

import pytest

from tests.desktop.test_app import Life, key_of
from tests.desktop.test_app import life as life
from tests.proxy.test_supervisor import ask
from tests.waiting import until
from tray_app.core.redact import Redactor
from tray_app.practice import PracticeSite
from tray_app.store.logs import start_logging, stop_logging

pytestmark = pytest.mark.slow


def test_a_session_that_ended_is_told_once_however_many_asked(
    life: Life, site: PracticeSite
) -> None:
    """R39"""
    site.revoke()
    port = life.instance.supervisor.parts.settings.port
    threads = [
        threading.Thread(target=ask, args=(port, key_of(life), []), kwargs={"stream": True})
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    life.shows("signed_out")
    ask(port, key_of(life), [], stream=False)
    until(lambda: life.paper.notices)
    life.app.changed()

    assert len(life.paper.notices) == 1
    assert "Sign in again" in life.paper.notices[0][1]


def test_a_log_that_cannot_be_written_is_told_once(life: Life, tmp_path: Path) -> None:
    """R58"""
    logs = tmp_path / "logs"
    logs.write_text("in the way")
    start_logging(logs, "info", Redactor())
    try:
        for number in range(3):
            logging.getLogger("tray_app").warning("number %d", number)
            life.app.changed()
        [(_, text)] = until(lambda: life.paper.notices)
        logging.getLogger("tray_app").error("once more")
        life.app.changed()
        time.sleep(0.3)

        assert "disk is full" in text
        assert len(life.paper.notices) == 1
    finally:
        stop_logging()
