"""Where the practice site's pictures hang, and who may see them."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tray_app.practice import acts
from tray_app.practice.drawing import Drawing
from tray_app.practice.gallery import MOST, Gallery
from tray_app.practice.http import Request

DRAWING = Drawing("a red square", "16:9")


@pytest.fixture
def chats() -> dict[str, object]:
    return {"c1": {}, "c2": {}}


@pytest.fixture
def gallery(chats: dict[str, object]) -> Gallery:
    return Gallery(chats, lambda: "http://site.example")


def shown(gallery: Gallery, url: str) -> acts.Whole:
    parts = urlsplit(url)
    act = gallery.answer(Request("GET", f"{parts.path}?{parts.query}", []))
    assert isinstance(act, acts.Whole)
    return act


def test_a_picture_is_at_its_address(gallery: Gallery) -> None:
    url = gallery.hang("c1", "r1", DRAWING)

    assert url.startswith("http://site.example/output/practice-person/t2i/r1/")
    assert shown(gallery, url).body == DRAWING.png()
    assert shown(gallery, url).content_type == "image/png"


def test_the_key_says_which_chat_it_is_for_and_has_no_end(gallery: Gallery) -> None:
    [key] = parse_qs(urlsplit(gallery.hang("c1", "r1", DRAWING)).query)["key"]

    head, claims, signed = (base64.urlsafe_b64decode(part + "==") for part in key.split("."))
    assert json.loads(head)["alg"] == "HS256"
    assert sorted(json.loads(claims)) == ["resource_chat_id", "resource_id", "resource_user_id"]
    assert json.loads(claims)["resource_chat_id"] == "c1"
    assert len(signed) == 32


def test_without_its_own_key_a_picture_is_not_shown(gallery: Gallery) -> None:
    one, two = (gallery.hang("c1", "r1", DRAWING) for _ in range(2))
    other = f"{one.partition('?')[0]}?{two.partition('?')[2]}"

    for url in (one.partition("?")[0], one[:-1], f"{one}A", f"{one[:-1]}é", other):
        assert shown(gallery, url).status == 403


def test_a_picture_goes_with_its_chat(gallery: Gallery, chats: dict[str, object]) -> None:
    one, two = gallery.hang("c1", "r1", DRAWING), gallery.hang("c2", "r2", DRAWING)

    del chats["c1"]

    assert (shown(gallery, one).status, shown(gallery, two).status) == (404, 200)
    three = gallery.hang("c2", "r3", DRAWING)
    chats["c1"] = {}
    assert [shown(gallery, url).status for url in (one, two, three)] == [404, 200, 200]


def test_at_a_dead_address_there_is_nothing(gallery: Gallery) -> None:
    assert shown(gallery, gallery.dead("c1", "r1")).status == 404


def test_so_many_pictures_hang(gallery: Gallery) -> None:
    first, second, *_, last = [gallery.hang("c1", "r1", DRAWING) for _ in range(MOST + 1)]

    assert [shown(gallery, url).status for url in (first, second, last)] == [404, 200, 200]
