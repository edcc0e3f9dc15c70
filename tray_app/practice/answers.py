"""What the practice site answers when nobody scripted it: an echo, useful for trying things out.

A person can ask for a fault: the last line of a prompt that begins with `practice:` names one of
`WORDS`, some with a number behind it, or one of `FORMS` behind `form`, of `SHAPES` behind `json`;
where a picture is asked for also one of `pictures.WORDS`.
Where the prompt offers tools they are used (see `agent`), and where it asks for JSON it gets it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from . import acts, agent, forms, frames, pictures, replies, shapes, transcript
from .looks import Seen
from .pictures import Studio
from .transcript import Transcript
from .values import NoValueError

_SOURCES = (
    ("https://news.example/practice", "Practice makes perfect"),
    ("https://library.example/search", "How searches are tried out"),
)
_PIECES = 300
"""With the usual pace these take six seconds."""
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
"""Every fault of any answer that a person can ask for."""


def word_of(body: dict[str, Any]) -> str:
    """The fault that a completions body asks for; empty for none."""
    word = transcript.read(content_of(body)).word
    return word.name if word else ""


def content_of(body: dict[str, Any]) -> str:
    """What a completions body asks; empty for what is none."""
    messages = body.get("messages")
    message = messages[0] if isinstance(messages, list) and messages else None
    return str(message.get("content", "")) if isinstance(message, dict) else ""


def answer_to(
    body: dict[str, Any], studio: Studio, pace_s: float, files: Sequence[Seen] = ()
) -> acts.Act:
    """The useful answer to a completions body that the site would take.

    Args:
        body: What came.
        studio: Where pictures are drawn.
        pace_s: Seconds between two pieces.
        files: Those that came with it.
    """
    message = body["messages"][0]
    asked = transcript.read(content_of(body), *(file.text for file in files))
    draws = message.get("chat_type") in pictures.KINDS
    if word := _word_alone(asked):
        if word.name in WORDS:
            return WORDS[word.name](word.number)
        if word.name not in pictures.WORDS:
            known = [*WORDS, *pictures.WORDS, "form", "json"]
            return acts.say(f"Practice knows these words: {', '.join(known)}.")
        if not draws:
            return acts.say("This prompt asks for no picture, so there is none to spoil.")
    if draws:
        return studio.answer(body, asked, [file.corner for file in files], pace_s)
    return _in_words(body, asked, [file.words for file in files], pace_s)


def _word_alone(asked: Transcript) -> transcript.Word | None:
    """What practice mode shall do instead of answering, if anything."""
    return None if asked.word and asked.word.form else asked.word


def _in_words(
    body: dict[str, Any], asked: Transcript, seen: Sequence[str], pace_s: float
) -> acts.Act:
    message = body["messages"][0]
    features = message.get("feature_config", {})
    searches = bool(features.get("auto_search")) or message.get("chat_type") == "search"
    written = _told(asked, seen)
    deltas = _in_time(written.deltas)
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


def _in_time(deltas: Sequence[str]) -> list[str]:
    """The same text in no more pieces than an answer has time for, as a fast model writes them."""
    size = -(-len(deltas) // _PIECES) or 1
    return ["".join(deltas[at : at + size]) for at in range(0, len(deltas), size)]


def _told(asked: Transcript, seen: Sequence[str]) -> forms.Written:
    """What the answer says; a fault in here must not look like one of the site."""
    try:
        return _written(asked, seen)
    except NoValueError as why:
        return forms.text(f"Practice mode can make no value for that schema: {why}.")
    except Exception as error:  # noqa: BLE001  whoever asked must be told
        fault = f"{type(error).__name__}: {error}"
        return forms.text(f"Practice mode has a fault of its own: {fault}"[:_SHOWN])


def _written(asked: Transcript, seen: Sequence[str]) -> forms.Written:
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
    return _called(asked, planned or replies.told(asked, refused or _echo(asked, seen)))


def _echo(asked: Transcript, seen: Sequence[str]) -> str:
    sent = f"\n\nYou sent: {'; '.join(seen)}." if seen else ""
    return f"{_ECHO}{asked.said}{sent}"


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
