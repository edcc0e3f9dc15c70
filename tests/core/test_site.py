"""Where calls go."""

import pytest

from tray_app.core.site import Site
from tray_app.upstreams.qwen import PAGES


def test_each_place_has_its_origin() -> None:
    site = Site("s", "https://chat.example", "https://auth.example", (), PAGES)

    assert site.origin("chat") == "https://chat.example"
    assert site.origin("auth") == "https://auth.example"


REAL = Site("s", "https://chat.example", "https://auth.example", (), PAGES, (".store.example",))
LOCAL = Site("p", "http://127.0.0.1:1", "http://127.0.0.1:2", (), PAGES, ("127.0.0.1:3",))


def test_files_go_to_the_sites_own_stores() -> None:
    assert REAL.store_origin("b.eu.store.example") == "https://b.eu.store.example"
    assert LOCAL.store_origin("127.0.0.1:3") == "http://127.0.0.1:3"


@pytest.mark.parametrize(
    "host",
    ["", "store.example", "b.store.example.evil.example", "bstore.example", "b.store.example:444",
     "x@b.store.example", "evil.example/b.store.example", "evil.example?.store.example",
     "evil.example\\.store.example", "evil.example#.store.example", "b .store.example", ".",
     ".store.example", "b.store.example\n", "B.store.example", "127.0.0.1:3"],
)  # fmt: skip
def test_files_go_nowhere_else(host: str) -> None:
    assert REAL.store_origin(host) is None


def test_practice_has_its_one_store() -> None:
    for host in ("127.0.0.1", "127.0.0.1:4", "127.0.0.1:33", "b.store.example"):
        assert LOCAL.store_origin(host) is None


def test_a_site_without_stores_takes_no_file() -> None:
    assert Site("s", "https://a", "https://b", (), PAGES).store_origin("b.store.example") is None
