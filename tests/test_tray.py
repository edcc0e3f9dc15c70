"""The program as people have it: an icon, a menu, windows; on a real panel."""

import http.client
import json
import signal
import stat
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.desktop.running import Tray, second_start, tray
from tests.desktop.xfce import Xfce
from tests.waiting import until

SERVING = "Practice mode on port"


@pytest.fixture
def xfce(tmp_path: Path) -> Iterator[Xfce]:
    desktop = Xfce(tmp_path)
    desktop.start(panel=True)
    yield desktop
    desktop.stop()


@pytest.fixture
def running(xfce: Xfce, tmp_path: Path) -> Iterator[Tray]:
    with tray(xfce, tmp_path / "portico") as started:
        started.line(SERVING)
        yield started


def ask_health(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    finally:
        connection.close()


@pytest.mark.desktop
def test_the_menu_starts_and_stops_the_proxy_and_quits(running: Tray) -> None:
    """R40"""
    remote, port = running.remote, running.portico.port
    assert remote.shown()["Id"] == "portico"
    assert [size for size, *_ in remote.shown()["IconPixmap"]] == [16, 22, 24, 32, 48, 64]
    served = ask_health(port)
    while_running = remote.shown()["IconPixmap"]
    remote.click("Stop")
    running.line("Stopped")
    with pytest.raises(ConnectionRefusedError):
        ask_health(port)
    while_stopped = remote.shown()["IconPixmap"]
    status = json.loads(running.portico.say("status", "--json"))
    remote.click("Start")
    running.line(SERVING)

    assert served
    assert while_stopped != while_running
    assert status["state"] == "stopped"
    assert ask_health(port)
    remote.click("Quit Portico")
    assert running.process.wait(10) == 0


@pytest.mark.desktop
def test_what_is_copied_is_what_a_client_needs(running: Tray) -> None:
    """S110"""
    remote, portico = running.remote, running.portico
    remote.click("Copy endpoint")
    endpoint = until(running.pasted)
    remote.click("Copy key")
    key = until(lambda: running.pasted() if running.pasted() != endpoint else "")
    status, _ = portico.chat(key, path="")
    portico.say("key", "new", "roo")
    until(lambda: remote.row("roo"))
    remote.click("roo")
    roo = until(lambda: running.pasted() if running.pasted() != key else "")
    until(
        lambda: "default · qwen3.7-plus · ok" in remote.row("Recent activity")["rows"][0]["label"]
    )
    remote.click("qwen3.7-plus")

    assert endpoint == f"http://127.0.0.1:{portico.port}/v1"
    assert key == portico.say("key", "show")
    assert status == 200
    assert roo == portico.say("key", "show", "roo")
    assert until(lambda: running.pasted() == "qwen3.7-plus")


@pytest.mark.desktop
def test_a_start_while_the_first_ends_becomes_the_next_one(
    running: Tray, xfce: Xfce, tmp_path: Path
) -> None:
    """R45"""
    port = running.portico.port
    running.process.send_signal(signal.SIGTERM)
    with tray(xfce, tmp_path / "portico", "--port", str(port)) as second:
        assert running.process.wait(15) == 0
        until(lambda: ask_health(port))
        second.line(SERVING)

        assert second.process.poll() is None


def listening(running: Tray) -> set[int]:
    """The ports that it listens on."""
    found = psutil.Process(running.process.pid).net_connections("tcp")
    return {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}


WINDOWS = {
    "Connect an app…": "Portico - Connect an app",
    "Settings…": "Portico - Settings",
    "Activity…": "Portico - Activity",
    "What models can do…": "Portico - Models",
    "About and diagnostics…": "Portico - About",
}


def family_listens(running: Tray) -> set[int]:
    """The ports that its windows and their engines listen on."""
    family = psutil.Process(running.process.pid).children(recursive=True)
    assert family
    return {
        found.laddr.port
        for one in family
        for found in one.net_connections("inet")
        if found.status == psutil.CONN_LISTEN
    }


@pytest.mark.desktop
def test_whatever_window_is_open_only_the_proxy_listens(running: Tray) -> None:
    """S101"""
    before = listening(running)
    seen = {}
    for row, title in WINDOWS.items():
        running.remote.click(row)
        until(partial(running.has_window, title))
        seen[title] = (listening(running), family_listens(running))
    second_start(running)
    until(lambda: running.has_window("Portico"))

    assert running.portico.port in before
    assert seen == dict.fromkeys(WINDOWS.values(), (before, set()))
    assert (listening(running), family_listens(running)) == (before, set())
    found = psutil.Process(running.process.pid).net_connections("tcp")
    assert {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN} <= {
        "127.0.0.1", "::1",
    }  # fmt: skip


@pytest.mark.desktop
def test_a_person_removes_everything_in_a_window(running: Tray) -> None:
    """P19"""
    home = running.portico.home
    running.portico.say("settings", "set", "queue_size", "7")
    running.remote.click("Start with the computer")
    entry = Path(running.environment["HOME"]) / ".config/autostart"
    until(lambda: list(entry.glob("*.desktop")))
    running.remote.click("About and diagnostics…")
    until(lambda: running.has_window("Portico - About"))
    running.eyes.click("Remove")
    running.eyes.click("Remove everything…")
    until(lambda: "Remove and quit" in running.eyes.names())
    was_there = (home / "settings.json").exists()
    running.eyes.click("Remove and quit")

    assert was_there
    assert running.process.wait(20) == 0
    assert not home.exists()
    assert list(entry.glob("*.desktop")) == []


def state(running: Tray) -> str:
    return str(json.loads(running.portico.say("status", "--json"))["state"])


@pytest.mark.desktop
def test_a_second_start_shows_the_first(running: Tray) -> None:
    """R45, S102"""
    before = listening(running)
    second = second_start(running)
    door = running.portico.home / "door.sock"

    assert second.returncode == 0
    assert "running already" in second.stderr
    assert until(lambda: running.has_window("Portico"))
    assert stat.S_IMODE(door.stat().st_mode) == 0o600
    assert listening(running) == before


@pytest.mark.desktop
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_session_that_ends_ends_it_in_order(running: Tray, number: int) -> None:
    """R43"""
    key = running.portico.say("key", "show")
    answers: list[bytes] = []
    thread = threading.Thread(
        target=lambda: answers.append(running.portico.chat(key, "Tell me much", stream=True)[1])
    )
    thread.start()
    until(lambda: json.loads(running.portico.say("status", "--json"))["queue"]["in_flight"])
    began_s = time.monotonic()

    assert running.end(number) == 0
    assert time.monotonic() - began_s < 8
    thread.join(10)
    assert answers[0].endswith(b"data: [DONE]\n\n")
    assert not (running.portico.home / "door.sock").exists()


@pytest.mark.desktop
def test_a_panel_that_is_killed_finds_the_icon_again(running: Tray, xfce: Xfce) -> None:
    xfce.stop_panel()
    running.portico.say("settings", "set", "language", "pt-BR")
    xfce.start_panel()

    running.line("Modo de treino na porta")
    running.remote.click("Parar")
    running.line("Parado")


@pytest.mark.desktop
def test_a_storm_of_clicks_ends_as_the_last_one_said(running: Tray) -> None:
    """R41"""
    stop = running.remote.row("Stop")["id"]
    start = stop - 1
    running.remote.click_ids([start if number % 2 else stop for number in range(200)])
    until(lambda: state(running) in {"running", "stopped"})
    running.line("Stopped" if state(running) == "stopped" else SERVING)
    if "Start" in running.remote.labels():
        running.remote.click("Start")
    running.line(SERVING)

    assert running.portico.chat(running.portico.say("key", "show"))[0] == 200
    running.remote.click("Stop")
    running.line("Stopped")


@pytest.mark.desktop
def test_the_menu_opens_quickly_while_twenty_answers_stream(running: Tray) -> None:
    """R78"""
    running.portico.say("settings", "set", "parallel_answers", "20")
    running.portico.say("settings", "set", "start_spacing_s", "0")
    key = running.portico.say("key", "show")
    bodies: list[bytes] = []

    def stream() -> None:
        bodies.append(running.portico.chat(key, "Tell me much", stream=True, patience_s=60)[1])

    threads = [threading.Thread(target=stream) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: json.loads(running.portico.say("status", "--json"))["queue"]["in_flight"] >= 15)
    times_s = running.remote.times_to_open(20)
    running.portico.say("settings", "set", "queue_size", "40")
    for thread in threads:
        thread.join(60)

    assert max(times_s) < 0.1
    assert len(bodies) == 20
    assert all(body.endswith(b"data: [DONE]\n\n") for body in bodies)


@pytest.mark.desktop
def test_settings_are_turned_in_the_menu(running: Tray) -> None:
    remote, portico = running.remote, running.portico
    entry = Path(running.environment["HOME"]) / ".config/autostart"
    before = remote.row("Start with the computer")["toggle-state"]
    remote.click("Start with the computer")
    until(lambda: remote.row("Start with the computer")["toggle-state"] == 1)
    assert before == 0
    assert "--hidden" in next(entry.iterdir()).read_text()
    remote.click("Start with the computer")
    until(lambda: remote.row("Start with the computer")["toggle-state"] == 0)
    remote.click("Notices")
    until(lambda: portico.say("settings", "get", "notices") == "false")
    remote.click("简体中文")
    until(lambda: "退出 Portico" in remote.labels())

    assert list(entry.iterdir()) == []


@pytest.mark.desktop
def test_without_a_panel_a_window_is_there_and_closing_it_quits(
    tmp_path: Path,
) -> None:
    """R63"""
    xfce = Xfce(tmp_path)
    xfce.start(panel=False)
    try:
        with tray(xfce, tmp_path / "portico") as running:
            until(lambda: running.has_window("Portico"))
            assert running.portico.chat(running.portico.say("key", "show"))[0] == 200
            running.eyes.find("Copy endpoint", "button")
            # A key that is pressed before the window has the keyboard is nobody's.
            window = running.eyes.windows("Portico")[-1]
            running.eyes.run("xdotool", "windowactivate", "--sync", window)
            running.eyes.keys("alt+F4")
            assert running.process.wait(15) == 0
    finally:
        xfce.stop()


@pytest.mark.desktop
def test_without_panel_and_web_engine_it_serves_and_says_so(tmp_path: Path) -> None:
    """R63"""
    xfce = Xfce(tmp_path)
    xfce.start(panel=False)
    (tmp_path / "hidden" / "gi").mkdir(parents=True)
    (tmp_path / "hidden" / "gi" / "__init__.py").write_text("raise ImportError\n")
    try:
        path = f"{tmp_path / 'hidden'}:{Path(__file__).parents[1]}"
        with tray(xfce, tmp_path / "portico", environ={"PYTHONPATH": path}) as running:
            said = tmp_path / "portico.err"
            until(lambda: "no window can be shown" in said.read_text())
            assert running.portico.chat(running.portico.say("key", "show"))[0] == 200
            assert "windows=none" in (running.portico.home / "logs" / "portico.log").read_text()
            assert running.end() == 0
    finally:
        xfce.stop()


@pytest.mark.desktop
def test_a_port_that_is_taken_is_told_and_another_is_the_persons_choice(
    running: Tray, xfce: Xfce, tmp_path: Path
) -> None:
    """R44"""
    (tmp_path / "other").mkdir()
    with tray(xfce, tmp_path / "other" / "portico", "--port", str(running.portico.port)) as second:
        other = second.remote
        until(lambda: other.tip().startswith("Port "))
        assert other.tip() == f"Port {running.portico.port} is taken"
        assert other.row("Used by")["label"].endswith(f"process {running.process.pid}")
        assert ask_health(running.portico.port)
        other.click("Use port")
        until(lambda: other.tip().startswith(SERVING))
        assert f" {running.portico.port}" not in other.tip()


@pytest.mark.desktop
def test_it_serves_soon_and_does_nothing_while_nobody_asks(xfce: Xfce, tmp_path: Path) -> None:
    """R73"""
    began_s = time.monotonic()
    with tray(xfce, tmp_path / "portico") as running:
        until(lambda: ask_health(running.portico.port), 5.0)
        took_s = time.monotonic() - began_s
        running.line(SERVING)
        time.sleep(2.0)
        process = psutil.Process(running.process.pid)
        before = sum(process.cpu_times()[:2])
        time.sleep(4.0)
        spent_s = sum(process.cpu_times()[:2]) - before

    assert took_s < 3
    assert spent_s < 0.04
