"""Numbers of sources over several rounds."""

import json

import pytest
from msgspec import UNSET, Raw

from tray_app.upstreams.qwen.search import SearchRounds


def docs(*names: str) -> list[dict[str, str]]:
    return [{"url": f"https://{name}.example/", "title": name} for name in names]


def fed(rounds: SearchRounds, extra: object) -> list[tuple[int, str]]:
    return [(one.number, one.title) for one in rounds.feed(Raw(json.dumps(extra).encode()))]


def test_numbering_runs_over_all_rounds() -> None:
    rounds = SearchRounds()
    first = fed(rounds, {"tool_result": {"docs": docs("a", "b"), "used_id": 2}})
    again = fed(rounds, {"tool_result": {"docs": docs("a", "b"), "used_id": 2}})
    second = fed(rounds, {"tool_result": {"docs": docs("c"), "used_id": 3}})

    assert (first, again, second) == ([(1, "a"), (2, "b")], [], [(3, "c")])


def test_rounds_that_tell_no_number_go_on_counting() -> None:
    rounds = SearchRounds()

    assert fed(rounds, {"web_search_info": docs("a")}) == [(1, "a")]
    assert fed(rounds, {"search_result": docs("b", "c")}) == [(2, "b"), (3, "c")]


@pytest.mark.parametrize(
    "extra",
    [{}, [], 5, {"tool_result": []}, {"tool_result": {"docs": 5}}, {"web_search_info": [5, {}]},
     {"tool_result": {"docs": [{"url": "javascript:x"}], "used_id": 1}}],
)  # fmt: skip
def test_odd_rounds_bring_nothing(extra: object) -> None:
    assert fed(SearchRounds(), extra) == []
    assert SearchRounds().feed(UNSET) == []
    assert SearchRounds().feed(Raw(b"{broken")) == []


def test_an_address_cannot_break_a_link() -> None:
    [source] = SearchRounds().feed(
        Raw(b'{"web_search_info":[{"url":"https://a.example/(x) y","title":null}]}')
    )
    assert source.url == source.title == "https://a.example/%28x%29%20y"
