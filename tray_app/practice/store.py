"""The practice site's store for files: as the real one it takes what is signed with keys it lent.

See: the documentation of Alibaba Cloud's OSS and of its errors 0002-00000006 to 0002-00000503.
"""

import asyncio
import hmac
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from . import acts
from .http import Request, Wire
from .record import keep_last
from .signature import UNSIGNED, VERSION, Signed, key_of, signature, to_sign

MOST = 1_000
"""So many objects are kept, and so many keys are good, at a time."""
BUCKET = "127"
"""With the endpoint behind it this is a loopback address, so the rule for hosts is the real one."""
REGION = "ap-southeast-1"
_SKEW_S = 15 * 60
_URL_LIFE_S = 300
_ENDING = "oss/aliyun_v4_request"
_KEPT_BYTES = 64 << 20
_PIECE_BYTES = 64 << 10
_AUTHORIZATION = re.compile(
    rf"{VERSION} Credential=([^/,]+)/([^,]+?)(?:, ?AdditionalHeaders=([a-z0-9;-]+))?"
    r", ?Signature=([0-9a-f]{64})"
)
_MOMENT = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class Keys:
    """Keys that are good for one object, for a while."""

    id: str
    secret: str
    token: str
    key: str
    until_s: float


@dataclass(frozen=True)
class Stored:
    """An object."""

    data: bytes
    type: str


class Refused(Exception):  # noqa: N818
    """What the store has against a request."""

    def __init__(self, code: str, message: str, status: int = 403, number: str = "") -> None:
        super().__init__(code)
        self.code, self.message, self.status, self.number = code, message, status, number

    def act(self) -> acts.Whole:
        """The answer that says so."""
        number = f"<EC>{self.number}</EC>" if self.number else ""
        told = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{self.code}</Code>'
            f"<Message>{self.message}</Message><RequestId>{_request_id()}</RequestId>{number}"
            "</Error>"
        )
        return acts.Whole(told.encode(), self.status, "application/xml", _told())


