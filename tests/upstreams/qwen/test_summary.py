"""Thinking summaries."""

import json

from msgspec import UNSET, Raw

from tray_app.upstreams.qwen.summary import Summary


def extra(**told: object) -> Raw:
    return Raw(json.dumps({name: {"content": value} for name, value in told.items()}).encode())


def test_a_last_entry_that_lengthens_adds_its_end() -> None:
    summary = Summary()
    fed = [
        summary.feed(extra(summary_thought=shown), "typing")
        for shown in (["a"], ["ab"], ["ab", "c"], ["ab", "cd", "e"], ["ab", "cd", "e"])
    ]
    assert fed == ["a", "b", "\n\nc", "d\n\ne", ""]


def test_a_single_text_is_taken_too() -> None:
    assert Summary().feed(extra(summary_thought="whole"), "typing") == "whole"


def test_titles_come_once_and_only_alone() -> None:
    alone, with_thought = Summary(), Summary()
    with_thought.feed(extra(summary_title=["T"], summary_thought=["x"]), "typing")

    assert alone.feed(extra(summary_title=["T", "U"]), "finished") == "T\n\nU"
    assert alone.close() == ""
    assert with_thought.close() == ""


def test_odd_frames_add_nothing() -> None:
    summary = Summary()
    for told in (UNSET, Raw(b"5"), Raw(b'{"summary_thought":5}'), extra(summary_thought=[])):
        assert summary.feed(told, "typing") == ""
