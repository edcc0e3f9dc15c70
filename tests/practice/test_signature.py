"""What the practice store takes for a good signature is what the store's maker does."""

import hashlib

import pytest

from tray_app.practice.signature import Signed, key_of, signature, to_sign

DOCUMENTED = Signed(
    "PUT",
    "examplebucket",
    "exampleobject",
    {},
    {
        "content-disposition": "attachment",
        "content-length": "3",
        "content-md5": "ICy5YqxZB1uWSwcVLSNLcA==",
        "content-type": "text/plain",
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
        "x-oss-date": "20250411T064124Z",
    },
    ("content-length", "content-disposition"),
)
"""The example of the documentation, "Include a V4 signature in the Authorization header", 2026-07.

Its key does not follow from the secret beside it, which stands for another, so both are given.
"""


def test_the_example_of_the_documentation_comes_out() -> None:
    canonical = "c46d96390bdbc2d739ac9363293ae9d710b14e48081fcb22cd8ad54b63136eca"
    key = bytes.fromhex("3543b7686e65eda71e5e5ca19d548d78423c37e8ddba4dc9d83f90228b457c76")
    scope = "20250411/cn-hangzhou/oss/aliyun_v4_request"

    text = to_sign(DOCUMENTED, "20250411T064124Z", scope)

    assert hashlib.sha256(DOCUMENTED.canonical().encode()).hexdigest() == canonical
    assert text == f"OSS4-HMAC-SHA256\n20250411T064124Z\n{scope}\n{canonical}"
    assert signature(key, text) == (
        "053edbf550ebd239b32a9cdfd93b0b2b3f2d223083aa61f75e9ac16856d61f23"
    )


QUERY = {"param1": "value1", "+param1": "value3", "|param1": "value4", "+param2": "",
         "|param2": "", "param2": ""}  # fmt: skip
HEADERS = {"x-oss-head1": "value", "abc": "value", "zabc": "value", "xyz": "value",
           "content-type": "text/plain", "x-oss-content-sha256": "UNSIGNED-PAYLOAD"}  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "more", "further", "right"),
    [("20231216T162057Z", {}, (),
      "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe"),
     ("20231217T034736Z", {"x-oss-security-token": "token"}, (),
      "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea"),
     ("20231216T172512Z", {}, ("zabc", "abc"),
      "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f")],
    ids=["plain", "token", "further headers"],
)  # fmt: skip
def test_the_vectors_of_the_makers_own_tests_come_out(
    moment: str, more: dict[str, str], further: tuple[str, ...], right: str
) -> None:
    """They are the same in the tests of Alibaba's libraries for Go, Python, Java, PHP and C#."""
    headers = {**HEADERS, "x-oss-date": moment, **more}
    signed = Signed("PUT", "bucket", "1234+-/123/1.txt", QUERY, headers, further)
    scope = f"{moment[:8]}/cn-hangzhou/oss/aliyun_v4_request"

    assert signature(key_of("sk", scope), to_sign(signed, moment, scope)) == right
