"""Local keys: a key is a client, with a name and a profile of how it wants to be treated."""

import hashlib
import hmac
import secrets
import time
import zlib

import msgspec
from msgspec import Struct

from tray_app.core.ports import Profile

PREFIX = "sk-portico-"
DEFAULT_NAME = "default"
_NAME_CHARS = 64


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


def make_secret() -> str:
    """A new key: 256 random bits and a check sum, so that a mistyped one can be told apart."""
    body = secrets.token_urlsafe(32)
    return f"{PREFIX}{body}{zlib.crc32(body.encode()) & 0xFFFFFF:06x}"


class Keys:
    """The local keys in force; every change holds at once."""

    def __init__(self, keys: tuple[LocalKey, ...] = ()) -> None:
        self._keys = {key.name: key for key in keys}
        self._digests = {key.name: _digest(key.secret.encode()) for key in keys}

    def match(self, presented: bytes) -> LocalKey | None:
        """The key with this secret; takes the same time whichever it is, and if it is none."""
        digest = _digest(presented)
        found: str | None = None
        for name, known in self._digests.items():
            if hmac.compare_digest(known, digest):
                found = name
        return None if found is None else self._keys[found]

    def used(self, name: str) -> None:
        """Note that a key was used just now."""
        if name in self._keys:
            self._keys[name] = msgspec.structs.replace(self._keys[name], last_used_s=time.time())

    def all(self) -> tuple[LocalKey, ...]:
        """Every key, oldest first."""
        return tuple(self._keys.values())

    def get(self, name: str) -> LocalKey:
        """The key of this name; raises `KeyRefusedError`."""
        if name not in self._keys:
            known = ", ".join(self._keys) or "none"
            raise KeyRefusedError(f"There is no key named {name!r}. Keys: {known}.")
        return self._keys[name]

    def new(self, name: str) -> LocalKey:
        """Make a key; raises `KeyRefusedError` for a name that is taken or makes no sense."""
        if not name or len(name) > _NAME_CHARS or not name.isprintable():
            raise KeyRefusedError(f"A key's name has 1 to {_NAME_CHARS} printable characters.")
        if name in self._keys:
            raise KeyRefusedError(f"There is a key named {name!r} already.")
        key = LocalKey(name=name, secret=make_secret(), created_s=time.time())
        self._keys[name] = key
        self._digests[name] = _digest(key.secret.encode())
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
        told = {**msgspec.to_builtins(key.profile), field: value}
        try:
            profile = msgspec.convert(told, Profile, strict=False)
        except msgspec.ValidationError as fault:
            raise KeyRefusedError(f"{field}: {str(fault).partition(' - at ')[0]}.") from None
        self._keys[name] = msgspec.structs.replace(key, profile=profile)
        return self._keys[name]


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
