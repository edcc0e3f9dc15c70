"""Names of headers are spelled once."""

from multidict import CIMultiDict, istr

from tray_app.proxy.spelling import spelled


def test_headers_are_the_same_and_their_names_are_made_once() -> None:
    asked = {"Content-Type": "text/plain", "x-request-id": "1"}

    first, second = spelled(asked), spelled(asked)

    assert first == second == asked
    assert CIMultiDict(first)["content-type"] == "text/plain"
    for one, other in zip(first, second, strict=True):
        assert type(one) is istr
        assert one is other
