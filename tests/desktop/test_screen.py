"""Whether there is a desktop."""

import pytest

from tray_app.desktop.screen import has_screen


@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
@pytest.mark.parametrize(
    ("environ", "is_there"),
    [({}, False), ({"DISPLAY": ""}, False), ({"DISPLAY": ":0"}, True),
     ({"WAYLAND_DISPLAY": "wayland-0"}, True)],
)  # fmt: skip
def test_a_desktop_is_where_there_is_a_screen(environ: dict[str, str], is_there: bool) -> None:
    assert has_screen(environ) is is_there
