"""Prompts made short enough."""

import json
import random
import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
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
from tray_app.filters.calling.history import instructed, last_turn, rendered
from tray_app.upstreams.qwen.flatten import flatten

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
    """The size of the prompt's text in JSON, as it goes out."""
    return len(msgspec.json.encode(flatten(prompt.messages)))


def whole(prompt: Prompt) -> Prompt:
    names = names_of(*prompt.tools)
    return instructed(rendered(prompt, names), names)


def fit(prompt: Prompt, budget: int) -> tuple[Prompt, tuple[str, ...]]:
    if weight(whole(prompt)) <= budget:
        return whole(prompt), ()
    found = fitted(prompt, names_of(*prompt.tools), "json", weight, budget)
    assert found is not None
    assert found.weight == weight(found.prompt)
    return found.prompt, found.shortened


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


def test_long_results_are_cut_to_their_ends_the_oldest_first() -> None:
    small, large = "s" * 6_000, "h" * 1_000 + "l" * 10_000 + "t" * 1_000
    texts = [small, large, *(f"{small}{number}" for number in range(9)), "end"]

    found, shortened = less(asked(rounds(*texts), TOOL), 3_000)

    cut = f"{'h' * 1_000}\n[… 10000 bytes of this result are left out here …]\n{'t' * 1_000}"
    assert cut in texts_of(found.messages[5])
    cuts = [len(CUT.findall(texts_of(message))) for message in found.messages[3::2]]
    assert cuts == sorted(cuts, reverse=True)
    assert 2 <= sum(cuts) <= 4
    assert shortened == ("tool-results",)


def test_more_room_is_made_than_is_needed_now() -> None:
    prompt = asked(rounds(*(f"{number} " * 2_500 for number in range(10, 30)), "end"))

    found, _ = less(prompt, 100)

    cut = [bool(CUT.search(texts_of(message))) for message in found.messages[3:-2:2]]
    assert cut == sorted(cut, reverse=True)
    assert 4 <= sum(cut) <= 8


def test_long_texts_in_old_calls_are_cut_and_stay_json() -> None:
    content = json.dumps({"path": "a.py", "n": 1.0e2, "content": 'x = "é"\n' * 2_000})
    messages = [said("user", "build it")]
    for number in range(14):
        messages += [did(calls("write", content, str(number))), result("ok", str(number))]
    prompt = asked(messages, TOOL)

    found, shortened = less(prompt, 50_000)

    assert shortened == ("tool-arguments",)
    told = re.findall(r"<tool_call>\n(.*)\n</tool_call>", shown(found))[1:]
    arguments = [json.loads(call)["arguments"] for call in told]
    assert {(one["path"], one["n"]) for one in arguments} == {("a.py", 100)}
    assert "bytes are left out here" in arguments[0]["content"]
    assert json.loads(content) == arguments[-1]


def test_all_old_results_are_cut_to_less_after_that() -> None:
    texts = [f"{number} " * 1_300 for number in range(10, 40)]
    prompt = asked(rounds(*texts), TOOL)

    found, shortened = less(prompt, 20_000)

    assert shortened == ("tool-results",)
    assert len(texts_of(found.messages[3])) < 650
    assert texts[-1] in shown(found)


def test_old_prose_goes_last_of_the_past_and_never_what_the_person_said_first_and_last() -> None:
    talk: list[Message] = []
    for at in range(6):
        talk += [said("user", f"U{at} " * 2_000), did(f"A{at} " * 2_000)]
    prompt = asked([said("system", "S" * 9_000), *talk, said("user", "L" * 9_000)], TOOL)

    some, shortened = less(prompt, 3_000)
    least, _ = fit(prompt, 43_000)

    assert shortened == ("history",)
    stayed = [f"A{at} " * 2_000 in shown(some) for at in range(6)]
    assert stayed == sorted(stayed)
    assert (stayed[0], stayed[-1]) == (False, True)
    whole_ones = [
        text for message in prompt.messages if (text := texts_of(message)) in shown(least)
    ]
    assert [text[:2] for text in whole_ones] == ["SS", "U0", "LL"]
    assert "U1 U1" in shown(least)


