"""What the window *About* shows: versions, what Portico is made of, and what to send to helpers."""

import platform
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tray_app import __version__
from tray_app.store.notices import Component

from .connect_view import Said, copy_button
from .windows.parts import (
    AboutView,
    Aside,
    Button,
    ButtonKind,
    Buttons,
    Code,
    Column,
    Item,
    Line,
    Part,
    Section,
    Table,
    Text,
    Value,
)
from .words import Words

PAGES = ("portico", "components", "diagnostics", "remove")


class Reading(Struct, frozen=True, kw_only=True):
    """What somebody reads."""

    page: str = PAGES[0]
    is_chosen: bool = True
    """Whether one was chosen, in a window that has no room for the list as well."""
    home: Path
    components: tuple[Component, ...] = ()
    licences: Path | None = None
    """Where the texts of the licences are."""
    gathered: str = ""
    """What is to be sent, as it would be saved."""
    gathering: Said = Said()
    saved: Said = Said()
    folder: str = ""
    """Where it was saved."""
    is_removing: bool = False
    """Whether they are asked if all that is kept shall be removed."""
    removing: Said = Said()
    told: str = ""


def about_view(state: Reading, words: Words) -> AboutView:
    """The whole window."""
    pages = {
        "portico": _portico,
        "components": _components,
        "diagnostics": _diagnostics,
        "remove": _remove,
    }
    return AboutView(
        title=words("about.title"),
        language=words("language.html"),
        heading=words(f"about.{state.page}"),
        aside=Aside(
            words("about.heading"),
            tuple(
                Item(f"show:{one}", words(f"about.{one}"), is_chosen=one == state.page)
                for one in PAGES
            ),
        ),
        parts=tuple(pages[state.page](state, words)),
        back=words("about.back") if state.is_chosen else "",
        told=state.told,
    )


def versions(home: Path) -> dict[str, str]:
    """What runs here, by the name of its word."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {
        "version": f"Portico {__version__}",
        "python": python,
        "system": platform.platform(),
        "home": str(home),
    }


def _portico(state: Reading, words: Words) -> Iterator[Part]:
    yield Text("what", words("about.what"))
    values = []
    for name, text in versions(state.home).items():
        label = words(f"about.{name}")
        values.append(
            Value(f"value-{name}", label, text, (copy_button(f"copy:{name}", label, words),))
        )
    open_it = Button("open_home", words("pane.open_folder"))
    yield Section("versions", "", (*values, Buttons("home", (open_it,))))
    yield Text("licence", words("about.licence"), "quiet")


def _components(state: Reading, words: Words) -> Iterator[Part]:
    yield Text("components-about", words("about.components.about"))
    lines = tuple(Line(one.name, (one.name, one.version, one.licence)) for one in state.components)
    columns = tuple(Column(words(f"about.column.{one}")) for one in ("name", "version", "licence"))
    yield Table("components", words("about.components"), columns, lines)
    if state.licences is not None:
        open_it = Button("open_licences", words("about.texts"))
        yield Buttons("texts", (open_it,))


def _diagnostics(state: Reading, words: Words) -> Iterator[Part]:
    yield Text("diagnostics-about", words("about.diagnostics.about"))
    is_busy = state.gathering.tone == "busy"
    kind: ButtonKind = "plain" if state.gathered else "default"
    buttons = [Button("gather", words("about.gather"), kind, enabled=not is_busy)]
    if state.gathered:
        buttons.append(Button("save", words("about.save"), "default"))
        buttons.append(Button("copy_all", words("about.copy_all")))
    yield Buttons("gathering", tuple(buttons))
    yield Text("gathered", state.gathering.text, state.gathering.tone)
    open_it = (Button("open", words("pane.open_folder")),) if state.folder else ()
    yield Text("saved", state.saved.text, state.saved.tone, open_it)
    if state.gathered:
        yield Code("preview", words("about.preview"), state.gathered)


def _remove(state: Reading, words: Words) -> Iterator[Part]:
    yield Text("remove-about", words("about.remove.about"))
    yield Text("remove-apps", words("about.remove.apps"), "quiet")
    yield Text("removing", state.removing.text, state.removing.tone)
    if state.removing.tone == "busy":
        return
    if not state.is_removing:
        remove = Button("remove", words("about.remove.do"), "danger")
        yield Text("remove-all", "", buttons=(remove,))
        return
    buttons = (
        Button("remove_keep", words("ask.no")),
        Button("remove_sure", words("about.remove.yes"), "danger"),
    )
    yield Text("remove-all", words("about.remove.sure"), "bad", buttons)
