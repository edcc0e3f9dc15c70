"""What the window *Models* shows."""

import pytest
from msgspec.structs import replace

from tests.desktop.more_views import models
from tests.desktop.snapshots import facts
from tray_app.core.model import ModelInfo
from tray_app.desktop.models_view import ABILITIES, Choosing, Offered, models_view
from tray_app.desktop.windows.parts import ModelsView, Section, Table, Text, Value
from tray_app.desktop.words import LANGUAGES, Words

EN = Words("en")
PLAIN = ModelInfo("m", "M")


def section(view: ModelsView, name: str) -> Section:
    [found] = [part for part in view.parts if isinstance(part, Section) and part.id == name]
    return found


def abilities(view: ModelsView) -> dict[str, str]:
    """What is answered, by what was asked."""
    [table] = section(view, "can").parts
    assert isinstance(table, Table)
    return {line.cells[0]: line.cells[1] for line in table.lines}


def of(model: ModelInfo, *names: str) -> ModelsView:
    return models_view(Choosing(offered=(Offered(model, names or (model.id,)),)), facts(), EN)


@pytest.mark.parametrize("ability", ABILITIES)
def test_each_ability_is_told_of_who_has_it_and_of_nobody_else(ability: str) -> None:
    long = EN(f"ability.{ability}.long")
    able = of(replace(PLAIN, **{ability: True}))

    assert abilities(able)[long] == "Yes"
    assert list(abilities(able).values()).count("Yes") == 1
    assert abilities(of(PLAIN))[long] == "No"
    assert able.aside.items[0].note == EN(f"ability.{ability}")


def test_sizes_are_told_where_they_are_known() -> None:
    known = abilities(of(replace(PLAIN, context_tokens=1_000_000, output_tokens=65_536)))

    assert known["Longest conversation"] == "1 000 000 tokens"
    assert known["Longest answer"] == "65 536 tokens"
    assert abilities(of(PLAIN))["Longest answer"] == "Qwen does not say"


def test_thinking_that_cannot_be_switched_off_is_told() -> None:
    view = of(replace(PLAIN, thinking=True, thinking_forced=True))

    assert abilities(view)["Thinks before it answers"] == "Always"


def test_every_name_can_be_copied_and_says_what_it_switches_on() -> None:
    view = of(PLAIN, "m", "m-thinking", "m-thinking-search", "m-draw")
    values = [one for one in section(view, "names").parts if isinstance(one, Value)]

    assert [(one.text, one.label) for one in values] == [
        ("m", "As it is"), ("m-thinking", "thinks"), ("m-thinking-search", "thinks + searches"),
        ("m-draw", "draws"),
    ]  # fmt: skip
    assert [one.buttons[0].act for one in values] == [f"copy:{one.text}" for one in values]


def test_when_it_last_answered_is_told() -> None:
    view = models(EN)
    unused = models(EN, worked={})

    assert next(one.text for one in view.parts if isinstance(one, Text)).startswith("Last answered")
    assert Text("worked", "Not asked yet, or not answered.", "quiet") in unused.parts


def test_the_list_is_searched_by_name_and_by_ability() -> None:
    def found(query: str) -> list[str]:
        return [item.label for item in models(EN, query=query).aside.items]

    assert found("omni") == found("HEARS") == ["Qwen3.5-Omni-Plus"]
    assert found("nothing like it") == []
    assert models(EN, query="nothing like it").aside.found == EN("models.none")


def test_without_a_list_there_is_a_way_to_one() -> None:
    view = models_view(Choosing(), facts(), EN)

    assert view.heading == "Models"
    assert [part.id for part in view.parts if isinstance(part, Section)] == ["list"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_can_be_drawn_in_every_language(language: str) -> None:
    view = models(Words(language))

    assert len(abilities(view)) == len(ABILITIES) + 2


def test_abilities_are_parted_as_the_language_does_it() -> None:
    notes = {language: models(Words(language)).aside.items[0].note for language in ("en", "zh")}

    assert ", " in notes["en"]
    assert "、" in notes["zh"]
    assert "," not in notes["zh"]
