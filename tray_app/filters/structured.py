"""Answers in JSON: asked for in the prompt, found in the text, held against the client's schema.

The site cannot be told to write JSON, so the model is asked to, and its text is held back until it
has ended: text that was sent can be neither read another way nor repaired. Until then a client of a
stream sees the thoughts, and the heartbeats of the relay; then the whole JSON in one piece, which
is valid, and the end. Of an answer that was cut off as much of its JSON is handed out as is there,
with the reason that says so.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, NoReturn

import msgspec

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Event,
    Finished,
    Format,
    Message,
    Prompt,
    TextDelta,
    TextPart,
    ToolCallDelta,
)

from .calling import lenient
from .schema import Fit, fit

_ASKED = (
    "# Answer format\n\n"
    "Your answer is read by a program. Write {what} and nothing else: no code fence around it, no "
    "words before or after it."
)
_TOOLS = " You may call functions first, in their own form; this is about your answer itself."
_AGAIN = "{problems}\n\nWrite the whole JSON again, corrected, and nothing else."
_NO_JSON = "the whole: holds no JSON"
_NO_OBJECT = "the whole: must be an object"

_FENCE = re.compile(r"```[ \t]*+\w*+\s*+(?=[\[{])")
_BRACKET = re.compile(r"[\[{]")
_MEANT = re.compile(r"\{\s*+(?:[\"'}]|[\w$]++\s*+:)|\[\s*+[\[{\"']")
"""The beginning of JSON, rather than a bracket of prose."""
_TRIES = 200
_READINGS = 1.5
"""How often a long text may be read over in tries, as each may read all that is left of it."""
_SHORT_CHARS = 100_000
_SCALARS = ("string", "number", "integer", "boolean")


def instructed(prompt: Prompt) -> Prompt:
    """The prompt, which has a format, asking for it behind its first system messages.

    There it is the same bytes in every turn of a conversation, and before what changes.
    """
    if prompt.format is None:
        return prompt
    at = next(
        (at for at, message in enumerate(prompt.messages) if message.role != "system"),
        len(prompt.messages),
    )
    asking = Message("system", (TextPart(_asked(prompt.format, calls=bool(prompt.tools))),))
    messages = (*prompt.messages[:at], asking, *prompt.messages[at:])
    return msgspec.structs.replace(prompt, messages=messages)


def _asked(wanted: Format, *, calls: bool) -> str:
    if wanted.schema is None:
        return _ASKED.format(what="one JSON object") + (_TOOLS if calls else "")
    schema = {key: value for key, value in wanted.schema.items() if key != "$schema"}
    named = f' ("{wanted.name}")' if wanted.name else ""
    named += f": {wanted.description.strip()}" if wanted.description.strip() else ""
    asked = _ASKED.format(what=f"one JSON value that fits the JSON schema below{named}")
    told = json.dumps(schema, ensure_ascii=False)
    return f"{asked}{_TOOLS if calls else ''}\n\n<schema>\n{told}\n</schema>"


class Structured:
    """A filter that hands on JSON of the format, once it is whole; everything else passes.

    After an answer that does not fit, nothing of its text has been handed on, nor its end, and
    `again` holds the messages that ask for it to be repaired, to be put behind those of the prompt.
    The answer to that goes through the same filter; if it does not fit either, the call that hands
    in its end raises `structured_output_failed`.

    An answer that calls tools is not held to the format.
    """

    def __init__(self, emit: Callable[[Event], None], format: Format) -> None:  # noqa: A002
        self._emit = emit
        self._schema = format.schema
        self._held: list[str] = []
        self._calls = False
        self._repairing = False
        self.again: tuple[Message, ...] | None = None

    def __call__(self, event: Event) -> None:
        if type(event) is TextDelta and not self._calls:
            self._held.append(event.text)
        elif type(event) is Finished:
            self._end(event)
        else:
            if type(event) is ToolCallDelta and not self._calls:
                self._calls = True
                self._say("".join(self._held))
            self._emit(event)

    def _end(self, finished: Finished) -> None:
        self.again = None
        text = "".join(self._held)
        self._held.clear()
        if finished.reason == "stop" and not self._calls:
            found, problems = self._read(text)
            if problems:
                self._failed(text, problems)
                return
            text = found
        elif finished.reason == "length" and not (self._calls or _is_bare(self._schema)):
            text = _begun(text)
        self._say("" if self._calls else text)
        self._emit(finished)

    def _say(self, text: str) -> None:
        if text:
            self._emit(TextDelta(text))

    def _failed(self, text: str, problems: tuple[str, ...]) -> None:
        if self._repairing:
            message = f"The answer does not fit the schema, nor did the one before: {problems[0]}"
            raise ProxyError(Kind.STRUCTURED_OUTPUT_FAILED, message)
        self._repairing = True
        listed = "\n".join(f"- {problem}" for problem in problems)
        asked = f"Your answer is not in the format that was asked for:\n{listed}"
        asking = Message("user", (TextPart(_AGAIN.format(problems=asked)),))
        said = (Message("assistant", (TextPart(text),)),) if text.strip() else ()
        self.again = (*said, asking)

    def _read(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The JSON of an answer's text, and what is wrong with it."""
        values, wrong = _values(text)
        problems: tuple[str, ...] = (wrong,)
        longest = 0
        for value, written in values:
            found = self._fit(value)
            if not found.problems:
                return (written if found.value is value else _written(found.value)), ()
            if len(written) > longest:
                longest, problems = len(written), found.problems
        bare = self._bare(text.strip())
        return ("", problems) if bare is None else (bare, ())

    def _fit(self, value: Any) -> Fit:
        if self._schema is None:
            return Fit(value, () if isinstance(value, dict) else (_NO_OBJECT,))
        return fit(value, self._schema)

    def _bare(self, text: str) -> str | None:
        """A lone value that was written without quotes, where the schema is of such."""
        schema = self._schema
        if not text or schema is None or not _is_bare(schema):
            return None
        found = fit(text, schema)
        return None if found.problems else _written(found.value)


