"""What it takes to point a client at Portico, as values: what is pasted, written, clicked."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from tray_app.core.model import ModelInfo
from tray_app.core.variants import split

from .shapes import PLAIN, Shape

CONTEXT_TOKENS = 131_072
"""The window that clients are told of at most: one that holds more sends its whole history with
every turn, which takes long and goes through a web page."""
OUTPUT_TOKENS = 32_000
"""So long an answer may be at most, as clients are told."""

KEY_VARIABLE = "PORTICO_API_KEY"
"""Where clients look for the key that can take it from the environment."""

Kind = Literal["agent", "editor", "app", "translator", "library"]


class MergeError(Exception):
    """A file's text cannot be changed safely; its text says why, in half a sentence."""


class Offer(Struct, frozen=True):
    """What Portico offers a client."""

    endpoint: str
    """With `/v1`."""
    key: str
    model: str
    """The name that is asked for unless the person chooses another one."""
    models: tuple[ModelInfo, ...] = ()
    made_at: str = ""
    """This moment in UTC, as ISO 8601 has it."""

    def __repr__(self) -> str:
        return f"Offer(endpoint={self.endpoint!r}, model={self.model!r})"

    @property
    def root(self) -> str:
        """The endpoint for clients that add `/v1` themselves."""
        return self.endpoint.removesuffix("/v1")

    def names(self) -> dict[str, ModelInfo]:
        """The names that a client lists: each model, with thinking beside it where it can be."""
        found: dict[str, ModelInfo] = {}
        for model in self.models:
            found[model.id] = model
            if model.thinking and not model.thinking_forced:
                found[f"{model.id}-thinking"] = model
        if self.model not in found:
            base, _ = split(self.model)
            found = {self.model: found.get(base) or ModelInfo(base, base), **found}
        return found


def context_of(model: ModelInfo) -> int:
    """The window that a client is told of, in tokens."""
    return min(model.context_tokens or CONTEXT_TOKENS, CONTEXT_TOKENS)


def output_of(model: ModelInfo) -> int:
    """The longest answer that a client is told of, in tokens."""
    return min(model.output_tokens or OUTPUT_TOKENS, OUTPUT_TOKENS)


def title_of(name: str, model: ModelInfo) -> str:
    """A name as people read it in a client's list."""
    return f"{model.name} (thinking)" if name.endswith("-thinking") else model.name


class Value(Struct, frozen=True):
    """Something that a person pastes into a field."""

    label: str
    """The field's name in that client, or the usual one."""
    text: str
    is_secret: bool = False

    def __repr__(self) -> str:
        return f"Value(label={self.label!r})"


class Place(Struct, frozen=True):
    """Where a file lies; `~` is the person's home, `$NAME/` a folder that the environment names."""

    linux: str
    macos: str = ""
    """Empty for the same place as on Linux."""
    windows: str = ""
    """Empty for the same place as on Linux."""

    def on(self, platform: str) -> str:
        """The place on a system, as `sys.platform` names it."""
        return {"darwin": self.macos, "win32": self.windows}.get(platform) or self.linux


class Mark(Struct, frozen=True):
    """One thing that was put into a file, so that it is found again; nobody can read it there."""

    path: tuple[str, ...]
    """Names, from the outermost on."""
    digest: str
    """Of the value, as `digest_of` gives it."""
    item: str = ""
    """The path leads to a list, of which it is the item that has a value under this name."""
    known_as: str = ""
    """That value."""
    is_default: bool = False
    """It was put there only if nothing was."""


def digest_of(value: Any) -> str:
    """What tells a value from others without showing it."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


class Edit(Protocol):
    """How a client's file is changed, and how that is taken out again."""

    def __call__(self, text: str, /) -> str:
        """The text that sets the client up, from the text that is there, empty for none.

        Raises `MergeError`.
        """

    def marks(self) -> tuple[Mark, ...]:
        """What it puts there."""

    def undone(self, now: str, before: str, marks: tuple[Mark, ...], /) -> str:
        """A text without what was put there, empty where nothing is left; raises `MergeError`.

        What was there before takes its place again. A single value that is another one by now is
        the person's, and stays; what was put there as a whole goes, whatever was changed in it.

        Args:
            now: The text to take it out of.
            before: The text that there was before; empty for none.
            marks: What was put there.
        """


class ConfigFile(Struct, frozen=True):
    """A client's file."""

    place: Place
    edit: Edit
    holds_key: bool = True
    """The key is in it, so that nobody else may read it."""


class Need(Struct, frozen=True):
    """Somebody whom Portico itself must let in before a client is answered."""

    who: Literal["host", "web_app", "network"]
    """By another name of this computer, from a page of the web, or from another computer."""
    why: str
    """When that is needed, and what it means: for people, in a sentence or two."""
    name: str = ""
    """Who it is, where that is the same for everybody."""


class Setup(Struct, frozen=True):
    """All that points one client at Portico."""

    values: tuple[Value, ...] = ()
    steps: tuple[str, ...] = ()
    """What a person does in the client, one sentence each."""
    needs: tuple[Need, ...] = ()
    """What they do in Portico."""
    files: tuple[ConfigFile, ...] = ()
    env: Mapping[str, str] = {}
    """Variables that the client reads at its start."""
    text: str = ""
    """What is pasted in one piece, such as JSON for an import."""
    link: str = ""
    """Opens the client, which then asks the person."""
    link_holds_key: bool = False
    command: str = ""
    """What starts the client once it is set up."""

    def __repr__(self) -> str:
        return f"Setup(files={len(self.files)}, env={sorted(self.env)})"


class Client(Struct, frozen=True):
    """A program that calls Portico."""

    id: str
    """As it is named on the command line; its key has this name too."""
    label: str
    kind: Kind
    setup: Callable[[Offer], Setup]
    speaks: str = "/chat/completions"
    """The path of the dialect that it needs."""
    shape: Shape = PLAIN
    """What its usual request is like."""
    headers: Mapping[str, str] = {}
    """What it sends beside the key, where that matters to who may come in."""
    profile: Mapping[str, str] = {}
    """Fields of the key's profile that are not the usual ones."""
    key_from: str = ""
    """What its file may hold instead of the key, for the client to take it from `KEY_VARIABLE`."""
    note: str = ""
    """What a person should know: one sentence and one action."""
    unreachable: str = ""
    """Why it can never reach Portico; empty for clients that can."""


def numbers_of(offer: Offer) -> tuple[Value, ...]:
    """What a person writes beside the model, for clients that assume less of one they do not know.

    The labels are those of the clients.
    """
    model = offer.names()[offer.model]
    return (
        Value("Context window size", str(context_of(model))),
        Value("Max output tokens", str(output_of(model))),
    )


def usual_values(offer: Offer, address: str = "") -> tuple[Value, ...]:
    """Address, key and model, under the names that most clients give their fields."""
    return (
        Value("Base URL", address or offer.endpoint),
        Value("API key", offer.key, is_secret=True),
        Value("Model", offer.model),
    )
