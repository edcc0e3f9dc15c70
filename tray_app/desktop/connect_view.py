"""What the window *Connect an app* shows: the list of apps, and all that points one at Portico."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from tray_app.dialects.clients import CLIENTS, find, is_served
from tray_app.dialects.clients.recipe import Client, Need, Offer, Setup
from tray_app.proxy.safe import SafeStatus

from .facts import Facts
from .windows.parts import (
    Aside,
    Button,
    Buttons,
    Choice,
    Code,
    ConnectView,
    Field,
    Item,
    Part,
    Piece,
    Section,
    Steps,
    Text,
    Tone,
    Value,
)
from .words import Words

FIRST = (
    "roo-code",
    "cline",
    "kilo",
    "continue",
    "immersive-translate",
    "open-webui",
    "cherry-studio",
    "codex",
    "openai",
)
"""The apps that are listed before anybody searches."""
HIDDEN_KEY = "sk-portico-..."
"""What stands for a key that is not shown."""


class Said(Struct, frozen=True):
    """What came of something, under the button that began it."""

    tone: Tone = "quiet"
    text: str = ""


class Connecting(Struct, frozen=True, kw_only=True):
    """How far somebody is with connecting an app."""

    query: str = ""
    client: Client | None = None
    offer: Offer
    """With its key only while that is shown, else with `HIDDEN_KEY`."""
    files: tuple[str, ...] = ()
    """The app's files, as people write their places; empty where Portico writes none."""
    unwritable: str = ""
    """Why they cannot be written."""
    undoable: bool = False
    changes: str = ""
    """What writing them would change, as the person asked to see."""
    wrote: Said = Said()
    tried: Said = Said()
    offers_login: bool = False
    """Whether it is time to say that Portico can start with the computer."""
    told: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the key is to be seen."""
        return self.offer.key != HIDDEN_KEY


def connect_view(state: Connecting, facts: Facts, words: Words) -> ConnectView:
    """The whole window."""
    client = state.client
    return ConnectView(
        title=words("connect.title"),
        language=words("language.html"),
        heading=words("connect.heading") if client is None else label_of(client, words),
        aside=_aside(state, words),
        notices=(*notices(facts, words), *_keeping(facts, words)),
        parts=tuple(_welcome(words) if client is None else _parts(state, client, facts, words)),
        back="" if client is None else words("connect.back"),
        told=state.told,
    )


def notices(facts: Facts, words: Words) -> Iterator[Text]:
    """What keeps every app from being answered, with the way out of it."""
    if facts.run.kind in {"stopped", "failed"}:
        yield Text("stopped", _why_stopped(facts, words), "bad", tuple(_ways_on(facts, words)))
    elif facts.run.kind != "running":
        yield Text("stopped", words(f"line.{facts.run.kind}"), "busy")
    if facts.status is not None and facts.status.session.state == "signed_out":
        sign_in = Button("sign_in", words("menu.sign_in"), "default")
        bring = Button("bring", words("menu.bring"))
        yield Text("nobody", words("connect.nobody"), "bad", (sign_in, bring))


def _why_stopped(facts: Facts, words: Words) -> str:
    run, port = facts.run, facts.settings.port
    match run.code:
        case "port_taken" if run.holder:
            return words("connect.failed.port_taken.by", program=run.holder, port=port)
        case "port_taken" | "port_denied":
            return words(f"connect.failed.{run.code}", port=port)
        case "address_gone" | "died":
            return words(f"notice.failed.{run.code}.text")
        case _:
            return run.said or words("connect.stopped")


def _ways_on(facts: Facts, words: Words) -> Iterator[Button]:
    free = facts.run.free_port
    if free is not None:
        yield Button(f"use_port:{free}", words("menu.use_port", port=free), "default")
    yield Button("start", words("menu.start"), "default" if free is None else "plain")


def is_kept(keyring: SafeStatus) -> bool:
    """Whether nobody need be told how long keys last; in practice they are in memory on purpose."""
    return keyring.state in {"ready", "memory"}


def _keeping(facts: Facts, words: Words) -> Iterator[Text]:
    """How long an app's key lasts, where that is not for good."""
    if facts.status is not None and not is_kept(facts.status.keyring):
        yield Text("keeping", words(f"connect.keeping.{facts.status.keyring.state}"), "bad")


