"""What the practice site answers when nobody scripted it: an echo, useful for trying things out.

A person can ask for a fault: the last line of a prompt that begins with `practice:` names one of
`WORDS`, some with a number behind it, or one of `FORMS` behind `form`, of `SHAPES` behind `json`.
Where the prompt offers tools they are used (see `agent`), and where it asks for JSON it gets it.
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from . import acts, agent, forms, frames, replies, shapes, transcript
from .transcript import Transcript
from .values import NoValueError

_SOURCES = (
    ("https://news.example/practice", "Practice makes perfect"),
    ("https://library.example/search", "How searches are tried out"),
)
_SHOWN = 500
_ECHO = "This is practice mode, so nobody thought about this. You said: "
_NO_TASK = "There is no task that practice mode knows, so there is no call to write."
_THOUGHTS = (
    "The person sent a message in practice mode.",
    "What arrived says best what to answer.",
)

WORDS: dict[str, Callable[[int], acts.Act]] = {
    "challenge": lambda _: acts.CHALLENGE,
    "challenge-page": lambda _: acts.CHALLENGE_PAGE,
    "modal": lambda _: acts.CHALLENGE,
    "navigation": lambda _: acts.CHALLENGE,
    "held": lambda _: acts.HELD,
    "expired": lambda _: acts.EXPIRED,
    "limit": lambda hours: acts.refused("RateLimited", "daily usage limit", num=hours or 7),
    "busy": lambda _: acts.refused("Too_Many_Requests", "Slow down."),
    "error": lambda _: acts.refused("internal_error", "Internal error."),
    "filter": lambda _: acts.refused("data_inspection_failed", "Content security warning: input"),
    "changed": lambda _: acts.refused("Bad_Request", "Something wrong with request!"),
    "page": lambda _: acts.page("<html><title>502</title></html>", 502),
    "empty": lambda _: acts.EMPTY,
    "only-thinking": lambda _: acts.say(raw_thoughts=["Hm."]),
    "stall": lambda _: acts.say("This answer stops ", "here.", finished=False, then="hang"),
    "cut": lambda _: acts.say("This answer breaks ", "off.", finished=False, then="cut"),
    "reset": lambda _: acts.say("This answer breaks ", "off.", finished=False, then="reset"),
    "silence": lambda _: acts.Silence(),
    "slow": lambda seconds: acts.Slow(acts.say("Better late than never."), seconds or 5),
    "long": lambda count: acts.say(*(f"{at} " for at in range(1, (count or 500) + 1)), pace_s=0.01),
}
"""Every fault a person can ask for."""


def word_of(body: dict[str, Any]) -> str:
    """The fault that a completions body asks for; empty for none."""
    word = transcript.read(content_of(body)).word
    return word.name if word else ""


def content_of(body: dict[str, Any]) -> str:
    """What a completions body asks; empty for what is none."""
    messages = body.get("messages")
    message = messages[0] if isinstance(messages, list) and messages else None
    return str(message.get("content", "")) if isinstance(message, dict) else ""


def answer_to(body: dict[str, Any], origin: str, pace_s: float) -> acts.Act:
    """The useful answer to a completions body that the site would take."""
    message = body["messages"][0]
    asked = transcript.read(content_of(body))
    word = asked.word
    if word and not word.form:
        if word.name in WORDS:
            return WORDS[word.name](word.number)
        return acts.say(f"Practice knows these words: {', '.join([*WORDS, 'form', 'json'])}.")
    if message.get("chat_type") == "t2i":
        return _drawing(origin, pace_s)
    features = message.get("feature_config", {})
    searches = bool(features.get("auto_search")) or message.get("chat_type") == "search"
    written = _told(asked)
    deltas = list(written.deltas)
    if searches:
        deltas += ["\n\nTwo pages ", "say so [", "[1]", "] [[2]]."]
    if not body.get("incremental_output"):
        deltas = ["".join(deltas[: at + 1]) for at in range(len(deltas))]
    act = acts.say(
        *deltas,
        thoughts=_THOUGHTS if features.get("thinking_enabled") else (),
        raw_thoughts=written.thoughts,
        sources=_SOURCES if searches else (),
        pace_s=pace_s,
    )
    return act if features.get("output_schema") == "phase" else _without_phases(act)


def _told(asked: Transcript) -> forms.Written:
    """What the answer says; a fault in here must not look like one of the site."""
    try:
        return _written(asked)
    except NoValueError as why:
        return forms.text(f"Practice mode can make no value for that schema: {why}.")
    except Exception as error:  # noqa: BLE001  whoever asked must be told
        fault = f"{type(error).__name__}: {error}"
        return forms.text(f"Practice mode has a fault of its own: {fault}"[:_SHOWN])


def _written(asked: Transcript) -> forms.Written:
    """A call, a value in JSON, or words; spoilt if that is asked for."""
    wish = asked.wish
    refused = _unknown(asked, wish) if wish else ""
    planned = None if refused else agent.reply(asked)
    is_form = wish is not None and wish.name == "form"
    if planned and planned.calls:
        form = forms.form(wish.form) if wish and is_form else None
        return _called(asked, planned, form)
    if planned is None and is_form:
        refused = refused or _NO_TASK
    schema = None if refused else shapes.asked_for(asked)
    if schema is not None:
        return forms.text(shapes.answer(asked, schema))
    return _called(asked, planned or replies.told(asked, refused or _ECHO + asked.said))


def _called(
    asked: Transcript, planned: replies.Reply, form: forms.Form | None = None
) -> forms.Written:
    """A message in a form, else in the one that the prompt asks for."""
    planned = replace(planned, prose=replies.harmless(asked, planned.prose))
    if form is not None:
        return form.write(planned)
    return forms.in_xml(planned) if asked.wants_xml else forms.plain(planned)


def _unknown(asked: Transcript, wish: transcript.Word) -> str:
    """What there is to say of a form that does not exist or has nothing to spoil."""
    known = forms.FORMS if wish.name == "form" else shapes.SHAPES
    if wish.form not in known and not (wish.name == "form" and forms.form(wish.form)):
        return f"Practice knows these forms: {', '.join(known)}."
    if wish.name == "form" and not asked.tools:
        return "There are no tools in this prompt, so no call can be written in that form."
    if wish.name == "json" and shapes.asked_for(asked) is None:
        return "This prompt asks for no JSON, so there is none to spoil."
    return ""


def _without_phases(act: acts.Events) -> acts.Act:
    """The same answer as the site gives it to who does not ask for phases."""

    def make(scene: acts.Scene) -> Iterator[bytes]:
        for data in act.make(scene):
            told = json.loads(data[6:])
            for choice in told.get("choices", ()):
                choice["delta"].pop("phase", None)
            yield frames.frame(told)

    return acts.Events(make, act.pace_s)


def _drawing(origin: str, pace_s: float) -> acts.Act:
    def make(scene: acts.Scene) -> Iterator[bytes]:
        answer = frames.Answer(scene.response_id)
        yield frames.created(scene.chat_id, scene.response_id)
        yield frames.info(scene.chat_id, scene.response_id)
        yield answer.picture(f"{origin}/output/{scene.response_id}.png?key=practice")
        yield answer.finished("image_gen")

    return acts.Events(make, pace_s)


def picture() -> bytes:
    """A small grey picture."""

    def part(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = (b"\0" + b"\x80" * 64) * 64
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    body = part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
