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
from tray_app.core.model import Choice, FilePart, ModelInfo, Prompt, Variant
from tray_app.core.variants import makes_sense, offered, readings

from .told import entries_of, flag_of, number_of, table_of, text_of

_FORCED = 4
"""A value of `abilities.thinking`: cannot be cancelled. Seen: 2026-08, the 3.8 series."""
_TABLES = ("capabilities", "abilities")
_NEAR = 3
_PICTURE_MODELS = re.compile(r"dall-e-[23]|(?:chat)?gpt-image-.+")
"""What clients call a model that draws where they know no other name."""


class _Flat(Struct):
    data: list[msgspec.Raw]


class _Nested(Struct):
    data: _Flat


_flat = msgspec.json.Decoder(_Flat)
_nested = msgspec.json.Decoder(_Nested)


def read(data: bytes) -> tuple[ModelInfo, ...]:
    """The models of a list, in its order; what cannot be read is left out."""
    try:
        items = _flat.decode(data).data
    except msgspec.DecodeError:
        try:
            items = _nested.decode(data).data.data
        except msgspec.DecodeError:
            return ()
    listed = [_Listed(item) for item in map(_item, items) if text_of(item.get("id"))]
    # Where none says for which kinds of chats it is good, any may be.
    is_told = any(one.kinds for one in listed)
    found: dict[str, ModelInfo] = {}
    for one in listed:
        if one.is_active:
            found.setdefault(one.id, one.read(is_told=is_told))
    return tuple(found.values())


class _Listed:
    """One entry of the list; every field but the id is read by itself, and may be missing."""

    def __init__(self, item: dict[str, Any]) -> None:
        self._info = table_of(item.get("info"))
        self._meta = table_of(self._info.get("meta"))
        self.id: str = item["id"]
        self._name = text_of(item.get("name")) or self.id
        self.is_active = flag_of(self._info.get("is_active")) is not False
        kinds = self._meta.get("chat_type")
        self.kinds = {kinds} if isinstance(kinds, str) else set(_texts(kinds))
        self._tables = tuple(_abilities(self._meta.get(name)) for name in _TABLES)

    def can(self, name: str, *, unsaid: bool = False) -> bool:
        """What the two tables of abilities say together."""
        told = (flag_of(table.get(name)) for table in self._tables)
        said = [one for one in told if one is not None]
        return any(said) if said else unsaid

    def read(self, *, is_told: bool) -> ModelInfo:
        """The model; with `is_told` the list says who is good for which kinds of chats."""
        meta, kinds = self._meta, self.kinds
        skips = table_of(meta.get("think_skip")).get("enable")
        forced = any(table.get("thinking") == _FORCED for table in self._tables) or (
            flag_of(skips) is False and self.can("thinking", unsaid=True)
        )
        return ModelInfo(
            id=self.id,
            name=self._name,
            context_tokens=number_of(meta.get("max_context_length")),
            output_tokens=number_of(meta.get("max_generation_length")),
            vision=self.can("vision"),
            thinking=forced or self.can("thinking"),
            thinking_forced=forced,
            # A document is read beside the model, so who says nothing of it may be given one.
            document=self.can("document", unsaid=True),
            audio=self.can("audio"),
            video=self.can("video"),
            search="search" in kinds or self.can("search", unsaid=not is_told),
            draw="t2i" in kinds or not is_told,
            edit="image_edit" in kinds or not is_told,
            created_s=number_of(self._info.get("created_at")),
        )


def _item(data: msgspec.Raw) -> dict[str, Any]:
    try:
        return table_of(msgspec.json.decode(data))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _texts(value: object) -> list[str]:
    return [one for _, one in entries_of(value) if isinstance(one, str)]


def _abilities(value: object) -> dict[str, Any]:
    """A table of abilities; a list of names is a table of what a model can do."""
    return dict.fromkeys(_texts(value), True) if isinstance(value, list) else table_of(value)


def _built_in(
    model_id: str, name: str, context: int, output: int, *, text_only: bool = False,
    thinking: bool = True, forced: bool = False, audio: bool = False,
) -> ModelInfo:  # fmt: skip
    return ModelInfo(
        id=model_id,
        name=name,
        context_tokens=context,
        output_tokens=output,
        vision=not text_only,
        document=not text_only,
        audio=audio,
        video=not text_only,
        thinking=thinking,
        thinking_forced=forced,
        search=True,
        draw=not text_only,
        edit=not text_only,
    )


