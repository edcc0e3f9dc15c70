"""Settings: one frozen value, a file that survives anything, and who has the last word.

A flag outranks the environment, which outranks the file, which outranks the default. What cannot be
read is moved aside and never lost; one bad field costs that field alone.
"""

import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

from .files import SIZE_LIMIT_BYTES, StoreError, read_private, write_private

VERSION = 1

TransportName = Literal["page", "direct", "auto"]
_MANY_ANSWERS = 4


def _about(description: str, *, restart: bool = False, **limits: Any) -> Meta:
    return Meta(description=description, extra={"restart": restart}, **limits)


class Settings(Struct, frozen=True, kw_only=True):
    """Everything a person can set."""

    port: Annotated[int, _about("The port on this computer.", restart=True, ge=1, le=65535)] = 7936
    path_prefix: Annotated[
        str,
        _about(
            "A path before every route, such as /qwen.",
            restart=True,
            pattern=r"\A(/(?!\.\.?(/|\Z))[A-Za-z0-9._~-]+)*\Z",
        ),
    ] = ""
    parallel_answers: Annotated[
        int, _about("How many answers are asked for at the same time.", ge=1, le=1000)
    ] = 2
    start_spacing_s: Annotated[
        float, _about("Seconds between the starts of two answers.", ge=0, le=60)
    ] = 0.5
    queue_size: Annotated[
        int, _about("How many requests may wait; more are refused.", ge=1, le=1000)
    ] = 32
    show_variants: Annotated[
        bool, _about("List -thinking, -search and -draw names beside each model.")
    ] = True
    aliases: Annotated[
        dict[str, str], _about('Other names for models, with *: {"gpt-*": "qwen3.7-plus"}.')
    ] = {}
    xml_tools: Annotated[
        tuple[str, ...],
        _about(
            "Models that are asked to write calls of tools in XML instead of JSON, with *: "
            '["*coder*"]. Both are understood from every model.'
        ),
    ] = ()
    hosts: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z|\A\[[0-9A-Fa-f:.]+\]\Z")], ...],
        _about("Further host names, without ports, under which clients may call Portico."),
    ] = ()
    network_host: Annotated[
        str,
        _about(
            "This computer's address in its network, such as 192.168.1.5, if other devices may call"
            " Portico there; each needs a key whose profile says network=yes.",
            restart=True,
            max_length=45,
        ),
    ] = ""
    origins: Annotated[
        tuple[
            Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9+.-]*://[a-z0-9._\[\]:-]+\Z")],
            ...,
        ],
        _about("Web apps that may call Portico, as exact origins: https://app.example."),
    ] = ()
    opaque_origins: Annotated[
        bool, _about("Let apps in whose origin is null; the key is still needed.")
    ] = False
    connect_timeout_s: Annotated[
        float, _about("Seconds for a connection to Qwen.", ge=0.1, le=120)
    ] = 10.0
    first_event_timeout_s: Annotated[
        float,
        _about(
            "Seconds of silence before an answer begins; thrice that when it thinks or searches.",
            ge=0.1,
            le=600,
        ),
    ] = 60.0
    idle_timeout_s: Annotated[
        float, _about("Seconds of silence in mid-answer.", ge=0.1, le=600)
    ] = 90.0
    transport: Annotated[
        TransportName,
        _about(
            "Who makes the calls of a session that Portico's window has: page (the signed-in page "
            "itself), direct (Portico), or auto (Portico, until Qwen asks for a person there)."
        ),
    ] = "page"
    idle_window_s: Annotated[
        float,
        _about("Seconds without a request until the hidden window is closed.", ge=1, le=86_400),
    ] = 600.0
    start_proxy: Annotated[
        bool, _about("Serve as soon as the tray starts; else when somebody chooses Start.")
    ] = True
    terms_read: Annotated[
        bool, _about("Whether the notice about Qwen's terms was read, before the first sign-in.")
    ] = False
    notices: Annotated[bool, _about("Tell beside the tray what a person should know.")] = True
    language: Annotated[
        Literal["system", "en", "zh", "pt-BR", "ru"],
        _about("The language of tray and windows: system, en, zh, pt-BR or ru."),
    ] = "system"
    outbound_proxy: Annotated[
        str,
        _about(
            "How Qwen is reached: system, none, or the address of an HTTP proxy. A password for it "
            "must not be in a file: choose system and set HTTPS_PROXY.",
            restart=True,
            pattern=r"\A(system|none|https?://[!-.0-?A-~]+/?)\Z",
        ),
    ] = "system"


