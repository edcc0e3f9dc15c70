"""Where the site's window may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.desktop.windows.navigation import is_harmless, origin_of, plain, where
from tray_app.upstreams.qwen import SITE


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://chat.qwen.ai/", "here"),
        ("https://chat.qwen.ai:443/auth?x#y", "here"),
        ("HTTPS://CHAT.QWEN.AI/", "here"),
        ("https://auth.qwen.ai/api", "here"),
        ("https://sso.qwen.ai/", "here"),
        ("https://github.com/login/oauth/authorize", "here"),
        ("https://accounts.google.com/o/oauth2", "here"),
        ("https://user:pass@chat.qwen.ai/", "here"),
        ("https://chat.qwen.ai:8443/", "outside"),
        ("https://github.com.evil.example/", "outside"),
        ("https://evilqwen.ai/", "outside"),
        ("https://qwen.ai.evil.example/", "outside"),
        ("https://chat.qwen.ai@evil.example/", "outside"),
        ("https://chat.qwen.ai\\@evil.example/", "outside"),
        ("https://gist.github.com/", "outside"),
        ("https://[::1]/", "outside"),
        ("http://chat.qwen.ai/", "nowhere"),
        ("http://localhost/", "nowhere"),
        ("file:///etc/passwd", "nowhere"),
        ("javascript:alert(1)", "nowhere"),
        ("data:text/html,x", "nowhere"),
        ("blob:https://chat.qwen.ai/1", "nowhere"),
        ("about:blank", "nowhere"),
        ("ftp://chat.qwen.ai/", "nowhere"),
        ("mailto:me@chat.qwen.ai", "nowhere"),
        ("https://", "nowhere"),
        ("https://chat.qwen.ai:x/", "nowhere"),
        ("https://[/", "nowhere"),
        ("", "nowhere"),
    ],
)
def test_the_window_shows_the_site_and_those_by_whom_people_sign_in(url: str, place: str) -> None:
    """S98"""
    assert where(url, SITE) == place


@given(st.text(max_size=40), st.sampled_from(["", "https://", "https://chat.qwen.ai", "//", "x:"]))
def test_no_address_is_too_odd(text: str, before: str) -> None:
    url = before + text

    assert where(url, SITE) in {"here", "outside", "nowhere"}
    assert "?" not in plain(url)
    assert "#" not in plain(url)
    if where(url, SITE) == "here":
        assert origin_of(url).startswith("https://")


@pytest.mark.parametrize(
    ("url", "harmless"),
    [
        ("https://anything.example/", True), ("about:srcdoc", True), ("blob:https://x/1", True),
        ("http://chat.qwen.ai/", False), ("file:///etc/passwd", False), ("data:text/html,x", False),
        ("javascript:1", False), ("", False),
    ],
)  # fmt: skip
def test_a_frame_loads_nothing_unsafe(url: str, harmless: bool) -> None:
    """S98"""
    assert is_harmless(url, SITE) is harmless


def test_what_is_told_of_an_address_has_no_secret() -> None:
    assert plain("https://me:pw@chat.qwen.ai/a/b?code=1#token") == "https://chat.qwen.ai/a/b"
    assert plain("https://chat.qwen.ai") == "https://chat.qwen.ai/"
    assert plain("about:blank") == ""
    assert origin_of("https://[::1]:8443/x") == "https://[::1]:8443"
