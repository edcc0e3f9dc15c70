"""Local keys: a key is a client, with a name and a profile of how it wants to be treated."""

import hashlib
import hmac
import secrets
import time
import zlib
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Profile

PREFIX = "sk-portico-"
DEFAULT_NAME = "default"
NAME_CHARS = 64
"""No longer is a key's name."""
LEAST_PATIENCE_S, MOST_PATIENCE_S = 1, 86_400
"""With less, every request that has to wait would be refused at once."""
_KINDS = {str: "a text", int: "a whole number"}
_CHECK_CHARS = 6
_BOOLS = {"yes": True, "on": True, "no": False, "off": False}


class KeyRefusedError(Exception):
    """A key cannot be made, found or changed; its text says why."""


class LocalKey(Struct, frozen=True):
    """A client's credential."""

    name: str
    secret: str
    created_s: float
    profile: Profile = Profile()
    last_used_s: float | None = None

    def __repr__(self) -> str:
        return f"LocalKey(name={self.name!r})"


def is_name(text: str) -> bool:
    """Whether a key can be called that."""
    return len(text) <= NAME_CHARS and text.isprintable() and text.strip() != ""


def make_secret() -> str:
    """A new key: 256 random bits and a check sum, so that a mistyped one can be told apart."""
    body = secrets.token_urlsafe(32)
    return PREFIX + body + _check_sum(body)


def is_whole(presented: bytes) -> bool:
    """Whether this has the form of one of our keys, in force or not."""
    text = presented.decode("ascii", "replace")
    body = text.removeprefix(PREFIX)[:-_CHECK_CHARS]
    return text == PREFIX + body + _check_sum(body)


def _check_sum(body: str) -> str:
    return f"{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"


def keys_to_text(keys: tuple[LocalKey, ...]) -> str:
    """Keys as they are kept."""
    return msgspec.json.encode(keys).decode()


def keys_from_text(text: str) -> tuple[LocalKey, ...]:
    """Keys that were kept; none where the text is none of ours.

    What this version does not understand about a key becomes the usual: no key is lost for that,
    since a client would have to be set up anew.
    """
    try:
        told = msgspec.json.decode(text, type=list[Any])
    except (msgspec.DecodeError, RecursionError):
        return ()
    return tuple(key for one in told if (key := _kept(one)) is not None)


def _kept(told: Any) -> LocalKey | None:
    try:
        return msgspec.convert(told, LocalKey)
    except msgspec.ValidationError:
        if not isinstance(told, dict):
            return None
    name, secret = told.get("name"), told.get("secret")
    if not isinstance(name, str) or not isinstance(secret, str):
        return None
    return LocalKey(name=name, secret=secret, created_s=0.0)


class Keys:
    """The local keys in force; every change holds at once."""

    def __init__(self, keys: tuple[LocalKey, ...] = ()) -> None:
        self._keys: dict[str, LocalKey] = {}
        self._digests: dict[str, bytes] = {}
        self._unread = False
        for key in keys:
            self._add(key)

    @property
    def is_unread(self) -> bool:
        """Whether there may be keys in the keyring that could not be read yet."""
        return self._unread

    def await_store(self) -> None:
        """Note that there may be keys in the keyring that cannot be read yet."""
        self._unread = True

    def take_up(self, kept: tuple[LocalKey, ...]) -> None:
        """Add the keys that the keyring held; one that took such a name meanwhile is renamed."""
        self._unread = False
        made = self.all()
        self._keys.clear()
        self._digests.clear()
        for key in kept:
            self._add(key)
        for key in made:
            name, number = key.name, 2
            while name in self._keys:
                name, number = f"{key.name} {number}", number + 1
            self._add(msgspec.structs.replace(key, name=name))

    def _add(self, key: LocalKey) -> None:
        self._keys[key.name] = key
        self._digests[key.name] = _digest(key.secret.encode())

    def match(self, presented: bytes) -> LocalKey | None:
        """The key with this secret; takes the same time whichever it is, and if it is none.

        Raises `ProxyError` where it may be one that could not be read yet.
        """
        digest = _digest(presented)
        found: str | None = None
        for name, known in self._digests.items():
            if hmac.compare_digest(known, digest):
                found = name
        if found is None and self._unread and is_whole(presented):
            raise ProxyError(
                Kind.CREDENTIAL_STORE_LOCKED,
                "The system's keyring, where the keys are kept, is locked or does not answer",
            )
        return None if found is None else self._keys[found]

    def used(self, name: str) -> None:
        """Note that a key was used just now."""
        if name in self._keys:
            self._keys[name] = msgspec.structs.replace(self._keys[name], last_used_s=time.time())

    def all(self) -> tuple[LocalKey, ...]:
        """Every key, oldest first."""
        return tuple(self._keys.values())

    def default(self) -> LocalKey:
        """The client that one without a key is taken for: the default key's, while there is one."""
        return self._keys.get(DEFAULT_NAME) or LocalKey(DEFAULT_NAME, secret="", created_s=0.0)

    def get(self, name: str) -> LocalKey:
        """The key of this name; raises `KeyRefusedError`."""
        if name in self._keys:
            return self._keys[name]
        if self._unread:
            raise KeyRefusedError(
                "The system's keyring, where the keys are kept, is locked or does not answer. "
                "Unlock it, or make a key for now: portico key new NAME"
            )
        known = ", ".join(self._keys) or "none"
        raise KeyRefusedError(f"There is no key named {name!r}. Keys: {known}.")

    def new(self, name: str) -> LocalKey:
        """Make a key; raises `KeyRefusedError` for a name that is taken or makes no sense."""
        if not is_name(name):
            raise KeyRefusedError(
                f"A key's name has 1 to {NAME_CHARS} printable characters, not spaces alone."
            )
        if name in self._keys:
            raise KeyRefusedError(f"There is a key named {name!r} already.")
        key = LocalKey(name=name, secret=make_secret(), created_s=time.time())
        self._add(key)
        return key

    def revoke(self, name: str) -> None:
        """End a key: whoever still uses it is refused from now on; raises `KeyRefusedError`."""
        self.get(name)
        del self._keys[name], self._digests[name]

    def change(self, name: str, field: str, value: str) -> LocalKey:
        """Set one field of a key's profile from text; raises `KeyRefusedError` naming the field."""
        key = self.get(name)
        fields = Profile.__struct_fields__
        if field not in fields:
            raise KeyRefusedError(f"A key has no field {field!r}. Fields: {', '.join(fields)}.")
        told = {**msgspec.to_builtins(key.profile), field: _typed(field, value)}
        try:
            profile: Profile | None = msgspec.convert(told, Profile, strict=False)
        except msgspec.ValidationError:
            profile = None
        if profile is None or (field == "patience_s" and profile.patience_s < LEAST_PATIENCE_S):
            raise KeyRefusedError(f"{field}: {_reason(field)}.")
        self._keys[name] = msgspec.structs.replace(key, profile=profile)
        return self._keys[name]


def _typed(field: str, value: str) -> object:
    """A value as people write it, nearer to what the field holds."""
    if get_type_hints(Profile)[field] is bool:
        return _BOOLS.get(value.lower(), value)
    return value


def _reason(field: str) -> str:
    """What is wrong with a value, and what would be right."""
    kind = get_type_hints(Profile)[field]
    choices = ("yes", "no") if kind is bool else get_args(kind)
    if choices:
        return "choose one of " + ", ".join(choices)
    if field == "patience_s":
        return f"choose a number of seconds, from {LEAST_PATIENCE_S} to {MOST_PATIENCE_S}"
    return "choose " + _KINDS.get(kind, "another value")


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