class SettingError(Exception):
    """A setting cannot be what somebody wants it to be.

    Args:
        name: The setting, or the variable that says it.
        sentence: What is wrong and what would be right.
    """

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


class Loaded(Struct, frozen=True):
    """What a settings file came to."""

    settings: Settings
    notes: tuple[str, ...] = ()
    """For people: what could not be read, and what was done about it."""
    extra: dict[str, Any] = {}
    """Fields of the file that this version does not know."""
    read_only: bool = False
    """The file is of a newer version, which must not be written over."""


class Field(Struct, frozen=True):
    """A setting as people see it."""

    name: str
    kind: str
    default: Any
    description: str
    restart: bool


def explain() -> tuple[Field, ...]:
    """Every setting, in the order of the file."""
    hints = get_type_hints(Settings, include_extras=True)
    found = []
    for field in msgspec.structs.fields(Settings):
        meta = next(one for one in hints[field.name].__metadata__ if isinstance(one, Meta))
        default = (
            field.default_factory()
            if field.default_factory is not msgspec.NODEFAULT
            else field.default
        )
        kind = hints[field.name].__origin__
        found.append(
            Field(
                name=field.name,
                kind=getattr(kind, "__name__", str(kind)),
                default=msgspec.to_builtins(default),
                description=meta.description or "",
                restart=bool((meta.extra or {}).get("restart")),
            )
        )
    return tuple(found)


def _field(name: str) -> Field:
    return next(field for field in explain() if field.name == name)


