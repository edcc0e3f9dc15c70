"""Files show neither what they hold nor by what address they are kept."""

from tray_app.core.files import Attached, File, FormField


def test_a_file_says_what_it_is_and_not_what_it_holds() -> None:
    said = repr(File("image", "planted.png", "image/png", b"planted"))

    assert said == "File(kind='image', type='image/png', bytes=7)"


def test_an_attached_file_keeps_its_address_to_itself() -> None:
    said = repr(Attached(b'{"url": "https://planted"}', 240.0, "image"))

    assert said == "Attached(kind='image', good_for_s=240.0)"


def test_a_part_of_a_form_is_not_shown() -> None:
    assert repr(FormField("image", b"secret", "a.png")) == "FormField(name='image', bytes=6)"
