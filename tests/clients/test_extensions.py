"""Real extensions in real browsers, and the pages they meet, in front of a running Portico."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.browsers import PUBLIC, Found, Stage, chromium, firefox, serving
from tests.clients.conftest import npm_packages
from tests.harness import Running
from tests.proxy.test_transport import certificate

pytestmark = pytest.mark.browsers

EVERYTHING = {"models", "whole", "streamed", "wrong"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, because browsers put sockets into it."""
    with tempfile.TemporaryDirectory(prefix="portico-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def web_ext() -> Path:
    """The program that runs Firefox with an extension; installed once."""
    return npm_packages("webext") / "node_modules" / ".bin" / "web-ext"


@pytest.fixture
def answered(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Portico's own record of what it answered."""
    caplog.set_level("INFO", "tray_app.access")
    return caplog


def preflights(answered: pytest.LogCaptureFixture) -> list[str]:
    """The status of every preflight that the log tells; of many that are refused it tells few."""
    lines = [record.getMessage() for record in answered.records]
    return [line.partition("status=")[2].split()[0] for line in lines if "method=OPTIONS" in line]


def turned_away(proxy: Running) -> int:
    """How many requests of pages were refused."""
    count: int = proxy.control("status")["turned_away"]["reasons"]["origin_not_allowed"]
    return count


def check_served(found: Found) -> None:
    """Every answer to the right key is there and can be read."""
    models, whole, streamed = map(found.reply, ("models", "whole", "streamed"))
    assert (models.status, whole.status, streamed.status) == (200, 200, 200)
    assert "qwen3.7-plus" in {model["id"] for model in models.json()["data"]}
    assert whole.headers["content-type"].startswith("application/json")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert "Hello" in whole.text
    assert streamed.text == whole.text
    assert streamed.frames[-1] == "[DONE]"


def check_told_of_a_wrong_key(found: Found) -> None:
    """The refusal of a wrong key can be read, and says what is wrong."""
    wrong = found.reply("wrong")
    assert (wrong.status, wrong.code) == (401, "invalid_api_key")


def test_a_chromium_extension_with_host_permission_is_served(
    proxy: Running, folder: Path, answered: pytest.LogCaptureFixture
) -> None:
    """S46, S54"""
    stage = Stage(folder, "chromium.json")
    with serving(stage) as port:
        stage.configure(proxy, port)
        with chromium(stage, "about:blank", port):
            worker = stage.found("worker")

    assert worker.origin.startswith("chrome-extension://")
    check_served(worker)
    check_told_of_a_wrong_key(worker)
    assert preflights(answered) == []


def test_a_chromium_extension_without_host_permission_is_served(
    proxy: Running, folder: Path, answered: pytest.LogCaptureFixture
) -> None:
    """S45, S46"""
    # Chromium takes the pages of a content script for host permissions too.
    stage = Stage(folder, "chromium.json", without=("host_permissions", "content_scripts"))
    with serving(stage) as port:
        stage.configure(proxy, port)
        with chromium(stage, "about:blank", port):
            worker = stage.found("worker")

    assert worker.origin.startswith("chrome-extension://")
    check_served(worker)
    check_told_of_a_wrong_key(worker)
    assert set(preflights(answered)) == {"204"}


def test_a_public_page_in_chromium_is_refused_and_so_is_what_an_extension_puts_into_it(
    proxy: Running, folder: Path, answered: pytest.LogCaptureFixture
) -> None:
    """S43, S44"""
    stage = Stage(folder, "chromium.json", without=("background",))
    tls, _ = certificate(folder, PUBLIC)
    with serving(stage) as port, serving(stage, tls) as public_port:
        stage.configure(proxy, port)
        with chromium(stage, f"https://{PUBLIC}/", public_port):
            found = [stage.found("page"), stage.found("content script")]

    for place in found:
        assert place.origin == f"https://{PUBLIC}"
        assert place.refused == EVERYTHING
    assert set(preflights(answered)) == {"403"}
    assert turned_away(proxy) == 2 * len(EVERYTHING)
    assert proxy.site.heard == []


def test_a_loopback_page_in_chromium_is_served_and_so_is_what_an_extension_puts_into_it(
    proxy: Running, folder: Path
) -> None:
    """S47"""
    stage = Stage(folder, "chromium.json", without=("background",))
    with serving(stage) as port:
        stage.configure(proxy, port)
        with chromium(stage, f"http://127.0.0.1:{port}/", port):
            found = [stage.found("page"), stage.found("content script")]

    for place in found:
        assert place.origin == f"http://127.0.0.1:{port}"
        check_served(place)
        check_told_of_a_wrong_key(place)


def test_a_firefox_extension_with_host_permission_is_served_in_public_pages_too(
    proxy: Running, folder: Path, web_ext: Path, answered: pytest.LogCaptureFixture
) -> None:
    """S43, S44, S53, S53b, S54"""
    stage = Stage(folder, "firefox2.json")
    with serving(stage) as port:
        stage.configure(proxy, port)
        with firefox(stage, f"http://{PUBLIC}:{port}/", web_ext):
            worker, script = stage.found("worker"), stage.found("content script")
            page = stage.found("page")

    assert worker.origin.startswith("moz-extension://")
    check_served(worker)
    check_told_of_a_wrong_key(worker)
    check_served(script)
    assert script.reply("wrong").code == "origin_not_allowed"
    assert page.origin == f"http://{PUBLIC}:{port}"
    assert page.refused == EVERYTHING
    # The log tells few of those that are refused; which, goes by who comes first.
    assert set(preflights(answered)) == {"403"}
    assert turned_away(proxy) == len(EVERYTHING) + len(["wrong"])


def test_a_firefox_extension_without_host_permission_is_served(
    proxy: Running, folder: Path, web_ext: Path, answered: pytest.LogCaptureFixture
) -> None:
    """S45, S46"""
    stage = Stage(folder, "firefox3.json")
    with serving(stage) as port:
        stage.configure(proxy, port)
        with firefox(stage, "about:blank", web_ext):
            worker = stage.found("worker")

    assert worker.origin.startswith("moz-extension://")
    check_served(worker)
    check_told_of_a_wrong_key(worker)
    assert set(preflights(answered)) == {"204"}
