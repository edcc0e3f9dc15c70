"""Requests recorded from real clients, tools and all: their own SDKs take what they get."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI, Stream
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from tests.clients.conftest import Live, node_env
from tests.dialects.captures import Capture, captures

pytestmark = pytest.mark.clients

AI_SDK = ("cline", "kilocode", "nanocoder", "opencode")
RECORDED = captures()
OF_AI_SDK = [capture for capture in RECORDED if capture.client.startswith(AI_SDK)]


@pytest.fixture(scope="module", autouse=True)
def any_model(live: Live) -> Iterator[None]:
    """Every name is one of a model, as the recorded ones are not ours."""
    live.portico("settings", "set", "aliases", '{"*": "qwen3.7-plus"}')
    yield
    live.portico("settings", "set", "aliases", "{}")


@pytest.mark.parametrize("capture", RECORDED, ids=str)
def test_openai_python_takes_the_answer(live: Live, capture: Capture) -> None:
    """F23"""
    state = ChatCompletionStreamState()
    # By this one a client of the SDK tells itself not to read the answer.
    raw = "X-Stainless-Raw-Response"
    headers = {name: value for name, value in capture.headers.items() if name != raw}
    with OpenAI(
        base_url=live.base_url,
        api_key=live.key,
        default_headers=headers,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        for chunk in client.post(
            "/chat/completions",
            cast_to=ChatCompletionChunk,
            body=capture.body,
            stream=True,
            stream_cls=Stream[ChatCompletionChunk],
        ):
            state.handle_chunk(chunk)
    choice = state.get_final_completion().choices[0]

    calls = [
        (call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()
    ]
    check(capture, choice.message.content or "", calls, choice.finish_reason)


@pytest.mark.parametrize("capture", OF_AI_SDK, ids=str)
def test_the_ai_sdk_takes_the_answer(live: Live, node_modules: Path, capture: Capture) -> None:
    """F23"""
    done = subprocess.run(
        ["node", "replay.mjs"],
        cwd=node_modules,
        env=node_env(live, node_modules),
        input=json.dumps(capture.body),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert told["errors"] == []
    check(capture, told["text"], told["calls"], told["finish"].replace("-", "_"))


def check(capture: Capture, text: str, calls: list[Any], finish: str) -> None:
    """The answer has text, or calls of tools that the client offers, and ends as it should."""
    offered = {tool["function"]["name"] for tool in capture.body.get("tools", ())}
    assert text or calls
    assert {name for name, _ in calls} <= offered
    assert all(isinstance(json.loads(arguments), dict) for _, arguments in calls)
    assert finish == ("tool_calls" if calls else "stop")
