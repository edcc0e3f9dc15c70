"""The package for Debian: well made, installed, used on a desktop and without one, and removed."""

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.desktop.remote import Remote
from tests.desktop.screen import Eyes
from tests.package.building import Built
from tests.package.test_build import desktop_with_keyring, without_source
from tests.ports import free_port
from tests.waiting import until

pytestmark = [
    pytest.mark.package,
    pytest.mark.skipif(os.geteuid() != 0, reason="installing a package needs root"),
]

COMMAND = "/usr/bin/portico"
PLACES = ("/usr/lib/portico", "/usr/bin/portico", "/usr/share/doc/portico")
_SYSTEM = ("/etc", "/usr", "/var/cache", "/var/lib/apt", "/var/lib/dpkg")
_UNASKED = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def said(*words: str | Path, **environment: str) -> str:
    """What a program prints, which must succeed."""
    done = subprocess.run(
        words, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@contextmanager
def installed(built: Built) -> Iterator[list[str]]:
    """The package on this computer; gives its files. Nobody's other Portico is replaced."""
    assert not any(Path(place).exists() for place in PLACES), "a Portico is installed here already"
    try:
        told = said("apt-get", "install", "--yes", built.deb, **_UNASKED)
        assert "Recommended packages:" not in told, "apt would leave some of them out"
        yield said("dpkg", "-L", "portico").split()
    finally:
        subprocess.run(["dpkg", "-P", "portico"], capture_output=True, check=False)


def removed() -> None:
    """Take it from this computer again, with whatever the package brought."""
    said("apt-get", "purge", "--yes", "portico", **_UNASKED)


def left(files: list[str]) -> list[str]:
    """What is still there of a package's files, or is there by its name."""
    ours = {name for name in files if "portico" in name.lower()}
    assert len(ours) > 100
    named = said("find", *_SYSTEM, "-iname", "*portico*").split()
    return [*named, *(name for name in ours if Path(name).exists())]


@contextmanager
def started(environment: dict[str, str], *words: str) -> Iterator["subprocess.Popen[str]"]:
    """The installed program, until the context ends."""
    process = subprocess.Popen(
        [COMMAND, *words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answer(port: int, key: str) -> tuple[int, str]:
    """The status and the text of what a client is answered."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = {"model": "qwen3.7-plus", "messages": [{"role": "user", "content": "Hello there"}]}
    line.request(
        "POST", "/v1/chat/completions", json.dumps(body),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )  # fmt: skip
    response = line.getresponse()
    text = response.read().decode()
    line.close()
    return response.status, text


def test_the_package_is_well_made(built: Built, tmp_path: Path) -> None:
    """P10"""
    judged = said("lintian", "--allow-root", "--tag-display-limit", "0", built.deb)
    said("dpkg-deb", "-x", built.deb, tmp_path)
    share = tmp_path / "usr" / "share"
    [entry] = (share / "applications").iterdir()
    [about] = (share / "metainfo").iterdir()

    assert judged == ""
    assert said("desktop-file-validate", entry) == ""
    said("appstreamcli", "validate", "--no-net", about)
    assert entry.stem == about.name.removesuffix(".metainfo.xml")


def test_it_is_installed_used_without_a_screen_and_removed_without_leftovers(
    built: Built, tmp_path: Path
) -> None:
    """P19"""
    environment = {"PATH": "/usr/bin:/bin", "PORTICO_HOME": str(tmp_path / "home")}
    port = free_port()
    with installed(built) as files:
        with started(environment, "--headless", "--practice", "--port", str(port)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"Portico ready http://127.0.0.1:{port}/v1\n"
            key = said(COMMAND, "key", "show", **environment).strip()
            assert "Hello there" in answer(port, key)[1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        removed()

    assert left(files) == []
    listed = subprocess.run(["dpkg", "-s", "portico"], capture_output=True, check=False)
    assert listed.returncode == 1


def test_its_tray_its_window_and_the_key_that_it_copies_serve_on_a_desktop(
    built: Built, tmp_path: Path
) -> None:
    with installed(built), desktop_with_keyring(tmp_path / "desktop") as desktop:
        environment = without_source(desktop, tmp_path / "home")
        port = free_port()
        with started(environment, "--practice", "--port", str(port)) as process:
            tray = Remote(environment["DBUS_SESSION_BUS_ADDRESS"], process.pid)
            until(lambda: tray.tip().startswith(f"Practice mode on port {port}"))
            said(COMMAND, **environment)
            eyes = Eyes(environment)
            until(lambda: eyes.windows("Portico"), within_s=30)
            eyes.click("Copy key")
            copied = ("xclip", "-selection", "clipboard", "-o")
            key = until(lambda: eyes.run(*copied).strip())
            assert "Hello there" in answer(port, key)[1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            until(lambda: not eyes.windows("Portico"))
