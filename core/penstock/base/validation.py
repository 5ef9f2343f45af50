"""`validate_table`: reads a table of settings, such as one of a profile, into its pydantic model, strictly: `"3"` is
not 3. Raises `ProfileError` with a line for each fault: the key, its value and what was expected."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean
from penstock.base.url_login import without_login

__all__ = ["validate_table"]

M = TypeVar("M", bound=BaseModel)
_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_type": "a string",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
"""What was expected, in words of TOML, by the type of a pydantic error."""


def validate_table(model: type[M], table: Mapping[str, Any], where: str) -> M:
    """`table` read into `model`. Validation is strict: `"yes"` is not true and `"3"` is not 3. Raises `ProfileError`, a
    line for each fault: `where`, which ends where the key begins, the key, its value, what was expected, and the
    nearest key or the values that there are."""
    try:
        # As JSON: only there does a strict model take a list for a tuple, and a table for a model. TOML's dates, which
        # JSON has not, are passed on as they are below.
        model.model_validate_json(json.dumps(table, default=str), strict=True)
        return model.model_validate(table)
    except ValidationError as e:
        found, prefix = e.errors(), where.rpartition(" ")[2]
        faults = {(prefix + ".".join(map(str, one["loc"]))).rstrip("."): _said(model, one) for one in found}
        # What is wrong with the table as a whole has no key of its own: `where` ends at the table then.
        lines = ((where if one["loc"] else where.rstrip(".: ")) + _fault(model, one) for one in found)
        raise ProfileError("\n".join(lines), faults) from e


def _fault(model: type[BaseModel], error: Any) -> str:
    kind, value = error["type"], error["input"]
    key, said = ".".join(map(str, error["loc"])), _said(model, error)
    has_value = kind not in ("extra_forbidden", "missing") and not (isinstance(value, dict) and kind == "value_error")
    return f"{key} = {without_login(value)!r}: {said}" if has_value else f"{key}: {said}"


def _said(model: type[BaseModel], error: Any) -> str:
    kind, path = error["type"], error["loc"]
    if kind == "extra_forbidden":
        return f"there is no such key.{did_you_mean(str(path[-1]), _model_at(model, path[:-1]).model_fields)}"
    if kind == "missing":
        return "is missing"
    if kind in _EXPECTED:
        return f"{_EXPECTED[kind]} was expected"
    if kind == "literal_error":
        return f"{error['ctx']['expected']} was expected"
    said = str(error["ctx"]["error"] if kind == "value_error" else error["msg"])
    return said.replace("Input should be", "it should be", 1)


def _model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model of the table at `path`."""
    for part in path:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is not None:
            model = _model_in(field.annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
