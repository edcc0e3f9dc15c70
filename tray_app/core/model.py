"""The dialect-free prompt and the events of an answer: what every room means by a chat.

A dialect never meets the upstream's JSON and an upstream never meets a client's; both meet here.
"""

from typing import Any, Literal

from msgspec import Struct

from .files import Attached

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "content_filter", "tool_calls"]
FileWish = Literal["picture", "file", "audio", "video"]
Ratio = Literal["1:1", "16:9", "9:16", "4:3", "3:4"]


class TextPart(Struct, frozen=True, gc=False):
    """A piece of a message that is plain text."""

    text: str


class ReasoningPart(Struct, frozen=True, gc=False):
    """What an assistant thought before a message, as a client sent it back."""

    text: str


class ToolCallPart(Struct, frozen=True, gc=False):
    """An assistant's call of a client's tool."""

    id: str
    name: str
    arguments: str
    """JSON text, as the client sent it."""


class FilePart(Struct, frozen=True, gc=False):
    """A picture or a file as a client attached it, not brought here yet."""

    source: str
    """Its address, a `data:` URL, or bare base64; empty where the bytes themselves came."""
    wish: FileWish
    """What the client says that it is."""
    param: str
    """The field that has it."""
    name: str = ""
    """As the client calls it; may be anything."""
    is_bare: bool = False
    """`source` is bare base64."""
    data: bytes = b""
    """Only in a form do files come as they are."""

    def __repr__(self) -> str:
        return f"FilePart(wish={self.wish!r}, param={self.param!r})"


class ToolResultPart(Struct, frozen=True):
    """What a client's tool answered."""

    call_id: str
    text: str
    pieces: tuple[TextPart | FilePart, ...] = ()
    """All of it, in order, where files are among it; `text` is its texts alone then."""


Part = TextPart | FilePart | ReasoningPart | ToolCallPart | ToolResultPart


class Message(Struct, frozen=True):
    """One message of a conversation."""

    role: Role
    parts: tuple[Part, ...]
    name: str = ""
    """Who speaks, when a client tells several people of one role apart."""


class Tool(Struct, frozen=True):
    """A function of the client that the model may call."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    """JSON schema of its arguments, as the client sent it; empty where it sent none."""
    strict: bool = False
    """The schema names every parameter as required, those that may be left out as well."""


class ToolChoice(Struct, frozen=True, gc=False):
    """Whether a tool has to be called."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str = ""
    """The only tool that may be called; empty for any."""


class Format(Struct, frozen=True):
    """The JSON that an answer's text has to be."""

    schema: dict[str, Any] | None = None
    """None for any object."""
    name: str = ""
    description: str = ""


class Variant(Struct, frozen=True, gc=False):
    """Features switched on for one prompt, by a suffix of the model's name or by a field."""

    thinking: bool = False
    search: bool = False
    draw: bool = False


class Drawing(Struct, frozen=True, gc=False):
    """The picture that an answer has to be."""

    ratio: Ratio = "1:1"
    """Of its width to its height."""
    wants_data: bool = False
    """The client takes the picture itself, not its address."""


class Prompt(Struct, frozen=True):
    """One question, free of any dialect."""

    model: str
    """The name as the client wrote it, suffixes and aliases included."""
    messages: tuple[Message, ...]
    """Oldest first."""
    thinking: bool | None = None
    """What the body says about thinking; None leaves it to the name."""
    search: bool = False
    """The body asks for a search, whatever the name says."""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    one_call: bool = False
    """At most one tool may be called in one answer."""
    stop: tuple[str, ...] = ()
    """The answer's text ends before the first of these; none is empty."""
    max_tokens: int | None = None
    """How long the answer may be, thinking included; at least 1."""
    format: Format | None = None
    """None for any text."""
    drawing: Drawing | None = None
    """None leaves it to the name whether a picture is drawn."""
    files: tuple[Attached, ...] = ()
    """What the upstream was given to look at, in the order in which it is spoken of."""


class ModelInfo(Struct, frozen=True, gc=False):
    """A model of the upstream and what it can do."""

    id: str
    name: str
    context_tokens: int = 0
    """0 where the upstream does not say."""
    output_tokens: int = 0
    """0 where the upstream does not say."""
    vision: bool = False
    document: bool = False
    """It reads files that are attached."""
    audio: bool = False
    video: bool = False
    thinking: bool = False
    thinking_forced: bool = False
    """Thinking cannot be switched off."""
    search: bool = False
    draw: bool = False
    edit: bool = False
    """It draws after a picture."""
    created_s: int = 0

    def can(self, variant: Variant) -> bool:
        """Whether every feature of `variant` is one this model has."""
        return (
            (self.thinking or not variant.thinking)
            and (self.search or not variant.search)
            and (self.draw or not variant.draw)
        )


class Choice(Struct, frozen=True):
    """What a name came to: a model of the list and the features asked of it."""

    model: ModelInfo
    variant: Variant


class TextDelta(Struct, frozen=True, gc=False):
    """New text of the answer; never cumulative."""

    text: str


class ReasoningDelta(Struct, frozen=True, gc=False):
    """New text of the model's visible thinking."""

    text: str


class ToolCallDelta(Struct, frozen=True, gc=False):
    """A piece of a call of a client's tool; the first of a call names it."""

    index: int
    """Which call of this answer it is, from 0 on."""
    arguments: str
    """The next piece of their JSON text."""
    id: str = ""
    """In the first piece only."""
    name: str = ""
    """In the first piece only."""


class Source(Struct, frozen=True, gc=False):
    """A page that a search of this answer found; markers in the text name it by number."""

    number: int
    url: str
    title: str


class Citation(Struct, frozen=True, gc=False):
    """A stretch of the answer, in characters, that rests on a source."""

    url: str
    title: str
    start: int
    end: int


class ImageReady(Struct, frozen=True, gc=False):
    """A picture that the model made."""

    url: str
    data: bytes = b""
    """The picture itself, where the client takes that."""


TOKEN_BYTES = 4
"""A guess where nobody counts tokens: about four bytes of UTF-8 to one."""


def utf8_bytes(text: str) -> int:
    """How many bytes a text has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


class Usage(Struct, frozen=True, gc=False):
    """Token counts of one prompt and its answer."""

    input_tokens: int = 0
    output_tokens: int = 0
    """Reasoning included."""
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False
    """The upstream told none, so they were guessed from sizes."""


class Finished(Struct, frozen=True, gc=False):
    """The answer is complete; nothing follows."""

    reason: Finish = "stop"


Event = (
    TextDelta | ReasoningDelta | ToolCallDelta | Source | Citation | ImageReady | Usage | Finished
)