def _is_bare(schema: dict[str, Any] | None) -> bool:
    """Whether a value of a schema may be neither an object nor a list."""
    return schema is not None and ("enum" in schema or schema.get("type") in _SCALARS)


def _begun(text: str) -> str:
    """The JSON in an answer that was cut, from its beginning on; empty where none was begun."""
    begun = text.lstrip()
    if begun[:1] not in {"{", "["}:
        found = _FENCE.search(begun) or _MEANT.search(begun)
        if found is None:
            # A schema of several forms, or one that refers to another, may be of a lone text too.
            return text if begun.startswith('"') else ""
        begun = begun[found.start() if found[0][0] in "[{" else found.end() :]
    try:
        return begun[: json.JSONDecoder().raw_decode(begun)[1]]
    except (ValueError, RecursionError):
        return begun


def _values(text: str) -> tuple[list[tuple[Any, str]], str]:
    """The values that stand in a text, likeliest first, and what is wrong if that is none.

    With each stands how it is handed on where it is right as it is.
    """
    whole = _whole(text)
    if whole:
        return whole, ""
    found: list[tuple[Any, str]] = []
    begins: list[int] = []
    ends: list[int] = []
    left = _SHORT_CHARS + _READINGS * len(text)
    for at in _starts(text):
        before = bisect_right(begins, at)
        if before and at < ends[before - 1]:
            continue
        try:
            value, end = lenient.read(text, at)
        except lenient.Fault as fault:
            if _MEANT.match(text, at):
                # What stands inside of broken JSON is a part of an answer, and no answer.
                return found, f"the whole: is no valid JSON: {fault}"
            end = at + 1
            left -= (fault.at if fault.at > at else len(text)) - at
        else:
            found.append((value, _written(value)))
            left -= end - at
        begins.insert(before, at)
        ends.insert(before, end)
        if len(begins) == _TRIES or left <= 0:
            break
    return found, _NO_JSON


def _whole(text: str) -> list[tuple[Any, str]]:
    """A text that is nothing but JSON already, which stays as it is."""
    try:
        return [(json.loads(text, parse_constant=_refused, parse_float=_finite), text)]
    except (ValueError, RecursionError):
        return []


def _refused(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(number: str) -> float:
    read = float(number)
    return read if isfinite(read) else _refused(number)


def _starts(text: str) -> Iterator[int]:
    """Where values may begin: with the text, in a code fence, in prose."""
    begun = len(text) - len(text.lstrip())
    if _MEANT.match(text, begun):
        yield begun
    yield from (found.end() for found in _FENCE.finditer(text))
    yield from (found.start() for found in _BRACKET.finditer(text))


def _written(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate, which only an escape can tell.
        return json.dumps(value, separators=(",", ":"))
    return text
