"""`portico doctor` where there is no keyring; with one see `tests/keyring`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop.running import ROOT, environment_of
from tests.desktop.xfce import Xfce
from tray_app.doctor import doctor
from tray_app.store.paths import Paths


def test_each_check_is_a_line_and_one_that_fails_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R64"""
    code = doctor(Paths(tmp_path), {"PORTICO_PORT": "1"})
    lines = capsys.readouterr().out.splitlines()

    names = ["http:", "data:", "port:", "keyring:", "desktop:"]
    assert [line.split()[1] for line in lines] == names
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "FAIL", "ok"]
    assert "in memory only" in lines[3]
    assert code == 1


@pytest.mark.desktop
@pytest.mark.parametrize("panel", [True, False])
def test_tray_and_windows_are_checked_where_there_is_a_screen(tmp_path: Path, panel: bool) -> None:
    xfce = Xfce(tmp_path)
    xfce.start(panel=panel)
    try:
        checked = subprocess.run(
            [sys.executable, "-m", "tray_app", "doctor"],
            env=environment_of(xfce, tmp_path / "portico"), capture_output=True, text=True,
            check=False, timeout=60, cwd=ROOT,
        )  # fmt: skip
    finally:
        xfce.stop()

    told = dict(line.split(None, 1)[::-1] for line in checked.stdout.splitlines())
    assert told["windows: the web engine is there"] == "ok"
    assert ("tray: a panel shows icons" in told) is panel
    assert any("opens its window instead" in line for line in told) is not panel