class Store:
    """The store; everything public may be used from any thread.

    Args:
        note: Makes a change that others wait for.
        clock: Unix seconds.
    """

    def __init__(
        self, note: Callable[[Callable[[], object]], None], clock: Callable[[], float]
    ) -> None:
        self.authority = ""
        """Where it listens: address and port."""
        self.keys_life_s = 900.0
        self.pace_s = 0.0
        """Seconds between two pieces of what it takes."""
        self.objects: dict[str, Stored] = {}
        self.begun = 0
        """Uploads that began."""
        self.broken = 0
        """Those whose end never came."""
        self._note = note
        self._clock = clock
        self._lent: dict[str, Keys] = {}
        self._own = uuid.uuid4().hex

    @property
    def endpoint(self) -> str:
        """What is behind the bucket's name in its host."""
        return self.authority.removeprefix(f"{BUCKET}.")

    def date(self) -> str:
        """The moment, as the `Date` of an answer."""
        return formatdate(self._clock(), usegmt=True)

    def lend(self, key: str) -> Keys:
        """Keys for one object."""
        name, secret, token = (uuid.uuid4().hex for _ in range(3))
        keys = Keys(f"STS.{name}", secret, token, key, self._clock() + self.keys_life_s)
        self._lent[keys.id] = keys
        keep_last(self._lent, MOST)
        return keys

    async def read(self, wire: Wire) -> Request | None:
        """The next request, at the store's pace; None when the client is done."""
        head = await wire.read_head()
        if head is None:
            return None
        if head.method == "PUT":
            self._note(lambda: setattr(self, "begun", self.begun + 1))
        left, pieces = int(head.header("content-length") or 0), []
        try:
            while left:
                pieces.append(await wire.reader.readexactly(min(left, _PIECE_BYTES)))
                left -= len(pieces[-1])
                await asyncio.sleep(self.pace_s)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._note(lambda: setattr(self, "broken", self.broken + 1))
            raise
        return Request(head.method, head.target, head.headers, b"".join(pieces))

    def answer(self, request: Request) -> acts.Act:
        """Take or give an object, or say why not."""
        try:
            if request.method == "PUT":
                return self._put(request)
            if request.method == "GET":
                found = self.at(f"http://{request.header('host')}{request.target}")
                return acts.Whole(found.data, 200, found.type, _told())
            raise Refused("MethodNotAllowed", "The method is not allowed.", 405)
        except Refused as refused:
            return refused.act()

    def _put(self, request: Request) -> acts.Act:
        key = self._key(request.header("host") or "", request.path)
        self._check(request, key)
        stored = Stored(request.body, request.header("content-type") or "")

        def keep() -> None:
            self.objects[key] = stored
            keep_last(self.objects, MOST)
            while sum(len(one.data) for one in self.objects.values()) > _KEPT_BYTES:
                del self.objects[next(iter(self.objects))]

        self._note(keep)
        return acts.Whole(b"", 200, headers=_told())

    def _key(self, host: str, path: str) -> str:
        if host != self.authority:
            raise Refused("NoSuchBucket", "The specified bucket does not exist.", 404)
        return unquote(path.removeprefix("/"))

    def _check(self, request: Request, key: str) -> None:
        """Refuse a request unless it is signed for this object, now, with keys that are good."""
        told = request.header("authorization")
        if told is None:
            raise Refused("AccessDenied", "You have no right to access this object.")
        found = _AUTHORIZATION.fullmatch(told)
        if found is None:
            raise Refused("InvalidArgument", "Authorization header is invalid.", 400)
        name, scope, further, given = found.groups()
        moment = self._moment(request)
        _check_scope(scope, moment)
        keys = self._keys(name, request)
        signed = Signed(
            request.method,
            BUCKET,
            key,
            dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True)),
            {name.lower(): text for name, text in request.headers},
            further.split(";") if further else (),
        )
        right = signature(key_of(keys.secret, scope), to_sign(signed, moment, scope))
        if not hmac.compare_digest(right, given):
            raise Refused(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )
        if keys.key != key:
            raise Refused("AccessDenied", "You have no right to access this object.")

    def _moment(self, request: Request) -> str:
        """When a request was signed."""
        if request.header("x-oss-content-sha256") != UNSIGNED:
            raise Refused(
                "InvalidArgument", "x-oss-content-sha256 is invalid.", 400, "0002-00000214"
            )
        moment = request.header("x-oss-date")
        if moment is None:
            raise Refused("AccessDenied", "There is no valid date.", 403, "0002-00000503")
        if not _MOMENT.fullmatch(moment):
            raise Refused("InvalidArgument", "x-oss-date is invalid.", 400, "0002-00000502")
        if abs(_seconds(moment) - self._clock()) > _SKEW_S:
            raise Refused(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
        return moment

    def _keys(self, name: str, request: Request) -> Keys:
        keys = self._lent.get(name)
        if keys is None:
            raise Refused("InvalidAccessKeyId", "The access key id does not exist.")
        if request.header("x-oss-security-token") != keys.token:
            raise Refused(
                "InvalidSecurityToken", "The security token is invalid.", 403, "0002-00000006"
            )
        if keys.until_s <= self._clock():
            raise Refused(
                "SecurityTokenExpired", "The security token has expired.", 403, "0002-00000007"
            )
        return keys

    def url(self, key: str) -> str:
        """An address at which an object may be read for five minutes."""
        moment = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%dT%H%M%SZ")
        query = {
            "x-oss-credential": f"STS.practice/{moment[:8]}/{REGION}/{_ENDING}",
            "x-oss-date": moment,
            "x-oss-expires": str(_URL_LIFE_S),
            "x-oss-signature-version": VERSION,
        }
        query["x-oss-signature"] = self._signature_of_url(key, query)
        return f"http://{self.authority}/{quote(key)}?{urlencode(query)}"

    def at(self, url: str) -> Stored:
        """The object at an address that `url` gave; raises `Refused` for any other."""
        parts = urlsplit(url)
        key = self._key(parts.netloc, parts.path)
        query = dict(parse_qsl(parts.query))
        given, moment = query.pop("x-oss-signature", ""), query.get("x-oss-date", "")
        if not _MOMENT.fullmatch(moment) or given != self._signature_of_url(key, query):
            raise Refused("SignatureDoesNotMatch", "The signature of the address is wrong.")
        if _seconds(moment) + float(query["x-oss-expires"]) < self._clock():
            raise Refused("AccessDenied", "Request has expired.")
        if key not in self.objects:
            raise Refused("NoSuchKey", "The specified key does not exist.", 404)
        return self.objects[key]

    def _signature_of_url(self, key: str, query: dict[str, str]) -> str:
        moment = query["x-oss-date"]
        scope = f"{moment[:8]}/{REGION}/{_ENDING}"
        signed = Signed("GET", BUCKET, key, query, {})
        return signature(key_of(self._own, scope), to_sign(signed, moment, scope))


def _check_scope(scope: str, moment: str) -> None:
    """Refuse a credential that is not for this day, region and service."""
    day, _, rest = scope.partition("/")
    region, _, ending = rest.partition("/")
    if day != moment[:8]:
        raise Refused("InvalidArgument", "Invalid signing date.", 400, "0002-00000212")
    if ending != _ENDING:
        raise Refused("InvalidArgument", "Invalid credential.", 400, "0002-00000213")
    if region != REGION:
        raise Refused("InvalidArgument", "Invalid signing region.", 400, "0002-00000228")


def _seconds(moment: str) -> float:
    try:
        return datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Refused("InvalidArgument", "The date is none.", 400, "0002-00000502") from None


def _request_id() -> str:
    return uuid.uuid4().hex[:24].upper()


def _told() -> tuple[tuple[str, str], ...]:
    return (("Server", "AliyunOSS"), ("x-oss-request-id", _request_id()))
