"""The practice store takes what the real one takes, and refuses what that refuses."""

import http.client
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tray_app.practice import PracticeSite
from tray_app.practice.http import Request
from tray_app.practice.signature import Signed, key_of, signature, to_sign
from tray_app.practice.store import BUCKET, MOST, Keys


@dataclass
class Put:
    """An upload that can be spoilt in one place."""

    keys: Keys
    now_s: float
    key: str = "person/a b~ü.png"
    path: str = "/person/a%20b~%C3%BC.png"
    host: str = ""
    method: str = "PUT"
    day: str = ""
    region: str = "ap-southeast-1"
    ending: str = "oss/aliyun_v4_request"
    secret: str = ""
    further: tuple[str, ...] = ()
    body: bytes = b"bytes"
    headers: dict[str, str] = field(default_factory=dict)
    after: Callable[[dict[str, str]], object] = lambda _: None
    """What happens to the headers once they are signed."""

    def signed(self) -> dict[str, str]:
        moment = datetime.fromtimestamp(self.now_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "content-type": "image/png",
            "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
            "x-oss-date": moment,
            "x-oss-security-token": self.keys.token,
            **self.headers,
        }
        scope = f"{self.day or moment[:8]}/{self.region}/{self.ending}"
        over = Signed(self.method, BUCKET, self.key, {}, headers, self.further)
        text = to_sign(over, headers["x-oss-date"], scope)
        made = signature(key_of(self.secret or self.keys.secret, scope), text)
        further = f"AdditionalHeaders={';'.join(self.further)}," if self.further else ""
        headers["authorization"] = (
            f"OSS4-HMAC-SHA256 Credential={self.keys.id}/{scope},{further}Signature={made}"
        )
        self.after(headers)
        return headers


@dataclass
class Client:
    """Somebody who puts files into a store whose clock can be set."""

    site: PracticeSite
    now_s: list[float]

    def put(self, **spoilt: object) -> Put:
        key = str(spoilt.pop("lent_for", "person/a b~ü.png"))
        return Put(self.site.store.lend(key), self.now_s[0], **spoilt)  # type: ignore[arg-type]

    def send(self, put: Put) -> tuple[int, str]:
        """The status, and the code of an error with its number."""
        headers = {**put.signed(), "host": put.host or self.site.store.authority}
        status, body = self.ask(put.method, put.path, put.body, headers)
        code = re.findall(r"<(?:Code|EC)>([^<]+)<", body.decode())
        return status, " ".join(code)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        line = http.client.HTTPConnection(self.site.store.authority, timeout=5)
        try:
            line.request(method, path, body, headers or {})
            response = line.getresponse()
            return response.status, response.read()
        finally:
            line.close()


@pytest.fixture
def client() -> Iterator[Client]:
    now_s = [1_790_000_000.0]
    site = PracticeSite(pace_s=0.0, clock=lambda: now_s[0])
    site.start()
    yield Client(site, now_s)
    site.stop()


def test_what_is_signed_well_is_kept(client: Client) -> None:
    assert client.send(client.put()) == (200, "")

    stored = client.site.store.objects["person/a b~ü.png"]
    assert (stored.data, stored.type) == (b"bytes", "image/png")


def test_further_headers_may_be_signed(client: Client) -> None:
    put = client.put(further=("x-other",), headers={"x-other": "1"})
    assert client.send(put) == (200, "")

    put = client.put(further=("x-other",), headers={"x-other": "1"})
    put.after = lambda headers: headers.update({"x-other": "2"})
    assert client.send(put) == (403, "SignatureDoesNotMatch")


def spoil(name: str, value: str | None) -> Callable[[dict[str, str]], object]:
    def change(headers: dict[str, str]) -> None:
        if value is None:
            del headers[name]
        else:
            headers[name] = value

    return change


