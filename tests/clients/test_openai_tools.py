"""The official Python SDK with tools and formats, which it checks against models of pydantic."""

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

pytestmark = pytest.mark.clients

MODEL = "qwen3.7-plus"
TASK: list[ChatCompletionMessageParam] = [
    {"role": "user", "content": "create hello.txt with the text hi"}
]


class WriteFile(BaseModel):
    """Write a file."""

    path: str
    content: str


class Fruit(BaseModel):
    """What is on the table."""

    name: str
    ripe: bool
    grams: int


TOOL = openai.pydantic_function_tool(WriteFile, name="write_file")


def test_a_streamed_call_is_parsed_by_the_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=TASK, tools=[TOOL]) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion().choices[0]

    assert "tool_calls.function.arguments.done" in kinds
    assert final.finish_reason == "tool_calls"
    assert final.message.tool_calls is not None
    [call] = final.message.tool_calls
    assert call.function.parsed_arguments == WriteFile(path="hello.txt", content="hi")


def test_a_whole_call_and_its_result(client: OpenAI) -> None:
    called = client.chat.completions.parse(model=MODEL, messages=TASK, tools=[TOOL]).choices[0]
    assert called.finish_reason == "tool_calls"
    assert called.message.tool_calls is not None
    [call] = called.message.tool_calls

    told = client.chat.completions.create(
        model=MODEL,
        tools=[TOOL],
        messages=[
            *TASK,
            {
                "role": "assistant",
                "content": called.message.content,
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {
                            "name": call.function.name,
                            "arguments": call.function.arguments,
                        },
                    }
                ],
            },
            {"role": "tool", "tool_call_id": call.id, "content": "hello.txt was written."},
        ],
    ).choices[0]

    assert call.function.parsed_arguments == WriteFile(path="hello.txt", content="hi")
    assert told.finish_reason == "stop"
    assert told.message.content


def test_a_call_can_be_demanded_and_forbidden(client: OpenAI) -> None:
    def calls(choice: str) -> list[str]:
        answer = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Good morning!"}],
            tools=[TOOL],
            tool_choice="required" if choice == "required" else "none",
        )
        return [call.id for call in answer.choices[0].message.tool_calls or ()]

    assert calls("required")
    assert not calls("none")


def test_a_format_is_parsed_by_the_helper(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model=MODEL,
        messages=[{"role": "user", "content": "Which fruit is it?"}],
        response_format=Fruit,
    )

    assert isinstance(answer.choices[0].message.parsed, Fruit)
