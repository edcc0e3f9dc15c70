"""The site's models: reading its list, the list built in, and what a name comes to.

The nine default names of the programs that came before are wishes for a capability; they are
answered from whatever the list holds now.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Choice, ModelInfo, Prompt, Variant
from tray_app.core.variants import makes_sense, offered, readings

_FORCED = 4
"""A value of `abilities.thinking`: cannot be cancelled. Seen: 2026-08, the 3.8 series."""
_NEAR = 3


class _Meta(Struct):
    capabilities: dict[str, Any] | None = None
    abilities: dict[str, Any] | None = None
    chat_type: list[str] | None = None
    max_context_length: int | None = None
    max_generation_length: int | None = None
    think_skip: dict[str, Any] | None = None


class _Info(Struct):
    meta: _Meta | None = None
    created_at: int | None = None
    is_active: bool | None = None


class _Model(Struct):
    id: str
    name: str | None = None
    info: _Info | None = None


class _Flat(Struct):
    data: list[msgspec.Raw]


class _Nested(Struct):
    data: _Flat


_flat = msgspec.json.Decoder(_Flat)
_nested = msgspec.json.Decoder(_Nested)
_model = msgspec.json.Decoder(_Model)


def read(data: bytes) -> tuple[ModelInfo, ...]:
    """The models of a list, in its order; what cannot be read is left out."""
    try:
        items = _flat.decode(data).data
    except msgspec.DecodeError:
        try:
            items = _nested.decode(data).data.data
        except msgspec.DecodeError:
            return ()
    found: dict[str, ModelInfo] = {}
    for item in items:
        model = _read_one(item)
        if model is not None:
            found.setdefault(model.id, model)
    return tuple(found.values())


def _read_one(item: msgspec.Raw) -> ModelInfo | None:
    try:
        told = _model.decode(item)
    except msgspec.DecodeError:
        return None
    info = told.info or _Info()
    if not told.id or info.is_active is False:
        return None
    meta = info.meta or _Meta()
    can = _Abilities(meta)
    return ModelInfo(
        id=told.id,
        name=told.name or told.id,
        context_tokens=meta.max_context_length or 0,
        output_tokens=meta.max_generation_length or 0,
        vision=can("vision"),
        thinking=can("thinking"),
        thinking_forced=can.thinking_forced,
        search=can("search") or "search" in (meta.chat_type or ()),
        draw="t2i" in (meta.chat_type or ()),
        created_s=info.created_at or 0,
    )


class _Abilities:
    """What a model's two tables of abilities say together."""

    def __init__(self, meta: _Meta) -> None:
        self._capabilities = meta.capabilities or {}
        self._abilities = meta.abilities or {}
        skip = (meta.think_skip or {}).get("enable")
        self.thinking_forced = self._abilities.get("thinking") == _FORCED or (
            skip is False and self("thinking")
        )

    def __call__(self, name: str) -> bool:
        return bool(self._capabilities.get(name)) or bool(self._abilities.get(name))


def _built_in(
    model_id: str, name: str, context: int, output: int, *, text_only: bool = False,
    thinking: bool = True, forced: bool = False,
) -> ModelInfo:  # fmt: skip
    return ModelInfo(
        id=model_id,
        name=name,
        context_tokens=context,
        output_tokens=output,
        vision=not text_only,
        thinking=thinking,
        thinking_forced=forced,
        search=True,
        draw=not text_only,
    )


BUILT_IN = (
    _built_in("qwen3.8-max", "Qwen3.8-Max", 1_000_000, 131_072, forced=True),
    _built_in("qwen3.7-plus", "Qwen3.7-Plus", 1_000_000, 65_536),
    _built_in("qwen3.7-max", "Qwen3.7-Max", 1_000_000, 65_536, text_only=True),
    _built_in("qwen3.6-plus", "Qwen3.6-Plus", 1_000_000, 65_536),
    _built_in("qwen3.5-plus", "Qwen3.5-Plus", 1_000_000, 65_536),
    _built_in("qwen3.5-omni-plus", "Qwen3.5-Omni-Plus", 262_144, 65_536, thinking=False),
)
"""Seen: 2026-08-25, the signed-in page's menu. Offered only while no list could be had."""


