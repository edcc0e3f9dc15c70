"""The way to the internet."""

import pytest

from tray_app.store.outbound import outbound_proxy

SITE = "https://chat.qwen.ai"


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_persons_choice_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://system.example:1")

    assert outbound_proxy("http://mine.example:2", SITE) == "http://mine.example:2"
    assert outbound_proxy("none", SITE) is None
    assert outbound_proxy("system", SITE) == "http://system.example:1"


def test_the_systems_choice_is_followed_with_its_exceptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", "system.example:1")
    assert outbound_proxy("system", SITE) == "http://system.example:1"
    assert outbound_proxy("system", "http://127.0.0.1:9") is None

    monkeypatch.setenv("no_proxy", "qwen.ai")
    assert outbound_proxy("system", SITE) is None


def test_without_a_proxy_the_way_is_direct() -> None:
    assert outbound_proxy("system", SITE) is None
