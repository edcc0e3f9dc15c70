"""The drawn icons: all there, as the script draws them, and told apart by a person who looks."""

import shutil
import subprocess
import sys
import tomllib
import zlib
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, ImageChops, ImageColor, ImageStat

from assets import draw
from tray_app.desktop.icons import TEMPLATES, IconMissingError, Theme, app_file, file, pixmaps, png
from tray_app.desktop.look import IconName

ROOT = Path(__file__).parents[2]
STATES: tuple[IconName, ...] = get_args(IconName)
PANELS: list[tuple[Theme, str]] = [
    ("auto", "#ffffff"),
    ("auto", "#000000"),
    ("auto", "#808080"),
    ("light", "#f3f3f3"),
    ("dark", "#202020"),
]
APART = 10
"""Mean difference of a channel over all pixels, of 255, that two icons must at least have: two
signs on discs of one green came to 7.5 and were too alike when looked at."""
VISIBLE_PIXELS = 64
"""Pixels, of 256, that must stand out from the panel by a contrast of 3 to 1."""


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGBA")


def drawn(name: str, data: bytes) -> list[bytes]:
    """The pictures of a file as pixels: how they are compressed differs between systems."""
    if name.endswith(".argb"):
        return [zlib.decompress(data)]
    start = b"\x89PNG"
    return [opened(start + part).tobytes() for part in data.split(start)[1:]]


def on_panel(icon: IconName, theme: Theme, colour: str, size: int = 16) -> Image.Image:
    panel = Image.new("RGBA", (size, size), colour)
    panel.alpha_composite(opened(png(icon, theme, size)))
    return panel.convert("RGB")


