"""The form of a test is that of the client's own first request, where one was recorded."""

from typing import Any

import pytest

from tests.dialects.captures import Capture, captures
from tests.dialects.clients.offers import OFFER
from tray_app.dialects.clients import CLIENTS, find
from tray_app.dialects.clients.shapes import SYSTEM, USER, Shape, body_of

OF = {
    "aider-0.86.2": "aider",
    "cline-cli-3.0.65": "cline",
    "continue-cli-1.5.47": "continue",
    "copilot-cli-1.0.102-completions": "copilot-cli",
    "kilocode-cli-7.7.7": "kilo",
    "nanocoder-1.30.0": "nanocoder",
    "opencode-1.18.33": "opencode",
    "pi-coding-agent-0.73.1": "pi",
    "qwen-code-0.24.4": "qwen-code",
    "roo-code-3.52.1-engine": "roo-code",
}


def recorded() -> list[Capture]:
    """The first request of each client for an answer; a title is asked for without tools."""
    first: dict[str, Capture] = {}
    for one in captures():
        if "tools" in one.body or one.client.startswith("aider"):
            first.setdefault(one.client, one)
    return list(first.values())


def form(content: Any) -> Any:
    return "text" if isinstance(content, str) else [sorted(part) for part in content]


def keys(body: dict[str, Any]) -> set[tuple[str, ...]]:
    """What is said of each tool; those that come from elsewhere are never strict at Roo Code."""
    told = [one["function"] for one in body.get("tools", ())]
    strictest = max((len(one) for one in told), default=0)
    return {tuple(sorted(one)) for one in told if len(one) == strictest}


@pytest.mark.parametrize("capture", recorded(), ids=str)
def test_a_test_has_the_form_of_the_clients_own_first_request(capture: Capture) -> None:
    client = find(OF[capture.client])
    assert client is not None

    body = body_of(client.shape, capture.body["model"])

    apart = {"messages", "tools"}
    assert {name: value for name, value in body.items() if name not in apart} == {
        name: value for name, value in capture.body.items() if name not in apart
    }
    assert [(one["role"], form(one["content"])) for one in body["messages"]] == [
        (one["role"], form(one["content"])) for one in capture.body["messages"]
    ]
    assert ("tools" in body) == ("tools" in capture.body)
    assert keys(body) == keys(capture.body)
    assert {one["function"].get("strict") for one in body.get("tools", ())} <= {
        one["function"].get("strict") for one in capture.body.get("tools", ())
    }


def test_every_recording_is_held_against_a_client() -> None:
    assert {one.client for one in captures()} == {one.client for one in recorded()} == set(OF)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_a_test_asks_something_small(client: Any) -> None:
    body = body_of(client.shape, OFFER.model)

    assert body["messages"][-1]["role"] == "user"
    assert len(str(body)) < 2_500
    assert body.get("stream", True) is True


def test_what_a_form_does_not_have_is_not_sent() -> None:
    assert set(body_of(Shape(stream=False), "m")) == {"model", "messages"}
    assert body_of(Shape((SYSTEM, USER), translates=True), "m")["messages"][1]["content"].count(
        "%%"
    )
