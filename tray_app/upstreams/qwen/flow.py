"""The flows of the web API: what is called, in which order, and what is cleaned up afterwards.

A prompt makes a chat of its own, is asked in it, and the chat is deleted by its id when the answer
is over, however it ended; an answer that did not reach its end is stopped first. Only a chat with a
picture stays for a day: the picture's address may end with it.
"""

import re
from collections.abc import Generator
from functools import partial

import msgspec
from msgspec import Struct

from tray_app.core.calls import (
    Answer,
    Call,
    Flow,
    Kept,
    Later,
    Reply,
    Stamp,
    Step,
    Stream,
    Tokens,
)
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Choice, Prompt
from tray_app.core.session import expiry_of

from . import encode, faults, wire
from .account import account_of, is_guest
from .decode import QwenDecoder
from .drawing import DrawingDecoder

PICTURE_S = 86_400.0
"""How long a chat stays that made a picture."""
_CHAT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class _ChatData(Struct):
    id: str | None = None
    chat: "_ChatData | None" = None


class _NewChat(Struct):
    data: _ChatData | None = None


class _RefreshData(Struct):
    access_token: str
    expires_at: float | str | None = None
    refresh_token: str | None = None


class _Refresh(Struct):
    data: _RefreshData


_new_chat = msgspec.json.Decoder(_NewChat)
_refresh = msgspec.json.Decoder(_Refresh)


class Chat:
    """A chat of the site for one question."""

    def __init__(self, chat_id: str) -> None:
        self.id = chat_id
        self.decoder: QwenDecoder | DrawingDecoder | None = None
        """Of what is asked in it, once something is."""

    def leave(self) -> Flow:
        """Delete it; what is asked in it until then is heeded."""
        return (yield from forget(self.id, self.decoder))


def begin(prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
    """Make a chat for a prompt, to be deleted in the end; ends in a `Reply` of the `Chat`."""
    chat = Chat((yield from _make_chat(prompt, choice, stamp)))
    yield Later(chat.leave(), chat.id)
    return Reply(chat)


def ask(
    prompt: Prompt, choice: Choice, chat: Chat, stamp: Stamp, media_hosts: tuple[str, ...]
) -> Stream:
    """What asks a prompt in its chat."""
    body = encode.question(prompt, choice, chat.id, stamp)
    page = wire.PAGE_CHAT.format(chat_id=chat.id)
    kind = DrawingDecoder if choice.variant.draw else QwenDecoder
    chat.decoder = decoder = kind(prompt_bytes=len(body), media_hosts=media_hosts)
    slow = choice.variant != type(choice.variant)() or choice.model.thinking_forced
    call = Call(
        "POST",
        wire.COMPLETIONS.format(chat_id=chat.id),
        body=body,
        page=page,
        streams=True,
        slow_start=slow,
    )
    if not isinstance(decoder, DrawingDecoder):
        return Stream(call, decoder)
    look = Call("GET", chat_path(chat.id), page=page)
    return Stream(call, decoder, partial(decoder.after, look))


def _make_chat(prompt: Prompt, choice: Choice, stamp: Stamp) -> Generator[Step, Answer, str]:
    """Make a chat, trying once more where the site had a fault of its own."""
    call = Call(
        "POST",
        wire.NEW_CHAT,
        body=encode.new_chat(prompt, choice, stamp),
        page=wire.PAGE_NEW,
        leaves=_left_by,
    )
    answer = yield call
    fault = refused(answer)
    if fault is not None and fault.kind is Kind.UPSTREAM_ERROR:
        answer = yield call
        fault = refused(answer)
    if fault is not None:
        if fault.kind is Kind.UPSTREAM_ERROR:
            fault.again = None
        raise fault
    return _chat_id(answer.body)


def _left_by(answer: Answer) -> Later | None:
    """Deletes the chat that was made for nobody."""
    if refused(answer) is not None:
        return None
    chat_id = _chat_id(answer.body)
    return Later(forget(chat_id), chat_id)


def _chat_id(body: bytes) -> str:
    try:
        data = _new_chat.decode(body).data
    except msgspec.DecodeError:
        data = None
    found = data.id or (data.chat.id if data.chat else None) if data else None
    if found is None or not _CHAT_ID.fullmatch(found):
        raise ProxyError(Kind.PROTOCOL_CHANGED, "Qwen made a chat and did not say which")
    return found


def forget(chat_id: str, decoder: QwenDecoder | DrawingDecoder | None = None) -> Flow:
    """Delete a chat by its id, after stopping what still runs in it; raises unless it is gone.

    Where its answer made a picture it ends in a `Reply` of `Kept` instead.
    """
    if decoder is not None and decoder.response_id is not None and not decoder.is_over:
        yield Call(
            "POST",
            wire.STOP.format(chat_id=chat_id),
            body=encode.stop(chat_id, decoder.response_id),
            page=wire.PAGE_CHAT.format(chat_id=chat_id),
        )
    if decoder is not None and decoder.has_drawn:
        return Reply(Kept(PICTURE_S))
    answer = yield Call("DELETE", chat_path(chat_id))
    if answer.status != 204 and not faults.is_gone(answer.status, answer.headers, answer.body):
        fault = refused(answer)
        if fault is not None:
            raise fault
    return Reply(None)


def chat_path(chat_id: str) -> str:
    """The path of one chat; never the path of all of them, which an empty id would give."""
    if not _CHAT_ID.fullmatch(chat_id):
        raise ProxyError(Kind.INTERNAL_ERROR, "A chat without an id was to be deleted")
    return wire.CHAT.format(chat_id=chat_id)


def list_models() -> Flow:
    """Bring the list of models; ends in a `Reply` of its JSON."""
    answer = yield Call("GET", wire.MODELS, bare=True)
    fault = refused(answer)
    if fault is not None:
        raise fault
    return Reply(answer.body)


def renew() -> Flow:
    """Renew the access token; ends in a `Reply` of `Tokens`."""
    answer = yield Call("GET", wire.REFRESH, place="auth", once=True)
    fault = refused(answer)
    if fault is not None:
        fault.again = None
        raise fault
    try:
        data = _refresh.decode(answer.body).data
    except msgspec.DecodeError:
        raise ProxyError(
            Kind.PROTOCOL_CHANGED, "Qwen renewed the session in a way that is not understood"
        ) from None
    cookies = {wire.RENEWING: data.refresh_token} if data.refresh_token else {}
    guest = is_guest(data.access_token)
    return Reply(Tokens(data.access_token, _expiry(data), cookies, guest=guest))


def probe() -> Flow:
    """Ask whether the session is good, and whose it is if the site still says so."""
    answer = yield Call("GET", wire.SETTINGS)
    fault = refused(answer)
    if fault is not None:
        raise fault
    account = account_of(answer.body)
    if not account.label and not account.guest:
        answer = yield Call("GET", wire.WHOSE)
        if refused(answer) is None:
            account = account_of(answer.body)
    return Reply(account)


def _expiry(data: _RefreshData) -> float | None:
    said = data.expires_at
    if isinstance(said, int | float) and said > 0:
        return said / 1000 if said > 1e11 else float(said)
    return expiry_of(data.access_token)


def refused(answer: Answer) -> ProxyError | None:
    """The error that a whole answer is, if it is one."""
    return faults.of_page(answer.status, answer.headers, answer.body)
