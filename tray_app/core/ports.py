"""The protocols by which rooms of one floor are used without being known."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from msgspec import Meta, Struct

from .calls import Answer, Call, Flow, Stamp, Stream
from .errors import ProxyError
from .files import File, FormField
from .model import Choice, Event, Message, ModelInfo, Prompt
from .session import PageSession, Pasted, Session
from .site import Site

ThinkingPolicy = Literal["asked", "suffix"]
CitationStyle = Literal["links", "plain", "list", "none"]
ReasoningPlace = Literal["both", "reasoning_content", "reasoning", "think", "hidden"]
QueueClass = Literal["interactive", "background"]


class Profile(Struct, frozen=True):
    """How one client wants to be treated: the part of a local key that is not secret."""

    patience_s: Annotated[float, Meta(gt=0, le=86_400)] = 600.0
    """How long the client waits for an answer before it gives up."""
    reasoning: ReasoningPlace = "both"
    """Where thoughts go: fields of a message, `<think>` tags in its text, or nowhere."""
    thinking: ThinkingPolicy = "asked"
    """Whether fields of a body may switch thinking on, or the name's suffix alone."""
    citations: CitationStyle = "links"
    """Whether markers of sources become links, stay, count a list at the end, or go."""
    model: str = ""
    """The model for requests that name none."""
    queue: QueueClass = "interactive"
    """Whether somebody waits for the answers, or they may come after those of others."""
    network: bool = False
    """Whether other devices of the network may use the key."""
    join: bool = False
    """Whether equal requests that are on their way at the same time get one answer."""


class Encoder(Protocol):
    """Turns the events of an answer into one client's bytes.

    `Finished` ends a choice; events after it belong to the next one.
    """

    content_type: str

    def feed(self, event: Event) -> bytes:
        """What to send for this event; may be empty."""

    def close(self) -> bytes:
        """What ends a good answer; raises `ProxyError` where what came makes none."""

    def fail(self, error: ProxyError) -> bytes:
        """What ends a broken answer after its head has gone out."""


EncoderMaker = Callable[[Stamp, str], Encoder]
"""Takes the moment, and the model's name as the client is to be told it."""


class Asked(Struct, frozen=True):
    """A request of a client, understood."""

    prompts: tuple[Prompt, ...]
    """One answer each, in this order."""
    stream: bool
    ignored: tuple[str, ...]
    """Names of fields that were accepted and cannot be honoured."""
    encoder: EncoderMaker
    pictures: int = 0
    """So many are wanted: once they are there no further prompt is asked; 0 for no such end."""
    field: str = "messages"
    """What has the words that are asked."""


class Dialect(Protocol):
    """An API language that clients speak."""

    paths: tuple[str, ...]
    """Where it takes prompts, without prefix and without `/v1`."""

    def parse(self, body: bytes, profile: Profile) -> Asked:
        """Understand a request; raises `ProxyError` that names the field."""

    def error(self, error: ProxyError) -> bytes:
        """An error as this dialect shows it, in JSON."""


@runtime_checkable
class FormDialect(Dialect, Protocol):
    """A dialect that also takes `multipart/form-data`."""

    def parse_form(self, form: tuple[FormField, ...], profile: Profile) -> Asked:
        """Understand a request that came as a form; raises `ProxyError` that names the field."""


class Upstream(Protocol):
    """A service that answers prompts; everything here is pure."""

    name: str
    body_bytes: int
    """How large the body of a prompt should be at most."""
    reserved_tools: frozenset[str]
    """Names that it takes for tools of its own."""

    def headers(
        self, site: Site, call: Call, session: Session | None, stamp: Stamp
    ) -> dict[str, str]:
        """Every header that goes out with `call`."""

    def page_headers(self, call: Call, stamp: Stamp, script: str) -> dict[str, str]:
        """The headers that the site's own code sets for `call`, without who is signed in.

        `script` is the path of that code, where it is known.
        """

    def begin(self, prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
        """Make what one prompt can be asked in; ends in a `Reply` of it.

        The files of the prompt may still be missing, but not those of a drawing.
        """

    def ask(self, prompt: Prompt, choice: Choice, chat: Any, stamp: Stamp, site: Site) -> Stream:
        """What asks a prompt, in what `begin` replied."""

    def upload(self, file: File, stamp: Stamp) -> Flow:
        """Give the upstream a file; ends in a `Reply` of what it is `Attached` by.

        Raises `ProxyError`, where the file itself is at fault of the kind `FILE_REJECTED`.
        """

    def weigh(self, prompt: Prompt, choice: Choice) -> int:
        """The bytes of the body that a prompt becomes."""

    def transcript(self, messages: tuple[Message, ...]) -> str:
        """A stretch of a conversation as a text file of its own; all of it texts."""

    def forget(self, chat: str) -> Flow:
        """Delete a chat by its id; raises `ProxyError` unless it is gone then."""

    def list_models(self) -> Flow:
        """Ends in a `Reply` of the models' list as JSON, as `read_models` takes it."""

    def renew(self) -> Flow:
        """Ends in a `Reply` of `Tokens`."""

    def can_renew(self, session: Session) -> bool:
        """Whether a session brings what its renewal needs."""

    def probe(self) -> Flow:
        """Ask whether the session is good, changing nothing; ends in a `Reply` of its `Account`.

        Raises `ProxyError` where it is not good.
        """

    def read_page(self, stored: Mapping[str, str], now_s: float) -> PageSession:
        """Who is signed in, by what the site's page keeps in its local storage."""

    def read_paste(self, text: str, now_s: float) -> Pasted:
        """The session in a text that a person pasted."""

    def read_models(self, data: bytes) -> tuple[ModelInfo, ...]:
        """The models of a list that `list_models` brought, newest first; may be empty."""

    def built_in_models(self) -> tuple[ModelInfo, ...]:
        """The models to offer while no list could be had."""

    def choose(self, prompt: Prompt, models: tuple[ModelInfo, ...]) -> Choice:
        """The model and features that a prompt asks for; raises `ProxyError` with near names."""

    def able(self, needs: frozenset[str], models: tuple[ModelInfo, ...]) -> ModelInfo | None:
        """The first model to think of that can all of these: vision, document, audio, video."""

    def refused(self, answer: Answer) -> ProxyError | None:
        """The error that an answer is, if it is one."""
