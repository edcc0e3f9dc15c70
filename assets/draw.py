"""Draws every picture of Portico and writes it beside this file: `python assets/draw.py`.

The mark is a temple front: roof, beam, three columns, a step. Edges that are straight lie on whole
pixels at every size; slopes and curves are drawn eight times too large and averaged. What a state
adds sits on a disc in the lower right, kept apart by a clear ring.

Themes say what lies behind: `light` and `dark` panels, `auto` for a panel of any colour (a light
mark with a dark edge), and `template`, black shapes that macOS colours itself.
"""

import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, get_args

from PIL import Image, ImageChops, ImageDraw, ImageFont

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the script also runs without an install

from assets import shapes  # noqa: E402
from tray_app.desktop.icons import TEMPLATES, Theme  # noqa: E402
from tray_app.desktop.look import IconName  # noqa: E402

STATES: tuple[IconName, ...] = get_args(IconName)
PIXMAP_SIZES = (16, 22, 24, 32, 48, 64)
ICON_SIZES = (16, 20, 24, 32, 36, 40, 48, 64)
SHEET_SIZES = (16, 22, 32, 48, 64)
APP_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
BUNDLE_SIZES = (32, 64, 128, 256, 512, 1024)
TEMPLATE_SIZE = 36

LIGHT, DARK, EDGE, BLACK = "#f4f4f8", "#2b2b33", "#14141a", "#000000"
GREY, GREY_ON_LIGHT = "#8b8d98", "#787a85"
EDGE_ALPHA, STOPPED_ALPHA = 0.8, 0.45
SKY_TOP, SKY_FOOT, MARBLE, LAMP = (24, 94, 104), (12, 44, 58), "#f7f3ea", "#f4b942"


class Badge(NamedTuple):
    """What a state adds to the mark."""

    colour: str
    glyph: Callable[[shapes.Pen, float], None]
    ink: str = "#ffffff"


ADDED: dict[IconName, Badge] = {
    "starting": Badge("#5a5e6c", shapes.dots),
    "busy": Badge("#23925a", shapes.pulse),
    "signed_out": Badge("#c8388c", shapes.key),
    "needs_you": Badge("#f7a823", shapes.exclamation, "#2b2b33"),
    "cooling_down": Badge("#2c7be0", shapes.clock),
    "error": Badge("#df3a3f", shapes.cross),
    "update_ready": Badge("#ffffff", shapes.arrow, "#1d8a52"),
}


def reduced(shape: Image.Image, alpha: float = 1.0) -> Image.Image:
    """The shape at its own size, as how much of each pixel it covers."""
    return shape.reduce(shapes.FINE).point([round(level * alpha) for level in range(256)])


def paint(picture: Image.Image, colour: str, cover: Image.Image) -> None:
    """Lay one colour over a picture."""
    layer = Image.new("RGBA", picture.size, colour)
    layer.putalpha(cover)
    picture.alpha_composite(layer)


def draw(state: IconName, theme: Theme, size: int) -> Image.Image:
    """One icon of the tray."""
    badge = ADDED.get(state)
    mark, edge = shapes.mark(size, badged=badge is not None)
    picture = Image.new("RGBA", (size, size))
    if theme == "auto":
        paint(picture, EDGE, reduced(edge, EDGE_ALPHA))
    full = {"auto": LIGHT, "dark": LIGHT, "light": DARK, "template": BLACK}[theme]
    if state != "stopped":
        paint(picture, full, reduced(mark))
    elif theme == "template":
        paint(picture, full, reduced(mark, STOPPED_ALPHA))
    else:
        paint(picture, GREY_ON_LIGHT if theme == "light" else GREY, reduced(mark))
    if badge:
        pin(picture, badge, theme)
    return picture


def pin(picture: Image.Image, badge: Badge, theme: Theme) -> None:
    """Put a badge on a picture; on a template its sign is a hole."""
    disc, sign = shapes.disc(picture.width), shapes.sign(badge.glyph, picture.width)
    if theme == "template":
        paint(picture, BLACK, reduced(ImageChops.subtract(disc, sign)))
    else:
        paint(picture, badge.colour, reduced(disc))
        paint(picture, badge.ink, reduced(sign))


