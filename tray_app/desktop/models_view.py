"""What the window *Models* shows: what each model can do, its names, and when it last answered."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from tray_app.core.model import ModelInfo
from tray_app.core.variants import split

from .connect_view import Said, copy_button, notices
from .facts import Facts
from .numbers import count, moment
from .windows.parts import (
    Aside,
    Button,
    Buttons,
    Column,
    Item,
    Line,
    ModelsView,
    Part,
    Section,
    Table,
    Text,
    Value,
)
from .words import Words, shown

ABILITIES = (
    "vision",
    "document",
    "audio",
    "video",
    "thinking",
    "search",
    "draw",
    "edit",
)
"""Fields of a model that tell what it can do, in the order in which they are shown."""


class Offered(Struct, frozen=True):
    """A model, and the names under which apps can ask for it."""

    model: ModelInfo
    names: tuple[str, ...]


class Choosing(Struct, frozen=True, kw_only=True):
    """What somebody looks at."""

    query: str = ""
    chosen: str = ""
    """The id of a model; empty for the first."""
    is_chosen: bool = True
    """Whether one was chosen, in a window that has no room for the list as well."""
    offered: tuple[Offered, ...] = ()
    worked: Mapping[str, float] = {}
    """When a model last answered, in unix seconds, by its id."""
    asked: Said = Said()
    told: str = ""

    @property
    def one(self) -> Offered | None:
        """The model that is shown."""
        first = self.offered[0] if self.offered else None
        return next((one for one in self.offered if one.model.id == self.chosen), first)


def models_view(state: Choosing, facts: Facts, words: Words) -> ModelsView:
    """The whole window."""
    one = state.one
    return ModelsView(
        title=words("models.title"),
        language=words("language.html"),
        heading=words("models.heading") if one is None else shown(one.model.name),
        aside=_aside(state, words),
        notices=tuple(notices(facts, words)),
        parts=tuple(_parts(state, facts, words)),
        back=words("models.back") if state.is_chosen else "",
        told=state.told,
    )


def _aside(state: Choosing, words: Words) -> Aside:
    query = state.query.strip().casefold()
    listed = [one.model for one in state.offered if query in _searched(one.model, words)]
    found = ""
    if query:
        found = words("connect.found", count=len(listed)) if listed else words("models.none")
    chosen = state.one.model.id if state.one else ""
    return Aside(
        label=words("models.heading"),
        search=words("models.search"),
        query=state.query,
        found=found,
        items=tuple(
            Item(f"choose:{one.id}", shown(one.name), _can(one, words), one.id == chosen)
            for one in listed
        ),
    )


def _searched(model: ModelInfo, words: Words) -> str:
    return f"{model.id} {model.name} {_can(model, words)}".casefold()


def _can(model: ModelInfo, words: Words) -> str:
    """What it can do, in a few words."""
    able = (words(f"ability.{name}") for name in ABILITIES if getattr(model, name))
    return words("ability.between").join(able)


def _parts(state: Choosing, facts: Facts, words: Words) -> Iterator[Part]:
    one = state.one
    if one is not None:
        yield Text("worked", _worked(one.model, state, facts, words), "quiet")
        yield Section("can", words("models.can"), (_abilities(one.model, words),))
        yield Section("names", words("models.names"), tuple(_names(one, words)))
    is_busy = state.asked.tone == "busy"
    renew = Button("renew", words("models.renew"), enabled=not is_busy)
    asked = Text("asked", state.asked.text, state.asked.tone)
    yield Section("list", words("models.list"), (Buttons("renewing", (renew,)), asked))


def _worked(model: ModelInfo, state: Choosing, facts: Facts, words: Words) -> str:
    at_s = state.worked.get(model.id)
    if at_s is None:
        return words("models.unused")
    return words("models.worked", time=moment(at_s, facts.wall_s))


def _abilities(model: ModelInfo, words: Words) -> Table:
    lines = [
        Line(
            name,
            (words(f"ability.{name}.long"), _answer(name, model, words)),
            "good" if getattr(model, name) else "quiet",
        )
        for name in ABILITIES
    ]
    sizes = {"context": model.context_tokens, "output": model.output_tokens}
    lines += [
        Line(name, (words(f"models.{name}"), _tokens(size, words))) for name, size in sizes.items()
    ]
    columns = (Column(words("models.what")), Column(words("models.how")))
    return Table("abilities", words("models.can"), columns, tuple(lines))


def _answer(name: str, model: ModelInfo, words: Words) -> str:
    if name == "thinking" and model.thinking_forced:
        return words("models.always")
    return words("models.yes" if getattr(model, name) else "models.no")


def _tokens(size: int, words: Words) -> str:
    return words("models.tokens", count=count(size)) if size else words("models.unknown")


def _names(one: Offered, words: Words) -> Iterator[Text | Value]:
    yield Text("names-about", words("models.names.about"), "quiet")
    for name in one.names:
        yield Value(f"name-{name}", _label(name, one.model, words), name,
                    (copy_button(f"copy:{name}", name, words),))  # fmt: skip


def _label(name: str, model: ModelInfo, words: Words) -> str:
    """What a name asks for beside the model itself."""
    if name == model.id:
        return words("models.plain")
    _, variant = split(name)
    on = ("thinking", "search", "draw")
    return " + ".join(words(f"ability.{one}") for one in on if getattr(variant, one))
