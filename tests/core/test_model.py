"""What a model can do."""

from tray_app.core.model import FilePart, ModelInfo, Variant, utf8_bytes


def test_a_model_can_what_it_has_and_nothing_else() -> None:
    model = ModelInfo("m", "M", thinking=True)

    assert model.can(Variant())
    assert model.can(Variant(thinking=True))
    assert not model.can(Variant(thinking=True, search=True))
    assert not model.can(Variant(draw=True))


def test_the_size_of_a_text_is_that_of_its_bytes() -> None:
    assert [utf8_bytes(text) for text in ("", "four", "é", "你好", "👍")] == [0, 4, 2, 6, 4]


def test_what_a_client_attached_is_not_shown() -> None:
    part = FilePart("data:image/png;base64,c2VjcmV0", "picture", "messages[0].content[1].image_url")

    assert repr(part) == "FilePart(wish='picture', param='messages[0].content[1].image_url')"