def with_value(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one changed; raises `SettingError` that names it and says what it takes."""
    if name not in Settings.__struct_fields__:
        raise SettingError(
            name,
            f"There is no setting {name!r}. `portico settings list` shows all of them.",
        )
    told = {**msgspec.to_builtins(settings), name: value}
    try:
        changed = msgspec.convert(told, Settings)
    except (msgspec.ValidationError, UnicodeError) as fault:
        why = str(fault).partition(" - at ")[0].replace("`", "")
        if "regex" in why:
            why = f"that does not fit. {_field(name).description}".removesuffix(".")
        why = why[:1].lower() + why[1:]
        raise SettingError(name, f"{name}: {why}.") from None
    if name == "network_host" and changed.network_host:
        why = _unfit_for_a_network(changed.network_host)
        if why:
            raise SettingError(name, f"{name}: {why}")
    return changed


def _unfit_for_a_network(text: str) -> str:
    """Why this is no address on which other devices may be let in; empty if it is one."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "that is no IP address. Set this computer's own one in its network: 192.168.1.5."
    if address.is_loopback:
        return "that is this computer alone, where Portico always listens. Leave it empty for that."
    if address.is_unspecified:
        return "that would be every network. Name the one address under which devices may call."
    if isinstance(address, ipaddress.IPv6Address) and (
        address.is_link_local or address.scope_id or address.ipv4_mapped
    ):
        return "that is no IPv6 address by which every device can call. Set another address."
    if address.is_multicast or address.is_reserved:
        return "no computer can have that address. Set this computer's own one in its network."
    return ""


def parse(name: str, text: str) -> object:
    """What a person typed for a setting, as a value; raises `SettingError`."""
    kind = _field(name).kind if name in Settings.__struct_fields__ else None
    if kind == "str" and not text.startswith('"'):
        value: object = text
    elif kind == "bool" and text.lower() in {"yes", "on"}:
        value = True
    elif kind == "bool" and text.lower() in {"no", "off"}:
        value = False
    else:
        try:
            value = msgspec.json.decode(text.lower() if kind == "bool" else text)
        except (ValueError, RecursionError):
            value = text
    with_value(Settings(), name, value)
    return value


def effective(
    settings: Settings, environ: Mapping[str, str], flags: Mapping[str, object]
) -> Settings:
    """The settings for this run; raises `SettingError` that names a bad variable."""
    port = environ.get("PORTICO_PORT")
    if port:
        try:
            settings = with_value(settings, "port", parse("port", port))
        except SettingError:
            raise SettingError(
                "PORTICO_PORT", f"PORTICO_PORT is {port!r}, which is no port from 1 to 65535."
            ) from None
    for name, value in flags.items():
        if value is not None:
            settings = with_value(settings, name, value)
    return settings


def warnings_of(settings: Settings) -> tuple[str, ...]:
    """What a person should know about these settings."""
    warnings = []
    if settings.parallel_answers > _MANY_ANSWERS:
        warnings.append(
            f"parallel_answers is {settings.parallel_answers}: Qwen answers bursts with a check "
            "that a person must pass, so more than 4 often ends in a pause."
        )
    if settings.network_host:
        warnings.append(
            f"network_host is {settings.network_host}: other devices may call with a key of their "
            "own, over plain HTTP, which whoever shares the network can read."
        )
    return tuple(warnings)


def load(path: Path, now: Callable[[], datetime]) -> Loaded:
    """The settings of a file, whatever it holds; never raises for its content.

    Args:
        path: `settings.json`; its last good copy lies beside it with `.bak`.
        now: UTC, for the name under which an unreadable file is kept.
    """
    try:
        data = read_private(path)
    except StoreError as error:
        return Loaded(Settings(), (str(error),), read_only=True)
    if data is None:
        return Loaded(Settings())
    told = _object(data)
    if told is not None:
        return _read(told)
    kept = path.with_name(f"{path.name}.corrupt-{now():%Y%m%dT%H%M%SZ}")
    try:
        path.replace(kept)
    except OSError:
        note = f"The settings in {path} can be neither read nor moved. Look at that folder."
        return Loaded(Settings(), (note,), read_only=True)
    note = f"The settings could not be read and are kept as {kept.name}."
    data = _backup(path)
    told = None if data is None else _object(data)
    if data is None or told is None:
        return Loaded(Settings(), (f"{note} Every setting has its default now.",))
    # In its place again, or the next start would find no settings at all.
    with contextlib.suppress(OSError, StoreError):
        write_private(path, data)
    backup = _read(told)
    return Loaded(backup.settings, (f"{note} The last good ones are used.",), backup.extra)


def save(path: Path, settings: Settings, temporary: Mapping[str, object] | None = None) -> None:
    """Write settings, keeping fields this version does not know and a copy of the last good file.

    Raises `StoreError` where the file must not or cannot be written; it is as it was then.

    Args:
        path: `settings.json`.
        settings: What is in force.
        temporary: What the file should hold instead for settings that a flag or a variable says for
            one run, as long as nobody changed them.
    """
    data = read_private(path)
    told = _object(data) if data is not None else None
    before = _read(told) if told is not None else Loaded(Settings())
    if before.read_only:
        raise StoreError(
            "The settings are of a newer Portico, so they are left alone. Update this Portico."
        )
    filed = {**before.extra, **msgspec.to_builtins(settings), **(temporary or {})}
    lines = msgspec.json.format(msgspec.json.encode({"version": VERSION, **filed}), indent=2)
    try:
        if told is not None and data is not None:
            write_private(_backup_path(path), data)
        elif data is not None:
            write_private(path.with_name(path.name + ".corrupt"), data)
        write_private(path, lines + b"\n")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StoreError(f"The settings cannot be saved: {why}. Check the disk.") from error


def _object(data: bytes) -> dict[str, Any] | None:
    if len(data) > SIZE_LIMIT_BYTES:
        return None
    try:
        told = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _read(told: dict[str, Any]) -> Loaded:
    settings = Settings()
    notes: list[str] = []
    extra: dict[str, Any] = {}
    version = told.pop("version", VERSION)
    for name, value in told.items():
        if name not in Settings.__struct_fields__:
            extra[name] = value
            continue
        try:
            settings = with_value(settings, name, value)
        except SettingError as error:
            notes.append(f"In the settings, {error} It has its default now.")
    newer = isinstance(version, int) and version > VERSION
    if newer:
        notes.append("The settings are of a newer Portico: they are used, and not changed.")
    return Loaded(settings, tuple(notes), extra, read_only=newer)


def _backup_path(path: Path) -> Path:
    return path.with_name(path.name + ".bak")


def _backup(path: Path) -> bytes | None:
    try:
        return read_private(_backup_path(path))
    except StoreError:
        return None
