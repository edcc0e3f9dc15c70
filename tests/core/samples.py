"""Small files of every kind, most made by the libraries that make real ones."""

import io
import struct
import wave
import zipfile

from PIL import Image


def picture(kind: str, width: int = 3, height: int = 2) -> bytes:
    """A picture as Pillow writes it."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(written, kind)
    return written.getvalue()


def lossless(width: int = 3, height: int = 2) -> bytes:
    """A WebP of the lossless form."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(written, "webp", lossless=True)
    return written.getvalue()


def moving(width: int = 3, height: int = 2) -> bytes:
    """A WebP of the extended form."""
    written = io.BytesIO()
    frames = [Image.new("RGB", (width, height), colour) for colour in ("red", "blue")]
    frames[0].save(written, "webp", save_all=True, append_images=frames[1:])
    return written.getvalue()


def zipped(*names: str, mimetype: str = "", note: bytes = b"") -> bytes:
    """A zip with these entries."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        if mimetype:
            made.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            made.writestr(name, "<x/>" * 50)
        made.comment = note
    return written.getvalue()


def compound(*streams: str, before: int = 0) -> bytes:
    """A compound file whose directory has these streams, behind so many others."""
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    names = ["Root Entry", *(f"Other {at}" for at in range(before)), *streams]
    slots = b"".join(
        (name + "\0").encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<H", 2 * len(name) + 2)
        + bytes(62)
        for name in names
    )
    slots += bytes(-len(slots) % 512)
    sectors = len(slots) // 512
    chain = [table, *range(2, sectors + 1), end]
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    head += struct.pack("<109I", 0, *[free] * 108)
    return head + struct.pack("<128I", *chain, *[free] * (128 - len(chain))) + slots


def sound() -> bytes:
    """A second of silence as a wave."""
    written = io.BytesIO()
    with wave.open(written, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(bytes(16_000))
    return written.getvalue()


def boxes(major: bytes, *others: bytes) -> bytes:
    """The first box of a film, and the next."""
    brands = major + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\0\0\0\x08mdat"


def mp3_frames(count: int = 3) -> bytes:
    """Frames of 128 kbit/s at 44.1 kHz, which are 417 bytes each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * count


def aac_frames(count: int = 3) -> bytes:
    """Frames of 32 bytes each."""
    return (bytes.fromhex("fff15080041ffc") + bytes(25)) * count


SAMPLES: dict[str, bytes] = {
    "png": picture("png"),
    "jpeg": picture("jpeg"),
    "gif": picture("gif"),
    "webp": picture("webp"),
    "bmp": picture("bmp"),
    "tiff": picture("tiff"),
    "avif": picture("avif"),
    "heic": boxes(b"heic", b"mif1", b"heic"),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    "docx": zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
    "xlsx": zipped("xl/workbook.xml", "[Content_Types].xml"),
    "pptx": zipped("[Content_Types].xml", "ppt/presentation.xml", note=b"made by a test"),
    "ofd": zipped("OFD.xml", "Doc_0/Document.xml"),
    "epub": zipped("META-INF/container.xml", mimetype="application/epub+zip"),
    "odt": zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
    "ods": zipped("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet"),
    "odp": zipped("content.xml", mimetype="application/vnd.oasis.opendocument.presentation"),
    "doc": compound("WordDocument", before=9),
    "xls": compound("Workbook"),
    "ppt": compound("Current User", "PowerPoint Document"),
    "mp3": mp3_frames(),
    "wav": sound(),
    "aac": aac_frames(),
    "m4a": boxes(b"M4A ", b"isom"),
    "amr": b"#!AMR\n\x3c" + bytes(31),
    "ogg": b"OggS\x00\x02" + bytes(40),
    "flac": b"fLaC\x00\x00\x00\x22" + bytes(34),
    "mp4": boxes(b"isom", b"avc1"),
    "mov": boxes(b"qt  "),
    "webm": bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"),
    "mkv": bytes.fromhex("1a45dfa3a34286810142f7810142f2810442f38108428288") + b"matroska",
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(24),
    "wmv": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(14),
    "flv": b"FLV\x01\x05\x00\x00\x00\x09" + bytes(4),
}
"""One for each kind that is no text."""
