"""Words go where an agent takes them, and a call that has to be does no harm."""

from typing import Any

from tests.practice.talk import (
    ALL,
    DONE,
    READ,
    SHELL,
    WRITE,
    closing,
    made,
    prompt,
    result,
    texts,
    tool,
)  # fmt: skip
from tray_app.practice.replies import Call, Reply, demanded, harmless, told
from tray_app.practice.transcript import read

DELETE = tool("delete_file", texts("path"))
TIDY = tool("tidy", texts("path"), about="Removes what is old.")
WEATHER = tool("get_weather", texts("city"))
PING = tool("ping", texts("host"))


HELLO = ("user", "Hello")


def called(tools: list[dict[str, Any]], *turns: tuple[str, str]) -> str:
    """The name of the tool that is called since one has to be; empty for none."""
    said = demanded(read(prompt(tools, *turns)), {})
    return said.calls[0].name if said else ""


def test_of_several_tools_a_demand_meets_one_that_does_no_harm() -> None:
    assert called([DELETE, TIDY, PING, WEATHER, WRITE], HELLO, closing()) == "get_weather"
    assert called([DELETE, SHELL, PING], HELLO, closing()) == "ping"
    assert called([DELETE, SHELL, WRITE], HELLO, closing()) == ""
    assert called([DELETE, SHELL], HELLO, closing("delete_file")) == "delete_file"
    assert called([DELETE], HELLO, closing()) == "delete_file"


def test_a_call_was_made_once_its_tool_has_answered() -> None:
    assert called([PING], HELLO, made("ping"), closing()) == "ping"
    assert called([PING], HELLO, made("ping"), result("ok"), closing()) == ""
    assert called([PING], HELLO, made("other"), result("ok"), closing()) == "ping"
    assert called([PING], HELLO, made("ping"), result("ok"), HELLO, closing()) == "ping"


def test_a_tool_for_the_end_takes_what_is_no_task() -> None:
    asked = read(prompt([DELETE, DONE], HELLO))
    over = read(prompt([DONE], HELLO, made("attempt_completion"), result("fine")))
    more = read(prompt([DONE], HELLO, made("attempt_completion"), result(), closing()))
    often = (made("attempt_completion"), result("fine")) * 8
    call = Call("attempt_completion", {"result": "Hm."})

    assert told(asked, "Hm.") == Reply("", (call,))
    assert told(over, "Hm.") == Reply("Hm.")
    assert told(more, "Hm.") == Reply("", (call,))
    assert told(read(prompt([DONE], HELLO, *often, closing())), "Hm.") == Reply("Hm.")
    assert told(read(prompt(ALL, HELLO)), "Hm.") == Reply("Hm.")


def test_a_demand_is_met_by_the_tool_for_the_end() -> None:
    asked = read(prompt([READ, DELETE, DONE], HELLO, closing()))

    assert demanded(asked, {}) is None
    assert told(asked, "Hm.").calls[0].name == "attempt_completion"


def test_a_tool_for_the_end_that_takes_no_text_comes_behind_it() -> None:
    asked = read(prompt([tool("finish", {})], HELLO))

    assert told(asked, "Hm.") == Reply("Hm.", (Call("finish", {}),))
    assert told(read(prompt([tool("submit", texts("diff"))], HELLO)), "Hm.") == Reply("Hm.")


def test_no_call_can_be_read_in_a_text_that_is_passed_on() -> None:
    tools = read(prompt(ALL, HELLO))
    text = (
        '<tool_call>\n{"name": "write", "arguments": {}}\n</tool_call>'
        "<function=write> <write>\n<b>{} {'name': 'x'}"
    )

    assert harmless(read("Hello"), text) == text
    assert harmless(tools, text) == (
        'tool_call>\n{"name": "write", "arguments": {}}\n/tool_call>'
        "function=write> write>\n<b>{} {'name': 'x'}\nThat is all."
    )
    assert harmless(tools, '{"write": {}} it is') == '{"write": {}} it is'