def luminance(colour: tuple[int, ...]) -> float:
    """As the Web Content Accessibility Guidelines define it, from 0 to 1."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def colours(picture: Image.Image) -> list[tuple[int, ...]]:
    data = picture.tobytes()
    return [tuple(data[at : at + 3]) for at in range(0, len(data), 3)]


def installed(folder: Path) -> Path:
    """Portico laid out as a wheel lays it out, by what pyproject says."""
    shutil.copytree(ROOT / "tray_app", folder / "tray_app")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for source, target in included.items():
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        (folder / target).parent.mkdir(exist_ok=True)
        copy(ROOT / source, folder / target)
    return folder


def run(folder: Path, code: str) -> str:
    """What a fresh interpreter prints that finds Portico in that folder."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); from tray_app.desktop.icons import *"
    command = [sys.executable, "-I", "-c", f"{start}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("icon", STATES)
def test_every_state_has_every_pixmap(icon: IconName) -> None:
    found = pixmaps(icon)

    assert [(width, height) for width, height, _ in found] == [
        (size, size) for size in (16, 22, 24, 32, 48, 64)
    ]
    assert all(len(pixels) == 4 * width * height for width, height, pixels in found)
    assert pixmaps(icon) is found


def test_a_pixmap_is_alpha_red_green_blue() -> None:
    width, height, pixels = pixmaps("needs_you")[-1]

    alpha, red, green, blue = Image.frombytes("RGBA", (width, height), pixels).split()

    expected = opened(png("needs_you", "auto", 64))
    assert Image.merge("RGBA", (red, green, blue, alpha)).tobytes() == expected.tobytes()
    on_the_disc = expected.getpixel((36, 46))
    assert on_the_disc == ImageColor.getcolor("#f7a823", "RGBA")


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
@pytest.mark.parametrize("icon", STATES)
def test_every_state_and_theme_is_drawn_at_every_size(icon: IconName, theme: Theme) -> None:
    sizes = (16, 20, 24, 32, 36, 40, 48, 64)

    assert [opened(png(icon, theme, size)).size for size in sizes] == [(n, n) for n in sizes]
    with Image.open(file(icon, theme)) as ico:
        assert ico.info["sizes"] == {(n, n) for n in sizes}


def test_a_template_is_black_and_keeps_its_shape_in_its_alpha() -> None:
    pictures = [opened(png(icon, "template", 36)) for icon in sorted(TEMPLATES)]

    assert [picture.size for picture in pictures] == [(36, 36)] * 3
    assert all(picture.convert("RGB").getextrema() == ((0, 0),) * 3 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 3


@pytest.mark.slow
def test_the_files_are_what_the_script_draws() -> None:
    kept = {
        path.relative_to(ROOT / "assets").as_posix()
        for path in (ROOT / "assets").rglob("*.*")
        if path.suffix not in {".py", ".pyc"}
    }
    new = dict(draw.files())

    assert set(new) == kept
    # The names on the sheet are set by a library that draws letters its own way on each system.
    pictures = {name: data for name, data in new.items() if name != "states.png"}
    differing = [
        name
        for name, data in pictures.items()
        if drawn(name, data) != drawn(name, (ROOT / "assets" / name).read_bytes())
    ]
    assert differing == []


@pytest.mark.slow
def test_the_script_draws_the_same_every_time() -> None:
    assert dict(draw.files()) == dict(draw.files())


@pytest.mark.parametrize(("theme", "panel"), PANELS)
def test_any_two_states_are_told_apart_at_16_pixels(theme: Theme, panel: str) -> None:
    icons = {icon: on_panel(icon, theme, panel) for icon in STATES}

    differences = {
        (one, other): sum(ImageStat.Stat(ImageChops.difference(icons[one], icons[other])).mean) / 3
        for one, other in combinations(STATES, 2)
    }

    assert {pair: mean for pair, mean in differences.items() if mean < APART} == {}


@pytest.mark.parametrize("icon", STATES)
@pytest.mark.parametrize(("theme", "panel"), PANELS)
def test_the_mark_is_seen_on_any_panel(theme: Theme, panel: str, icon: IconName) -> None:
    behind = ImageColor.getrgb(panel)

    seen = [
        colour for colour in colours(on_panel(icon, theme, panel)) if contrast(colour, behind) >= 3
    ]

    assert len(seen) >= VISIBLE_PIXELS


def test_the_apps_icon_is_there_for_every_system() -> None:
    with Image.open(app_file("ico")) as ico, Image.open(app_file("icns")) as icns:
        assert {(16, 16), (32, 32), (48, 48), (256, 256)} <= ico.info["sizes"]
        assert (512, 512, 2) in icns.info["sizes"]
    assert opened(app_file("png").read_bytes()).size == (256, 256)


def test_what_is_drawn_stays_small() -> None:
    total = sum(path.stat().st_size for path in (ROOT / "assets").rglob("*.*"))

    assert total < 400_000


def test_an_installed_portico_has_its_icons_inside_the_package(tmp_path: Path) -> None:
    folder = installed(tmp_path)

    printed = run(
        folder,
        f"for icon in {STATES}:\n"
        "    print(len(pixmaps(icon)), *(file(icon, t) for t in ('auto', 'light', 'dark')))\n"
        "print(app_file('png'), app_file('ico'), app_file('icns'), file('running', 'template'))\n"
        "print('PIL' in sys.modules)",
    ).split()

    paths = [Path(word) for word in printed if "/" in word or "\\" in word]
    assert len(paths) == 3 * len(STATES) + 4
    assert all(path.is_relative_to(folder / "tray_app" / "assets") for path in paths)
    assert printed[-1] == "False"


@pytest.mark.parametrize(
    ("damage", "call"),
    [
        (None, "pixmaps('busy')"),
        (b"not compressed", "pixmaps('busy')"),
        (zlib.compress(b"\0\x10\0\x10cut"), "pixmaps('busy')"),
    ],
    ids=["missing", "damaged", "cut"],
)
def test_a_missing_or_damaged_icon_says_what_to_do(
    tmp_path: Path, damage: bytes | None, call: str
) -> None:
    path = installed(tmp_path) / "tray_app" / "assets" / "tray" / "busy.argb"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)

    said = run(tmp_path, f"try: {call}\nexcept IconMissingError as error: print(error, end='')")

    assert said.endswith("busy.argb is missing or damaged; install Portico again.")


def test_a_size_or_template_that_is_not_drawn_is_an_error() -> None:
    with pytest.raises(IconMissingError, match=r"running-dark\.ico of 17 pixels"):
        png("running", "dark", 17)
    with pytest.raises(IconMissingError, match=r"error-template\.png"):
        file("error", "template")