def _family(*words: str) -> Callable[[ModelInfo], bool]:
    """Whether one of the words is a part of a model's id, such as `max` in `qwen3.8-max`."""
    pattern = re.compile(rf"(?:^|[-_.\d])(?:{'|'.join(words)})(?:[-_.]|$)")
    return lambda model: bool(pattern.search(model.id))


def _sees(model: ModelInfo) -> bool:
    return model.vision


def _thinks(model: ModelInfo) -> bool:
    return model.thinking


Wish = tuple[tuple[Callable[[ModelInfo], bool], ...], Variant]

WISHES: dict[str, Wish] = {
    "qwen-max-latest": ((_family("max"),), Variant()),
    "qwen-plus-latest": ((_family("plus"),), Variant()),
    "qwen-turbo-latest": ((_family("turbo", "flash"), _family("plus")), Variant()),
    "qwen2.5-72b-instruct": ((_family("max"), _family("plus")), Variant()),
    "qwen2.5-coder-32b-instruct": ((_family("coder"), _family("plus")), Variant()),
    "qwen2.5-vl-72b-instruct": ((_family("vl"), _sees), Variant()),
    "qwen2.5-14b-instruct-1m": ((), Variant()),
    "qwq-32b-preview": ((_thinks,), Variant(thinking=True)),
    "qvq-72b-preview": ((lambda model: model.vision and model.thinking,), Variant(thinking=True)),
}
"""The default names of before, each with the tests to try in order and what it switches on."""


def choose(prompt: Prompt, models: tuple[ModelInfo, ...]) -> Choice:
    """The model and features that a prompt asks for; raises `ProxyError` with near names."""
    model, named = _named(prompt.model, models)
    if not makes_sense(named):
        raise _unknown(prompt.model, models, "Drawing goes with neither thinking nor search")
    if not model.can(named):
        raise _unknown(prompt.model, models, f"The model {model.id!r} cannot do that")
    thinking = named.thinking if prompt.thinking is None else prompt.thinking
    return Choice(
        model,
        Variant(
            thinking=thinking and model.thinking and not named.draw,
            search=(named.search or (prompt.search and model.search)) and not named.draw,
            draw=named.draw,
        ),
    )


def _named(name: str, models: tuple[ModelInfo, ...]) -> tuple[ModelInfo, Variant]:
    """What a name says, trying the longest id first: a model's own id may end like a suffix."""
    by_id = {model.id.lower(): model for model in models}
    for base, variant in readings(name.strip().lower()):
        if base in by_id:
            return by_id[base], variant
        if base in WISHES and models:
            wished, own = WISHES[base]
            thinking = variant.thinking or own.thinking
            return _granted(wished, models), Variant(thinking, variant.search, variant.draw)
    raise _unknown(name, models, f"The model {name!r} does not exist")


def _granted(
    wishes: tuple[Callable[[ModelInfo], bool], ...], models: tuple[ModelInfo, ...]
) -> ModelInfo:
    if not wishes:
        return max(models, key=lambda model: model.context_tokens)
    for wish in wishes:
        for model in models:
            if wish(model):
                return model
    return models[0]


def _unknown(name: str, models: tuple[ModelInfo, ...], why: str) -> ProxyError:
    names = [one for model in models for one in offered(model)]
    near = get_close_matches(name.lower(), names, n=_NEAR, cutoff=0.5)
    shown = ", ".join(near or [model.id for model in models[:_NEAR]])
    hint = "Near names" if near else "Available"
    return ProxyError(
        Kind.MODEL_NOT_FOUND, f"{why}. {hint}: {shown}" if shown else why, param="model"
    )
