"""What a model can do."""

from tray_app.core.model import ModelInfo, Variant, utf8_bytes


def test_a_model_can_what_it_has_and_nothing_else() -> None:
    model = ModelInfo("m", "M", thinking=True)

    assert model.can(Variant())
    assert model.can(Variant(thinking=True))
    assert not model.can(Variant(thinking=True, search=True))
    assert not model.can(Variant(draw=True))


def test_the_size_of_a_text_is_that_of_its_bytes() -> None:
    assert [utf8_bytes(text) for text in ("", "four", "é", "你好", "👍")] == [0, 4, 2, 6, 4]
