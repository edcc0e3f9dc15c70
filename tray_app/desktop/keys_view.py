"""The part of the window *Settings* that shows the keys, each with the profile of its client."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from tray_app.core.ports import Profile
from tray_app.dialects.clients import find
from tray_app.proxy.keys import LocalKey
from tray_app.proxy.status import Status

from .connect_view import HIDDEN_KEY, copy_button, label_of, reveal_button
from .forms import form_of, text_of
from .windows.parts import Button, Choice, Field, Part, Piece, Section, Text, Value
from .words import Words

_KEPT = {"ready", "memory"}
"""How it goes with the keyring where nothing has to be said: in memory keys are on purpose."""


class KeysState(Struct, frozen=True, kw_only=True):
    """What somebody is doing with the keys."""

    shown: str = ""
    """The key whose secret is to be seen."""
    made: str = ""
    """The key that was just made."""
    ending: str = ""
    """The key that is about to be revoked."""
    errors: dict[str, tuple[str, str]] = {}
    """By the id of a field: what was typed there, and why it was refused."""
    saved: str = ""
    """The field that was just set."""


def keys_parts(
    keys: Sequence[LocalKey], state: KeysState, words: Words, status: Status | None = None
) -> Iterator[Part]:
    """Every key in a section of its own, the newest first, and the way to a new one."""
    keeping = status.keyring.state if status is not None else "ready"
    if keeping not in _KEPT:
        yield Text("keeping", words(f"keys.keeping.{keeping}"), "bad")
    yield Text("about-keys", words("keys.about"), "quiet")
    typed, refused = state.errors.get("new-key", ("", ""))
    yield Section(
        "new",
        words("keys.new"),
        (
            Field(
                "new-key", "key_new", "entry", words("keys.name"), typed,
                hint=words("keys.name.hint"), error=refused,
                button=Button("key_new", words("keys.make"), "default"),
            ),
        ),
    )  # fmt: skip
    for key in reversed(keys):
        parts = tuple(_key(key, state, words))
        yield Section(f"key-{key.name}", _title(key, words), parts, key.name != state.made)


def _title(key: LocalKey, words: Words) -> str:
    client = find(key.name)
    if client is None or client.id != key.name:
        return key.name
    return f"{label_of(client, words)} · {key.name}"


def _key(key: LocalKey, state: KeysState, words: Words) -> Iterator[Piece]:
    is_shown = key.name == state.shown
    label = words("keys.key")
    yield Value(
        f"secret-{key.name}",
        label,
        key.secret if is_shown else HIDDEN_KEY,
        (
            copy_button(f"key_copy:{key.name}", label, words),
            reveal_button(label, words, f"key_show:{key.name}", shown=is_shown),
        ),
    )
    used = words("keys.never") if key.last_used_s is None else _day(key.last_used_s)
    made = _day(key.created_s)
    yield Text(f"use-{key.name}", words("keys.use", made=made, used=used), "quiet")
    for name in Profile.__struct_fields__:
        yield _field(key, name, state, words)
    yield _ending(key, state, words)


def _ending(key: LocalKey, state: KeysState, words: Words) -> Text:
    """The way to revoke a key: a second button, beside one that does nothing."""
    if key.name != state.ending:
        end = Button(f"key_revoke:{key.name}", words("keys.revoke"), "danger")
        return Text(f"end-{key.name}", "", buttons=(end,))
    keep = Button(f"key_keep:{key.name}", words("ask.no"))
    sure = Button(f"key_revoke_sure:{key.name}", words("keys.revoke.yes"), "danger")
    return Text(f"end-{key.name}", words("keys.revoke.sure"), "bad", (keep, sure))


def _field(key: LocalKey, name: str, state: KeysState, words: Words) -> Field:
    form = form_of(Profile, name)
    number = f"{name}-{key.name}"
    typed, refused = state.errors.get(number, (text_of(getattr(key.profile, name)), ""))
    return Field(
        number,
        f"key_set:{name}:{key.name}",
        form.kind,
        words(f"profile.{name}"),
        typed,
        hint=words(f"profile.{name}.about"),
        note=words("settings.saved") if state.saved == number else "",
        error=refused,
        choices=tuple(Choice(one, words(f"profile.{name}.{one}")) for one in form.choices),
    )


def _day(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone():%Y-%m-%d %H:%M}"
