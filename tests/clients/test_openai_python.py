"""The official Python SDK."""

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.clients.conftest import Live

pytestmark = pytest.mark.clients

MODEL = "qwen3.7-plus"


def asked(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def test_models_are_listed_and_found(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert MODEL in names
    assert f"{MODEL}-thinking" in names
    assert client.models.retrieve(MODEL).owned_by == "qwen"


def test_a_whole_chat(client: OpenAI) -> None:
    answer = client.chat.completions.create(model=MODEL, messages=asked("apples"))

    assert "apples" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0


def test_a_streamed_chat_with_usage(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model=f"{MODEL}-thinking",
        messages=asked("pears"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    reasoning = "".join(
        getattr(chunk.choices[0].delta, "reasoning_content", "") or ""
        for chunk in chunks
        if chunk.choices
    )
    assert "pears" in text
    assert "practice mode" in reasoning
    assert chunks[-1].usage is not None


def test_the_streaming_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=asked("plums")) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert "plums" in (final.choices[0].message.content or "")


async def test_the_async_client(live: Live) -> None:
    async with AsyncOpenAI(base_url=live.base_url, api_key=live.key) as client:
        answer = await client.chat.completions.create(model=MODEL, messages=asked("figs"))
        assert "figs" in (answer.choices[0].message.content or "")


def test_a_search_has_citations(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model=f"{MODEL}-search",
        messages=asked("news"),
    )
    message = answer.choices[0].message

    assert message.annotations
    first = message.annotations[0].url_citation
    assert first.url in (message.content or "")[first.start_index : first.end_index]


def test_what_is_ignored_is_told_in_a_header(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL,
        messages=asked("x"),
        temperature=0.3,
    )
    assert raw.headers["x-portico-ignored"] == "temperature"


def test_legacy_completions(client: OpenAI, live: Live) -> None:
    answer = client.completions.create(model=MODEL, prompt="Once", echo=True)
    # The SDK's type forbids the null that OpenAI itself sends here, so this one is not strict.
    with OpenAI(base_url=live.base_url, api_key=live.key) as loose:
        streamed = loose.completions.create(model=MODEL, prompt="Once", stream=True)
        text = "".join(chunk.choices[0].text for chunk in streamed)

    assert answer.choices[0].text.startswith("Once")
    assert "Once" in text


def test_every_mistake_has_its_class(client: OpenAI, live: Live) -> None:
    with (
        OpenAI(base_url=live.base_url, api_key="sk-wrong", max_retries=0) as wrong,
        pytest.raises(openai.AuthenticationError, match="portico key show"),
    ):
        wrong.models.list()
    with pytest.raises(openai.NotFoundError, match=MODEL):
        client.chat.completions.create(model="qwen3.7-pluss", messages=asked("x"))
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=[])
    assert caught.value.param == "messages"


def fault(client: OpenAI, word: str, model: str = MODEL) -> openai.APIError:
    with pytest.raises(openai.APIError) as caught:
        list(
            client.chat.completions.create(
                model=model,
                messages=asked(f"practice: {word}"),
                stream=True,
            )
        )
    return caught.value


def test_faults_of_the_site_have_their_class_too(client: OpenAI, live: Live) -> None:
    limited = fault(client, "busy", "qwen3.6-plus")
    challenged = fault(client, "challenge")
    paused = fault(client, "long 2")
    live.portico("resume")
    broken = fault(client, "cut")

    assert isinstance(limited, openai.RateLimitError)
    assert isinstance(challenged, openai.InternalServerError)
    assert challenged.code == "verification_needed"
    assert paused.code == "cooling_down"
    assert type(broken) is openai.APIError
    assert "broke in mid-answer" in broken.message


def test_the_sdk_asks_again_where_that_helps_and_nowhere_else(live: Live) -> None:
    live.portico("key", "set", "default", "model", "")
    listed = live.portico("key", "list")
    with OpenAI(base_url=live.base_url, api_key=live.key, max_retries=1) as client:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model=MODEL, messages=asked("practice: filter"))
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model=MODEL, messages=asked("practice: error"))

    assert "last used" in listed
