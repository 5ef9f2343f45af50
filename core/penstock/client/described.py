"""`described`: gives a method that was generated from a function that function's name, docstring and signature, for
`help` and for editors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["described"]

F = TypeVar("F", bound=Callable[..., Any])


def described(method: F, function: Callable[..., Any]) -> F:
    """`method`, described as `function` is, with `self` in front."""
    signature = inspect.signature(function)
    myself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__name__ = function.__name__
    method.__doc__ = function.__doc__
    described: Any = method
    described.__signature__ = signature.replace(parameters=[myself, *signature.parameters.values()])
    return method
