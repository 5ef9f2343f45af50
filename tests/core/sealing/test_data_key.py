"""Values encrypted for one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sealing.data_key import DataKey
from penstock.sealing.master_key import SealingError


@given(st.binary(max_size=2000), st.text(max_size=50))
def test_a_value_is_opened_where_it_was_sealed_and_nowhere_else(plain: bytes, place: str) -> None:
    key = DataKey()
    sealed = key.seal(plain, place)
    assert key.open(sealed, place) == plain
    assert len(plain) < 8 or plain not in sealed
    for other, where in ((key, f"{place}."), (DataKey(), place)):
        with pytest.raises(SealingError):
            other.open(sealed, where)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_every_changed_byte_is_noticed(plain: bytes, data: st.DataObject) -> None:
    key = DataKey()
    sealed = bytearray(key.seal(plain, "here"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealingError):
        key.open(bytes(sealed), "here")
    with pytest.raises(SealingError):
        key.open(bytes(sealed)[:at], "here")


def test_equal_values_are_sealed_to_other_bytes_and_have_one_digest() -> None:
    key = DataKey()
    assert key.seal(b"same", "here") != key.seal(b"same", "here")
    assert key.digest(b"same") == key.digest(b"same") != DataKey().digest(b"same")
