"""The chats of the practice site: they are made and deleted, and keep what was said in them."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from . import acts, catalog
from .http import Request
from .record import Record

MOST = 2_000
"""Of more chats that nobody deletes the oldest ones end."""
_BODY_BYTES = 128 << 10
_KINDS = {
    "t2t", "search", "t2i", "image_edit", "t2v", "i2v", "deep_research", "artifacts", "web_dev",
    "travel", "learn", "slides",
}  # fmt: skip
_PICTURES = {"image_gen", "image_edit"}
_ODD = acts.refused("Bad_Request", "Something wrong with request!")


@dataclass
class _Turn:
    """A question and what was answered."""

    question: dict[str, Any]
    model: str
    response_id: str
    told: list[tuple[str, str]] = field(default_factory=list)
    """What the frames said, with the phase it belongs to."""
    pictures: list[str] = field(default_factory=list)
    """Addresses that are in no frame."""
    looks: int = 0
    """How often the chat is still looked at before they are there."""
    fails: bool = False
    """Looking at the chat fails."""

    def add(self, phase: str, content: str, *, grows: bool) -> None:
        """Keep what a frame said: new text, else all of its phase; a picture stands alone."""
        is_same = self.told and self.told[-1][0] == phase and phase not in _PICTURES
        before = self.told.pop()[1] if is_same else ""
        self.told.append((phase, before + content if grows else content))

    def messages(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both messages, as the site shows them."""
        late = self.pictures if self.looks < 0 else []
        contents = [*self.told, *(("image_gen", url) for url in late)]
        asked = {**self.question, "id": f"u-{self.response_id}", "childrenIds": [self.response_id]}
        answered = {
            "id": self.response_id,
            "parentId": asked["id"],
            "childrenIds": [],
            "role": "assistant",
            "content": "",
            "content_list": [
                {"phase": phase, "content": content, "status": "finished"}
                for phase, content in contents
            ],
            "model": self.model,
            "chat_type": self.question.get("chat_type"),
        }
        return asked, answered


