"""Files named in words once they are there: pictures that came as files count as pictures."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.filters.attaching import (
    conversations,
    doc,
    lines,
    numbers_in,
    outcome,
    pic,
    planned,
    says,
)
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import File
from tray_app.core.model import Message
from tray_app.filters.attached import PICTURES, Planned, settled


def brought(found: Planned, images: str) -> tuple[File, ...]:
    """What came of a plan: those of these sources are pictures."""
    return tuple(
        File("image" if one.source in images else "document", one.name, "", one.source.encode())
        for one in found.wanted
    )


def test_pictures_that_came_as_files_are_counted_as_pictures() -> None:
    first = says("user", *(doc(one, f"{one}.png", f"messages[0].{one}") for one in "abc"), doc("d"))
    found = planned(first, says("assistant", "Seen."), says("user", *map(pic, "vwxy"), "And?"))

    kept, files = settled(found, brought(found, "abcvwxy"))

    assert [file.data for file in files] == [b"c", b"d", b"v", b"w", b"x", b"y"]
    assert [one.source for one in kept.wanted] == ["c", "d", "v", "w", "x", "y"]
    assert kept.ignored == ("messages[0].a", "messages[0].b")
    assert lines(kept.prompt.messages) == [
        "[a picture that is no longer shown: a.png]", "[a picture that is no longer shown: b.png]",
        "[attachment 1: c.png]", "[attachment 2]", "Seen.",
        "[attachment 3]", "[attachment 4]", "[attachment 5]", "[attachment 6]", "And?",
    ]  # fmt: skip


def test_nothing_changes_where_the_pictures_are_few_enough() -> None:
    found = planned(says("user", *map(doc, "abcde"), *map(pic, "vwxyz")))

    kept, files = settled(found, brought(found, "vwxyz"))

    assert kept is found
    assert [file.data.decode() for file in files] == [*"abcdevwxyz"]


def test_a_turn_with_too_many_pictures_is_refused_once_they_are_known() -> None:
    many = [doc("a", "", "m.a"), *map(pic, "vwxy"), doc("b", "", "m.b"), doc("c", "", "m.c")]
    found = planned(says("user", *map(pic, "pq")), says("assistant"), says("user", *many))

    assert settled(found, brought(found, "apqvwxy"))[0].wanted == tuple(many)
    with pytest.raises(ProxyError) as caught:
        settled(found, brought(found, "abpqvwxy"))

    assert caught.value.kind is Kind.INVALID_REQUEST
    assert caught.value.param == "m.b"
    assert caught.value.text.startswith("m.b: at most 5 pictures can go with one message")


@given(conversations(), st.sets(st.sampled_from("abcdefghij")))
def test_what_goes_in_the_end_is_five_pictures_at_most_and_numbered_in_order(
    messages: tuple[Message, ...], drawn: set[str]
) -> None:
    found = outcome(messages)
    assume(isinstance(found, Planned))
    assert isinstance(found, Planned)
    came = tuple(
        File("image" if one.wish == "picture" or one.source[0] in drawn else "audio", "", "", b"")
        for one in found.wanted
    )
    try:
        kept, files = settled(found, came)
    except ProxyError:
        assert sum(file.kind == "image" for file in came) > PICTURES
        return

    assert sum(file.kind == "image" for file in files) == min(
        PICTURES, sum(file.kind == "image" for file in came)
    )
    assert [file for file in came if file.kind != "image"] == [
        file for file in files if file.kind != "image"
    ]
    assert [one for one in found.wanted if one in kept.wanted] == list(kept.wanted)
    numbers = numbers_in(kept)
    assert list(dict.fromkeys(numbers)) in ([], list(range(1, len(files) + 1)))
    assert (kept is found) is (len(files) == len(came))
