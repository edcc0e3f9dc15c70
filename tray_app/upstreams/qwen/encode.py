"""Bodies of the web API's requests.

Seen: 2026-09-24, captures of web app 0.3.11: new camel-case copies beside the old names, `id` and
an empty `model` in the message, and the three gears of thinking.
"""

from typing import Any

import msgspec

from tray_app.core.calls import Stamp
from tray_app.core.elements import is_result
from tray_app.core.model import Choice, Drawing, Message, Prompt, TextPart

from .flatten import flatten

_ID_CHARS = 36
_TIMES_CHARS = 2 * 9
"""So much longer than a single digit are the seconds of today, twice."""
_encode = msgspec.json.Encoder().encode


def chat_type(prompt: Prompt, choice: Choice) -> str:
    """The kind of chat that a prompt needs; it is fixed when the chat is made."""
    if not choice.variant.draw:
        return "t2t"
    return "image_edit" if any(file.kind == "image" for file in prompt.files) else "t2i"


def new_chat(prompt: Prompt, choice: Choice, stamp: Stamp) -> bytes:
    """The body that makes a chat for a prompt."""
    return _encode(
        {
            "chatId": "",
            "models": [choice.model.id],
            "project_id": "",
            "timestamp": int(stamp.now_s * 1000),
            "chat_type": chat_type(prompt, choice),
            "chat_mode": "normal",
        }
    )


def question(prompt: Prompt, choice: Choice, chat_id: str, stamp: Stamp) -> bytes:
    """The body that asks a prompt in a fresh chat: one user message, whatever the history."""
    kind = chat_type(prompt, choice)
    meta = {"subChatType": kind}
    now_s = int(stamp.now_s)
    message = {
        "id": None,
        "fid": stamp.new_id(),
        "parentId": None,
        "parent_id": None,
        "childrenIds": [stamp.new_id()],
        "role": "user",
        "content": _content(prompt, choice),
        "user_action": "chat",
        "files": [msgspec.Raw(file.item) for file in prompt.files],
        "timestamp": now_s,
        "models": [choice.model.id],
        "model": "",
        "chat_type": kind,
        "sub_chat_type": kind,
        "feature_config": features(choice),
        "extra": {"meta": meta},
    }
    body = {
        "stream": True,
        "version": "2.1",
        "incremental_output": True,
        "chatId": chat_id,
        "chat_id": chat_id,
        "parentId": "",
        "parent_id": None,
        "chat_mode": "normal",
        "model": choice.model.id,
        "messages": [message],
        "timestamp": now_s,
    }
    if choice.variant.draw:
        body["size"] = meta["size"] = (prompt.drawing or Drawing()).ratio
    return _encode(body)


def weigh(prompt: Prompt, choice: Choice) -> int:
    """The bytes of the body that `question` makes; its ids and times are always as long."""
    stamp = Stamp(now_s=0.0, new_id=lambda: " " * _ID_CHARS, timezone="", local="")
    return len(question(prompt, choice, " " * _ID_CHARS, stamp)) + _TIMES_CHARS


def _content(prompt: Prompt, choice: Choice) -> str:
    """What the site is asked; a drawing is made from what the person said last, and only that."""
    if choice.variant.draw:
        said = (_own_text(message) for message in reversed(prompt.messages))
        return next(filter(str.strip, said), "") or flatten(prompt.messages)
    return flatten(prompt.messages)


def _own_text(message: Message) -> str:
    """What the person says in a message, without what tools answered; empty in all others."""
    if message.role != "user":
        return ""
    texts = (part.text for part in message.parts if isinstance(part, TextPart))
    return "\n".join(text for text in texts if not is_result(text))


def features(choice: Choice) -> dict[str, Any]:
    """The thinking gear and the search switch; without `output_schema` answers lose their phase."""
    thinks = choice.variant.thinking or choice.model.thinking_forced
    gear: dict[str, Any] = {
        "thinking_enabled": thinks,
        "output_schema": "phase",
        "research_mode": "normal",
        "auto_thinking": False,
        "thinking_mode": "Thinking" if thinks else "Fast",
        "auto_search": choice.variant.search,
    }
    if thinks:
        gear["thinking_format"] = "summary"
    return gear


def stop(chat_id: str, response_id: str) -> bytes:
    """The body that stops a running answer."""
    return _encode({"chat_id": chat_id, "response_id": response_id})
