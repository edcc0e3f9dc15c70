"""Which cookies are the session's, by what an engine has."""

import dataclasses
from http.cookies import SimpleCookie
from typing import Any

import msgspec

from tray_app.core.site import Site
from tray_app.desktop.windows.site_engine import Engine
from tray_app.upstreams.qwen import SITE

TLS = msgspec.structs.replace(
    SITE, pages=msgspec.structs.replace(SITE.pages, cookie_domains=("chat.example", "example"))
)
PLAIN = msgspec.structs.replace(TLS, chat_origin="http://127.0.0.1:81")


@dataclasses.dataclass
class Window:
    """What pywebview gives of a window's cookies: one jar for each of them."""

    lines: tuple[str, ...]

    def get_cookies(self) -> list[Any]:
        return [SimpleCookie(line) for line in self.lines]


def names(site: Site, *lines: str) -> list[str]:
    return [one.name for one in Engine(Window(lines), site, print).cookies()]


def test_cookies_of_exactly_the_sessions_domains_are_told() -> None:
    """S99."""
    assert names(
        TLS,
        "a=1; Domain=chat.example; Secure; HttpOnly", "b=1; Domain=.example; Secure",
        "c=1; Domain=evil.example; Secure", "d=1; Domain=.chat.example.evil; Secure",
        "e=1; Domain=notchat.example; Secure", "f=1; Secure",
    ) == ["a", "b"]  # fmt: skip


def test_a_cookie_that_goes_over_plain_lines_is_none_of_a_site_with_tls() -> None:
    """S99."""
    assert names(TLS, "a=1; Domain=chat.example") == []
    assert names(PLAIN, "a=1; Domain=chat.example") == ["a"]


def test_a_cookie_is_told_as_it_is_sent() -> None:
    line = 'a="x y"; Domain=.example; Secure'
    (cookie,) = Engine(Window((line,)), TLS, print).cookies()

    assert (cookie.name, cookie.value, cookie.domain) == ("a", '"x y"', "example")
    assert cookie.everywhere
    assert cookie.secure
