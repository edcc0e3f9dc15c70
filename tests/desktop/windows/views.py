"""Views that tests show, and texts that nobody should ever show otherwise than as text."""

from typing import Any

import msgspec

from tray_app.desktop.look import Row
from tray_app.desktop.windows.messages import Answer, QuestionView, StatusView

DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWj"
    "R9awAAAABJRU5ErkJggg=="
)
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "{{7*7}} ${7*7} `x`",
    "\u202eevil\u2066 \u2028 \u2029",
    "\x1b[31mred\x1b[0m",
    "one\r\ntwo",
    '"]);alert(1);//',
    "https://pictures.example/x.png ![x](https://pictures.example/y.png)",
)

STATUS = StatusView(
    title="Portico is running",
    tip="Nobody waits",
    icon=DOT,
    rows=(
        Row(1, "http://127.0.0.1:7936/v1", enabled=False),
        Row(2, "Copy endpoint"),
        Row(3, "Copy key", rows=(Row(31, "default"), Row(32, "Roo Code"))),
        Row(4),
        Row(5, "Start at login", checked=True),
        Row(6, "Quit"),
    ),
    language="en",
)
QUESTION = QuestionView(
    title="Let https://app.example use Portico?",
    text="It could ask anything in your name.",
    facts=("Key: default",),
    answers=(
        Answer("never", "Never", "danger"), Answer("no", "Not now", "default"),
        Answer("yes", "Allow"),
    ),
    safe="no",
    language="en",
)  # fmt: skip
VIEWS: dict[str, StatusView | QuestionView] = {"status": STATUS, "question": QUESTION}


def status(**changed: Any) -> StatusView:
    """`STATUS` with other fields."""
    return msgspec.structs.replace(STATUS, **changed)


def hostile_status() -> StatusView:
    """Every hostile text, as title, tip, row and row of a row."""
    inner = tuple(Row(100 + at, text) for at, text in enumerate(HOSTILE))
    outer = tuple(
        Row(10 + at, text, rows=inner if at == 0 else ()) for at, text in enumerate(HOSTILE)
    )
    return status(title=HOSTILE[0], tip=HOSTILE[1], rows=outer, icon="https://pictures.example/z")


def hostile_question() -> QuestionView:
    """Every hostile text, as title, text, fact and answer."""
    answers = tuple(Answer(text, text) for text in HOSTILE)
    return msgspec.structs.replace(
        QUESTION, title=HOSTILE[0], text=HOSTILE[1], facts=HOSTILE, answers=answers
    )
