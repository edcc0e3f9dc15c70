"""A bare relay of bytes in a process of its own: what aiohttp costs on both sides, and no more.

Per request it makes one call, to the address that answers prompts; told `makes_chats`, it makes a
chat before that and deletes it after, as Portico must. It checks nothing. It cancels handlers whose
client left, as any proxy of streams must. Told `keeps_blocks`, it has the C library treat large
blocks as Portico does: else on Linux each read of a socket asks the system for memory and gives it
back.
"""

import asyncio
import json
import sys
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from tests.bench.lag import Lag, answer_of
from tray_app.proxy.memory import stay_small

_SSE = {"Content-Type": "text/event-stream"}
_JSON = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


def _signed(sign_in: dict[str, Any]) -> dict[str, str]:
    cookies = "; ".join(f"{name}={value}" for name, value in sign_in["cookies"].items())
    return {**_JSON, "Authorization": f"Bearer {sign_in['token']}", "Cookie": cookies}


async def serve(told: dict[str, Any]) -> None:
    target = URL(told["origin"] + "/api/v2/chat/completions?chat_id=none", encoded=True)
    chats = URL(told["origin"] + "/api/v2/chats/new", encoded=True)
    old_chats = URL(told["origin"] + "/api/v2/chats", encoded=True)
    signed = _signed(told["sign_in"]) if told["makes_chats"] else None
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=jar, timeout=timeout
    ) as client:

        async def new_chat() -> str:
            async with client.post(chats, data=b"{}", headers=signed) as made:
                answer = json.loads(await made.read())
            return str(answer["data"]["id"])

        async def deleted(chat: str) -> None:
            async with client.delete(old_chats / chat, headers=signed) as gone:
                await gone.read()

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            body = b"".join([piece async for piece in request.content.iter_any()])
            response = web.StreamResponse(headers=_SSE)
            chat = await new_chat() if signed else ""
            async with client.post(target, data=body, headers=_JSON) as upstream:
                await response.prepare(request)
                while data := await upstream.content.readany():
                    await response.write(data)
            await response.write_eof()
            if chat:
                # Its client has its answer and may go.
                await asyncio.shield(deleted(chat))
            return response

        runner = web.ServerRunner(web.Server(handle, handler_cancellation=True, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(json.dumps({"port": runner.addresses[0][1], "key": "none"}), flush=True)
        lag = Lag()
        while line := await asyncio.to_thread(sys.stdin.readline):
            ms = await (lag.begin if json.loads(line)["watch"] else lag.end)()
            print(answer_of(ms), flush=True)
        await runner.cleanup()


if __name__ == "__main__":
    asked = json.loads(sys.stdin.readline())
    if asked["keeps_blocks"]:
        stay_small()
    asyncio.run(serve(asked))
