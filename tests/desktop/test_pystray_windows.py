"""The half of the Windows icon that needs no Windows."""

import io

import pytest
from PIL import Image

from tray_app.desktop.pystray_icon import Event
from tray_app.desktop.pystray_windows import MESSAGES, answer, ico, is_taskbar_dark


@pytest.mark.parametrize(
    ("message", "wparam", "result", "event"),
    [
        (0x0011, 0, 1, None),
        (0x0016, 1, 0, "logoff"),
        (0x0016, 0, 0, None),
        (0x0218, 4, 1, "sleep"),
        (0x0218, 18, 1, "wake"),
        (0x0218, 7, 1, None),
        (0x0218, 10, 1, None),
        (0x001A, 0, 0, "theme"),
    ],
)
def test_windows_gets_its_answer_and_we_the_event(
    message: int, wparam: int, result: int, event: Event | None
) -> None:
    assert message in MESSAGES
    assert answer(message, wparam) == (result, event)


@pytest.mark.parametrize(("value", "is_dark"), [(1, False), (0, True), (None, True)])
def test_the_taskbar_is_light_only_where_windows_says_so(value: object, is_dark: bool) -> None:
    assert is_taskbar_dark(value) is is_dark


@pytest.mark.parametrize("side", [16, 20, 24, 32, 40])
def test_an_icon_file_has_the_one_size_that_is_shown(side: int) -> None:
    drawn = Image.new("RGBA", (64, 64), (200, 30, 40, 255))

    with Image.open(io.BytesIO(ico(drawn, side))) as found:
        assert found.format == "ICO"
        assert found.size == (side, side)
        assert found.info["sizes"] == {(side, side)}
        assert found.convert("RGBA").getpixel((side // 2, side // 2)) == (200, 30, 40, 255)
