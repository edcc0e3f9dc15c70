"""Steps of a flow show nothing that must not be shown."""

from tray_app.core.calls import Upload


def test_an_upload_says_where_it_goes_and_no_secret() -> None:
    headers = {"authorization": "planted-signature", "x-oss-security-token": "planted-token"}

    said = repr(Upload("store.example", "/person/planted-name.png", headers, b"planted bytes"))

    assert said == "Upload(host='store.example', bytes=13)"
