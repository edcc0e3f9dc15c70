"""What the window *Settings* shows."""

from unicodedata import east_asian_width

import msgspec
import pytest

from tests.desktop.snapshots import STATUS, facts
from tray_app.desktop.facts import Facts
from tray_app.desktop.forms import form_of
from tray_app.desktop.settings_view import GROUPS, KEYS, Setting, settings_view
from tray_app.desktop.windows.parts import Field, Section, SettingsView, Value
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.proxy.status import NetworkStatus, Run
from tray_app.store.settings import Settings, explain

EN = Words("en")


def fields(view: SettingsView) -> dict[str, Field]:
    return {
        piece.id: piece
        for part in view.parts
        if isinstance(part, Section)
        for piece in part.parts
        if isinstance(piece, Field)
    }


MOST_LETTERS = 31


def values(view: SettingsView) -> dict[str, str]:
    return {
        piece.label: piece.text
        for part in view.parts
        if isinstance(part, Section)
        for piece in part.parts
        if isinstance(piece, Value)
    }


def test_every_setting_is_in_one_group() -> None:
    shown = [name for names in GROUPS.values() for name in names]

    assert sorted(shown) == sorted(field.name for field in explain())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", GROUPS)
def test_every_setting_is_drawn_in_every_language(group: str, language: str) -> None:
    view = settings_view(Setting(group=group), facts(), (), Words(language))
    shown = fields(view)

    assert set(GROUPS[group]) <= set(shown)
    for name in GROUPS[group]:
        form = form_of(Settings, name)
        assert shown[name].kind == form.kind
        assert shown[name].act == f"set:{name}"
        assert [choice.id for choice in shown[name].choices] == list(form.choices)
        assert shown[name].button is None


def test_limits_defaults_and_cautions_are_beside_the_field() -> None:
    told = msgspec.structs.replace(facts(), settings=Settings(parallel_answers=6))
    shown = fields(settings_view(Setting(group="answers"), told, (), EN))

    assert "From 1 to 1000." in shown["parallel_answers"].hint
    assert shown["parallel_answers"].button is not None
    assert shown["parallel_answers"].button.act == "reset:parallel_answers"
    assert "More than 4" in shown["parallel_answers"].caution
    assert shown["queue_size"].caution == ""


def test_what_was_refused_stands_as_it_was_typed_with_the_reason() -> None:
    state = Setting(errors={"port": ("70000", "Too large.")}, waiting=frozenset({"path_prefix"}))
    view = settings_view(state, facts(), (), EN)
    shown = fields(view)

    assert (shown["port"].value, shown["port"].error) == ("70000", "Too large.")
    assert "restart" in shown["path_prefix"].note
    assert [button.act for button in view.notices[0].buttons] == ["restart"]
    starting = settings_view(state, facts(run=Run("starting")), (), EN)
    assert starting.notices[0].tone == "busy"


def test_the_addresses_are_above_the_settings_of_their_group() -> None:
    network = NetworkStatus("192.168.1.5", "http://192.168.1.5:7936/v1")
    alone = settings_view(Setting(group="endpoint"), facts(), (), EN)
    opened = settings_view(Setting(group="endpoint"), facts(status={"network": network}), (), EN)
    other = settings_view(Setting(group="answers"), facts(), (), EN)
    unknown = settings_view(
        Setting(group="endpoint"), Facts(run=Run("starting"), settings=Settings()), (), EN
    )

    assert values(alone) == {"Base URL for apps": STATUS.endpoint}
    assert values(opened) == {
        "Base URL for apps": STATUS.endpoint,
        "Base URL for other devices": "http://192.168.1.5:7936/v1",
    }
    assert values(other) == values(unknown) == {}
    [section] = [part for part in opened.parts if isinstance(part, Section)]
    copies = [one.buttons[0] for one in section.parts[:2] if isinstance(one, Value)]
    assert [one.act for one in copies] == [
        f"copy:{STATUS.endpoint}", "copy:http://192.168.1.5:7936/v1",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_has_room_where_it_is_chosen(group: str, language: str) -> None:
    """As many letters as fit at the least width; those of Chinese are twice as wide."""
    for field in fields(settings_view(Setting(group=group), facts(), (), Words(language))).values():
        for choice in field.choices:
            wide = sum(2 if east_asian_width(one) in "WF" else 1 for one in choice.label)
            assert wide <= MOST_LETTERS, choice.label


def test_a_search_finds_settings_by_their_names_and_words() -> None:
    by_name = settings_view(Setting(query="IDLE_TIMEOUT"), facts(), (), EN)
    by_word = settings_view(Setting(query="vpn"), facts(), (), EN)
    nothing = settings_view(Setting(query="no such thing"), facts(), (), EN)

    assert list(fields(by_name)) == ["idle_timeout_s"]
    assert list(fields(by_word)) == ["fake_addresses"]
    assert fields(nothing) == {}
    assert nothing.aside.found == EN("settings.none")
    assert not [item for item in by_name.aside.items if item.is_chosen]


def test_the_keys_are_the_last_group_and_the_way_back_is_for_narrow_windows() -> None:
    view = settings_view(Setting(group=KEYS), facts(), (), EN)
    nothing = settings_view(Setting(group=""), facts(), (), EN)

    assert view.aside.items[-1].is_chosen
    assert view.heading == "Keys"
    assert view.back
    assert nothing.back == ""
    assert nothing.heading == EN("settings.endpoint")
