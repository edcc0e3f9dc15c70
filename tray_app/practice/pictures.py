"""How the practice site answers who asks for a picture, and what may go wrong with it.

The last line of such a prompt may be `practice:` and one of these, some with a number behind it::

    pictures 2          so many pictures in one answer
    picture-refused     words instead of a picture
    picture-slow 30     so many seconds before the picture
    picture-late 2      none in the answer, but in the chat after so many looks at it
    picture-never       none in the answer, nor in the chat
    picture-error       none in the answer, and who looks at the chat meets an error
    picture-dead        an address at which there is nothing
"""

from collections.abc import Iterator, Sequence
from typing import Any

from . import acts, frames
from .chats import Chats
from .drawing import SIZES, Colour, Drawing
from .gallery import Gallery
from .transcript import Transcript, Word

KINDS = {"t2i": "image_gen", "image_edit": "image_edit"}
"""The kinds of chat in which pictures are made, and what their frames are called."""
WORDS = (
    "pictures",
    "picture-refused",
    "picture-slow",
    "picture-late",
    "picture-never",
    "picture-error",
    "picture-dead",
)
"""Every fault of a picture that a person can ask for."""
_REFUSED = "I cannot draw that. Please ask for something else."
_WITHOUT = {"picture-late", "picture-never", "picture-error"}
_KEPT_ALIVE = 2
_MOST = 8


class Studio:
    """Where pictures are drawn."""

    def __init__(self, chats: Chats, gallery: Gallery) -> None:
        self._chats = chats
        self._gallery = gallery

    def answer(
        self, body: dict[str, Any], asked: Transcript, corners: Sequence[Colour], pace_s: float
    ) -> acts.Act:
        """The answer to a completions body that asks for a picture.

        Args:
            body: What came.
            asked: What its message says.
            corners: The colour in the first corner of each picture that came with it.
            pace_s: Seconds between two frames.
        """
        message, word = body["messages"][0], asked.word or Word("")
        phase = KINDS[message["chat_type"]]
        meta = message.get("extra", {}).get("meta", {})
        ratio = body.get("size") or meta.get("size") or "1:1"
        if ratio not in SIZES:
            return acts.refused("Bad_Request", "Something wrong with request!")
        if phase == "image_edit" and not (corners and _has_picture(message)):
            return acts.refused("Bad_Request", "Invalid file information!")
        if word.name == "picture-refused":
            return acts.say(_REFUSED, pace_s=pace_s)
        ground = corners[0] if corners else None
        count = min(word.number or 2, _MOST) if word.name == "pictures" else 1
        drawings = [Drawing(asked.said, ratio, number, ground) for number in range(count)]
        thinks = bool(message.get("feature_config", {}).get("thinking_enabled"))

        def make(scene: acts.Scene) -> Iterator[bytes]:
            answer = frames.Answer(scene.response_id)
            yield frames.created(scene.chat_id, scene.response_id)
            if thinks:
                yield answer.raw_thought("A picture is wanted.", "image_gen_think")
                yield answer.finished("image_gen_think")
            for _ in range((word.number or 30) if word.name == "picture-slow" else _KEPT_ALIVE):
                yield frames.info(scene.chat_id, scene.response_id)
            for drawing, url in self._made(drawings, scene, word):
                yield answer.picture(url, drawing.size, phase)
            yield answer.finished(phase)

        return acts.Events(make, 1.0 if word.name == "picture-slow" else pace_s)

    def _made(
        self, drawings: Sequence[Drawing], scene: acts.Scene, word: Word
    ) -> Iterator[tuple[Drawing, str]]:
        """The pictures that an answer shows, with their addresses."""
        chat_id, response_id = scene.chat_id, scene.response_id
        if word.name == "picture-late":
            urls = [self._gallery.hang(chat_id, response_id, one) for one in drawings]
            self._chats.show_later(chat_id, urls, word.number or 2)
        if word.name == "picture-error":
            self._chats.fail_looks(chat_id)
        for drawing in () if word.name in _WITHOUT else drawings:
            if word.name == "picture-dead":
                yield drawing, self._gallery.dead(chat_id, response_id)
            else:
                yield drawing, self._gallery.hang(chat_id, response_id, drawing)


def _has_picture(message: dict[str, Any]) -> bool:
    """Whether one of a message's files is a picture, by what is said of it."""
    files = message.get("files", ())
    return any(one.get("type", "image") == "image" for one in files if isinstance(one, dict))
