"""Where calls go."""

from tray_app.core.site import Site
from tray_app.upstreams.qwen import PAGES


def test_each_place_has_its_origin() -> None:
    site = Site("s", "https://chat.example", "https://auth.example", (), PAGES)

    assert site.origin("chat") == "https://chat.example"
    assert site.origin("auth") == "https://auth.example"
