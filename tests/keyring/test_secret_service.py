"""The whole program on a real Secret Service, from the command line and over HTTP."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.keyring.secret_service import SecretService, secret_service
from tests.ports import free_port
from tests.test_headless import Portico
from tests.test_headless import serving as practising
from tests.waiting import until
from tray_app.practice import PracticeSite

pytestmark = pytest.mark.keyring

WAIT_S = 10.0


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """An unlocked keyring of this test's own."""
    folder = tmp_path / "desktop"
    folder.mkdir()
    with secret_service(folder) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """The same with a screen."""
    folder = tmp_path / "desktop"
    folder.mkdir()
    with secret_service(folder, screen=True) as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
def portico(desktop: SecretService, tmp_path: Path) -> Portico:
    """The command line on that desktop, with nothing running."""
    return Portico(tmp_path / "data")


@contextmanager
def serving(portico: Portico, site: PracticeSite) -> Iterator[Portico]:
    """The program running in front of the site, as a process that may be killed."""
    portico.port = free_port()
    words = [str(portico.home), str(portico.port), site.origin, site.auth_origin]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.keyring.child", *words], stdout=subprocess.PIPE, text=True
    )
    portico.process = process
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield portico
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def brought(portico: Portico, site: PracticeSite) -> str:
    """What bringing a session says."""
    told = site.sign_in()
    text = json.dumps({"token": told["token"], "cookies": told["cookies"]})
    done = subprocess.run(
        [sys.executable, "-m", "tray_app", "session", "import"],
        env={**os.environ, "PORTICO_HOME": str(portico.home)},
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def status(portico: Portico) -> Any:
    return json.loads(portico.say("status", "--json"))


def test_keys_are_kept_where_nothing_runs(portico: Portico, desktop: SecretService) -> None:
    key = portico.say("key", "show")
    made = portico.say("key", "new", "roo")
    changed = portico.say("key", "set", "roo", "reasoning", "think")
    shown = [portico.say("key", "show"), portico.say("key", "show", "roo")]
    listed = portico.say("key", "list")
    kept = desktop.entries()
    revoked = portico.say("key", "revoke", "roo")
    gone = portico.run("key", "show", "roo")

    assert shown == [key, made]
    assert changed == "reasoning of 'roo' is think now."
    assert "reasoning=think" in listed
    assert key in kept
    assert "revoked" in revoked
    assert gone.returncode == 1
    assert made not in desktop.entries()
    files = [path.read_bytes() for path in portico.home.rglob("*") if path.is_file()]
    assert not any(key.encode() in data for data in files)


def test_two_data_folders_have_two_sets_of_keys(portico: Portico, tmp_path: Path) -> None:
    """S121"""
    assert portico.say("key", "show") != Portico(tmp_path / "other").say("key", "show")


def test_the_doctor_tries_the_keyring(portico: Portico, desktop: SecretService) -> None:
    """R64"""
    good = portico.run("doctor")
    desktop.lock()
    locked = portico.run("doctor")

    # Whether the site can be reached is the computer's; all else is well.
    failed = [line for line in good.stdout.splitlines() if line.startswith("FAIL")]
    assert [line for line in failed if "network:" not in line] == []
    assert good.returncode == (1 if failed else 0)
    assert locked.returncode == 1
    assert "ok    keyring" in good.stdout
    assert "session: nobody is signed in" in good.stdout
    assert "FAIL  keyring: The keyring is locked." in locked.stdout
    assert "FAIL  session: not known. The keyring is locked." in locked.stdout
    desktop.unlock()
    assert "check" not in desktop.entries()


def test_what_is_forgotten_is_in_the_keyring_no_more(
    portico: Portico, desktop: SecretService, site: PracticeSite
) -> None:
    """P19"""
    with serving(portico, site):
        brought(portico, site)
        key = portico.say("key", "show")
    known = portico.run("doctor")
    before = desktop.entries()
    desktop.lock()
    locked = portico.run("forget", "--yes")
    desktop.unlock()
    done = portico.run("forget", "--yes")

    assert "ok    session: signed in" in known.stdout
    assert ", as the keyring has it" in known.stdout
    assert key in before
    assert locked.returncode == 5
    assert "The keyring is locked." in locked.stderr
    assert done.returncode == 0
    assert "Removed: the session and the local keys in the keyring" in done.stdout
    assert key not in desktop.entries()
    assert "Portico" not in desktop.entries()
    assert not portico.home.exists()


def test_a_session_outlives_restarts_and_kills(
    portico: Portico, desktop: SecretService, site: PracticeSite
) -> None:
    """R64"""
    with serving(portico, site):
        said = brought(portico, site)
        key = portico.say("key", "show")
        first = portico.chat(key)[0]
    with serving(portico, site):
        shown = portico.say("session", "show")
        second = portico.chat(key)[0]
        site.expire_tokens()
        renewed = portico.chat(key)[0]
        used = site.heard_on("/api/v2/chat/completions")[-1].request.cookies["refresh_token"]
        assert portico.process is not None
        portico.process.kill()
        portico.process.wait()
    kept = desktop.entries()
    with serving(portico, site):
        site.expire_tokens()
        after_kill = portico.chat(key)[0]
        cleared = portico.say("session", "clear")
        refused = portico.chat(key)[0]
    left = desktop.entries()

    assert "saved in the keyring" in said
    assert "signed in as person@practice.example" in shown
    assert (first, second, renewed, after_kill, refused) == (200, 200, 200, 200, 401)
    assert used in kept
    assert cleared == "Signed out."
    assert "/session" not in left
    assert portico.run("session", "show").returncode == 4


def test_a_keyring_that_is_locked_at_the_start_is_waited_for(
    portico: Portico, desktop: SecretService, site: PracticeSite
) -> None:
    """R64"""
    with serving(portico, site):
        brought(portico, site)
        key = portico.say("key", "show")
    desktop.lock()
    alone = portico.run("key", "show")
    with serving(portico, site):
        refused, body = portico.chat(key)
        told = status(portico)
        said = portico.say("status")
        shown = portico.run("key", "show")
        desktop.unlock()
        until(lambda: status(portico)["session"]["state"] == "signed_in")

        assert portico.chat(key)[0] == 200
        assert portico.say("key", "show") == key
    assert alone.returncode == 5
    assert "Unlock it" in alone.stderr
    assert refused == 503
    assert b'"credential_store_locked"' in body
    assert told["keyring"]["state"] == "locked"
    assert "The keyring is locked. Unlock it" in said
    assert shown.returncode == 1
    assert "Unlock it" in shown.stderr


def test_practice_needs_no_keyring(desktop: SecretService, tmp_path: Path) -> None:
    """R64"""
    desktop.lock()
    before = desktop.entries()
    with practising(tmp_path / "data") as portico:
        key = portico.say("key", "show")
        told = status(portico)

        assert portico.chat(key)[0] == 200
        assert told["session"]["state"] == "signed_in"
        assert told["keyring"] == {"state": "memory", "saved": False, "note": ""}
    assert desktop.entries() == before


def test_a_person_is_asked_to_unlock_the_keyring(
    screen: SecretService, tmp_path: Path, site: PracticeSite
) -> None:
    """R64"""
    portico = Portico(tmp_path / "data")
    key = portico.say("key", "show")
    screen.lock()
    with serving(portico, site):
        before = status(portico)["keyring"]["state"]

        def unlocked() -> bool:
            # Whoever dismissed the window, or missed it, is asked again by the next command.
            screen.type_password()
            return portico.run("key", "show").returncode == 0

        until(unlocked)

        assert before == "locked"
        assert portico.say("key", "show") == key


def test_a_renewal_while_the_keyring_is_locked_is_saved_when_it_is_opened(
    portico: Portico, desktop: SecretService, site: PracticeSite
) -> None:
    """R64"""
    with serving(portico, site):
        brought(portico, site)
        key = portico.say("key", "show")
        desktop.lock()
        site.expire_tokens()
        answered = portico.chat(key)[0]
        told = status(portico)["keyring"]
        desktop.unlock()
        until(lambda: status(portico)["keyring"]["saved"])
        used = site.heard_on("/api/v2/chat/completions")[-1].request.cookies["refresh_token"]

    assert answered == 200
    assert told["state"] == "locked"
    assert not told["saved"]
    assert used in desktop.entries()


def test_a_keyring_that_hangs_holds_no_request_up(
    portico: Portico, desktop: SecretService, site: PracticeSite
) -> None:
    """S111"""
    with serving(portico, site):
        brought(portico, site)
        key = portico.say("key", "show")
        desktop.freeze()
        began_s = time.monotonic()
        answered = [portico.chat(key)[0] for _ in range(3)]
        took_s = time.monotonic() - began_s
        desktop.thaw()
    desktop.freeze()
    began_s = time.monotonic()
    with serving(portico, site):
        ready_s = time.monotonic() - began_s
        refused = portico.chat(key)[0]
        desktop.thaw()
        until(lambda: portico.chat(key)[0] == 200)

    assert answered == [200] * 3
    assert took_s < 6
    assert ready_s < 6
    assert refused == 503


def test_what_the_keyring_needs_is_little_memory(
    portico: Portico, desktop: SecretService, site: PracticeSite
) -> None:
    with serving(portico, site):
        brought(portico, site)
        portico.chat(portico.say("key", "show"))
        assert portico.process is not None
        used_mb = psutil.Process(portico.process.pid).memory_full_info().pss / (1 << 20)

    assert used_mb < 60
