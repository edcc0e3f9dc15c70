"""What a model can do."""

from tray_app.core.model import ModelInfo, Variant


def test_a_model_can_what_it_has_and_nothing_else() -> None:
    model = ModelInfo("m", "M", thinking=True)

    assert model.can(Variant())
    assert model.can(Variant(thinking=True))
    assert not model.can(Variant(thinking=True, search=True))
    assert not model.can(Variant(draw=True))
