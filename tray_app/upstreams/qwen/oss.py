"""How a PUT into the site's object store is signed, which is Alibaba Cloud's OSS: version 4.

See: the documentation of OSS, "Include a V4 signature in the Authorization header", 2026-07. The
keys are lent by the site for one object and a few minutes, and the session has no part in it. What
the file holds is not signed, since the store takes no other form.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

_VERSION = "OSS4-HMAC-SHA256"
_ENDING = "aliyun_v4_request"
_UNSIGNED = "UNSIGNED-PAYLOAD"

Printable = Annotated[str, Meta(pattern=r"^[!-~]{1,8192}\Z")]
Label = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
Host = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}(?::[0-9]{1,5})?\Z")]
Key = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f/][^\x00-\x1f\x7f]{0,1022}\Z")]


class Grant(Struct, frozen=True):
    """Leave to put one object into the store, under the names that the site gives its parts."""

    access_key_id: Printable
    access_key_secret: Printable
    security_token: Printable
    bucketname: Label
    region: Label
    endpoint: Host
    file_path: Key

    @property
    def host(self) -> str:
        """Where the object goes."""
        return f"{self.bucketname}.{self.endpoint}"

    @property
    def path(self) -> str:
        """The object's path at that host."""
        return quote(f"/{self.file_path}", safe="/")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(host={self.host!r})"


def signed(grant: Grant, content_type: str, now_s: float) -> dict[str, str]:
    """Every header of the PUT that a grant is for, except how long the object is.

    Args:
        grant: What the site lent.
        content_type: The media type of the object.
        now_s: Unix seconds; the store takes no more than a quarter of an hour beside its own.
    """
    moment = datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = "/".join((moment[:8], grant.region.removeprefix("oss-"), "oss", _ENDING))
    headers = {
        "content-type": content_type,
        "x-oss-content-sha256": _UNSIGNED,
        "x-oss-date": moment,
        "x-oss-security-token": grant.security_token,
    }
    told = "\n".join((_VERSION, moment, scope, _digest(grant, headers)))
    signature = _hmac(_key(grant.access_key_secret, scope), told).hex()
    credential = f"{grant.access_key_id}/{scope}"
    authorization = f"{_VERSION} Credential={credential},Signature={signature}"
    return {**headers, "authorization": authorization}


def _digest(grant: Grant, headers: dict[str, str]) -> str:
    """What the request comes to in its one canonical form, without a query."""
    lines = (f"{name}:{value}" for name, value in sorted(headers.items()))
    resource = f"/{grant.bucketname}{grant.path}"
    no_query = no_further_headers = ""
    parts = ("PUT", resource, no_query, *lines, "", no_further_headers, _UNSIGNED)
    return sha256("\n".join(parts).encode()).hexdigest()


def _key(secret: str, scope: str) -> bytes:
    """The key of one day, region and service."""
    key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
