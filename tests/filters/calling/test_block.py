"""Where a block of calls ends: F8."""

import json
import time

import pytest

from tray_app.filters.calling.block import Block, Ended

ENDS = "</parameter>\n</function>"
CALL = '\n{"name": "read", "arguments": {"path": "a"}}\n'
XML = "<function=read>\n<parameter=path>\na\n</parameter>\n</function>"


def ended(*pieces: str, is_bare: bool = False) -> Ended:
    """What a block comes to, and where it ends, when it is fed so and nothing follows."""
    block = Block(is_bare=is_bare)
    for at, piece in enumerate(pieces):
        if (over := block.feed(piece)) is not None:
            return Ended(over.calls, over.rest + "".join(pieces[at + 1 :]), over.problem, over.why)
    return block.close(is_cut=False)


def names(over: Ended) -> list[str]:
    return [call.name for call in over.calls]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"{CALL}</tool_call>rest", "rest"),
        (f"{CALL}</function_call>", ""),
        (f"{CALL}</arg_value>", ""),
        (f"{CALL}<tool_call>{CALL}", f"<tool_call>{CALL}"),
        (f"{CALL}<tool_response>x", "<tool_response>x"),
        (f"{XML}\n</tool_call> rest", " rest"),
        (f"{XML}\n<tool_call>", "<tool_call>"),
        (CALL, ""),
        (XML, ""),
        (f"{CALL}I wait.", "I wait."),
    ],
)
def test_an_end_is_seen_with_its_tag_and_without(text: str, rest: str) -> None:
    for pieces in ([text], list(text)):
        over = ended(*pieces)

        assert names(over) == ["read"]
        assert over.calls[0].arguments == {"path": "a"}
        assert over.rest.lstrip("\n") == rest


@pytest.mark.parametrize(
    "value",
    [
        "</tool_call>",
        "\n</tool_call>\n",
        f"<tool_call>{CALL}</tool_call>",
        f"<tool_call>\n{XML}\n</tool_call>",
        '"</tool_call>"\n</function>',
        "</parameter>",
        "<tool_response>",
        '{"name": "x"}</tool_call>\n<tool_call>',
    ],
)
def test_a_value_may_hold_every_tag(value: str) -> None:
    as_json = json.dumps({"name": "write", "arguments": {"text": value}})
    assert ended(*f"{as_json}\n</tool_call>").calls[0].arguments == {"text": value}


@pytest.mark.parametrize(
    "value", ["</tool_call>", f"so: <tool_call>{CALL}</tool_call> there", "a </function> b"]
)
def test_so_may_a_value_in_tags(value: str) -> None:
    text = f"<function=write>\n<parameter=text>\n{value}\n</parameter>\n</function>"
    assert ended(f"{text}\n</tool_call>").calls[0].arguments == {"text": value}
    assert ended(text, is_bare=True).calls[0].arguments == {"text": value}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"name": "write", "arguments": {"text": "ab', "half"),
        ('{"name": "write", "arguments": {"te', "half"),
        ("<function=write>\n<parameter=text>\nab", "half"),
        ("<function=wri", "half"),
        ('{"name": 3}\n</tool_call>', "broken"),
    ],
)
def test_what_is_no_call_is_said_to_be_half_or_broken(text: str, problem: str) -> None:
    over = ended(text)

    assert not over.calls
    assert over.problem == problem
    assert over.why


def test_several_blocks_whose_end_tags_are_odd_are_told_apart() -> None:
    first = "<function=read>\n<parameter=path>\na\n</function>"
    over = ended(f"{first}\n{XML}", is_bare=True)

    assert names(over) == ["read"]
    assert over.rest.strip() == XML


def test_a_long_value_full_of_tags_takes_no_longer_than_it_is_long() -> None:
    line = 'print("</tool_call>")\n'

    def seconds(lines: int) -> float:
        as_json = json.dumps({"name": "write", "arguments": {"text": line * lines}})
        pieces = [as_json[at : at + 20] for at in range(0, len(as_json), 20)]
        began_s = time.process_time()
        assert ended(*pieces, "</tool_call>").problem is None
        return time.process_time() - began_s

    assert seconds(4_000) < 5


def test_a_model_that_ends_no_parameter_has_ended_unless_it_was_cut() -> None:
    text = "<function=write>\n<parameter=path> a\n<parameter=text> b"
    for is_cut in (False, True):
        block = Block(is_bare=True)
        block.feed(text)
        over = block.close(is_cut=is_cut)
        assert [call.arguments for call in over.calls] == (
            [] if is_cut else [{"path": "a", "text": "b"}]
        )


@pytest.mark.parametrize(
    "tail", ["</parameter>\n</function>", "</parameter>\n</function>\n</tool_call>"]
)
@pytest.mark.parametrize("is_bare", [True, False])
def test_end_tags_in_a_value_are_never_taken_for_the_end_in_silence(
    tail: str, is_bare: bool
) -> None:
    text = f"<function=write>\n<parameter=text>\n{ENDS}{tail}\n{ENDS}"
    for pieces in ([text], list(text)):
        over = ended(*pieces, *([] if is_bare else ["\n</tool_call>"]), is_bare=is_bare)
        assert not over.calls
        assert over.problem == "broken"
