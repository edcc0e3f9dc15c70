"""OpenAI chat completions: `/v1/chat/completions`, in stream and whole.

A body with `input` and no `messages` is read as Responses input and answered in chat shape, because
Cursor sends it so for some names (seen: 2026, its forum, thread 159298).
"""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.calls import Stamp
from tray_app.core.errors import ProxyError
from tray_app.core.model import Message, Prompt
from tray_app.core.ports import Asked, Encoder, Profile

from .openai import (
    NO_DEFAULT_MODEL,
    check_limit,
    decoded,
    error_body,
    flag,
    ignored_fields,
    invalid,
    stops_of,
    wish_of_effort,
)
from .openai_answers import StreamEncoder, Told, WholeEncoder
from .openai_messages import ChatMessage, InputItem, messages_of, messages_of_input
from .openai_tools import (
    Function,
    FunctionChoice,
    ResponseFormat,
    ToolItem,
    allowed,
    choice_of,
    format_of,
    function_choice_of,
    functions_of,
    tools_of,
    unknown_tools,
)

_HONOURED = frozenset(
    {
        "model", "messages", "input", "instructions", "stream", "stream_options", "n",
        "reasoning_effort", "reasoning", "enable_thinking", "think", "thinking",
        "chat_template_kwargs", "enable_search", "web_search_options",
        "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls",
        "stop", "max_tokens", "max_completion_tokens", "response_format",
        # Labels of the client's own, which no answer depends on.
        "user", "metadata", "store", "service_tier", "prompt_cache_key", "safety_identifier",
    }
)  # fmt: skip


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Reasoning(Struct):
    """Thinking as Responses ask for it, and as OpenRouter does."""

    effort: str | None = None
    enabled: bool | None = None
    max_tokens: float | None = None

    @property
    def wish(self) -> bool | None:
        """Whether to think; None where nothing is said of it."""
        if self.enabled is not None:
            return self.enabled
        if self.effort is None and self.max_tokens is not None:
            return self.max_tokens != 0
        return wish_of_effort(self.effort)


class _Thinking(Struct):
    type: str | None = None


class _Request(Struct):
    model: str | None = None
    messages: list[ChatMessage] | None = None
    input: str | list[InputItem] | None = None
    instructions: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    tools: list[ToolItem] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[Function] | None = None
    function_call: str | FunctionChoice | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    reasoning: _Reasoning | None = None
    enable_thinking: bool | None = None
    think: bool | str | None = None
    thinking: _Thinking | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    enable_search: bool | None = None
    web_search_options: dict[str, Any] | None = None


_request = msgspec.json.Decoder(_Request)


class OpenAIChat:
    """Chat completions."""

    paths: tuple[str, ...] = ("/chat/completions",)

    def parse(self, body: bytes, profile: Profile) -> Asked:
        """Understand a request; raises `ProxyError` that names the field."""
        sent, body = decoded(body, _request)
        _check(sent)
        ignored = ignored_fields(body, _HONOURED) + unknown_tools(sent.tools or ())
        ignored += _doubled(sent)
        thinking, unheard = _thinking(sent, profile)
        prompt = Prompt(
            model=_model(sent, profile),
            messages=_messages(sent),
            thinking=thinking,
            search=bool(sent.enable_search) or sent.web_search_options is not None,
            **_wishes(sent),
        )
        if prompt.format is not None and prompt.stop:
            # Where an answer has to be JSON, nothing may be cut from it.
            prompt, ignored = replace(prompt, stop=()), (*ignored, "stop")
        told = Told(_reasoning_fields(profile), legacy=bool(sent.functions and not sent.tools))
        stream = bool(sent.stream)
        options = sent.stream_options
        with_usage = bool(options and options.include_usage)

        def encoder(stamp: Stamp, model: str) -> Encoder:
            if stream:
                return StreamEncoder(stamp, model, told, with_usage=with_usage)
            return WholeEncoder(stamp, model, told)

        return Asked((prompt,), stream, ignored + unheard, encoder)

    def error(self, error: ProxyError) -> bytes:
        """An error object as JSON."""
        return error_body(error)


def _model(sent: _Request, profile: Profile) -> str:
    model = sent.model or profile.model
    if not model:
        raise invalid("model", NO_DEFAULT_MODEL)
    return model


def _messages(sent: _Request) -> tuple[Message, ...]:
    if sent.messages is not None:
        return messages_of(sent.messages)
    if sent.input is not None:
        return messages_of_input(sent.input, sent.instructions)
    raise invalid("messages", "messages: expected an array, got nothing")


def _check(sent: _Request) -> None:
    if sent.n is not None and sent.n != 1:
        raise invalid("n", "n: only one answer at a time can be made")
    for name in ("max_tokens", "max_completion_tokens"):
        check_limit(name, getattr(sent, name))


def _doubled(sent: _Request) -> tuple[str, ...]:
    """The fields of tools that others, which mean the same, make idle."""
    legacy = {"functions": sent.functions, "function_call": sent.function_call}
    newer = {"tool_choice": sent.tool_choice, "parallel_tool_calls": sent.parallel_tool_calls}
    idle = legacy if sent.tools else newer if sent.functions else {}
    return tuple(name for name, value in idle.items() if value is not None)


def _wishes(sent: _Request) -> dict[str, Any]:
    """What the body says about tools, limits and the form of the answer: fields of a `Prompt`."""
    if sent.tools or not sent.functions:
        tools = allowed(tools_of(sent.tools or ()), sent.tool_choice)
        choice = choice_of(sent.tool_choice, tools)
    else:
        tools = functions_of(sent.functions)
        choice = function_choice_of(sent.function_call, tools)
    limits = [limit for limit in (sent.max_tokens, sent.max_completion_tokens) if limit]
    return {
        "tools": tools,
        "tool_choice": choice,
        "one_call": sent.parallel_tool_calls is False or bool(sent.functions and not sent.tools),
        "stop": stops_of(sent.stop),
        "max_tokens": min(limits, default=None),
        "format": format_of(sent.response_format),
    }


def _thinking(sent: _Request, profile: Profile) -> tuple[bool | None, tuple[str, ...]]:
    """What the body says about thinking, and the fields that the key's policy leaves unheard."""
    kind = sent.thinking.type if sent.thinking else None
    said = {
        "enable_thinking": sent.enable_thinking,
        "think": sent.think if isinstance(sent.think, bool) else wish_of_effort(sent.think),
        "chat_template_kwargs": flag(sent.chat_template_kwargs, "enable_thinking"),
        "thinking": None if kind is None else kind != "disabled",
        "reasoning_effort": wish_of_effort(sent.reasoning_effort),
        "reasoning": sent.reasoning.wish if sent.reasoning else None,
    }
    wishes = {name: wish for name, wish in said.items() if wish is not None}
    if any(wish is False for wish in wishes.values()):
        return False, ()
    if not wishes:
        return None, ()
    return (True, ()) if profile.thinking == "asked" else (None, tuple(wishes))


def _reasoning_fields(profile: Profile) -> tuple[str, ...]:
    """The fields that thoughts are told in; clients that know both double neither."""
    if profile.reasoning in {"reasoning_content", "reasoning"}:
        return (profile.reasoning,)
    return ("reasoning_content", "reasoning")
