"""What is in memory of the names in a store."""

from __future__ import annotations

from penstock.store.known_names import KnownNames


def test_names_are_listed_once_and_noted_later() -> None:
    known, asked = KnownNames(), list[int]()

    def listed(limit: int) -> list[str]:
        asked.append(limit)
        return ["old"]

    assert [known.may_have(name, listed) for name in ("old", "new")] == [True, False]
    known.add(["new"])
    assert [known.may_have(name, listed) for name in ("old", "new", "none")] == [True, True, False]
    assert len(asked) == 1


def test_nothing_is_certain_where_the_store_is_replaced_while_its_names_are_listed() -> None:
    """Then others are listed; it does not wait for itself."""
    known = KnownNames()

    def listed(_limit: int) -> list[str]:
        known.clear()
        return ["of the one before"]

    assert known.may_have("any", listed)
    assert not known.may_have("of the one before", lambda _: ["of this one"])
    assert known.may_have("of this one", lambda _: [])
