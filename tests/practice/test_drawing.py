"""What practice mode draws, as a library for pictures sees it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tray_app.practice.drawing import COLOURS, SHAPES, SIZES, Drawing

RED, BLUE, GREEN = COLOURS["red"], COLOURS["blue"], COLOURS["green"]


def seen(drawing: Drawing) -> Image.Image:
    image = Image.open(io.BytesIO(drawing.png()), formats=["PNG"])
    image.load()
    return image


def at(image: Image.Image, across: float, down: float) -> object:
    """The colour at a place, each part of it from 0 to 1."""
    return image.getpixel((round(across * (image.width - 1)), round(down * (image.height - 1))))


@pytest.mark.parametrize("ratio", SIZES)
def test_a_picture_has_the_size_of_its_ratio(ratio: str) -> None:
    image = seen(Drawing("a red square", ratio))
    across, down = (int(part) for part in ratio.split(":"))

    assert image.size == SIZES[ratio]
    assert image.mode == "RGB"
    assert abs(image.width / image.height - across / down) < 0.03


def test_the_colour_and_the_shape_that_are_named_are_drawn_on_a_pale_ground() -> None:
    square, circle = seen(Drawing("a red square")), seen(Drawing("A RED circle, please"))

    for image in (square, circle):
        assert at(image, 0.5, 0.5) == RED
        corner = at(image, 0, 0)
        assert isinstance(corner, tuple)
        assert min(corner) > 200
    # The corner of the square is outside of a circle as wide.
    assert at(square, 0.15, 0.15) == RED
    assert at(circle, 0.15, 0.15) != RED


def test_each_shape_is_another_one() -> None:
    assert len({Drawing(f"a red {name}").png() for name in SHAPES}) == len(SHAPES)
    triangle, stripes = seen(Drawing("a red triangle")), seen(Drawing("red stripes"))
    assert (at(triangle, 0.2, 0.2) == RED, at(triangle, 0.2, 0.8) == RED) == (False, True)
    assert {at(stripes, 0.5, part / 50) == RED for part in range(50)} == {True, False}
    star = seen(Drawing("a red star"))
    assert at(star, 0.5, 0.1) == RED
    assert at(star, 0.3, 0.2) != RED


def test_several_shapes_stand_side_by_side_and_the_last_colour_is_the_grounds() -> None:
    image = seen(Drawing("a red square and two blue balls on green", "16:9"))

    assert at(image, 0.25, 0.5) == RED
    assert at(image, 0.75, 0.5) == BLUE
    assert at(image, 0, 0) == GREEN


def test_a_colour_without_a_shape_is_drawn_all_the_same() -> None:
    assert RED in {colour for _, colour in seen(Drawing("a red cat")).getcolors() or ()}


def test_a_white_shape_is_seen() -> None:
    image = seen(Drawing("a white circle"))

    corner = at(image, 0, 0)
    assert isinstance(corner, tuple)
    assert max(corner) < 100


def test_a_ground_that_is_given_outranks_the_prompt() -> None:
    assert at(seen(Drawing("a red square on green", ground=(1, 2, 3))), 0, 0) == (1, 2, 3)


def test_a_prompt_gives_the_same_bytes_each_time_and_another_one_others() -> None:
    assert Drawing("a cat").png() == Drawing("a cat").png()
    assert len({Drawing(f"cat {name}").png() for name in "abcdefgh"}) > 4
    assert len({Drawing("a red square", number=number).png() for number in range(4)}) == 4


@pytest.mark.slow
@given(st.text(st.characters()), st.sampled_from(sorted(SIZES)), st.integers(0, 9))
def test_there_is_a_picture_for_any_prompt(prompt: str, ratio: str, number: int) -> None:
    assert seen(Drawing(prompt, ratio, number)).size == SIZES[ratio]