class Chats:
    """All of them.

    Args:
        note: Makes a change that others wait for.
        remembers: So many of those that were deleted or stopped it can tell; None for all.
    """

    def __init__(
        self, note: Callable[[Callable[[], object]], None], remembers: int | None = None
    ) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = Record(remembers)
        self.stopped: list[str] = Record(remembers)
        self.delete_all_calls = 0
        self.busy: set[str] = set()
        """Those in which an answer is under way."""
        self._note = note
        self._turns: dict[str, list[_Turn]] = {}

    def answer(self, route: str, chat_id: str) -> acts.Act | None:
        """The answer on a route of chats that needs no body; None on any other."""
        match route:
            case "stop":
                self._note(lambda: self.stopped.append(chat_id))
                return acts.value({"success": True, "data": {"status": True}})
            case "delete":
                return self._delete(chat_id)
            case "delete-all":
                self.delete_all_calls += 1
                self._note(self.made.clear)
                return acts.value({"success": True})
            case "chats":
                listed = [{"id": one, "title": "New Chat", **self.made[one]} for one in self.made]
                return acts.value({"success": True, "data": listed})
            case "chat" if chat_id in self.made:
                return self._look(chat_id)
            case _:
                return None

    def new(self, request: Request, cookie: str) -> acts.Act:
        """Make a chat, and set this cookie."""
        asked = request.json()
        kind = asked.get("chat_type")
        if kind is not None and kind not in _KINDS:
            return acts.refused("Bad_Request", "Internal error")
        chat_id = str(uuid.uuid4())
        made = {"model": asked.get("models"), "chat_type": kind}
        self._note(lambda: self._keep(chat_id, made))
        told = {"success": True, "request_id": uuid.uuid4().hex, "data": {"id": chat_id}}
        return acts.value(told, Set_Cookie=cookie)

    def _keep(self, chat_id: str, made: dict[str, Any]) -> None:
        self.made[chat_id] = made
        if len(self.made) <= MOST:
            return
        old = next((one for one in self.made if one not in self.busy), None)
        if old is not None:
            del self.made[old]
            self._turns.pop(old, None)

    def refusal(self, request: Request, chat_id: str) -> acts.Act | None:
        """What the site has against a completions request, if anything."""
        body = request.json()
        if len(request.body) > _BODY_BYTES:
            return acts.CHALLENGE
        if request.header("version") is None:
            return _ODD
        if not body.get("chat_id"):
            return acts.refused("RequestValidationError", "Field chat_id is required")
        if chat_id not in self.made or body.get("chat_id") != chat_id:
            return acts.refused("CHAT_NOT_FOUND", "the chat is not exist")
        if chat_id in self.busy:
            return acts.refused("Bad_Request", "The chat is in progress!")
        return self._refusal_of_message(body, chat_id)

    def _refusal_of_message(self, body: dict[str, Any], chat_id: str) -> acts.Act | None:
        messages = body.get("messages")
        if not isinstance(messages, list) or len(messages) != 1:
            return acts.refused("Bad_Request", "Invalid input too many messages")
        if messages[0].get("role") == "system":
            return acts.EMPTY
        kind, own = messages[0].get("chat_type"), self.made[chat_id].get("chat_type")
        if kind is not None and kind not in _KINDS:
            return acts.refused("Bad_Request", "Internal error")
        if None not in {kind, own} and kind != own:
            return _ODD
        features = messages[0].get("feature_config", {})
        if body.get("model") in catalog.ALWAYS_THINKS and not features.get("thinking_enabled"):
            return acts.refused("invalid_input", "thinking cannot be disabled")
        return None

    def kept(self, body: dict[str, Any], act: acts.Act) -> acts.Act:
        """The same answer to a completions body, which the chat then has too."""
        if isinstance(act, acts.Slow):
            return replace(act, act=self.kept(body, act.act))
        if not isinstance(act, acts.Events):
            return act

        def make(scene: acts.Scene) -> Iterator[bytes]:
            question, model = body["messages"][0], str(body.get("model"))
            turn = _Turn(question, model, scene.response_id)
            self._turns = {one: told for one, told in self._turns.items() if one in self.made}
            self._turns.setdefault(scene.chat_id, []).append(turn)
            grows = bool(body.get("incremental_output"))
            for data in act.make(scene):
                for phase, content in _contents(data):
                    turn.add(phase, content, grows=grows)
                yield data

        return replace(act, make=make)

    def show_later(self, chat_id: str, urls: list[str], looks: int) -> None:
        """Have the answer that is under way show these pictures after so many looks at its chat."""
        for turn in self._turns.get(chat_id, [])[-1:]:
            turn.pictures, turn.looks = urls, looks

    def fail_looks(self, chat_id: str) -> None:
        """Have every look at a chat fail."""
        for turn in self._turns.get(chat_id, [])[-1:]:
            turn.fails = True

    def _look(self, chat_id: str) -> acts.Act:
        turns = self._turns.get(chat_id, [])
        if turns and turns[-1].fails:
            return acts.refused("Internal_Server_Error", "Internal error!", 500)
        if turns:
            turns[-1].looks -= 1
        messages = [message for turn in turns for message in turn.messages()]
        history = {
            "messages": {message["id"]: message for message in messages},
            "currentId": messages[-1]["id"] if messages else None,
        }
        told = {
            "id": chat_id,
            "title": "New Chat",
            **self.made[chat_id],
            "chat": {"history": history, "messages": messages},
        }
        return acts.value({"success": True, "request_id": uuid.uuid4().hex, "data": told})

    def _delete(self, chat_id: str) -> acts.Act:
        if chat_id not in self.made:
            return acts.refused("Not_Found", "no such chat")

        def gone() -> None:
            del self.made[chat_id]
            self._turns.pop(chat_id, None)
            self.deleted.append(chat_id)

        self._note(gone)
        return acts.value({"success": True, "data": {"status": True}})


def _contents(data: bytes) -> Iterator[tuple[str, str]]:
    """What a frame says, with its phase."""
    for choice in json.loads(data[6:]).get("choices", ()):
        if content := choice["delta"].get("content"):
            yield choice["delta"].get("phase", "answer"), content
