"""Addresses of pictures."""

import pytest
from msgspec import UNSET, Raw

from tray_app.upstreams.qwen.media import image_urls, is_media

HOSTS = ("cdn.qwenlm.ai", ".qwen.ai", "127.0.0.1:80")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://cdn.qwenlm.ai/output/x.png?key=k", True),
        ("https://img.qwen.ai/x.png", True),
        ("http://127.0.0.1:80/x.png", True),
        ("https://evilqwen.ai/x.png", False),
        ("https://cdn.qwenlm.ai.evil.example/x.png", False),
        ("https://cdn.qwenlm.ai@evil.example/x.png", False),
        ("https://cdn.qwenlm.ai/_____tmd_____/punish", False),
        ("javascript:alert(1)", False),
        ("//cdn.qwenlm.ai/x.png", False),
        ("https://[broken/x.png", False),
        ("", False),
    ],
)
def test_only_the_sites_own_hosts_count(url: str, good: bool) -> None:
    assert is_media(url, HOSTS) is good


def test_addresses_are_found_wherever_a_frame_carries_them() -> None:
    extra = Raw(b'{"image_list":[{"image":"a"}],"tool_result":[{"url":"b"},{}]}')

    assert image_urls("c", extra) == ["c", "a", "b"]
    assert image_urls(None, UNSET) == []
    assert image_urls("c", Raw(b'{"image_list":5}')) == ["c"]
