"""The kept list of models, whatever its file holds."""

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tray_app.store.models import load_models, save_models


@pytest.mark.parametrize("data", [b"[]", b'{"data":[{"id":"qwen3.7-plus"}]}', '["ü"]'.encode()])
def test_a_kept_list_comes_back_byte_for_byte(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "models.json"

    save_models(path, data, 1_790_000_000.5)

    assert load_models(path) == (data, 1_790_000_000.5)
    assert json.loads(path.read_bytes())["models"] == json.loads(data)


def test_there_is_none_before_one_was_kept(tmp_path: Path) -> None:
    assert load_models(tmp_path / "models.json") is None


@given(data=st.binary() | st.sampled_from([b"{}", b"[]", b'{"of_s":"x","models":[]}', b"[" * 9999]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_content_is_none_or_a_list_and_never_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "models.json"
    path.write_bytes(data)

    assert load_models(path) is None


@pytest.mark.parametrize("plant", ["link", "fifo", "folder"])
def test_what_is_no_plain_file_costs_nothing_but_the_list(
    tmp_path: Path, plant: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, elsewhere = tmp_path / "models.json", tmp_path / "elsewhere"
    elsewhere.write_bytes(b'{"of_s":1,"models":["theirs"]}')
    if plant == "link":
        path.symlink_to(elsewhere)
    elif plant == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()

    with caplog.at_level(logging.WARNING):
        save_models(path, b"[]", 1.0)

    assert load_models(path) is None
    assert elsewhere.read_bytes() == b'{"of_s":1,"models":["theirs"]}'
    assert "models=not-saved reason=StoreError" in caplog.text


def test_a_missing_folder_is_logged_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_models(tmp_path / "gone" / "models.json", b"[]", 1.0)

    assert "models=not-saved reason=FileNotFoundError" in caplog.text
