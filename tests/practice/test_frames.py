"""The frames of the practice site, as bytes and as what they say."""

import json
from typing import Any

from tray_app.practice import frames


def told(data: bytes) -> Any:
    assert data.startswith(b"data: ")
    assert data.endswith(b"\n\n")
    assert data.count(b"\n") == 2
    return json.loads(data[6:])


def delta(data: bytes) -> Any:
    return told(data)["choices"][0]["delta"]


def test_the_first_frame_has_the_sites_space_behind_it() -> None:
    data = frames.created("c", "r")

    assert data.endswith(b"} \n\n")
    assert told(data)["response.created"]["chat_id"] == "c"
    assert told(data)["response.created"]["response_id"] == "r"


def test_text_is_one_event_whatever_is_in_it() -> None:
    data = frames.Answer("r").text("two\nlines \u2028 漢字")

    assert delta(data)["content"] == "two\nlines \u2028 漢字"
    assert (delta(data)["phase"], delta(data)["status"]) == ("answer", "typing")
    assert "漢字".encode() in data


def test_usage_grows_with_the_answer() -> None:
    answer = frames.Answer("r", input_tokens=10)

    counts = [told(answer.text(text))["usage"]["output_tokens"] for text in ("a", "b", "")]
    thought = told(answer.raw_thought("hm"))["usage"]

    assert counts == [1, 2, 2]
    assert thought["total_tokens"] == 13
    assert thought["output_tokens_details"]["reasoning_tokens"] == 1


def test_an_answer_may_tell_no_usage() -> None:
    assert "usage" not in told(frames.Answer("r", usage=False).text("a"))
    assert "usage" not in told(frames.Answer("r").finished())


def test_each_thought_is_a_snapshot_of_all_so_far() -> None:
    answer = frames.Answer("r")

    first, second = (delta(answer.thought(text))["extra"] for text in ("one", "two"))

    assert first["summary_thought"]["content"] == ["one"]
    assert second["summary_thought"]["content"] == ["one", "two"]
    assert second["summary_title"]["content"] == ["Step 1", "Step 2"]


def test_a_search_tells_its_question_in_growing_pieces_and_then_its_finds() -> None:
    *asked, found = frames.Answer("r").search("q", [("https://a.example/x", "A")])

    pieces = [delta(data)["function_call"]["arguments"] for data in asked]
    assert pieces[1].startswith(pieces[0])
    assert json.loads(pieces[1]) == {"queries": ["q"]}
    [doc] = delta(found)["extra"]["tool_result"]["docs"]
    assert (doc["url"], doc["hostname"], doc["title"]) == ("https://a.example/x", "a.example", "A")


def test_a_picture_has_a_phase_and_an_end_of_its_own() -> None:
    answer = frames.Answer("r")

    shown = answer.picture("http://x/a.png", (1344, 768))

    assert delta(shown)["content"] == "http://x/a.png"
    assert delta(shown)["extra"] == {"output_image_hw": [[768, 1344]]}
    assert told(shown)["usage"]["width"] == 1344
    assert delta(answer.finished("image_gen")) == {
        "role": "assistant",
        "content": "",
        "phase": "image_gen",
        "status": "finished",
    }
    assert told(frames.info("c", "r"))["response.info"]["action"] == "keep_alive"
