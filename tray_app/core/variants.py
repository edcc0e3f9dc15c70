"""Model names and their suffixes: `-thinking`, `-search`, `-draw` (also `-image`).

Suffixes stand at the end of a name, in any order; what is not one of them belongs to the model.
"""

from collections.abc import Iterator

from .model import ModelInfo, Variant

_SUFFIXES = {
    "-thinking": "thinking",
    "-search": "search",
    "-draw": "draw",
    "-image": "draw",
}
_OFFERED = (
    Variant(),
    Variant(thinking=True),
    Variant(search=True),
    Variant(thinking=True, search=True),
    Variant(draw=True),
)
"""Every combination that makes sense: a drawing is neither thought about nor searched for."""


def readings(name: str) -> Iterator[tuple[str, Variant]]:
    """Every way to read a name: as it stands, then with one suffix more taken off at a time."""
    on: set[str] = set()
    while True:
        yield name, Variant(thinking="thinking" in on, search="search" in on, draw="draw" in on)
        for suffix, feature in _SUFFIXES.items():
            if name.endswith(suffix) and name != suffix:
                name = name.removesuffix(suffix)
                on.add(feature)
                break
        else:
            return


def split(name: str) -> tuple[str, Variant]:
    """The name without any suffix, and the features that its suffixes switch on."""
    *_, last = readings(name)
    return last


def join(name: str, variant: Variant) -> str:
    """The name that `split` takes apart again."""
    return (
        name + "-thinking" * variant.thinking + "-search" * variant.search + "-draw" * variant.draw
    )


def makes_sense(variant: Variant) -> bool:
    """Whether these features can go together at all."""
    return variant in _OFFERED


def offered(model: ModelInfo) -> list[str]:
    """Every name under which `model` can be asked, its own first."""
    return [
        join(model.id, variant)
        for variant in _OFFERED
        if model.can(variant) and not (variant.thinking and model.thinking_forced)
    ]