NO = "SignatureDoesNotMatch"
SPOILT: dict[str, tuple[dict[str, Any], int, str]] = {
    "another secret": ({"secret": "x"}, 403, NO),
    "another key": ({"path": "/person/other.png"}, 403, NO),
    "another type": ({"after": spoil("content-type", "text/html")}, 403, NO),
    "a header taken away": ({"after": spoil("content-type", None)}, 403, NO),
    "a header put in": ({"after": spoil("x-oss-meta-a", "1")}, 403, NO),
    "a grant for another object": (
        {"lent_for": "person/other.png"}, 403, "AccessDenied"),
    "nobody's signature": ({"after": spoil("authorization", None)}, 403, "AccessDenied"),
    "the old form": ({"after": spoil("authorization", "OSS k:s")}, 400, "InvalidArgument"),
    "another token": (
        {"after": spoil("x-oss-security-token", "x")}, 403, "InvalidSecurityToken 0002-00000006"),
    "no token": (
        {"after": spoil("x-oss-security-token", None)}, 403, "InvalidSecurityToken 0002-00000006"),
    "a hash of the content": (
        {"headers": {"x-oss-content-sha256": "0" * 64}}, 400, "InvalidArgument 0002-00000214"),
    "no hash": (
        {"after": spoil("x-oss-content-sha256", None)}, 400, "InvalidArgument 0002-00000214"),
    "a date of another form": (
        {"headers": {"x-oss-date": "Tue, 20 Dec 2022 08:48:18 GMT"}}, 400,
        "InvalidArgument 0002-00000502"),
    "a date that is none": (
        {"headers": {"x-oss-date": "20269921T141320Z"}}, 400, "InvalidArgument 0002-00000502"),
    "no date": ({"after": spoil("x-oss-date", None)}, 403, "AccessDenied 0002-00000503"),
    "another day": ({"day": "20260920"}, 400, "InvalidArgument 0002-00000212"),
    "another region": ({"region": "cn-hangzhou"}, 400, "InvalidArgument 0002-00000228"),
    "a region as the site says it": (
        {"region": "oss-ap-southeast-1"}, 400, "InvalidArgument 0002-00000228"),
    "another ending": ({"ending": "oss/aws4_request"}, 400, "InvalidArgument 0002-00000213"),
    "another host": ({"host": "128.0.0.1:1"}, 404, "NoSuchBucket"),
    "another method": ({"method": "DELETE"}, 405, "MethodNotAllowed"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_spoilt_in_one_place_is_refused(client: Client, name: str) -> None:
    spoilt, status, code = SPOILT[name]

    assert client.send(client.put(**spoilt)) == (status, code)
    assert client.site.store.objects == {}


@pytest.mark.parametrize(("off_s", "status"), [(890, 200), (-890, 200), (910, 403), (-910, 403)])
def test_a_quarter_of_an_hour_beside_its_clock_is_all_it_takes(
    client: Client, off_s: float, status: int
) -> None:
    put = client.put()
    put.now_s += off_s

    said = client.send(put)

    assert said == (status, "" if status == 200 else "RequestTimeTooSkewed")


def test_keys_end(client: Client) -> None:
    put = client.put()
    client.now_s[0] += 899.0
    put.now_s = client.now_s[0]
    assert client.send(put)[0] == 200

    client.now_s[0] += 1.0
    put.now_s = client.now_s[0]
    assert client.send(put) == (403, "SecurityTokenExpired 0002-00000007")


def test_unknown_keys_open_nothing(client: Client) -> None:
    put = client.put()
    put.keys = Keys("STS.x", put.keys.secret, put.keys.token, put.keys.key, put.keys.until_s)

    assert client.send(put) == (403, "InvalidAccessKeyId")


def test_an_address_can_be_read_for_five_minutes_and_not_written(client: Client) -> None:
    store = client.site.store
    client.send(client.put())
    path = store.url("person/a b~ü.png").removeprefix(f"http://{store.authority}")

    assert client.ask("GET", path) == (200, b"bytes")
    assert client.ask("PUT", path, b"x")[0] == 403
    assert b"SignatureDoesNotMatch" in client.ask("GET", path.replace("b~", "c~"))[1]
    assert b"SignatureDoesNotMatch" in client.ask("GET", path.replace("=300", "=900"))[1]
    assert b"SignatureDoesNotMatch" in client.ask("GET", path.partition("?")[0])[1]
    client.now_s[0] += 301
    assert b"Request has expired" in client.ask("GET", path)[1]


def test_an_address_of_nothing_is_none(client: Client) -> None:
    store = client.site.store
    path = store.url("person/gone.png").removeprefix(f"http://{store.authority}")

    status, body = client.ask("GET", path)

    assert status == 404
    assert b"NoSuchKey" in body


def test_it_keeps_no_more_than_it_has_room_for(client: Client) -> None:
    for number in range(5):
        name = f"person/{number}"
        put = client.put(lent_for=name, key=name, path=f"/{name}", body=b"x" * (20 << 20))
        assert client.send(put)[0] == 200

    assert list(client.site.store.objects) == ["person/2", "person/3", "person/4"]
    assert all(heard.request.body == b"" for heard in client.site.heard[:-1])


def test_it_notes_uploads_that_never_end(client: Client) -> None:
    store = client.site.store
    line = http.client.HTTPConnection(store.authority, timeout=5)
    line.putrequest("PUT", "/x")
    line.putheader("Content-Length", "1000")
    line.endheaders(b"some")
    client.site.wait_until(lambda: store.begun == 1)
    line.close()

    client.site.wait_until(lambda: store.broken == 1)


def test_of_small_objects_only_so_many_are_kept(client: Client) -> None:
    store = client.site.store
    names = [f"person/{number}.png" for number in range(MOST + 2)]
    for name in names:
        put = client.put(lent_for=name, key=name, path=f"/{name}")
        headers = [*put.signed().items(), ("host", store.authority)]
        store.answer(Request("PUT", put.path, headers, b"x"))

    assert list(store.objects) == names[2:]
