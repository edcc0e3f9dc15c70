"""What the window *Connect an app* shows."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from tests.desktop.snapshots import facts, session, visitors
from tray_app.desktop.connect_view import (
    FIRST,
    HIDDEN_KEY,
    Connecting,
    Said,
    connect_view,
    label_of,
    masked,
    text_of,
)
from tray_app.desktop.windows.parts import (
    Button,
    ConnectView,
    Field,
    Part,
    Piece,
    Section,
    Steps,
    Text,
    Value,
)
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.dialects.clients import CLIENTS, find, is_served, recommended
from tray_app.dialects.clients.recipe import Client, Offer
from tray_app.proxy.safe import SafeKind, SafeStatus
from tray_app.proxy.status import Run, RunKind
from tray_app.store.settings import Settings
from tray_app.upstreams import UPSTREAMS

EN = Words("en")
MODELS = UPSTREAMS[0].built_in_models()
KEY = "sk-portico-something-secret"


def offer_for(client: Client, key: str = HIDDEN_KEY) -> Offer:
    return Offer("http://127.0.0.1:7936/v1", key, recommended(client, MODELS), MODELS)


def connecting(name: str, **more: Any) -> Connecting:
    client = find(name)
    assert client is not None
    return Connecting(client=client, **{"offer": offer_for(client), **more})


def pieces(view: ConnectView) -> Iterator[Piece]:
    part: Part
    for part in view.parts:
        if isinstance(part, Section):
            yield from part.parts
        else:
            yield part


def acts(view: ConnectView) -> set[str]:
    return {button.act for piece in pieces(view) for button in getattr(piece, "buttons", ())}


def test_the_named_apps_come_first_and_the_rest_by_a_search() -> None:
    nothing = Connecting(offer=Offer("", HIDDEN_KEY, ""))
    first = connect_view(nothing, facts(), EN)
    searched = connect_view(msgspec.structs.replace(nothing, query=" AIDER "), facts(), EN)
    none = connect_view(msgspec.structs.replace(nothing, query="no such app"), facts(), EN)

    assert [item.act for item in first.aside.items] == [f"choose:{name}" for name in FIRST]
    assert [item.label for item in searched.aside.items] == ["aider"]
    assert searched.aside.found == "Found: 1"
    assert none.aside.items == ()
    assert "Any OpenAI client" in none.aside.found
    assert first.back == ""


def test_an_app_that_was_found_stays_in_the_list() -> None:
    view = connect_view(connecting("zed"), facts(), EN)

    assert [item.label for item in view.aside.items if item.is_chosen] == ["Zed"]
    assert len(view.aside.items) == len(FIRST) + 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_every_app_has_a_page_in_every_language(client: Client, language: str) -> None:
    view = connect_view(connecting(client.id, files=("~/x",)), facts(), Words(language))
    sections = [part.id for part in view.parts if isinstance(part, Section)]
    ids = [*sections, *(piece.id for piece in pieces(view))]

    assert view.heading == label_of(client, Words(language))
    assert len(ids) == len(set(ids))
    assert ("try" in acts(view)) == (is_served(client) and not client.unreachable)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_what_an_app_asks_of_a_person_is_in_their_language(client: Client, language: str) -> None:
    words = Words(language)
    view = connect_view(connecting(client.id), facts(), words)
    setup = client.setup(offer_for(client))
    found = {piece.id: piece for piece in pieces(view)}

    if client.unreachable:
        assert found["note"] == Text("note", words.sentence(client.unreachable), "bad")
        return
    if not is_served(client):
        assert found["note"].tone == "bad"  # type: ignore[union-attr]
        return
    steps = Steps("steps", tuple(words.sentence(step) for step in setup.steps))
    note = Text("note", words.sentence(client.note), "quiet")
    labels = [words.sentence(value.label) for value in setup.values]
    assert found.get("steps") == (steps if setup.steps else None)
    assert found.get("note") == (note if client.note else None)
    whys = [words.sentence(need.why) for need in setup.needs]
    assert [found[f"need-{at}"].text for at in range(len(whys))] == whys  # type: ignore[union-attr]
    assert labels == [
        piece.label
        for piece in pieces(view)
        if isinstance(piece, Value) and piece.id.startswith("value-")
    ]


def test_a_page_in_chinese_is_in_chinese_but_for_the_names_in_the_app() -> None:
    view = connect_view(connecting("cherry-studio"), facts(), Words("zh"))
    found = {piece.id: piece for piece in pieces(view)}

    assert found["steps"] == Steps(
        "steps",
        (
            "打开“Settings > Model Provider”，点击“Add”。",
            "将其命名为 Portico，类型选择“OpenAI”。",
            "在 API 主机处粘贴基础 URL（不带 /v1），并粘贴 API 密钥。",
            "点击“Manage”，添加你想要的模型。",
        ),
    )
    assert "note" not in found
    assert [piece.label for piece in pieces(view) if isinstance(piece, Value)] == [
        "基础 URL",
        "API 密钥",
        "模型",
    ]
    assert found["value-1"].buttons[0].about == "复制：API 密钥"  # type: ignore[union-attr]


def test_whom_an_app_needs_let_in_is_let_in_by_a_button_and_then_said_to_be() -> None:
    container, page = connecting("open-webui"), connecting("lobechat")
    known = facts(settings=Settings(hosts=("host.docker.internal",)))
    open_door = facts(status={"visitors": visitors(pairing_s_left=60)})
    first, done = (connect_view(container, one, EN) for one in (facts(), known))
    asked, opened = (connect_view(page, one, EN) for one in (facts(), open_door))

    assert {"need:0"} <= acts(first) & acts(asked)
    assert "need:0" not in acts(done) | acts(opened)
    assert "Let host.docker.internal in" in str(msgspec.to_builtins(first))
    assert "host.docker.internal is let in." in str(msgspec.to_builtins(done))


def test_after_an_app_was_answered_starting_with_the_computer_is_offered() -> None:
    state = connecting("cline", tried=Said("good", "It works."), offers_login=True)
    before, after = (connect_view(state, facts(at_login=on), EN) for on in (False, True))
    [switch] = [one for one in pieces(before) if isinstance(one, Field) and one.act == "at_login"]
    [turned] = [one for one in pieces(after) if isinstance(one, Field) and one.act == "at_login"]

    assert (switch.kind, switch.value, turned.value) == ("switch", "no", "yes")
    assert switch.label == "Start with the computer"
    assert "at_login" not in str(
        msgspec.to_builtins(connect_view(connecting("cline"), facts(), EN))
    )


def test_any_client_is_called_what_it_is_in_a_sentence() -> None:
    view = connect_view(connecting("openai"), facts(), Words("pt-BR"))

    titles = [part.title for part in view.parts if isinstance(part, Section)]

    assert view.heading == "Qualquer cliente OpenAI"
    assert "Cole isto no seu app" in titles


def test_the_exact_values_are_there_each_with_a_button_that_copies_it() -> None:
    state = connecting("roo-code")
    view = connect_view(state, facts(), EN)
    values = {one.label: one.text for one in pieces(view) if isinstance(one, Value)}
    assert state.client is not None
    setup = state.client.setup(offer_for(state.client, KEY))

    assert values == {
        "Base URL": "http://127.0.0.1:7936/v1",
        "API key": HIDDEN_KEY,
        "Model": state.offer.model,
        "Context window size": "131072",
        "Max output tokens": "32000",
    }
    copied = [text_of(setup, f"value-{at}", lambda _: ()) for at in range(len(values))]
    assert copied == [KEY if text == HIDDEN_KEY else text for text in values.values()]
    assert text_of(setup, "value-99", lambda _: ()) == ""
    assert text_of(setup, "nonsense", lambda _: ()) == ""


@pytest.mark.parametrize(
    "client", [one for one in CLIENTS if is_served(one)], ids=lambda client: client.id
)
def test_no_page_has_the_key_until_somebody_asks_to_see_it(client: Client) -> None:
    secret = connecting(client.id, offer=offer_for(client, KEY))
    hidden = msgspec.structs.replace(secret, offer=masked(secret.offer))

    assert KEY not in str(msgspec.to_builtins(connect_view(hidden, facts(), EN)))
    assert secret.is_shown
    assert not hidden.is_shown


def test_the_limits_of_a_translator_are_those_that_were_measured() -> None:
    view = connect_view(connecting("immersive-translate"), facts(), EN)
    values = {one.label: one.text for one in pieces(view) if isinstance(one, Value)}

    assert values["Custom API URL"].endswith("/v1/chat/completions")
    assert values["Maximum requests per second"] == "0.3"
    assert values["Maximum paragraphs per request"] == "10"
    assert values["Maximum text length per request"] == "3000"


def test_writing_is_offered_where_it_can_be_and_undoing_where_it_was() -> None:
    plain = connect_view(connecting("cline", files=("~/a",)), facts(), EN)
    undoable = connect_view(connecting("cline", files=("~/a",), undoable=True), facts(), EN)
    locked = connect_view(connecting("cline", files=("~/a",), unwritable="No."), facts(), EN)

    assert {"write", "preview"} <= acts(plain)
    assert "undo" not in acts(plain)
    assert "undo" in acts(undoable)
    assert {"write", "preview", "undo"}.isdisjoint(acts(locked))
    assert "No." in str(msgspec.to_builtins(locked))
    assert "look" in acts(locked)
    assert "look" not in acts(undoable)


def test_what_runs_already_is_not_begun_again() -> None:
    busy = connect_view(connecting("cline", tried=Said("busy", "Asking")), facts(), EN)
    [button] = [
        button
        for piece in pieces(busy)
        for button in getattr(piece, "buttons", ())
        if button.act == "try"
    ]

    assert not button.enabled


def test_what_keeps_every_app_from_an_answer_is_above_with_the_way_out() -> None:
    state = Connecting(offer=Offer("", HIDDEN_KEY, ""))
    stopped = connect_view(state, facts(run=Run("failed", said="The port is taken.")), EN)
    nobody = connect_view(state, facts(status={"session": session("signed_out")}), EN)

    assert connect_view(state, facts(), EN).notices == ()
    assert stopped.notices[0].text == "The port is taken."
    assert [button.act for button in stopped.notices[0].buttons] == ["start"]
    assert [button.act for button in nobody.notices[0].buttons] == ["sign_in", "bring"]
    assert isinstance(nobody.notices[0].buttons[0], Button)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_port_that_is_taken_is_told_in_the_persons_language_with_one_that_is_free(
    language: str,
) -> None:
    state, words = Connecting(offer=Offer("", HIDDEN_KEY, "")), Words(language)
    run = Run("failed", "portico settings set port 7937", "port_taken", "nginx", 7937)
    taken, nobodys, denied, ended = (
        connect_view(state, facts(run=one), words).notices[0]
        for one in (
            run,
            msgspec.structs.replace(run, holder=""),
            msgspec.structs.replace(run, code="port_denied"),
            Run("failed", "It died.", "died"),
        )
    )

    assert "nginx" in taken.text
    assert all("7936" in one.text for one in (taken, nobodys, denied))
    assert not any("settings set" in one.text for one in (taken, nobodys, denied))
    assert [button.act for button in taken.buttons] == ["use_port:7937", "start"]
    assert [button.kind for button in taken.buttons] == ["default", "plain"]
    assert ended.text == words("notice.failed.died.text")


@pytest.mark.parametrize(
    ("kind", "said"), [("starting", "Starting…"), ("stopping", "Stopping…"), ("running", "")]
)
def test_what_portico_does_meanwhile_is_called_what_it_is(kind: RunKind, said: str) -> None:
    view = connect_view(connecting("cline"), facts(run=Run(kind)), EN)

    assert [(one.text, one.tone) for one in view.notices] == ([(said, "busy")] if said else [])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", get_args(SafeKind))
def test_how_long_keys_last_stands_above_where_it_is_not_for_good(
    state: SafeKind, language: str
) -> None:
    words = Words(language)
    keyring = SafeStatus(state, saved=False, note="")
    view = connect_view(connecting("cline"), facts(status={"keyring": keyring}), words)

    is_said = state not in {"ready", "memory"}
    assert [one.id for one in view.notices] == (["keeping"] if is_said else [])
    assert [one.text for one in view.notices] == (
        [words(f"connect.keeping.{state}")] if is_said else []
    )