def test_results_that_run_are_cut_when_nothing_else_is_left() -> None:
    results = [result("y = 2\n" * 17_000, "a"), result("z = 3\n" * 500, "b")]
    round_of_two = did(calls("write", call_id="a"), calls("write", call_id="b"))
    prompt = asked([*rounds("old" * 2_000), round_of_two, *results], TOOL)

    found, shortened = fit(prompt, 20_000)

    assert shortened == ("tool-results", "tool-schemas", "tool-descriptions")
    assert weight(found) <= 20_000
    assert "z = 3\n" * 500 in shown(found)
    assert shown(found).count("y = 2") > 1_000
    assert shown(found).count("left out here") == 2


def test_a_cut_splits_no_character() -> None:
    prompt = asked([said("system", "S" * 40_000), *rounds("é€" * 2_000, "end")])
    found, _ = less(prompt, 1)

    cut = texts_of(found.messages[4]).removeprefix("<tool_response>\n")
    head, left_out, tail = CUT.split(cut.removesuffix("\n</tool_response>"))
    assert head + ("é€" * 2_000)[len(head) : -len(tail)] + tail == "é€" * 2_000
    assert int(left_out) == 10_000 - len(head.encode()) - len(tail.encode())
    assert 990 < len(head.encode()) <= 1_000


def test_the_running_call_the_person_and_the_system_stay_letter_by_letter() -> None:
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

    found, _ = fit(prompt, 40_000)

    for text in ("S" * 9_000, "U" * 9_000, "a" * 9_000, "E" * 9_000):
        assert text in shown(found)
    assert "old" * 9_000 not in shown(found)


def test_results_that_the_person_has_answered_are_old() -> None:
    prompt = asked([*rounds("r" * 9_000), did("Done."), said("user", "next")])

    assert less(prompt, 1_000)[1] == ("tool-results",)


def test_thoughts_of_the_running_round_go_after_the_past() -> None:
    old = rounds(*(f"{number}" * 1_500 for number in range(5)))
    running = did(thinks("now " * 700), calls("write"))
    prompt = asked([*old, running, result("ok")], TOOL)

    kept, _ = less(prompt, 2_000)
    found, shortened = less(prompt, 5_500)

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
    well = asked(rounds("ok"), TOOL)
    failed = asked(rounds("Error: no such path"), TOOL)
    broken = asked([*rounds(), did(calls("write", '{"path')), result("ok")], TOOL)

    assert "Where to." not in shown(less(well, 400)[0])
    assert "Where to." in shown(less(failed, 400)[0])
    assert "Where to." in shown(less(broken, 400)[0])


@pytest.mark.parametrize(
    "prompt",
    [
        asked(rounds("r" * 9_000, "r" * 9_000, "s" * 9_000), TOOL),
        asked([said("user", "x" * 9_000)]),
        asked([said("system", "x" * 9_000), *rounds("r" * 9_000)], TOOL),
    ],
)
def test_there_is_no_form_where_nothing_is_enough(prompt: Prompt) -> None:
    assert fitted(prompt, names_of(*prompt.tools), "json", weight, 800) is None


def test_what_runs_fills_the_room_however_long_it_is() -> None:
    for size in (97_000, 300_000, 2_000_000):
        found, shortened = fit(asked(rounds("old" * 2_000, "y" * size), TOOL), 96_000)

        assert shortened[0] == "tool-results"
        assert 90_000 < weight(found) <= 96_000
        assert shown(found).count("left out here") == 2


def test_a_past_text_that_is_far_too_long_leaves_no_room_empty() -> None:
    messages = [*rounds("first", "y" * 300_000, "z" * 3_000), did("So."), said("user", "And?")]
    found, shortened = fit(asked(messages), 96_000)

    assert shortened == ("tool-results",)
    assert 90_000 < weight(found) <= 96_000
    assert "z" * 3_000 in shown(found)
    assert shown(found).count("left out here") == 1


