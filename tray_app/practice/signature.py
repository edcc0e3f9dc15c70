"""Signatures of version 4 as the store checks them: any method, query and set of headers.

See: the documentation of Alibaba Cloud's OSS, 2026-07.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

VERSION = "OSS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
_ALWAYS = {"content-type", "content-md5"}


@dataclass(frozen=True)
class Signed:
    """What a signature is over."""

    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    """Decoded; a name without a value has an empty one."""
    headers: Mapping[str, str]
    """Names in lower case."""
    further: Collection[str] = ()
    """Headers that are signed although they need not be."""

    def canonical(self) -> str:
        """The one form in which everybody writes this request."""
        resource = quote(f"/{self.bucket}/{self.key}", safe="/~")
        pairs = sorted((quote(name, safe="~"), quote(text, safe="~"))
                       for name, text in self.query.items())  # fmt: skip
        query = "&".join(f"{name}={text}" if text else name for name, text in pairs)
        names = sorted(name for name in self.headers if self._is_signed(name))
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        further = ";".join(sorted(self.further))
        return "\n".join((self.method, resource, query, headers, further, UNSIGNED))

    def _is_signed(self, name: str) -> bool:
        return name.startswith("x-oss-") or name in _ALWAYS or name in self.further


def to_sign(signed: Signed, moment: str, scope: str) -> str:
    """The text that the signature is made from; `moment` as `20250411T064124Z`."""
    digest = sha256(signed.canonical().encode()).hexdigest()
    return f"{VERSION}\n{moment}\n{scope}\n{digest}"


def key_of(secret: str, scope: str) -> bytes:
    """The key for `scope`, which is `day/region/oss/aliyun_v4_request`."""
    day, region, service, ending = scope.split("/")
    key = ("aliyun_v4" + secret).encode()
    for part in (day, region, service, ending):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(key: bytes, text: str) -> str:
    """The signature, in hexadecimal digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()
