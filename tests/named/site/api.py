"""What the chat host's own pages ask it for."""

import json
from typing import Any
from uuid import uuid4

from aiohttp import web

from . import checks
from .checks import WORLD
from .frames import Frames, stream
from .world import World

_CAN = {"vision": True, "document": True, "thinking": True, "search": True, "thinking_budget": True}
_MODELS = {
    "qwen3.7-plus": (1_000_000, 65_536), "qwen3.8-max": (1_000_000, 131_072),
    "qwen3-coder-plus": (1_048_576, 65_536), "qwen-named-only": (262_144, 32_768),
}  # fmt: skip


def refusal(code: str, details: str, status: int = 200, **more: Any) -> web.Response:
    """The site's way to say no."""
    told = {"success": False, "request_id": str(uuid4()),
            "data": {"code": code, "details": details, **more}}  # fmt: skip
    return web.json_response(told, status=status)


def _good(data: Any) -> web.Response:
    told = {"success": True, "request_id": str(uuid4()), "data": data}
    return web.json_response(told, headers={"x-actual-status-code": "200"})


def _signed_out(world: World) -> web.Response:
    details = "Token has expired, please log in again."
    response = refusal("Unauthorized", details, world.script.expired_status)
    response.headers["x-actual-status-code"] = "401"
    return response


def _user(request: web.Request) -> str | None:
    return request.app[WORLD].whose(request.headers.get("Authorization", ""))


def _model(name: str) -> dict[str, Any]:
    context, longest = _MODELS[name]
    meta = {
        "capabilities": _CAN, "abilities": {"thinking": 1, "vision": 1}, "modality": ["text"],
        "chat_type": ["t2t", "search", "t2i"], "max_context_length": context,
        "max_generation_length": longest, "thinking_format": "summary", "auto_thinking": True,
    }  # fmt: skip
    info = {"id": name, "name": name, "is_active": True, "is_visitor_active": True, "meta": meta}
    return {"id": name, "name": name, "object": "model", "owned_by": "qwen", "info": info}


async def models(request: web.Request) -> web.Response:
    """Which models there are, for anybody."""
    told = {"data": [_model(name) for name in _MODELS]}
    if request.path.startswith("/api/v2"):
        return _good(told)
    return web.json_response(told)


async def settings(request: web.Request) -> web.Response:
    """A person's settings: what tells whether a session is alive without changing it."""
    user = _user(request)
    if user is None:
        return _signed_out(request.app[WORLD])
    return _good({"tools_enabled": {"web_search": True}, "memory": {}, "ui": {}})


async def info(request: web.Request) -> web.Response:
    """Who is there; a guest is somebody too."""
    user = _user(request)
    if user is None:
        return _signed_out(request.app[WORLD])
    mail = user or "x91@guest.com"
    return _good({"id": "u-1", "email": mail, "name": "Ada", "role": "user", "is_guest": not user})


async def who(request: web.Request) -> web.Response:
    """The old question, which spoils the session of an open page."""
    request.app[WORLD].note("mutating_whoami")
    return _signed_out(request.app[WORLD])


async def _allowed(request: web.Request) -> tuple[web.Response | None, dict[str, Any]]:
    world = request.app[WORLD]
    body = await request.read()
    no = checks.refused(world, request, body)
    if no is None and not _user(request):
        world.note("not_signed_in", path=request.path, had=_user(request))
        no = _signed_out(world)
    return no, json.loads(body or b"{}") if no is None else {}


async def new_chat(request: web.Request) -> web.Response:
    """A chat to ask in."""
    no, _ = await _allowed(request)
    if no is not None:
        return no
    number = str(uuid4())
    request.app[WORLD].chats[number] = "new"
    return _good({"id": number})


async def delete_chat(request: web.Request) -> web.Response:
    """One chat less; without an id it would be all of them."""
    world = request.app[WORLD]
    no, _ = await _allowed(request)
    if no is not None:
        return no
    number = request.match_info.get("id", "")
    if not number:
        world.note("everything_deleted")
    found = world.chats.pop(number, None)
    world.note("chat_deleted", chat=number, was=found)
    return _good({"status": True}) if found else refusal("Not_Found", "The chat is not exist")


async def stop(request: web.Request) -> web.Response:
    """End the answer of a chat."""
    no, told = await _allowed(request)
    if no is not None:
        return no
    request.app[WORLD].note("stop", chat=request.query.get("chat_id"), told=told)
    return _good({"status": True})


async def completions(request: web.Request) -> web.StreamResponse:
    """An answer, in a chat that was made for it."""
    world = request.app[WORLD]
    no, told = await _allowed(request)
    if no is not None:
        return no
    fault = _fault(world, request, told)
    if fault:
        world.note("bad_shape", why=fault)
        return refusal("Bad_Request", fault)
    chat = told["chat_id"]
    if world.chats[chat] == "busy":
        return refusal("Bad_Request", "The chat is in progress!")
    world.completions += 1
    [message] = told["messages"]
    thinks = bool(message["feature_config"].get("thinking_enabled"))
    frames = Frames(world.script, chat, str(message["content"]), thinks=thinks)
    world.note("completion", chat=chat, model=told["model"], bytes=request.content_length)
    return await stream(world, request, frames, chat)


def _fault(world: World, request: web.Request, told: dict[str, Any]) -> str:
    """What is wrong with a request; empty where nothing is."""
    messages = told.get("messages") or [{}]
    asked = {
        "Internal error": not request.headers.get("version"),
        "Something wrong with request!": told.get("stream") is not True,
        "RequestValidationError Field chat_id": told.get("chat_id") != request.query.get("chat_id"),
        "CHAT_NOT_FOUND": told.get("chat_id") not in world.chats,
        "Invalid input too many messages": len(messages) != 1,
        "invalid_input role": messages[0].get("role") != "user",
        "invalid_input model": told.get("model") not in _MODELS,
        "invalid_input schema":
            messages[0].get("feature_config", {}).get("output_schema") != "phase",
    }  # fmt: skip
    return next((fault for fault, is_so in asked.items() if is_so), "")


def add_api(app: web.Application) -> None:
    """Put everything on the chat host's paths."""
    add = app.router.add_route
    add("GET", "/api/models", models)
    add("GET", "/api/v2/models/", models)
    add("GET", "/api/v2/users/user/settings", settings)
    add("GET", "/api/v2/user/info", info)
    add("GET", "/api/v1/auths/", who)
    add("POST", "/api/v2/chats/new", new_chat)
    add("DELETE", "/api/v2/chats/", delete_chat)
    add("DELETE", "/api/v2/chats/{id}", delete_chat)
    add("POST", "/api/v2/chat/completions/stop", stop)
    add("POST", "/api/v2/chat/completions", completions)
    add("POST", "/_____tmd_____/verify", checks.answer)