def test_a_lot_that_cannot_be_short_enough_costs_next_to_nothing() -> None:
    weighed: list[int] = []

    def counted(prompt: Prompt) -> int:
        weighed.append(weight(prompt))
        return weighed[-1]

    prompt = asked(rounds(*("r" * 700 for _ in range(2_000))), TOOL)

    assert fitted(prompt, names_of(TOOL), "json", counted, 96_000) is None
    assert sum(weighed) < 5_000


sizes = st.sampled_from([50, 500, 3_000, 6_000, 9_000, 20_000])
kinds = st.lists(st.tuples(st.sampled_from("rrrrawu"), sizes), min_size=20, max_size=45)
NOISE = "".join(random.Random(7).choices("abcdef \n<>", k=20_000))


def session(kinds: list[tuple[str, int]]) -> Iterator[list[Message]]:
    """A long conversation as it is at each of its turns."""
    messages = [said("system", "S" * 3_000), said("user", "task")]
    for number, (kind, size) in enumerate(kinds):
        yield messages
        text = f"{number} {NOISE[:size]}"
        written = json.dumps({"path": f"{number}", "content": text if kind == "w" else ""})
        messages = [
            *messages,
            did(thinks(f"T{number} " * 9), *(["I go on."] if kind == "a" else []),
                calls("write", written, str(number % 3))),
            result("ok" if kind in "wu" else text, str(number % 3)),
        ]  # fmt: skip
        if kind == "u":
            messages = [*messages, did(f"Done. {text}"), said("user", f"{text} Next.")]


def tools_told(prompt: Prompt) -> str:
    return texts_of(prompt.messages[0])


@pytest.mark.slow
@settings(max_examples=25)
@given(kinds)
def test_what_is_short_in_one_turn_stays_as_it_is_in_the_next(kinds: list[tuple[str, int]]) -> None:
    tools = (TOOL, *(replace(TOOL, name=f"t{number}") for number in range(8)))
    before: tuple[Message, ...] = ()
    levels: dict[str, None] = {}
    for messages in session(kinds):
        prompt, _ = fit(asked(messages, *tools), 96_000)
        old = before[: last_turn(asked(messages[:-2]).messages).running]
        for one, other in zip(old[1:], prompt.messages[1:], strict=False):
            was, now = texts_of(one), texts_of(other)
            assert now == was or len(now) < len(was)
        levels[tools_told(prompt)] = None
        assert tools_told(prompt) == list(levels)[-1]
        before = prompt.messages


def test_the_past_of_a_long_session_changes_in_few_turns() -> None:
    chance = random.Random(3)
    kinds = [("r", chance.choice([500, 2_000, 4_500, 5_000])) for _ in range(80)]
    tools = (TOOL, *(replace(TOOL, name=f"t{number}") for number in range(8)))
    before: tuple[Message, ...] = ()
    changed, short = 0, 0
    for messages in session(kinds):
        prompt, shortened = fit(asked(messages, *tools), 96_000)
        assert weight(prompt) <= 96_000
        # What ran in the turn before has lost its thoughts, whatever was made short.
        same = list(before[:-2]) == list(prompt.messages[: max(len(before) - 2, 0)])
        short += bool(shortened)
        changed += not same
        before = prompt.messages

    assert short > 40
    assert changed <= short / 3
    assert '{"type": "function"' in texts_of(before[0])


@given(st.integers(0, 60_000))
def test_it_fits_wherever_it_can(over: int) -> None:
    prompt = asked(rounds("<user>\n" * 3_000, "b" * 5_000, "c" * 40_000, "end"), TOOL)
    shortest = 8_000
    budget = max(weight(whole(prompt)) - over, shortest)

    found, shortened = fit(prompt, budget)

    assert weight(found) <= budget
    assert bool(shortened) == (weight(whole(prompt)) > budget)
    assert replace(found, messages=()) == replace(prompt, messages=())