BUILT_IN = (
    _built_in("qwen3.8-max", "Qwen3.8-Max", 1_000_000, 131_072, forced=True),
    _built_in("qwen3.7-plus", "Qwen3.7-Plus", 1_000_000, 65_536),
    _built_in("qwen3.7-max", "Qwen3.7-Max", 1_000_000, 65_536, text_only=True),
    _built_in("qwen3.6-plus", "Qwen3.6-Plus", 1_000_000, 65_536),
    _built_in("qwen3.5-plus", "Qwen3.5-Plus", 1_000_000, 65_536),
    _built_in(
        "qwen3.5-omni-plus", "Qwen3.5-Omni-Plus", 262_144, 65_536, thinking=False, audio=True
    ),
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
    if prompt.drawing is not None:
        return Choice(_drawing(prompt, models), Variant(draw=True))
    found = _named(prompt.model, models)
    if found is None:
        raise _unknown(prompt.model, models)
    model, named = found
    if not makes_sense(named):
        raise _unknown(prompt.model, models, "Drawing goes with neither thinking nor search")
    if named.draw:
        return Choice(_drawing(prompt, models), named)
    if not model.can(named):
        raise _unknown(prompt.model, models, f"The model {model.id!r} cannot do that")
    thinking = named.thinking if prompt.thinking is None else prompt.thinking
    search = named.search or (prompt.search and model.search)
    return Choice(model, Variant(thinking=thinking and model.thinking, search=search))


def able(needs: frozenset[str], models: tuple[ModelInfo, ...]) -> ModelInfo | None:
    """The model to take for what has all these needs: the newest plus, else the first."""
    found = [model for model in models if all(getattr(model, need) for need in needs)]
    return next(filter(_family("plus"), found), found[0] if found else None)


def _drawing(prompt: Prompt, models: tuple[ModelInfo, ...]) -> ModelInfo:
    """Who draws what a prompt asks for, after a picture where it brings one."""
    edits = _shows_picture(prompt)
    good = tuple(model for model in models if model.draw and (model.edit or not edits))
    deed = "draw after a picture" if edits else "draw"
    if not good:
        raise ProxyError(
            Kind.MODEL_NOT_FOUND, f"None of Qwen's models can {deed} now", param="model"
        )
    bases = [base for base, _ in readings(prompt.model.strip().lower())]
    if any(not base or _PICTURE_MODELS.fullmatch(base) for base in bases):
        return good[0]
    by_wish = any(base in WISHES for base in bases)
    found = _named(prompt.model, good) if by_wish else _named(prompt.model, models)
    if found is None:
        raise _unknown(prompt.model, good)
    if found[0] not in good:
        raise _unknown(prompt.model, good, f"The model {found[0].id!r} cannot {deed}")
    return found[0]


def _shows_picture(prompt: Prompt) -> bool:
    """Whether what the person said last came with a picture."""
    said = [message for message in prompt.messages if message.role == "user"]
    parts = said[-1].parts if said else ()
    has_file = any(file.kind == "image" for file in prompt.files)
    return has_file or any(isinstance(part, FilePart) and part.wish == "picture" for part in parts)


def _named(name: str, models: tuple[ModelInfo, ...]) -> tuple[ModelInfo, Variant] | None:
    """What a name says, trying the longest id first: a model's own id may end like a suffix."""
    by_id = {model.id.lower(): model for model in models}
    for base, variant in readings(name.strip().lower()):
        if base in by_id:
            return by_id[base], variant
        if base in WISHES and models:
            wished, own = WISHES[base]
            thinking = variant.thinking or own.thinking
            return _granted(wished, models), Variant(thinking, variant.search, variant.draw)
    return None


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


def _unknown(name: str, models: tuple[ModelInfo, ...], why: str = "") -> ProxyError:
    why = why or f"The model {name!r} does not exist"
    names = [one for model in models for one in offered(model)]
    near = get_close_matches(name.lower(), names, n=_NEAR, cutoff=0.5)
    shown = ", ".join(near or [model.id for model in models[:_NEAR]])
    hint = "Near names" if near else "Available"
    return ProxyError(
        Kind.MODEL_NOT_FOUND, f"{why}. {hint}: {shown}" if shown else why, param="model"
    )
