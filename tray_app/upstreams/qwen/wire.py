"""What may change at the site: where it is, its paths, its version, the headers we send.

The list of headers is short on purpose: what a browser would add by itself is not imitated.
Seen: 2026-09-24, web app 0.3.11 and 0.3.12.
"""

import re

from tray_app.core.calls import Call, Stamp
from tray_app.core.session import Session
from tray_app.core.site import Pages, Site

from . import page

PAGES = Pages(
    sign_in="/auth",
    home="/",
    # Seen: 2025-04 and later, the site offers Google and GitHub beside its own ways.
    hosts=(".qwen.ai", "accounts.google.com", "github.com"),
    # Seen: 2021 to 2026, "This browser or app may not be secure".
    refusing=("accounts.google.com",),
    cookie_domains=("chat.qwen.ai", "auth.qwen.ai", "qwen.ai"),
    kept_back=("refresh_token",),
    bearer=page.STATE,
    stored=page.STORED,
    script="/qwen-chat-fe/",
    check_path="/_____tmd_____/",
    check_words=("aliyun_waf", "_____tmd_____", "x5secdata"),
    check_cookie="x5sec",
    check_frames='iframe#baxia-dialog-content, iframe[src*="_____tmd_____"]',
)
"""Seen: 2026-06 to 2026-10, several sources."""

BODY_BYTES = 96_000
"""What a body stays below with room to spare: from about 128 KiB on the site asks for a person.
Seen: 2026-08-04 and 2026-09, bodies of 117 kB passed and of 129 kB did not."""

NATIVE_TOOLS = frozenset(
    {
        "bash", "bio", "code_interpreter", "edit_file", "fetch", "fetch_page", "generate_image",
        "history_retriever", "image_edit", "image_edit_tool", "image_gen", "image_gen_tool",
        "image_search", "image_zoom_in_tool", "local_tool", "present_file", "read_file", "slides",
        "tool_call", "web_extractor", "web_search", "web_search_image", "write_file",
    }
)  # fmt: skip
"""Tools of the site's own: it tries to run what is called by one of these names.
Seen: 2026-03 to 2026-10, phases of streams and what peers report."""

SITE = Site(
    name="qwen",
    chat_origin="https://chat.qwen.ai",
    auth_origin="https://auth.qwen.ai",
    media_hosts=("cdn.qwenlm.ai", ".qwen.ai", ".aliyuncs.com"),
    pages=PAGES,
    store_hosts=(".aliyuncs.com",),
)

WEB_APP_VERSION = "0.3.12"
"""Said in the `version` header; without it the site answers a misleading `Bad_Request`."""

_VERSION = re.compile(r"/qwen-chat-fe/(\d{1,4}(?:\.\d{1,4}){1,3})/")
"""Where the version stands in the path of the page's script. Seen: 2026-09."""

MODELS = "/api/models"
NEW_CHAT = "/api/v2/chats/new"
COMPLETIONS = "/api/v2/chat/completions?chat_id={chat_id}"
STOP = "/api/v2/chat/completions/stop?chat_id={chat_id}"
CHAT = "/api/v2/chats/{chat_id}"
SETTINGS = "/api/v2/users/user/settings"
"""The one call that tells whether a session is good and changes nothing about it."""
WHOSE = "/api/v2/user/info"
"""Tells the account. Seen: 2026-06; that it is still there is not established."""
RENEWING = "refresh_token"
"""The cookie that renews an access token."""
REFRESH = "/api/v2/auths/refresh"
FILE_GRANT = "/api/v2/files/getstsToken"
"""Leave to put one file into the store. Seen: 2026-03 to 2026-09."""
FILE_PARSE = "/api/v2/files/parse"
FILE_PARSED = "/api/v2/files/parse/status"
PAGE_NEW = "/c/new-chat"
PAGE_CHAT = "/c/{chat_id}"


def headers(
    site: Site, call: Call, session: Session | None, stamp: Stamp, agent: str
) -> dict[str, str]:
    """Every header of a call that we make ourselves, the whole list."""
    sent = {
        **page_headers(call, stamp),
        "Accept-Language": "en-US,en;q=0.9",
        "Origin": site.chat_origin,
        "Referer": site.chat_origin + call.page,
        "User-Agent": agent,
    }
    if call.streams:
        sent["Accept-Encoding"] = "identity"
    if call.place == "auth":
        sent["x-request-origin"] = site.chat_origin
    if call.signed and session is not None:
        cookies = session.cookies_at(call.place)
        sent["Authorization"] = f"Bearer {session.token}"
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return sent


def page_headers(call: Call, stamp: Stamp, script: str = "") -> dict[str, str]:
    """The headers that the site's own code sets; the browser adds its own to them."""
    found = _VERSION.search(script)
    sent = {
        "Accept": "application/json, text/plain, */*",
        "source": "web",
        "version": found[1] if found else WEB_APP_VERSION,
        "timezone": f"{stamp.local} {stamp.timezone}",
        "x-request-id": stamp.new_id(),
    }
    if call.body is not None:
        sent["Content-Type"] = "application/json"
    if call.streams:
        sent |= {"Accept": "application/json", "x-accel-buffering": "no"}
    return sent
