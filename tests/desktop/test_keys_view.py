"""What the keys in the window *Settings* are like."""

from typing import get_args

import msgspec
import pytest

from tests.desktop.snapshots import STATUS
from tray_app.core.ports import Profile
from tray_app.desktop.connect_view import HIDDEN_KEY
from tray_app.desktop.keys_view import KeysState, keys_parts
from tray_app.desktop.windows.parts import Field, Section, Text
from tray_app.desktop.words import LANGUAGES, Words
from tray_app.proxy.keys import LocalKey
from tray_app.proxy.safe import SafeKind, SafeStatus

EN = Words("en")
KEYS = (
    LocalKey("default", "sk-portico-first", 1.79e9),
    LocalKey("roo-code", "sk-portico-second", 1.79e9, Profile(patience_s=50), 1.7901e9),
)


def sections(state: KeysState, words: Words = EN) -> dict[str, Section]:
    return {part.id: part for part in keys_parts(KEYS, state, words) if isinstance(part, Section)}


def test_no_key_is_to_be_seen_but_the_one_that_was_asked_for() -> None:
    hidden = str(msgspec.to_builtins(list(keys_parts(KEYS, KeysState(), EN))))
    shown = str(msgspec.to_builtins(list(keys_parts(KEYS, KeysState(shown="roo-code"), EN))))

    assert "sk-portico-first" not in hidden + shown
    assert "sk-portico-second" not in hidden
    assert "sk-portico-second" in shown
    assert HIDDEN_KEY in hidden


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_a_profile_is_there_in_every_language(language: str) -> None:
    parts = sections(KeysState(), Words(language))["key-roo-code"].parts
    fields = {part.id: part for part in parts if isinstance(part, Field)}

    assert list(fields) == [f"{name}-roo-code" for name in Profile.__struct_fields__]
    assert fields["patience_s-roo-code"].value == "50"
    assert fields["queue-roo-code"].act == "key_set:queue:roo-code"


def test_a_key_of_a_known_app_has_its_name_and_says_when_it_was_used() -> None:
    found = sections(KeysState())

    assert found["key-roo-code"].title == "Roo Code · roo-code"
    assert found["key-default"].title == "default"
    assert "never" in str(found["key-default"])
    assert "never" not in str(found["key-roo-code"])


def test_a_key_is_revoked_only_after_a_second_look() -> None:
    before = str(sections(KeysState()))
    after = str(sections(KeysState(ending="roo-code"))["key-roo-code"])

    assert "key_revoke:roo-code" in before
    assert "key_revoke_sure" not in before
    assert "key_revoke_sure:roo-code" in after
    assert "key_keep:roo-code" in after


def test_what_was_refused_stands_beside_its_field() -> None:
    errors = {"patience_s-roo-code": ("no", "A number."), "new-key": ("x", "Taken.")}
    found = sections(KeysState(errors=errors, saved="queue-roo-code"))
    fields = {part.id: part for part in found["key-roo-code"].parts if isinstance(part, Field)}

    assert (fields["patience_s-roo-code"].value, fields["patience_s-roo-code"].error) == (
        "no",
        "A number.",
    )
    assert fields["queue-roo-code"].note == "Saved"
    [new] = found["new"].parts
    assert isinstance(new, Field)
    assert (new.value, new.error) == ("x", "Taken.")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", get_args(SafeKind))
def test_a_keyring_that_keeps_nothing_is_told_above_the_keys_for_as_long(
    state: SafeKind, language: str
) -> None:
    keyring = SafeStatus(state, saved=False, note="")
    status = msgspec.structs.replace(STATUS, keyring=keyring)
    told = [
        part.tone
        for part in keys_parts(KEYS, KeysState(), Words(language), status)
        if isinstance(part, Text) and part.id == "keeping"
    ]

    assert told == ([] if state in {"ready", "memory"} else ["bad"])
