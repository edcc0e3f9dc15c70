"""How this computer reaches the internet: its own proxy settings, or what a person set instead."""

from urllib.parse import urlsplit


def outbound_proxy(setting: str, origin: str) -> str | None:
    """The HTTP proxy for calls to `origin`, or None for a direct way.

    Args:
        setting: `system`, `none`, or a proxy's address.
        origin: Where the calls go; this computer itself is always reached directly by `system`.
    """
    if setting == "none":
        return None
    if setting != "system":
        return setting
    target = urlsplit(origin)
    host = target.hostname or ""
    if host in {"127.0.0.1", "localhost", "::1"}:
        return None
    # It costs 20 ms to import, which practice mode and tests need not pay.
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    found = proxies.get(target.scheme) or proxies.get("all")
    if not found or proxy_bypass(host):
        return None
    return found if "://" in found else f"http://{found}"
