"""Who asks the practice site for a picture gets one, or what a prompt asks for instead."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.practice.test_looks import picture
from tests.practice.test_site import Browser, text_of
from tests.practice.test_uploads import given
from tray_app.practice import PracticeSite, pictures
from tray_app.practice.drawing import COLOURS, SIZES
from tray_app.practice.pictures import WORDS


@pytest.fixture
def browser(site: PracticeSite) -> Browser:
    return Browser(site)


def test_every_word_is_explained_where_they_are() -> None:
    assert all(f"    {word} " in (pictures.__doc__ or "") for word in WORDS)


def asked(browser: Browser, text: str, kind: str = "t2i", **more: Any) -> dict[str, Any]:
    """A body that asks for a picture, in a chat of its own."""
    features = more.pop("features", {})
    body = browser.body(browser.new_chat(kind), text, **features)
    body["messages"][0]["files"] = more.pop("files", [])
    return {**body, **more}


def deltas(told: list[Any]) -> list[Any]:
    return [choice["delta"] for frame in told for choice in frame.get("choices", ())]


def urls(told: list[Any], phase: str = "image_gen") -> list[str]:
    found = (one["content"] for one in deltas(told) if one["phase"] == phase)
    return [url for url in found if url]


def drawn(browser: Browser, url: str) -> Image.Image:
    """The picture at an address, which needs no session."""
    response, data = browser.send("GET", url.removeprefix(browser.site.origin), None, {})
    assert (response.status, response.getheader("Content-Type")) == (200, "image/png")
    return Image.open(io.BytesIO(data), formats=["PNG"])


def status(browser: Browser, url: str) -> int:
    return browser.send("GET", url.removeprefix(browser.site.origin), None, {})[0].status


def pieces(browser: Browser, chat_id: str) -> list[Any]:
    """What the last message of a chat is made of."""
    told = browser.ask("GET", f"/api/v2/chats/{chat_id}")
    return [(one["phase"], one["content"]) for one in told["data"]["chat"]["messages"][-1]
            ["content_list"]]  # fmt: skip


def test_who_asks_for_a_picture_gets_one_address_and_it_is_what_was_asked_for(
    browser: Browser,
) -> None:
    told = browser.frames(browser.completions(asked(browser, "a red square", size="16:9")))

    [url] = urls(told)
    image = drawn(browser, url)
    assert url.startswith(f"{browser.site.origin}/output/practice-person/t2i/")
    assert image.size == SIZES["16:9"]
    assert image.getpixel((image.width // 2, image.height // 2)) == COLOURS["red"]


def test_a_picture_is_announced_shown_and_finished(browser: Browser) -> None:
    told = browser.frames(browser.completions(asked(browser, "a cat", size="9:16")))

    created, *waiting, shown, end = told
    [response] = created.values()
    assert [frame["response.info"]["action"] for frame in waiting] == ["keep_alive"] * 2
    [delta] = deltas([shown])
    assert f"/{response['response_id']}/" in delta["content"]
    assert delta["extra"]["output_image_hw"] == [[1344, 768]]
    assert (shown["usage"]["width"], shown["usage"]["height"]) == (768, 1344)
    assert deltas([end])[0]["status"] == "finished"


def test_a_model_that_thinks_thinks_before_it_draws(browser: Browser) -> None:
    body = asked(browser, "a cat", features={"thinking_enabled": True})

    told = browser.frames(browser.completions(body))

    phases = [(delta["phase"], delta["status"]) for delta in deltas(told)]
    assert phases == [
        ("image_gen_think", "typing"), ("image_gen_think", "finished"),
        ("image_gen", "typing"), ("image_gen", "finished"),
    ]  # fmt: skip


@pytest.mark.parametrize("size", ["1024x1024", "3:2", "auto"])
def test_a_size_that_is_no_ratio_of_the_sites_is_refused(browser: Browser, size: str) -> None:
    assert browser.refused(asked(browser, "a cat", size=size)).startswith("Bad_Request")


def test_the_ratio_may_stand_in_the_message(browser: Browser) -> None:
    body = asked(browser, "a cat")
    body["messages"][0]["extra"] = {"meta": {"size": "3:4"}}

    [url] = urls(browser.frames(browser.completions(body)))

    assert drawn(browser, url).size == SIZES["3:4"]


def test_a_picture_is_drawn_again_on_the_colour_of_the_one_that_came(browser: Browser) -> None:
    items = [given(browser, picture("PNG"))]
    body = asked(browser, "a red circle", "image_edit", files=items)

    [url] = urls(browser.frames(browser.completions(body)), "image_edit")

    image = drawn(browser, url)
    assert image.getpixel((0, 0)) == (0x12, 0x34, 0x56)
    assert image.getpixel((image.width // 2, image.height // 2)) == COLOURS["red"]


def test_two_pictures_that_came_are_told_apart_though_their_colours_are_not_seen(
    browser: Browser,
) -> None:
    grounds = set()
    for side in (20, 21):
        items = [given(browser, picture("JPEG", size=(side, side)))]
        body = asked(browser, "a red circle", "image_edit", files=items)
        [url] = urls(browser.frames(browser.completions(body)), "image_edit")
        grounds.add(drawn(browser, url).getpixel((0, 0)))

    assert len(grounds) == 2


def test_there_is_nothing_to_draw_again_without_a_picture(browser: Browser) -> None:
    paper = {**given(browser, b"a red circle", "a.txt"), "type": "file"}

    for files in ([], [paper]):
        told = browser.refused(asked(browser, "a red circle", "image_edit", files=files))
        assert told == "Bad_Request: Invalid file information!"


def test_a_word_brings_several_pictures(browser: Browser) -> None:
    two = urls(browser.frames(browser.completions(asked(browser, "a cat\npractice: pictures"))))
    five = urls(browser.frames(browser.completions(asked(browser, "a cat\npractice: pictures 5"))))

    assert (len(two), len(set(five))) == (2, 5)
    assert len({drawn(browser, url).tobytes() for url in two}) == 2


def test_a_word_brings_words_instead_of_a_picture(browser: Browser) -> None:
    told = browser.frames(browser.completions(asked(browser, "a cat\npractice: picture-refused")))

    assert urls(told) == []
    assert text_of(told).startswith("I cannot draw that.")
    assert deltas(told)[-1]["status"] == "finished"


def test_a_word_shows_the_picture_in_the_chat_alone_and_after_some_looks(browser: Browser) -> None:
    body = asked(browser, "a red square\npractice: picture-late 3")

    told = browser.frames(browser.completions(body))
    looks = [pieces(browser, body["chat_id"]) for _ in range(5)]

    assert urls(told) == []
    assert deltas(told)[-1]["status"] == "finished"
    assert looks[:3] == [[], [], []]
    assert looks[3] == looks[4] != []
    [(phase, url)] = looks[3]
    assert phase == "image_gen"
    assert drawn(browser, url).size == SIZES["1:1"]


def test_a_word_shows_no_picture_at_all(browser: Browser) -> None:
    body = asked(browser, "a cat\npractice: picture-never")

    assert urls(browser.frames(browser.completions(body))) == []
    assert [pieces(browser, body["chat_id"]) for _ in range(5)] == [[]] * 5


def test_a_word_lets_the_looks_at_the_chat_fail(browser: Browser) -> None:
    body = asked(browser, "a cat\npractice: picture-error")

    assert urls(browser.frames(browser.completions(body))) == []
    for _ in range(3):
        assert browser.send("GET", f"/api/v2/chats/{body['chat_id']}")[0].status == 500


def test_a_word_brings_an_address_without_a_picture(browser: Browser) -> None:
    told = browser.frames(browser.completions(asked(browser, "a cat\npractice: picture-dead")))

    [url] = urls(told)
    assert status(browser, url) == 404


@pytest.mark.slow
def test_a_word_lets_wait_for_the_picture(browser: Browser) -> None:
    told = browser.frames(browser.completions(asked(browser, "a cat\npractice: picture-slow 1")))

    assert sum("response.info" in frame for frame in told) == 1
    assert len(urls(told)) == 1


@pytest.mark.parametrize(
    ("word", "code"), [("filter", "data_inspection_failed"), ("limit", "Rate")]
)
def test_any_other_fault_can_be_had_too(browser: Browser, word: str, code: str) -> None:
    assert code in browser.refused(asked(browser, f"a cat\npractice: {word}"))


def test_an_unknown_word_is_answered_with_those_that_are_known(browser: Browser) -> None:
    told = text_of(browser.frames(browser.completions(asked(browser, "practice: nonsense"))))

    assert all(word in told for word in WORDS)


def test_a_picture_is_gone_with_its_chat_and_hidden_from_who_has_no_key(browser: Browser) -> None:
    body = asked(browser, "a cat")
    [url] = urls(browser.frames(browser.completions(body)))

    assert status(browser, url.partition("?")[0]) == 403
    assert status(browser, url) == 200
    browser.ask("DELETE", f"/api/v2/chats/{body['chat_id']}")
    assert status(browser, url) == 404


def test_pictures_stand_alone_in_the_chat(browser: Browser) -> None:
    body = asked(browser, "a cat\npractice: pictures 3", features={"thinking_enabled": True})

    shown = urls(browser.frames(browser.completions(body)))

    thought = ("image_gen_think", "A picture is wanted.")
    assert pieces(browser, body["chat_id"]) == [thought, *(("image_gen", url) for url in shown)]


def test_the_stream_is_json_all_through(browser: Browser) -> None:
    events = browser.completions(asked(browser, "a cat")).split(b"\n\n")

    assert [json.loads(event.removeprefix(b"data: ")) for event in events if event]
