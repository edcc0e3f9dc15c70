"""Settings: one frozen value, what each of them takes, and who has the last word.

A flag outranks the environment, which outranks the file, which outranks the default.
"""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

TransportName = Literal["page", "direct", "auto"]
LOG_LEVELS = ("debug", "info", "warning", "error")
_MANY_ANSWERS = 4
_Named = Annotated[str, Meta(min_length=1)]


def _about(description: str, *, restart: bool = False, **limits: Any) -> Meta:
    return Meta(description=description, extra={"restart": restart}, **limits)


class Settings(Struct, frozen=True, kw_only=True):
    """Everything a person can set."""

    port: Annotated[int, _about("The port on this computer.", restart=True, ge=1, le=65535)] = 7936
    path_prefix: Annotated[
        str,
        _about(
            "A path before every route, such as /qwen.",
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
        dict[_Named, _Named], _about('Other names for models, with *: {"gpt-*": "qwen3.7-plus"}.')
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
    long_prompt: Annotated[
        Literal["file", "trim"],
        _about(
            "What happens with a conversation that is too long for one message: file (what is "
            "before the last turn goes as a file) or trim (its middle is left out, with a mark)."
        ),
    ] = "file"
    blind_model: Annotated[
        Literal["refuse", "switch"],
        _about(
            "What happens with a picture or file that a model cannot take: refuse (the error names "
            "a model that can) or switch (such a model answers, and the answer says so)."
        ),
    ] = "refuse"
    fake_addresses: Annotated[
        bool,
        _about(
            "Fetch pictures and files although a VPN or proxy of this computer gives every name an "
            "address from 198.18.0.0 to 198.19.255.255; needed only where it gives Qwen's name "
            "another one."
        ),
    ] = False
    statistics_days: Annotated[
        int,
        _about(
            "How many days every single request is kept in the statistics, in sizes and times "
            "alone; 0 for none. What each day came to is kept for 400.",
            ge=0,
            le=400,
        ),
    ] = 30
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
        meta = _meta_of(hints[field.name])
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


def _meta_of(hint: Any) -> Meta:
    return next(one for one in hint.__metadata__ if isinstance(one, Meta))


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
    except (msgspec.ValidationError, UnicodeError):
        # What the library says of it is for programmers.
        raise SettingError(name, f"{name}: {_taken(name)}") from None
    if name == "network_host" and changed.network_host:
        why = _unfit_for_a_network(changed.network_host)
        if why:
            raise SettingError(name, f"{name}: {why}")
    if name == "outbound_proxy" and not _has_place(changed.outbound_proxy):
        raise SettingError(name, f"{name}: {_taken(name)}")
    return changed


def _has_place(proxy: str) -> bool:
    """Whether an address has a host and, if it names one, a port that can be."""
    if proxy in {"system", "none"}:
        return True
    try:
        parts = urlsplit(proxy)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _taken(name: str) -> str:
    """What a setting takes, for who set something else."""
    hint = get_type_hints(Settings, include_extras=True)[name]
    kind, meta = hint.__origin__, _meta_of(hint)
    if kind is bool:
        return "it takes true or false."
    if kind in {int, float}:
        what = "a whole number" if kind is int else "a number"
        return f"it takes {what} from {meta.ge} to {meta.le}."
    if get_origin(kind) is Literal:
        *words, last = get_args(kind)
        return f"it takes {', '.join(words)} or {last}."
    how = """ Write it as a list: '["one", "another"]'.""" if get_origin(kind) is tuple else ""
    return f"that does not fit. {meta.description}{how}"


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
    level = environ.get("PORTICO_LOG")
    if level and level.lower() not in LOG_LEVELS:
        levels = ", ".join(LOG_LEVELS)
        raise SettingError("PORTICO_LOG", f"PORTICO_LOG is {level!r}, which is none of {levels}.")
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
