"""`csv_answer`: an answer as a CSV file. A spreadsheet would run a cell that begins like a formula, and models,
sessions and names are whatever a client sent: such a cell gets a leading apostrophe, which a spreadsheet does not
show."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from fastapi.responses import Response

__all__ = ["csv_answer"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Excel takes the wide ones, too."""


def csv_answer(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]], headers: Mapping[str, str] | None = None
) -> Response:
    """The rows as a file `penstock-NAME.csv` (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    disposition = f'attachment; filename="penstock-{name}.csv"'
    content = out.getvalue().encode("utf-8", "replace")
    return Response(content, 200, {"content-disposition": disposition, **(headers or {})}, "text/csv; charset=utf-8")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell
