"""Tokens as the site tells them."""

import pytest
from msgspec import Raw

from tray_app.core.model import Usage
from tray_app.upstreams.qwen.usage import read


def test_the_sites_names_come_to_ours() -> None:
    told = (
        b'{"input_tokens":9,"output_tokens":5,"characters":3,'
        b'"output_tokens_details":{"reasoning_tokens":2},"prompt_tokens_details":{"cached_tokens":4}}'
    )
    assert read(Raw(told)) == Usage(9, 5, reasoning_tokens=2, cached_tokens=4)


@pytest.mark.parametrize(
    "told", [None, Raw(b"7"), Raw(b'{"input_tokens":"many"}'), Raw(b'{"input_tokens":0}')]
)
def test_what_counts_nothing_is_none(told: Raw | None) -> None:
    assert read(told) is None


def test_a_drawing_may_count_nothing() -> None:
    assert read(Raw(b'{"input_tokens":0}'), may_be_nothing=True) == Usage()
