"""What the window *Settings* shows: every setting in its group, and the keys.

A setting is drawn from its field of `Settings`: its kind, its limits, its choices and its default.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.proxy.keys import LocalKey
from tray_app.store.settings import Settings, explain, warnings_of

from .connect_view import copy_button
from .facts import Facts
from .forms import Form, form_of, text_of
from .keys_view import KeysState, keys_parts
from .windows.parts import (
    Aside,
    Button,
    Choice,
    Field,
    Item,
    Part,
    Piece,
    Section,
    SettingsView,
    Text,
    Value,
)
from .words import Words

GROUPS: Mapping[str, tuple[str, ...]] = {
    "endpoint": ("port", "path_prefix"),
    "visitors": ("network_host", "hosts", "origins", "opaque_origins"),
    "answers": (
        "parallel_answers",
        "start_spacing_s",
        "queue_size",
        "long_prompt",
        "blind_model",
    ),
    "models": ("show_variants", "aliases", "xml_tools"),
    "qwen": (
        "transport",
        "idle_window_s",
        "outbound_proxy",
        "fake_addresses",
        "connect_timeout_s",
        "first_event_timeout_s",
        "idle_timeout_s",
    ),
    "program": ("language", "start_proxy", "notices", "statistics_days", "terms_read"),
}
"""The settings, in the order in which they are shown."""
KEYS = "keys"
"""The group of the keys, which comes last."""


class Setting(Struct, frozen=True, kw_only=True):
    """What somebody is doing with the settings."""

    query: str = ""
    group: str = "endpoint"
    """Empty where nothing was chosen, in a window that has no room for both."""
    errors: dict[str, tuple[str, str]] = {}
    """By setting: what was typed, and why it was refused."""
    saved: str = ""
    """The setting that was just changed."""
    waiting: frozenset[str] = frozenset()
    """Those that were changed and take effect after a restart."""
    keys: KeysState = KeysState()
    told: str = ""


def settings_view(
    state: Setting, facts: Facts, keys: Sequence[LocalKey], words: Words
) -> SettingsView:
    """The whole window."""
    query = state.query.strip()
    group = state.group or next(iter(GROUPS))
    if query:
        heading, parts = words("settings.found"), tuple(_found(query, state, facts, words))
    elif group == KEYS:
        heading, parts = (
            words("settings.keys"),
            tuple(keys_parts(keys, state.keys, words, facts.status)),
        )
    else:
        heading, parts = words(f"settings.{group}"), tuple(_group(group, state, facts, words))
    return SettingsView(
        title=words("settings.title"),
        language=words("language.html"),
        heading=heading,
        aside=_aside(state, query, words),
        notices=tuple(_notices(state, facts, words)),
        parts=parts,
        back=words("settings.back") if state.group or query else "",
        told=state.told,
    )


def _notices(state: Setting, facts: Facts, words: Words) -> Iterator[Text]:
    if facts.run.kind == "starting":
        yield Text("restart", words("line.starting"), "busy")
    elif state.waiting and facts.run.kind == "running":
        now = Button("restart", words("settings.restart.now"), "default")
        yield Text("restart", words("settings.restart"), "good", (now,))
    if _is_shut(state, facts):
        again = Button("restart", words("settings.restart.now"))
        said = words("settings.shut", address=facts.settings.network_host)
        yield Text("shut", said, "bad", (again,))


def _is_shut(state: Setting, facts: Facts) -> bool:
    """Whether other devices should get in, and cannot: this computer had not that address."""
    if facts.status is None or facts.run.kind != "running" or "network_host" in state.waiting:
        return False
    return facts.status.network.note != "" and facts.settings.network_host != ""


def _aside(state: Setting, query: str, words: Words) -> Aside:
    found = ""
    if query:
        count = len(_matching(query, words))
        found = words("connect.found", count=count) if count else words("settings.none")
    return Aside(
        label=words("settings.groups"),
        search=words("settings.search"),
        query=state.query,
        found=found,
        items=tuple(
            Item(
                f"group:{one}",
                words(f"settings.{one}"),
                _mark(one, state, words),
                not query and one == state.group,
            )
            for one in (*GROUPS, KEYS)
        ),
    )


def _mark(group: str, state: Setting, words: Words) -> str:
    """That something in a group was refused, for whoever went on to another one meanwhile."""
    has_fault = state.keys.errors if group == KEYS else state.errors.keys() & {*GROUPS[group]}
    return words("settings.refused") if has_fault else ""


def _matching(query: str, words: Words) -> list[str]:
    """The settings in whose name or words this is."""
    wanted = query.casefold()
    return [
        name
        for names in GROUPS.values()
        for name in names
        if wanted in f"{name} {words(f'setting.{name}')} {_about(name, words)}".casefold()
    ]


def _found(query: str, state: Setting, facts: Facts, words: Words) -> Iterator[Part]:
    fields = tuple(_field(name, state, facts, words) for name in _matching(query, words))
    if fields:
        yield Section("found", "", fields)
    else:
        yield Text("none", words("settings.none"), "quiet")


def _group(group: str, state: Setting, facts: Facts, words: Words) -> Iterator[Part]:
    pieces: list[Piece] = [_field(name, state, facts, words) for name in GROUPS[group]]
    if group == "program":
        pieces.append(_at_login(facts, words))
    if group == "endpoint":
        pieces = [*_addresses(facts, words), *pieces]
    yield Section(f"group-{group}", "", tuple(pieces))


def addresses_of(facts: Facts) -> dict[str, str]:
    """The base URLs under which Portico can be called, by whom they are for."""
    if facts.status is None:
        return {}
    told = {"base": facts.status.endpoint, "base.network": facts.status.network.endpoint}
    return {name: address for name, address in told.items() if address}


def _addresses(facts: Facts, words: Words) -> Iterator[Value]:
    for name, address in addresses_of(facts).items():
        label = words(f"settings.{name}")
        yield Value(name, label, address, (copy_button(f"copy:{address}", label, words),))


def _at_login(facts: Facts, words: Words) -> Field:
    """What the system keeps, and not the settings."""
    value = "yes" if facts.at_login else "no"
    about = words("setting.at_login.about")
    return Field("at_login", "at_login", "switch", words("menu.at_login"), value, about)


def _field(name: str, state: Setting, facts: Facts, words: Words) -> Field:
    form = form_of(Settings, name)
    value = getattr(facts.settings, name)
    typed, refused = state.errors.get(name, (text_of(value), ""))
    is_shut = name == "network_host" and _is_shut(state, facts)
    if is_shut and not refused:
        refused = words("settings.shut", address=value)
    is_other = msgspec.to_builtins(value) != default_of(name)
    reset = words("settings.reset")
    about = words("settings.reset.about", name=words(f"setting.{name}"))
    return Field(
        name,
        f"set:{name}",
        form.kind,
        words(f"setting.{name}"),
        typed,
        hint=" ".join(_hints(name, form, words)),
        note=_note(name, state, words),
        caution="" if is_shut else _caution(name, facts.settings, words),
        error=refused,
        choices=tuple(Choice(one, choice_label(name, one, words)) for one in form.choices),
        button=Button(f"reset:{name}", reset, about=about) if is_other else None,
    )


def default_of(name: str) -> Any:
    """What a setting is until somebody changes it."""
    return next(field.default for field in explain() if field.name == name)


def choice_label(name: str, choice: str, words: Words) -> str:
    """One of a setting's values, as people read it."""
    if name == "language":
        return words(f"language.{choice}")
    return words(f"setting.{name}.{choice}")


def _about(name: str, words: Words) -> str:
    return words(f"setting.{name}.about")


def _hints(name: str, form: Form, words: Words) -> Iterator[str]:
    yield _about(name, words)
    if form.low is not None and form.high is not None:
        low, high = text_of(form.low), text_of(form.high)
        yield words("settings.range", low=low, high=high)


def _note(name: str, state: Setting, words: Words) -> str:
    """What became of a change."""
    if name in state.waiting:
        return words("settings.saved.restart")
    return words("settings.saved") if name == state.saved else ""


def _caution(name: str, settings: Settings, words: Words) -> str:
    """What a person should know of the value that a setting has."""
    is_odd = any(warning.startswith(f"{name} is ") for warning in warnings_of(settings))
    return words(f"setting.{name}.warning") if is_odd else ""
