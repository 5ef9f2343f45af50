"""`footprint`: the bytes that an object takes in memory, with all that it refers to, against which an estimate of
them is checked."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Collection

__all__ = ["footprint"]

_SHARED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def footprint(thing: object, but: Collection[object] = ()) -> int:
    """`but`: objects that are not counted, with what only they refer to."""
    seen = {id(one) for one in but}
    size, left = 0, [thing]
    while left:
        one = left.pop()
        if id(one) not in seen and not isinstance(one, _SHARED):
            seen.add(id(one))
            size += sys.getsizeof(one)
            left += gc.get_referents(one)
    return size
