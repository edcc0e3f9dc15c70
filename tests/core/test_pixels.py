"""How large pictures are, by their heads."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.samples import SAMPLES, lossless, moving, picture
from tray_app.core.pixels import pixels_of

HEADED = ["png", "jpeg", "gif", "webp", "bmp"]


@pytest.mark.parametrize("kind", HEADED)
@pytest.mark.parametrize("size", [(1, 1), (300, 7), (2, 1025)])
def test_the_head_says_how_large_a_picture_is(kind: str, size: tuple[int, int]) -> None:
    assert pixels_of(picture(kind, *size), kind) == size


def test_every_form_of_webp_says_it() -> None:
    assert pixels_of(lossless(300, 7), "webp") == (300, 7)
    assert pixels_of(moving(300, 7), "webp") == (300, 7)


def test_a_bitmap_that_begins_at_the_top_or_is_very_old_says_it() -> None:
    upside_down = bytearray(SAMPLES["bmp"])
    struct.pack_into("<i", upside_down, 22, -2)
    old = b"BM" + bytes(12) + struct.pack("<IHH", 12, 3, 2)

    assert pixels_of(bytes(upside_down), "bmp") == (3, 2)
    assert pixels_of(old, "bmp") == (3, 2)


def test_segments_before_the_one_that_tells_are_passed_over() -> None:
    data = SAMPLES["jpeg"]
    more = data[:2] + b"\xff\xe1\x10\x00" + bytes(4094) + b"\xff\xff\xff\xff" + data[3:]

    assert pixels_of(more, "jpeg") == (3, 2)
    assert pixels_of(data[:2] + b"\xff\xe1\x00\x02" * 1000 + data[2:], "jpeg") is None
    assert pixels_of(data[:2] + b"\xff" * 1_000_000, "jpeg") is None


def test_what_has_no_such_head_says_nothing() -> None:
    assert pixels_of(SAMPLES["tiff"], "tiff") is None
    assert pixels_of(SAMPLES["png"], "jpeg") is None
    assert pixels_of(SAMPLES["png"][:16] + bytes(8), "png") is None


@given(st.sampled_from(HEADED), st.binary(max_size=64), st.integers(0, 64))
def test_any_bytes_say_a_size_or_none(kind: str, data: bytes, kept: int) -> None:
    found = pixels_of(SAMPLES[kind][:kept] + data, kind)

    assert found is None or min(found) > 0