def app_icon(size: int) -> Image.Image:
    """The app's icon: the mark in marble before an evening sky."""
    shape, pen = shapes.canvas(size)
    pen.rounded_rectangle(shapes.box(0, 0, size, size), round(size * shapes.FINE * 0.21), fill=255)
    sky = Image.new("RGBA", (1, size))
    for y in range(size):
        mixed = [
            round(top + (foot - top) * y / size)
            for top, foot in zip(SKY_TOP, SKY_FOOT, strict=True)
        ]
        sky.putpixel((0, y), (mixed[0], mixed[1], mixed[2], 255))
    picture = sky.resize((size, size))
    picture.putalpha(reduced(shape))
    front = shapes.front_of(size, shapes.TILE_FRONTS)
    paint(picture, MARBLE, reduced(shapes.temple(size, front)))
    if size >= shapes.SMALLEST_WITH_EYE:
        paint(picture, LAMP, reduced(shapes.eye(size, front)))
    return picture


def bundle_icon(size: int) -> Image.Image:
    """The app's icon with the margin that macOS expects."""
    inner = size if size <= 32 else size * 13 // 16 // 16 * 16
    picture = Image.new("RGBA", (size, size))
    picture.paste(app_icon(inner), ((size - inner) // 2,) * 2)
    return picture


def panel(theme: Theme, colour: str) -> Image.Image:
    """Every state at every size of the sheet, on a panel of that colour."""
    width = sum(SHEET_SIZES) + 16 * (len(SHEET_SIZES) + 1)
    sheet = Image.new("RGBA", (width, 80 * len(STATES)), colour)
    for row, state in enumerate(STATES):
        x = 16
        for size in SHEET_SIZES:
            sheet.alpha_composite(draw(state, theme, size), (x, 80 * row + 40 - size // 2))
            x += size + 16
    return sheet


def contact_sheet() -> Image.Image:
    """All states as they look on panels, to be looked at."""
    panels = [panel("light", "#f1f1f4"), panel("dark", "#1f1f26"), panel("auto", "#7c8592")]
    names = Image.new("RGBA", (128, panels[0].height), "#ffffff")
    pen, font = ImageDraw.Draw(names), ImageFont.load_default(15)
    for row, state in enumerate(STATES):
        pen.text((12, 80 * row + 40), state.replace("_", " "), DARK, font, anchor="lm")
    width = panels[0].width
    sheet = Image.new("RGB", (names.width + 3 * width, names.height))
    sheet.paste(names)
    for number, part in enumerate(panels):
        sheet.paste(part, (names.width + number * width, 0))
    return sheet.quantize(192, dither=Image.Dither.NONE)


def packed(state: IconName) -> bytes:
    """The pixmaps of a state as the tray of Linux sends them; `tray_app.desktop.icons` reads them.

    Compressed by zlib, one after the other: width and height as 16-bit numbers, then the pixels,
    row by row from the top, each alpha, red, green, blue; all in network byte order.
    """
    parts = []
    for size in PIXMAP_SIZES:
        red, green, blue, alpha = draw(state, "auto", size).split()
        pixels = Image.merge("RGBA", (alpha, red, green, blue)).tobytes()
        parts.append(struct.pack(">HH", size, size) + pixels)
    return zlib.compress(b"".join(parts), 9)


def saved(pictures: list[Image.Image], kind: str) -> bytes:
    """One file of pictures of growing size, each kept as it was drawn."""
    data = BytesIO()
    *smaller, largest = pictures
    if kind == "PNG":
        largest.save(data, kind, optimize=True)
    else:
        sizes = [picture.size for picture in pictures]
        largest.save(data, kind, append_images=smaller, sizes=sizes)
    return data.getvalue()


def files() -> Iterator[tuple[str, bytes]]:
    """Every file of this folder that is drawn, by its name."""
    themes: tuple[Theme, ...] = ("auto", "light", "dark")
    for state in STATES:
        yield f"tray/{state}.argb", packed(state)
        for theme in themes:
            icons = [draw(state, theme, size) for size in ICON_SIZES]
            yield f"tray/{state}-{theme}.ico", saved(icons, "ICO")
    for state in sorted(TEMPLATES):
        yield f"tray/{state}-template.png", saved([draw(state, "template", TEMPLATE_SIZE)], "PNG")
    yield "portico.ico", saved([app_icon(size) for size in APP_SIZES], "ICO")
    yield "portico.png", saved([app_icon(256)], "PNG")
    yield "portico.icns", saved([bundle_icon(size) for size in BUNDLE_SIZES], "ICNS")
    yield "states.png", saved([contact_sheet()], "PNG")


if __name__ == "__main__":
    (HERE / "tray").mkdir(exist_ok=True)
    for name, data in files():
        (HERE / name).write_bytes(data)