def _aside(state: Connecting, words: Words) -> Aside:
    query = state.query.strip()
    listed = _listed(query, state.client)
    found = ""
    if query:
        found = words("connect.found", count=len(listed)) if listed else words("connect.none")
    return Aside(
        label=words("connect.list"),
        search=words("connect.search", count=len(CLIENTS)),
        query=state.query,
        found=found,
        items=tuple(
            Item(f"choose:{one.id}", label_of(one, words), note_of(one, words), one == state.client)
            for one in listed
        ),
    )


def _listed(query: str, chosen: Client | None) -> list[Client]:
    if query:
        wanted = query.casefold()
        return [one for one in CLIENTS if wanted in one.label.casefold() or wanted in one.id]
    first = [one for name in FIRST if (one := find(name)) is not None]
    return first if chosen is None or chosen in first else [chosen, *first]


def label_of(client: Client, words: Words) -> str:
    """An app's name; that of any other one is in the person's language."""
    return words("connect.any") if client.kind == "library" else client.label


def called(client: Client, words: Words) -> str:
    """What an app is called within a sentence."""
    return words("connect.any.yours") if client.kind == "library" else client.label


def note_of(client: Client, words: Words) -> str:
    """What an app is, or that it does not work."""
    if client.unreachable or not is_served(client):
        return words("connect.unfit")
    return words(f"connect.kind.{client.kind}")


def _welcome(words: Words) -> Iterator[Part]:
    yield Text("welcome", words("connect.welcome"))
    yield Steps("way", tuple(words(f"connect.way.{one}") for one in ("sign_in", "choose", "try")))


def _parts(state: Connecting, client: Client, facts: Facts, words: Words) -> Iterator[Part]:
    if client.unreachable:
        yield Text("note", words.sentence(client.unreachable), "bad")
        return
    if not is_served(client):
        yield Text("note", words("connect.unserved", client=client.label), "bad")
        return
    setup = client.setup(state.offer)
    yield Section("model", "", (_model(state.offer, words),))
    if setup.files:
        yield Section("write", words("connect.file"), tuple(_writing(state, words)))
    yield from _by_hand(setup, state, client, words)
    if setup.needs:
        yield Section("needs", words("connect.needs"), tuple(_needs(setup, facts, words)))
    yield from _in_a_terminal(setup, state, words)
    tried = (*_trying(state, client, words), *_starting(state, facts, words))
    yield Section("try", words("connect.try"), tried)
    yield Text("key", words("connect.key", name=client.id), "quiet")
    if client.note:
        yield Text("note", words.sentence(client.note), "quiet")


def _model(offer: Offer, words: Words) -> Field:
    names = tuple(Choice(name, name) for name in offer.names())
    return Field(
        "model-name", "model", "choice", words("connect.model"), offer.model,
        hint=words("connect.model.hint"), choices=names,
    )  # fmt: skip


def _by_hand(setup: Setup, state: Connecting, client: Client, words: Words) -> Iterator[Part]:
    """What a person pastes, and where."""
    parts = list(_values(setup, state, words))
    if setup.steps:
        parts.append(Steps("steps", tuple(words.sentence(step) for step in setup.steps)))
    parts += _text(setup, words)
    if parts:
        name = "connect.paste.too" if setup.files else "connect.paste"
        yield Section("paste", words(name, client=called(client, words)), tuple(parts))


def _values(setup: Setup, state: Connecting, words: Words) -> Iterator[Piece]:
    for number, value in enumerate(setup.values):
        label = words.sentence(value.label)
        buttons = [copy_button(f"copy:value-{number}", label, words)]
        if value.is_secret:
            buttons.append(reveal_button(label, words, shown=state.is_shown))
        yield Value(f"value-{number}", label, value.text, tuple(buttons))


def _text(setup: Setup, words: Words) -> Iterator[Piece]:
    if setup.text:
        label = words("connect.text")
        yield Code("text", label, setup.text, (copy_button("copy:text", label, words),))


