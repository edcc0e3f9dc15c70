"""Signatures of uploads, held against those of the store's maker and of its practice twin."""

from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.practice import signature
from tray_app.upstreams.qwen import oss

GRANT = oss.Grant(
    access_key_id="STS.NUexample1",
    access_key_secret="secretExample1",
    security_token="tokenExample1==",
    bucketname="qwen-webui-prod",
    region="oss-ap-southeast-1",
    endpoint="oss-accelerate.aliyuncs.com",
    file_path="u-1/f-1_a.png",
)
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class Vector:
    """What Alibaba's own `oss2` 2.19.1 and `alibabacloud-oss-v2` 1.4.1 both sign so.

    Both were run on 2026-11-21 at the moment that is given; they share no code.
    """

    grant: oss.Grant
    type: str
    now_s: int
    moment: str
    signature: str


VECTORS = [
    Vector(GRANT, "image/png", 1_790_000_000, "20260921T141320Z",
           "1fa5a85fdcf80c2fe8eea3a68dd81308f29087fc46fc4efbe6ece2711db04087"),
    Vector(oss.Grant("STS.k", "s", "t/+=", "another-bucket", "cn-hangzhou",
                     "oss-cn-hangzhou.aliyuncs.com", "u/f_Ünïcode 漢字 (1)+~&?.pdf"),
           "application/pdf", 1_735_689_599, "20241231T235959Z",
           "77a1ef1b86a4355b3f8fcf80ac0eb4b0d203c6ce813684a9bd21a4ac4c13ae94"),
    Vector(oss.Grant("STS.k2", "s" * 30, "t" * 900, "b-3", "oss-us-west-1",
                     "oss-us-west-1.aliyuncs.com", "a/b/c/d's \"x\" %41!*.docx"),
           _WORD, 1_767_225_600, "20260101T000000Z",
           "5f21cf2bec908a2b2b8570dff88c1944ab4f9a72c91f18052d42d4eeb3343b0e"),
]  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=["plain", "unicode", "odd"])
def test_a_signature_is_that_of_the_makers_own_libraries(vector: Vector) -> None:
    headers = oss.signed(vector.grant, vector.type, vector.now_s)

    assert headers["x-oss-date"] == vector.moment
    assert headers["authorization"].endswith(f",Signature={vector.signature}")


def test_the_headers_of_an_upload_are_these() -> None:
    told = oss.signed(GRANT, "image/png", 1_790_000_000.9)

    assert told == {
        "content-type": "image/png",
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
        "x-oss-date": "20260921T141320Z",
        "x-oss-security-token": "tokenExample1==",
        "authorization": "OSS4-HMAC-SHA256 "
        "Credential=STS.NUexample1/20260921/ap-southeast-1/oss/aliyun_v4_request,"
        "Signature=1fa5a85fdcf80c2fe8eea3a68dd81308f29087fc46fc4efbe6ece2711db04087",
    }


def test_a_grant_says_where_its_object_goes_and_no_secret() -> None:
    assert GRANT.host == "qwen-webui-prod.oss-accelerate.aliyuncs.com"
    assert VECTORS[1].grant.path == (
        "/u/f_%C3%9Cn%C3%AFcode%20%E6%BC%A2%E5%AD%97%20%281%29%2B~%26%3F.pdf"
    )
    assert repr(GRANT) == "Grant(host='qwen-webui-prod.oss-accelerate.aliyuncs.com')"


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=60)
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(key=KEYS, secret=TOKENS, token=TOKENS, now_s=st.integers(0, 4_000_000_000))
def test_two_ways_to_write_it_come_to_one_signature(
    key: str, secret: str, token: str, now_s: int
) -> None:
    grant = msgspec.structs.replace(
        GRANT, file_path=key, access_key_secret=secret, security_token=token
    )
    headers = oss.signed(grant, "text/plain", now_s)
    told = headers.pop("authorization")
    scope = told.split(",")[0].partition("/")[2]
    other = signature.Signed("PUT", GRANT.bucketname, key, {}, headers)

    text = signature.to_sign(other, headers["x-oss-date"], scope)
    right = signature.signature(signature.key_of(secret, scope), text)

    assert told.endswith(f"Signature={right}")
    assert unquote(grant.path) == f"/{key}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("access_key_id", "a\r\nX: y"), ("security_token", "a b"), ("security_token", "é"),
     ("security_token", "a\n"), ("bucketname", "a.b"), ("bucketname", "a/b"), ("region", ""),
     ("endpoint", "evil.example/"), ("endpoint", "x@evil.example"), ("endpoint", "a.example\n"),
     ("file_path", ""), ("file_path", "/a"), ("file_path", "a\r\nb"), ("file_path", "a" * 2000)],
)  # fmt: skip
def test_what_could_break_a_request_is_no_grant(name: str, value: str) -> None:
    told = {**msgspec.to_builtins(GRANT), name: value}

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(told, oss.Grant)
