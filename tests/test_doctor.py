"""`portico doctor` where there is no keyring; with one see `tests/keyring`."""

from pathlib import Path

import pytest

from tray_app.doctor import doctor
from tray_app.store.paths import Paths


def test_each_check_is_a_line_and_one_that_fails_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R64"""
    code = doctor(Paths(tmp_path), {"PORTICO_PORT": "1"})
    lines = capsys.readouterr().out.splitlines()

    assert [line.split()[1] for line in lines] == ["http:", "data:", "port:", "keyring:"]
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "FAIL"]
    assert "in memory only" in lines[-1]
    assert code == 1
