"""`Body`: the base class of the bodies of calls. An unknown field is refused, and numbers and booleans are strict:
`"3"`, `true` and `3.0` are not 3. In the query of a call all is text, and `?limit=3` is 3."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

__all__ = ["Body"]

_STRICT = frozenset({"int", "float", "bool"})
"""What pydantic makes of other values by itself. Its `strict` for a whole model would refuse a time, which JSON has as
a text, and a tuple."""


def _make_strict(schema: Any, handler: GetCoreSchemaHandler, seen: set[str]) -> None:
    """Set `strict` in each schema of a number or a boolean, in those of fields' own models too."""
    for one in schema if isinstance(schema, list | tuple) else ():
        _make_strict(one, handler, seen)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    is_schema = isinstance(kind, str)  # else fields by name, one of which may be called `type`
    if kind == "definition-ref":
        if schema["schema_ref"] not in seen:
            seen.add(schema["schema_ref"])
            _make_strict(handler.resolve_ref_schema(schema), handler, seen)
        return
    if is_schema and kind in _STRICT:
        schema["strict"] = True
    for name, part in schema.items():
        if not (is_schema and name in ("metadata", "config", "default")):
            _make_strict(part, handler, seen)


class Body(BaseModel):
    """The base class of bodies."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _make_strict(schema, handler, set())
        return schema
