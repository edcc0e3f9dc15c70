"""Views that tests show, and texts that nobody should ever show otherwise than as text."""

from typing import Any

import msgspec

from tests.desktop.more_views import about, activity, models
from tray_app.desktop.look import Row
from tray_app.desktop.windows.messages import Answer, QuestionView, StatusView, View
from tray_app.desktop.windows.parts import (
    Aside,
    Button,
    Buttons,
    Choice,
    Code,
    ConnectView,
    Field,
    FieldKind,
    Item,
    Section,
    SettingsView,
    Steps,
    Text,
    Value,
)
from tray_app.desktop.words import Words

EN = Words("en")
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
PASTE = msgspec.structs.replace(QUESTION, field="The copied text", busy="Asking Qwen…")
ASIDE = Aside(
    "Things",
    (Item("choose:one", "One", "first", is_chosen=True), Item("choose:two", "Two")),
    search="Search",
    found="Found: 2",
)
COPY = Button("copy:address", "Copy", about="Copy: Address")
CONNECT = ConnectView(
    title="Portico - Connect",
    language="en",
    heading="One",
    aside=ASIDE,
    notices=(Text("stopped", "Stopped.", "bad", (Button("start", "Start", "default"),)),),
    parts=(
        Text("about", "What this is."),
        Section(
            "paste",
            "Paste this",
            (
                Value("address", "Address", "http://127.0.0.1:7936/v1", (COPY,)),
                Steps("steps", ("Open it.", "Paste it.")),
                Code("text", "Text", "{\n}", (Button("copy:text", "Copy all"),)),
            ),
        ),
        Section("more", "More", (Text("hidden", "Folded away", "quiet"),), folded=True),
        Section(
            "try",
            "Try it",
            (Buttons("now", (Button("try", "Try now", "default"),)), Text("tried", "", "quiet")),
        ),
    ),
    back="All things",
)


def a_field(kind: FieldKind, value: str, **more: Any) -> Field:
    """A field of this kind, whose act is `set:` and the kind."""
    return Field(kind, f"set:{kind}", kind, f"A {kind}", value, "What it is.", **more)


SETTINGS = SettingsView(
    title="Portico - Settings",
    language="en",
    heading="Address",
    aside=ASIDE,
    parts=(
        Section(
            "fields",
            "",
            (
                a_field("number", "7936", button=Button("reset:number", "Reset")),
                a_field("text", "/qwen", note="Saved"),
                a_field("switch", "no"),
                a_field("choice", "b", choices=(Choice("a", "An a"), Choice("b", "A b"))),
                a_field("lines", "one\ntwo", error="That is wrong.", caution="Take care."),
                a_field("entry", "", button=Button("set:entry", "Add")),
            ),
        ),
    ),
    back="All settings",
    told="Copied",
)
VIEWS: dict[str, View] = {
    "status": STATUS,
    "question": QUESTION,
    "connect": CONNECT,
    "settings": SETTINGS,
    "activity": activity(EN),
    "models": models(EN),
    "about": about(EN),
}


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


def hostile_pane() -> ConnectView:
    """Every hostile text, as every part that a pane has."""
    texts = HOSTILE
    buttons = tuple(Button(text, text, about=text) for text in texts)
    choices = tuple(Choice(text, text) for text in texts)
    parts = tuple(
        Section(
            f"section-{at}",
            text,
            (
                Text(f"text-{at}", text, "bad", buttons),
                Steps(f"steps-{at}", texts),
                Value(f"value-{at}", text, text, buttons),
                Code(f"code-{at}", text, text),
                Field(f"field-{at}", text, "choice", text, text, text, text, text, text, choices),
            ),
            folded=False,
        )
        for at, text in enumerate(texts)
    )
    items = tuple(Item(text, text, text) for text in texts)
    return msgspec.structs.replace(
        CONNECT, title=texts[0], heading=texts[1], parts=parts, told=texts[2], back=texts[3],
        aside=Aside(texts[4], items, texts[5], texts[6]),
    )  # fmt: skip
