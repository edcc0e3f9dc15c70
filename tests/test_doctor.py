"""`portico doctor` where there is no keyring; with one see `tests/keyring`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop.running import ROOT, environment_of
from tests.desktop.xfce import Xfce
from tests.outbound import outbound
from tests.proxy.test_reach import closed_port, port_of
from tests.proxy.test_reach import secure as secure
from tray_app.compose import practice_site
from tray_app.core.site import Site
from tray_app.doctor import doctor, session_line
from tray_app.practice import PracticeSite
from tray_app.store.paths import Paths
from tray_app.store.settings import Settings
from tray_app.store.settings_file import save

PORT = {"PORTICO_PORT": "1"}


def at(port: int) -> Site:
    """A site on this computer, as the real one is: with a certificate."""
    return practice_site(f"https://localhost:{port}", f"https://localhost:{port}")


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], site: Site) -> dict[str, str]:
    """Each row's mark and text, by its name."""
    doctor(Paths(tmp_path), PORT, site)
    lines = capsys.readouterr().out.splitlines()
    return {line.split()[1].rstrip(":"): line for line in lines}


def test_each_check_is_a_line_and_one_that_fails_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], secure: PracticeSite
) -> None:
    """R64"""
    code = doctor(Paths(tmp_path), PORT, at(port_of(secure)))
    lines = capsys.readouterr().out.splitlines()

    names = ["http:", "data:", "port:", "network:", "keyring:", "session:", "desktop:"]
    assert [line.split()[1] for line in lines] == names
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "ok", "FAIL", "ok", "ok"]
    assert lines[3] == "ok    network: localhost can be reached"
    assert "in memory only" in lines[4]
    assert "nobody is signed in" in lines[5]
    assert code == 1
    assert secure.heard == []


def test_a_site_that_cannot_be_reached_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = told(tmp_path, capsys, at(closed_port()))["network"]

    assert row.startswith("FAIL  network: localhost cannot be reached: localhost:")
    assert row.endswith("Check the internet connection.")


def test_the_network_is_tried_through_the_proxy_that_is_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], secure: PracticeSite
) -> None:
    paths = Paths(tmp_path)
    with outbound(port_of(secure)) as proxy:
        save(paths.settings, Settings(outbound_proxy=proxy.address))
        through = told(tmp_path, capsys, at(port_of(secure)))["network"]
    save(paths.settings, Settings(outbound_proxy=f"http://127.0.0.1:{closed_port()}"))
    wrong = told(tmp_path, capsys, at(port_of(secure)))["network"]

    assert through == "ok    network: localhost can be reached through the proxy"
    assert len(proxy.heads) == 1
    assert wrong.startswith("FAIL  network: localhost cannot be reached: the proxy 127.0.0.1:")
    assert "outbound_proxy" in wrong


def test_statistics_are_told_only_where_they_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], secure: PracticeSite
) -> None:
    site = at(port_of(secure))
    before = told(tmp_path, capsys, site)
    (tmp_path / "statistics.db").write_bytes(b"no database" * 999)

    after = told(tmp_path, capsys, site)

    assert "statistics" not in before
    assert after["statistics"].startswith("FAIL  statistics: ")


def test_a_data_folder_in_which_nothing_can_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], secure: PracticeSite
) -> None:
    (tmp_path / "instance.lock").mkdir()

    row = told(tmp_path, capsys, at(port_of(secure)))["data"]

    assert row.startswith("FAIL  data: ")
    assert row.endswith("instance.lock is no plain file that Portico can use. "
                        "Move it away and try again.")  # fmt: skip


@pytest.mark.parametrize(
    ("state", "account", "said"),
    [
        ("signed_in", "me", "signed in as me, until "), ("revoked", "me", "ended by Qwen (me)"),
        ("signed_out", "", "nobody is signed in"), ("something_new", "", "something_new"),
    ],
)  # fmt: skip
def test_a_session_is_told_in_words(state: str, account: str, said: str) -> None:
    session = {"state": state, "account": account, "expires_at": 1.0, "renews": True}

    assert session_line(session).startswith(said)
    assert session_line(session).endswith(" and then renewed") is (state == "signed_in")


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

    rows = dict(line.split(None, 1)[::-1] for line in checked.stdout.splitlines())
    assert rows["windows: the web engine is there"] == "ok"
    assert ("tray: a panel shows icons" in rows) is panel
    assert any("opens its window instead" in line for line in rows) is not panel
