"""What a key's profile does to its answers: several clients at once, each as it likes it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import pytest

from tests.harness import Reply, Running, running
from tray_app.core.ports import CitationStyle
from tray_app.practice import PracticeSite

MODEL = "qwen3.7-plus-search"
AGENT = {"reasoning": "reasoning_content", "thinking": "suffix", "citations": "list"}
TRANSLATOR = {"reasoning": "think", "citations": "none"}
READER = {"reasoning": "hidden", "citations": "plain"}
LINKS = "[Practice makes perfect](https://news.example/practice)"


@pytest.fixture
def slow_proxy() -> Iterator[Running]:
    """A proxy in front of a site that takes about a second to answer."""
    site = PracticeSite(pace_s=0.05)
    site.start()
    try:
        with running(site) as started:
            started.control("settings", what="set", name="parallel_answers", value="4")
            yield started
    finally:
        site.stop()


def new_key(proxy: Running, name: str, profile: dict[str, str]) -> str:
    secret: str = proxy.control("key", what="new", name=name)["secret"]
    for field, value in profile.items():
        proxy.control("key", what="set", name=name, field=field, value=value)
    return secret


def ask(proxy: Running, key: str, path: str, *, stream: bool) -> Reply:
    """One question, the same for everybody, with a field that asks for thoughts."""
    body: dict[str, Any] = {"model": MODEL, "stream": stream, "reasoning_effort": "high"}
    if path == "/v1/completions":
        body |= {"prompt": "Hello", "model": MODEL + "-thinking"}
    else:
        body["messages"] = [{"role": "user", "content": "Hello"}]
    return proxy.ask("POST", path, body, key=key)


def text_of(reply: Reply) -> str:
    """The text of a completion, streamed or whole."""
    told = reply.frames[:-1] if reply.frames else [reply.json()]
    return "".join(choice["text"] for one in told for choice in one["choices"])


def annotations(reply: Reply) -> list[dict[str, Any]]:
    """What a chat answer says of its sources, streamed or whole."""
    if not reply.frames:
        whole: list[dict[str, Any]] = reply.json()["choices"][0]["message"]["annotations"]
    else:
        deltas = [one["choices"][0]["delta"] for one in reply.frames[:-1] if one["choices"]]
        whole = [note for delta in deltas for note in delta.get("annotations", [])]
    return [note["url_citation"] for note in whole]


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
def test_every_client_of_a_chat_gets_what_suits_it_at_the_same_time(
    slow_proxy: Running, stream: bool
) -> None:
    keys = [
        new_key(slow_proxy, name, profile)
        for name, profile in (("agent", AGENT), ("page", TRANSLATOR), ("reader", READER))
    ]
    with ThreadPoolExecutor(3) as pool:
        asked = [
            pool.submit(ask, slow_proxy, key, "/v1/chat/completions", stream=stream) for key in keys
        ]
        slow_proxy.site.wait_until(lambda: slow_proxy.site.open_streams == 3)
        agent, page, reader = (one.result() for one in asked)

    assert not agent.reasoning
    assert agent.headers["x-portico-ignored"] == "reasoning_effort"
    assert "say so [1] [2].\n\n1. " + LINKS in agent.text
    assert page.text.startswith("<think>\n")
    assert page.text.endswith("say so.")
    assert annotations(page) == []
    assert "x-portico-ignored" not in page.headers
    assert reader.text.startswith("This is practice mode")
    assert reader.text.endswith("say so [[1]] [[2]].")
    assert not page.reasoning
    assert not reader.reasoning


@pytest.mark.parametrize("stream", [False, True])
def test_every_client_of_a_completion_gets_what_suits_it(proxy: Running, stream: bool) -> None:
    agent, page, reader = (
        text_of(ask(proxy, new_key(proxy, name, profile), "/v1/completions", stream=stream))
        for name, profile in (("agent", AGENT), ("page", TRANSLATOR), ("reader", READER))
    )

    assert agent.startswith("This is practice mode")
    assert "say so [1] [2].\n\n1. " + LINKS in agent
    assert page.startswith("<think>\n")
    assert page.endswith("say so.")
    assert reader.startswith("This is practice mode")
    assert reader.endswith("say so [[1]] [[2]].")


@pytest.mark.parametrize("reasoning", ["both", "think"])
@pytest.mark.parametrize("style", get_args(CitationStyle))
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_told_of_sources_is_where_it_says(
    proxy: Running, style: str, reasoning: str, stream: bool
) -> None:
    key = new_key(proxy, "one", {"citations": style, "reasoning": reasoning})
    reply = ask(proxy, key, "/v1/chat/completions", stream=stream)
    told = [reply.text[note["start_index"] : note["end_index"]] for note in annotations(reply)]
    wanted = {
        "links": [
            "[[1]](https://news.example/practice)",
            "[[2]](https://library.example/search)",
        ],
        "plain": ["[[1]]", "[[2]]"],
        "list": ["[1]", "[2]"],
        "none": [],
    }

    assert told == wanted[style]
