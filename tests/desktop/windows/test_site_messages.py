"""The lines between the site's window and its parent."""

import pytest

from tray_app.desktop.windows.messages import MessageError, Ping, Pong
from tray_app.desktop.windows.site_messages import (
    Abort,
    AskCookies,
    At,
    Begin,
    Check,
    Cookie,
    End,
    Fetch,
    FromSite,
    Head,
    Hidden,
    Hide,
    Jar,
    Leave,
    Opened,
    Piece,
    Renew,
    Reveal,
    Stored,
    ToSite,
    Usable,
    Visit,
    from_site,
    site_line,
    to_site,
)
from tray_app.upstreams.qwen import SITE

MINE = "0" * 32
TOLD = "你好 🐉 \u2028 </script> `${1}` \\ \"'"


@pytest.mark.parametrize(
    "message",
    [
        Begin(SITE, "/profile", "/auth", shown=True, title="Sign in"), Visit("/"), Renew(),
        Fetch(MINE, "POST", "/api", {"source": "web"}, TOLD, "state"), Abort(MINE), AskCookies(),
        Reveal("Check"), Hide(), Ping(1), Leave(),
    ],
)  # fmt: skip
def test_the_window_hears_what_its_parent_says(message: ToSite) -> None:
    said = site_line(message)

    assert to_site(said) == message
    assert said.count(b"\n") == 1


@pytest.mark.parametrize(
    "message",
    [
        Opened("gtkwebkit2"), At("https://chat.qwen.ai/"), Stored({"state": TOLD}), Usable(True),
        Check(True), Head(MINE, 200, {"content-type": "text/event-stream"}), Piece(MINE, TOLD),
        End(MINE), End(MINE, "left"), Jar([Cookie("a", "b", "chat.qwen.ai", False, True)]),
        Hidden(), Pong(1),
    ],
)  # fmt: skip
def test_the_parent_hears_what_the_window_says(message: FromSite) -> None:
    assert from_site(site_line(message)) == message


def test_a_prompt_of_a_client_fits_and_a_flood_of_the_page_does_not() -> None:
    long = site_line(Fetch(MINE, "POST", "/api", {}, "语" * (4 << 20)))
    assert isinstance(to_site(long), Fetch)

    with pytest.raises(MessageError, match="too long"):
        from_site(site_line(Piece(MINE, "x" * (1 << 20))))
