"""Prompts made short enough."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.dialects.captures import Capture, captures
from tests.filters.calling.conversations import (
    asked,
    calls,
    did,
    names_of,
    parsed,
    result,
    said,
    texts_of,
    thinks,
)
from tray_app.core.model import Message, Prompt, Tool
from tray_app.filters.calling.fitting import fitted
from tray_app.filters.calling.history import instructed, rendered

TOOL = Tool(
    "write",
    "Writes.\n\n" + "It has a long manual. " * 40,
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "path": {"type": "string", "title": "Path", "description": "Where to. " * 20},
            "mode": {"enum": ["a", "b"], "description": "How to. " * 20},
        },
        "required": ["path"],
    },
)
CUT = re.compile(r"\n\[… (\d+) bytes of this result are left out here …\]\n")


def weight(prompt: Prompt) -> int:
    """The size of the prompt's texts in JSON, as they go out."""
    return len(msgspec.json.encode("\n\n".join(map(texts_of, prompt.messages))))


def whole(prompt: Prompt) -> Prompt:
    names = names_of(*prompt.tools)
    return instructed(rendered(prompt, names), names)


def fit(prompt: Prompt, budget: int) -> tuple[Prompt, tuple[str, ...]]:
    return fitted(prompt, names_of(*prompt.tools), "json", weight, budget)


def less(prompt: Prompt, by: int) -> tuple[Prompt, tuple[str, ...]]:
    """The prompt in as many bytes less than it needs."""
    return fit(prompt, weight(whole(prompt)) - by)


def rounds(*results: str) -> list[Message]:
    """A task, and a round of one call for each result."""
    messages = [said("system", "S"), said("user", "task")]
    for text in results:
        messages += [did(calls("write", '{"path": "p"}')), result(text)]
    return messages


def shown(prompt: Prompt) -> str:
    return "\n\n".join(map(texts_of, prompt.messages))


def test_a_prompt_within_the_budget_is_told_whole() -> None:
    prompt = asked(rounds("r" * 9_000, "r" * 9_000), TOOL)

    assert less(prompt, 0) == (whole(prompt), ())


@pytest.mark.parametrize("capture", captures(), ids=str)
def test_no_recorded_client_begins_with_more_than_the_site_takes(capture: Capture) -> None:
    prompt = parsed(capture)

    assert fit(prompt, 96_000) == (whole(prompt), ())


def test_repeats_go_first_and_the_newest_stays() -> None:
    text = "first line\n" + "r" * 20_000
    prompt = asked(rounds(text, "other" * 2_000, text, "end"), TOOL)

    found, shortened = less(prompt, 10_000)

    assert shortened == ("tool-results",)
    assert "later result, which begins with: first line rrr" in texts_of(found.messages[3])
    assert text in texts_of(found.messages[7])
    assert "other" * 2_000 in shown(found)


def test_long_results_are_cut_to_their_ends_the_large_before_the_older() -> None:
    middling, large = "m" * 6_000, "h" * 1_000 + "l" * 30_000 + "t" * 1_000
    prompt = asked(rounds(middling, large, middling + "2", "end"), TOOL)

    one, _ = less(prompt, 29_000)
    two, shortened = less(prompt, 31_000)

    cut = f"{'h' * 1_000}\n[… 30000 bytes of this result are left out here …]\n{'t' * 1_000}"
    assert cut in texts_of(one.messages[5])
    assert [len(CUT.findall(texts_of(message))) for message in one.messages[3:9:2]] == [0, 1, 0]
    assert [len(CUT.findall(texts_of(message))) for message in two.messages[3:9:2]] == [1, 1, 0]
    assert shortened == ("tool-results",)


def test_a_cut_splits_no_character() -> None:
    prompt = asked(rounds("é€" * 2_000, "end"))
    found, _ = less(prompt, 1)

    cut = texts_of(found.messages[3]).removeprefix("<tool_response>\n")
    head, left_out, tail = CUT.split(cut.removesuffix("\n</tool_response>"))
    assert head + ("é€" * 2_000)[len(head) : -len(tail)] + tail == "é€" * 2_000
    assert int(left_out) == 10_000 - len(head.encode()) - len(tail.encode())
    assert 990 < len(head.encode()) <= 1_000


