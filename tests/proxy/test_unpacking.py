"""Files in base64, bare or as an address."""

import asyncio
import base64
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.proxy.unpacking import (
    PIECE_CHARS,
    NotUnpackedError,
    from_base64,
    from_data_url,
    is_data_url,
)

LIMIT = 1 << 20


@given(st.binary(min_size=1, max_size=99), st.data())
def test_what_was_packed_comes_out_however_its_lines_break(
    data: bytes, draw: st.DataObject
) -> None:
    packed = base64.b64encode(data).decode()
    for at in sorted(draw.draw(st.lists(st.integers(0, len(packed)), max_size=5)), reverse=True):
        packed = packed[:at] + draw.draw(st.sampled_from([" ", "\n", "\r\n", "\t"])) + packed[at:]

    assert asyncio.run(from_base64(packed, LIMIT)) == data


@pytest.mark.parametrize("more", [-2, -1, 0, 1, 2, 3, 4, 9])
async def test_pieces_fit_together_wherever_they_end(more: int) -> None:
    data = os.urandom((PIECE_CHARS + more) * 3 // 4 + PIECE_CHARS)
    packed = base64.b64encode(data).decode()

    assert await from_base64(packed, LIMIT) == data
    assert await from_base64(f"{packed[:7]}\n{packed[7:]}\n", LIMIT) == data
    assert await from_data_url(f"data:;base64,{packed}", LIMIT) == data


@pytest.mark.parametrize(
    "packed",
    ["", " ", "A", "AA", "AAA", "AAA=A", "AA==AAAA", "====", "=AAA", "AA=A", "A===", "AAAA=",
     "AA-_", "AAAA%3D", "AAAÄ", "AA\x00AA", "AAAA!", "\u2028AAAA",
     "AAA=" + " " * PIECE_CHARS + "AAA=",
     "A" * (PIECE_CHARS - 4) + "AAA=AAAA"],
)  # fmt: skip
async def test_what_is_no_base64_is_refused(packed: str) -> None:
    """S92b"""
    with pytest.raises(NotUnpackedError, match=r"is (no proper base64|empty)"):
        await from_base64(packed, LIMIT)


@pytest.mark.parametrize(
    "head", ["data:image/png;base64", "DATA:;charset=utf-8;Base64", "data:;base64 "]
)
async def test_what_an_address_says_of_its_type_does_not_matter(head: str) -> None:
    """S92b"""
    assert is_data_url(head)
    assert await from_data_url(f"{head},iVBO\n  Rw0K", LIMIT) == b"\x89PNG\r\n"


@pytest.mark.parametrize(
    "address",
    ["data:", "data:,hello", "data:text/html,<p>", "data:image/png;base64", "data:a;base64;b,AAAA",
     "data:image/svg+xml,%3Csvg%3E", "data:" + "a" * 2000 + ";base64,AAAA"],
)  # fmt: skip
async def test_an_address_without_base64_is_refused(address: str) -> None:
    """S92b"""
    with pytest.raises(NotUnpackedError, match="without base64"):
        await from_data_url(address, LIMIT)


async def test_what_is_too_large_is_not_unpacked_to_its_end() -> None:
    """S92b"""
    packed = "A" * (40 << 20)

    with pytest.raises(NotUnpackedError, match="larger than 20 MiB"):
        await from_base64(packed, 20 << 20)
    assert len(await from_base64(packed, 30 << 20)) == 30 << 20


async def test_others_run_while_a_large_file_is_unpacked() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    packed = base64.b64encode(bytes(20 << 20)).decode()
    async with asyncio.TaskGroup() as group:
        beside = group.create_task(others())
        await from_base64(packed, 20 << 20)
        beside.cancel()

    assert turns > len(packed) // PIECE_CHARS


async def test_what_is_unpacked_is_in_memory_once() -> None:
    packed = base64.b64encode(bytes(16 << 20)).decode()
    tracemalloc.start()
    try:
        assert len(await from_base64(packed, 16 << 20)) == 16 << 20
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 24 << 20
