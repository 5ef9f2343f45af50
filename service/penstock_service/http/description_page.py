"""The page `/docs` (`docs`): the OpenAPI description of the API as HTML for people, rendered here (`page_of`), without
scripts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

__all__ = ["page_of", "router"]

router = APIRouter(include_in_schema=False)
_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'", "cache-control": "no-store"}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;color:#222;background:#fff}"
    "code{font-family:ui-monospace,monospace}details{border-top:1px solid #ddd;padding:.4rem 0}"
    "summary{cursor:pointer}table{border-collapse:collapse;margin:.5rem 0}"
    "td,th{text-align:left;vertical-align:top;padding:.1rem 1rem .1rem 0}b{display:inline-block;min-width:4.5rem}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}details{border-color:#444}}"
)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Answer with the page."""
    return HTMLResponse(page_of(request.app), headers=_HEADERS)


@lru_cache(maxsize=1)
def page_of(app: Any) -> str:
    """The HTML of the page for an application, whose description does not change."""
    description = app.openapi()
    title = escape(f"{description['info']['title']} {description['info']['version']}")
    body = "".join(_body(description))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(description['info'].get('summary', ''))}</p>"
        "<p>Calls carry <code>Authorization: Bearer TOKEN</code>. For machines: <code>/openapi.json</code>.</p>"
        f"{body}</html>\n"
    )


def _body(description: dict[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, calls in description["paths"].items():
        for method, call in calls.items():
            tag = (call.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_call(method, path, call))
    for tag, calls in by_tag.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(calls)}"
    yield "<h2>bodies</h2>"
    for name, schema in sorted(description.get("components", {}).get("schemas", {}).items()):
        fields = schema.get("properties", {}).items()
        rows = [(field, _type(said), said.get("description", "")) for field, said in fields]
        yield (
            f"<details><summary><code>{escape(name)}</code></summary>"
            # The name is inside: what a link leads to is opened then.
            f'<p id="{escape(name)}">{escape(schema.get("description", ""))}</p>{_table(rows)}</details>'
        )


def _call(method: str, path: str, call: dict[str, Any]) -> str:
    parameters = [
        (one["name"], f"{one['in']}, {_type(one['schema'])}", one.get("description", ""))
        for one in call.get("parameters", ())
    ]
    body = call.get("requestBody", {}).get("content", {})
    bodies = "".join(f"<p>Body: {escape(kind)}, {_type(said.get('schema', {}))}</p>" for kind, said in body.items())
    answers = [(status, _content(answer), answer["description"]) for status, answer in call["responses"].items()]
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {_first(call)}</summary>"
        f"<p>{escape(call.get('description', ''))}</p>{_table(parameters)}{bodies}{_table(answers)}</details>"
    )


def _content(answer: dict[str, Any]) -> str:
    return ", ".join(_type(said.get("schema", {})) for said in answer.get("content", {}).values())


def _first(call: dict[str, Any]) -> str:
    """The first sentence of what it does."""
    first: str = " ".join(call.get("description", call.get("summary", "")).split()).split(". ")[0]
    return escape(first.removesuffix("."))


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Names, types (already HTML) and descriptions."""
    lines = "".join(f"<tr><td><code>{escape(name)}</code><td>{kind}<td>{escape(about)}" for name, kind, about in rows)
    return f"<table>{lines}</table>" if rows else ""


def _type(schema: dict[str, Any]) -> str:
    """A type as HTML, with a link where it has a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(_type, several))
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = escape(str(schema.get("type", "any")))
    return f"{kind} of {_type(schema['items'])}" if "items" in schema else kind