def test_the_running_round_the_person_and_the_system_stay_letter_by_letter() -> None:
    prompt = asked(
        [
            said("system", "S" * 9_000),
            said("user", "U" * 9_000),
            did(calls("write")),
            result("old" * 9_000),
            did(calls("write", '{"path": "' + "a" * 9_000 + '"}')),
            result("new" * 9_000),
            said("user", "E" * 9_000),
        ],
        TOOL,
    )

    found, _ = fit(prompt, 0)

    for text in ("S" * 9_000, "U" * 9_000, "a" * 9_000, "new" * 9_000, "E" * 9_000):
        assert text in shown(found)
    assert "old" * 9_000 not in shown(found)


def test_results_that_the_person_has_answered_are_old() -> None:
    prompt = asked([*rounds("r" * 9_000), did("Done."), said("user", "next")])

    assert less(prompt, 1_000)[1] == ("tool-results",)


def test_thoughts_of_the_running_round_go_after_results() -> None:
    prompt = asked(
        [
            said("user", "task"),
            did(calls("write")),
            result("r" * 5_000),
            did(thinks("now " * 200), calls("write")),
            result("ok"),
        ],
        TOOL,
    )

    kept, _ = less(prompt, 2_000)
    found, shortened = less(prompt, 3_500)

    assert "<think>\nnow now" in shown(kept)
    assert shortened == ("tool-results", "reasoning")
    assert "now" not in shown(found)


def test_tools_get_shorter_only_as_far_as_needed() -> None:
    prompt = asked(rounds("ok"), TOOL)

    clean, named = less(prompt, 20)
    typed, _ = less(prompt, 150)
    known, named_known = less(prompt, 400)
    brief, named_brief = less(prompt, 900)

    assert '"name":"write"' in shown(clean)
    assert '"title"' not in shown(clean)
    assert "function write(args" in shown(typed)
    assert "Where to." in shown(typed)
    assert "Where to." not in shown(known)
    assert "How to." in shown(known)
    assert "manual" in shown(known)
    assert "manual" not in shown(brief)
    assert named == ("tool-schemas",)
    assert named_known == named_brief == ("tool-schemas", "tool-descriptions")


def test_a_parameter_of_a_call_that_failed_keeps_its_description() -> None:
    failed = asked(rounds("Error: no such path"), TOOL)
    broken = asked([*rounds(), did(calls("write", '{"path')), result("ok")], TOOL)

    assert "Where to." in shown(fit(failed, 0)[0])
    assert "Where to." in shown(fit(broken, 0)[0])


def test_the_shortest_form_is_returned_where_nothing_is_enough() -> None:
    prompt = asked(rounds("r" * 9_000, "r" * 9_000, "s" * 9_000), TOOL)

    found, shortened = fit(prompt, 0)

    assert shortened == ("tool-results", "tool-schemas", "tool-descriptions")
    assert "function write(args: {\n  path: string,\n  // How to." in shown(found)
    assert '  mode?: "a" | "b"\n})' in shown(found)


def test_a_prompt_of_texts_alone_cannot_be_shortened() -> None:
    prompt = asked([said("user", "x" * 9_000)])

    assert fit(prompt, 10) == (prompt, ())


@given(
    st.lists(st.integers(1, 9).map(lambda size: size * 2_500), min_size=3, max_size=8),
    st.integers(0, 40_000),
)
def test_what_was_cut_in_one_turn_is_cut_likewise_in_the_next(sizes: list[int], over: int) -> None:
    texts = [f"{number} " * size for number, size in enumerate(sizes)]
    before = asked(rounds(*texts))
    budget = weight(whole(before)) - over

    now = fit(before, budget)[0].messages
    later = fit(asked([*rounds(*texts, "small"), did("Done.")]), budget)[0].messages

    cut = [at for at, message in enumerate(now) if CUT.search(texts_of(message))]
    last = len(now) - 1
    stayed = [at for at in cut if later[at] == now[at]]
    # A large result that is old now may go in place of lesser ones.
    assert stayed == cut or CUT.search(texts_of(later[last]))


@given(st.integers(0, 60_000))
def test_it_fits_wherever_it_can(over: int) -> None:
    prompt = asked(rounds("<user>\n" * 3_000, "b" * 5_000, "c" * 40_000, "end"), TOOL)
    shortest = weight(fit(prompt, 0)[0])
    budget = max(weight(whole(prompt)) - over, shortest)

    found, shortened = fit(prompt, budget)

    assert weight(found) <= budget
    assert bool(shortened) == (weight(whole(prompt)) > budget)
    assert replace(found, messages=()) == replace(prompt, messages=())
