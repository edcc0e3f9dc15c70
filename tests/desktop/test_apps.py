"""The names of apps."""

from tray_app.desktop.apps import app_of
from tray_app.desktop.words import Words


def test_a_key_that_is_named_after_an_app_has_its_name() -> None:
    words = Words("en")

    assert app_of("roo-code", words) == "Roo Code"
    assert app_of("my own", words) == "my own"
    assert app_of("\u202ex", words) == "x"
