"""Addresses of pictures."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from tray_app.upstreams.qwen.media import (
    addresses_in,
    is_check,
    is_media,
    path_of,
    pictured,
    shown,
    strange,
)

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


ONE = "https://cdn.qwenlm.ai/output/u/t2i/r/a.png?key=k"
TWO = "https://cdn.qwenlm.ai/output/u/t2i/r/b.png?key=k"
BARE = ONE.removeprefix("https:")


@pytest.mark.parametrize(
    ("content", "urls", "words"),
    [
        (None, [], ""),
        (" \n", [], ""),
        (ONE, [ONE], ""),
        (f" {ONE}\n", [ONE], ""),
        (f"{ONE}\n{TWO}", [ONE, TWO], ""),
        (f"{ONE} {TWO}", [ONE, TWO], ""),
        (BARE, [ONE], ""),
        (f"![a cat]({BARE})", [ONE], ""),
        (f"Yours: ![a cat]({ONE})", [ONE], "Yours: "),
        ("I cannot draw that.", [], "I cannot draw that."),
        (f"See {ONE} for more.", [], f"See {ONE} for more."),
    ],
)
def test_a_frame_of_a_picture_carries_addresses_or_words(
    content: str | None, urls: list[str], words: str
) -> None:
    assert pictured(content, UNSET) == (urls, words)


@pytest.mark.parametrize(
    ("extra", "urls"),
    [
        ({"image_list": [{"image": ONE}], "tool_result": [{"url": TWO}, {}]}, [ONE, TWO]),
        ({"tool_result": {"ok": 1}, "image_list": [{"image": ONE}]}, [ONE]),
        ({"tool_result": "Done.", "image_list": [ONE, BARE]}, [ONE, ONE]),
        ({"image_list": [None, 7, {"image": ONE}, "no address", {"image": None}]}, [ONE]),
        ({"output_image": ONE, "output_image_hw": [[1, 2]]}, [ONE]),
        ({"output_images": [{"image_url": {"url": ONE}}]}, [ONE]),
        ({"image_list": 5, "title": TWO}, []),
        ([{"image": ONE}], [ONE]),
        (7, []),
    ],
)
def test_addresses_are_found_each_by_itself(extra: object, urls: list[str]) -> None:
    assert list(addresses_in(extra)) == urls
    assert pictured(None, Raw(json.dumps(extra).encode())) == (urls, "")


@pytest.mark.parametrize("extra", [b"[" * 20_000, b"[" * 900 + b"]" * 900, b'"\\ud83d"'])
def test_no_extra_is_a_crash(extra: bytes) -> None:
    assert pictured(ONE, Raw(extra)) == ([ONE], "")


def test_a_picture_elsewhere_that_a_text_shows_is_told() -> None:
    assert strange("![a cat](https://img.example/a.png)", HOSTS) == "https://img.example/a.png"
    assert strange(f"![a cat]({ONE}) and\nhttps://qwen.example/rules\n", HOSTS) == ""


def test_the_address_of_a_check_is_known() -> None:
    assert is_check("https://cdn.qwenlm.ai/_____tmd_____/punish")
    assert not is_check(ONE)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"![a cat]({ONE})", ""),
        (f'Here it is:\n\n![]( <{ONE}> "A cat" )\n', "Here it is:"),
        (f"  {ONE}  ", ""),
        (f"![a cat]({BARE})", ""),
        (f"Your cat\n{ONE}\n", "Your cat"),
    ],
)
def test_a_text_shows_pictures_as_markdown_or_on_a_line_of_their_own(text: str, rest: str) -> None:
    assert shown(text, HOSTS) == ([ONE], rest)


@pytest.mark.parametrize(
    "text",
    [
        "![a cat](https://evil.example/a.png)",
        "![a cat](https://cdn.qwenlm.ai/_____tmd_____/punish)",
        f"[a cat]({ONE})",
        f"see {ONE} for more",
        f"![a cat]({ONE}",
        "  I cannot draw that.\n",
    ],
)
def test_what_shows_no_picture_of_the_sites_stays_as_it_is(text: str) -> None:
    assert shown(text, HOSTS) == ([], text)


@given(st.lists(st.text("ab ![]()<>\n", max_size=8), min_size=1, max_size=6))
def test_pictures_are_found_between_any_words_and_the_words_stay(words: list[str]) -> None:
    text = f"\n![a cat]({ONE})\n".join(words)

    urls, rest = shown(text, HOSTS)

    assert urls == [ONE] * (len(words) - 1)
    assert rest == ("\n\n".join(words).strip() if urls else text)


def test_a_picture_is_the_same_whatever_its_key() -> None:
    assert path_of(ONE) == path_of(ONE.replace("key=k", "key=other"))
    assert path_of(ONE) != path_of(ONE.replace("a.png", "b.png"))
