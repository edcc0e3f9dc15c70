"""The half of the macOS icon that needs no macOS."""

import io

from PIL import Image

from tray_app.desktop.pystray_macos import notice_command, retina


def test_an_image_has_two_pixels_for_every_point_of_the_bar() -> None:
    drawn = Image.new("RGBA", (64, 64), (0, 0, 0, 128))

    with Image.open(io.BytesIO(retina(drawn))) as found:
        assert (found.format, found.size) == ("PNG", (36, 36))
        assert found.getpixel((18, 18)) == (0, 0, 0, 128)


def test_a_notice_is_never_part_of_the_script_that_shows_it() -> None:
    evil = '" & (do shell script "true") & "'

    *command, title, text = notice_command(evil, evil)

    assert (title, text) == (evil, evil)
    assert command[0] == "osascript"
    assert evil not in " ".join(command)


def test_a_notice_without_a_title_has_our_name() -> None:
    assert notice_command(None, "text")[-2:] == ["Portico", "text"]
    assert notice_command("-e boast", "text")[-2:] == ["e boast", "text"]