def _in_a_terminal(setup: Setup, state: Connecting, words: Words) -> Iterator[Part]:
    """Variables, and what starts the app."""
    parts: list[Piece] = [
        Value(f"variable-{name}", name, text, (copy_button(f"copy:variable-{name}", name, words),))
        for name, text in setup.env.items()
    ]
    if setup.env:
        label = words("connect.variables.copy")
        key = words("keys.key")
        reveal = reveal_button(key, words, shown=state.is_shown)
        buttons = (Button("copy:variables", label), reveal)
        parts.append(Buttons("variables", buttons))
    if setup.command:
        label = words("connect.command")
        copy = copy_button("copy:command", label, words)
        parts.append(Value("command", label, setup.command, (copy,)))
    if parts:
        title = words("connect.variables" if setup.env else "connect.terminal")
        folded = True if setup.env and (setup.files or setup.values) else None
        yield Section("terminal", title, tuple(parts), folded)


def copy_button(act: str, what: str, words: Words) -> Button:
    """A button that copies; screen readers are told what."""
    return Button(act, words("pane.copy"), about=words("pane.copy.about", what=what))


def reveal_button(what: str, words: Words, act: str = "reveal", *, shown: bool) -> Button:
    """A button that shows a key or hides it again; screen readers are told which."""
    label = words("pane.hide" if shown else "pane.show")
    about = words("pane.hide.about" if shown else "pane.show.about", what=what)
    return Button(act, label, about=about)


def _writing(state: Connecting, words: Words) -> Iterator[Piece]:
    yield Text("files", words("connect.file.text") + "\n" + "\n".join(state.files))
    if state.unwritable:
        again = Button("look", words("connect.look"))
        yield Text("unwritable", state.unwritable, "bad", (again,))
    else:
        is_busy = state.wrote.tone == "busy"
        buttons = [
            Button("write", words("connect.write"), "default", enabled=not is_busy),
            Button("preview", words("connect.preview")),
        ]
        if state.undoable:
            buttons.append(Button("undo", words("connect.undo")))
        yield Buttons("writing", tuple(buttons))
    yield Text("wrote", state.wrote.text, state.wrote.tone)
    if state.changes:
        yield Code("changes", words("connect.changes"), state.changes)


def _trying(state: Connecting, client: Client, words: Words) -> Iterator[Piece]:
    is_busy = state.tried.tone == "busy"
    about = words("connect.try.text", client=called(client, words))
    yield Text("trying", about, "quiet")
    now = Button("try", words("connect.try.now"), "default", enabled=not is_busy)
    yield Buttons("try-now", (now,))
    yield Text("tried", state.tried.text, state.tried.tone)


def _starting(state: Connecting, facts: Facts, words: Words) -> Iterator[Piece]:
    """Once an app was answered, the way to have it answered from now on."""
    if state.offers_login:
        value, about = "yes" if facts.at_login else "no", words("setting.at_login.about")
        label = words("menu.at_login")
        yield Field("at-login", "at_login", "switch", label, value, about)


def _needs(setup: Setup, facts: Facts, words: Words) -> Iterator[Piece]:
    """Whom Portico must let in, with a button that does it."""
    for number, need in enumerate(setup.needs):
        why, is_in = words.sentence(need.why), _who_is_in(need, facts)
        if is_in:
            done = words(f"connect.need.{need.who}.done", name=is_in)
            yield Text(f"need-{number}", f"{why}\n{done}", "good")
        else:
            button = Button(f"need:{number}", words(f"connect.need.{need.who}", name=need.name))
            yield Text(f"need-{number}", why)
            yield Buttons(f"need-of-{number}", (button,))


def _who_is_in(need: Need, facts: Facts) -> str:
    """Who that is by now; empty for nobody."""
    if need.who == "host":
        return need.name if need.name in facts.settings.hosts else ""
    if need.who == "network":
        return facts.settings.network_host
    is_open = facts.status is not None and facts.status.visitors.pairing_s_left is not None
    return "open" if is_open else ""


def text_of(setup: Setup, what: str, exports: Callable[[Mapping[str, str]], Iterable[str]]) -> str:
    """What a button copies, by what its act is about; empty for nothing that is there."""
    name, _, rest = what.partition("-")
    match name:
        case "value":
            at = int(rest) if rest.isdecimal() else len(setup.values)
            return setup.values[at].text if at < len(setup.values) else ""
        case "variable":
            return setup.env.get(rest, "")
        case "variables":
            return "\n".join(exports(setup.env))
        case "text":
            return setup.text
        case "command":
            return setup.command
        case _:
            return ""


def masked(offer: Offer) -> Offer:
    """The same without its key."""
    return msgspec.structs.replace(offer, key=HIDDEN_KEY)
