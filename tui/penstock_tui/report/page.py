"""`page`: renders a report as one HTML page. All text from outside is escaped and searched for secrets once more; texts
of messages are in it only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePath

from penstock import __version__
from penstock.base.format import moment
from penstock.redaction.redaction import redact
from penstock.stats.totals import Session
from penstock_tui.format import keep_alive
from penstock_tui.report.drawing import Plot
from penstock_tui.report.gather import MOST, Edited, Report, Result
from penstock_tui.report.plots import plots

__all__ = ["page"]

ROWS = 300
"""The largest number of rows of a table; the JSON export has all."""
PREVIEW = 160
# Nothing is loaded, whatever a text in the page says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


STYLE = """
:root { --ink: #1c2024; --dim: #5b6168; --page: #fbfbfa; --card: #ffffff; --line: #d9dcdf; --accent: #1f6fb2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaec; --dim: #a3a9b0; --page: #15181b; --card: #1d2125; --line: #3a4046; --accent: #6cb6f2; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 8px; }
.about, footer, figcaption { color: var(--dim); }
figcaption strong { color: var(--ink); font-weight: 600; }
section, dl { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; }
section, dl { margin: 16px 0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px 20px; }
dt { color: var(--dim); font-size: 13px; }
dd { margin: 0; font-size: 19px; font-variant-numeric: tabular-nums; }
figure { margin: 0; }
.plot { min-height: 60px; overflow: auto; }
details { margin-top: 8px; }
summary { cursor: pointer; color: var(--accent); }
.table { overflow: auto; max-height: 480px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
caption { position: absolute; left: -9999px; }
th, td { text-align: left; padding: 4px 8px; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: break-word; }
th { position: sticky; top: 0; background: var(--card); white-space: nowrap; }
th.n { text-align: right; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { display: block; width: 100%; min-width: 560px; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .grid { stroke: var(--line); fill: none; }
@media print { .table { max-height: none; } section { break-inside: avoid; } }
"""


def page(report: Report, *, texts: bool = False) -> str:
    """The page. Without `texts`, it holds no text of a message or a result; tags, names of tools and the reasons of
    edits are included."""
    title = _title(report)
    parts = [
        f"<h1>{_safe(title)}</h1>",
        _about(report),
        _facts(report),
        *(_plot(plot) for plot in plots(report)),
        _results(report.results, texts),
        _edits(report, texts),
        _sessions(list(report.stats.sessions.values())),
        _why(report.why_little_saved),
        f"<footer>Made by Penstock {escape(__version__)} from its event log. Tokens are estimates unless the provider "
        "counted them; money is at the prices of the profile. This page loads nothing.</footer>",
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{_safe(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _title(report: Report) -> str:
    name = next(iter(report.only.values()), "")
    return f"Session {name[:40]}" if name else "All sessions of a log"


def _about(report: Report) -> str:
    found = list(report.stats.sessions.values())
    clients = _some(one.client for one in found) or "unknown client"
    models = _some(model for one in found for model in one.models) or "unknown model"
    projects = _some(PurePath(one.project).name for one in found)
    when = ""
    if found:
        first, last = min(one.first_at for one in found), max(one.last_at for one in found)
        when = f" · {moment(first)} to {moment(last)}"
    where = f" · project {projects}" if projects else ""
    return f'<p class="about">{_safe(f"{clients} · {models}{where}{when}")}</p>'


def _some(names: Iterable[str]) -> str:
    """The first few items."""
    found = list(dict.fromkeys(filter(None, names)))
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _facts(report: Report) -> str:
    sums, about = report.stats.totals, "~" if report.stats.totals.money.estimated else ""
    kept, counted = sums.came - sums.sent, "~" if sums.uncounted else ""
    facts = [
        ("requests", f"{sums.requests:,}"),
        ("turns", f"{sums.turns:,}"),
        ("tokens received", f"{counted}{sums.came:,}"),
        ("tokens sent", f"{counted}{sums.sent:,}"),
        ("kept off the wire", f"{kept:,}" + (f" ({kept / sums.came:.1%})" if sums.came else "")),
        ("from the cache", f"{sums.cache_share:.0%}" if sums.cache_share is not None else "not known"),
        ("without Penstock", f"{about}{sums.money.in_dollars(sums.money.baseline)}"),
        ("paid", f"{about}{sums.money.in_dollars(sums.money.paid)}"),
        ("saved", f"{about}{sums.money.in_dollars(sums.money.saved)}"),
        *([("keep-alive", keep_alive(sums.money))] if sums.money.reads else []),
        ("edits landed", f"{sums.edits:,}"),
        ("compactions", f"{sum(one.state == 'landed' for one in report.stats.compactions):,}"),
        ("failed, refused", f"{sums.failed:,}, {sums.refused:,}"),
    ]
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{_safe(value)}</dd></div>" for name, value in facts) + "</dl>"


def _plot(plot: Plot) -> str:
    label = _safe(f"{plot.title}. {plot.caption}")
    drawn = f'<div class="plot" role="img" aria-label="{label}">{plot.html}</div>' if plot.html else ""
    return (
        f'<section id="{plot.id}"><h2>{_safe(plot.title)}</h2><figure>{drawn}'
        f"<figcaption>{_safe(plot.about)} <strong>{_safe(plot.caption)}</strong></figcaption></figure>"
        f"{_numbers(plot) if plot.rows else ''}</section>"
    )


def _numbers(plot: Plot) -> str:
    return f"<details><summary>The numbers</summary>{_table(plot.title, plot.head, plot.rows)}</details>"


def _results(results: Sequence[Result], texts: bool) -> str:
    head: tuple[str, ...] = ("tool", "request", "turn", "tokens", "sent of it")
    head = (*head, "begins") if texts else head
    rows = [
        (one.tool, str(one.number), str(one.turn), f"{one.tokens:,}", f"{one.left:,}", *_text(one.text, texts))
        for one in results
    ]
    told = f"The {MOST} largest." if len(results) >= MOST else ""
    return _listed("results", "Largest results of tools", told, head, rows, "No tool gave anything back.")


def _edits(report: Report, texts: bool) -> str:
    head = (
        "stage",
        "what",
        "request",
        "turn",
        "before",
        "after",
        "why",
        "why then",
        *(("in its stead",) if texts else ()),
    )
    rows = [_edit(one, texts) for one in report.edits]
    more = report.edit_count - len(rows)
    told = f"The {len(rows)} largest of {report.edit_count:,} that landed." if more > 0 else ""
    return _listed("edits", "Edits, with their reason", told, head, rows, "Nothing was edited.")


def _edit(one: Edited, texts: bool) -> tuple[str, ...]:
    change = one.change
    return (
        change.stage,
        {"replace": "shortened", "note": "note added", "compact": "compacted"}.get(change.op, change.op),
        str(one.number),
        str(one.turn),
        f"{change.before or 0:,}",
        f"{change.after or 0:,}",
        change.reason,
        one.why_now,
        *_text(change.text, texts),
    )


def _text(text: str, texts: bool) -> tuple[str, ...]:
    return (" ".join(text.split())[:PREVIEW],) if texts else ()


def _sessions(found: Sequence[Session]) -> str:
    if len(found) < 2:
        return ""
    head = ("session", "client", "requests", "received", "sent", "paid", "saved", "keep-alive")
    rows = [
        (
            one.name[:40],
            one.client,
            f"{one.sums.requests:,}",
            f"{one.sums.came:,}",
            f"{one.sums.sent:,}",
            one.sums.money.in_dollars(one.sums.money.paid),
            one.sums.money.in_dollars(one.sums.money.saved),
            keep_alive(one.sums.money),
        )
        for one in found
    ]
    return _listed("sessions", "Sessions", "", head, rows, "")


def _why(found: Mapping[str, Sequence[str]]) -> str:
    """For each session that saved little, the reasons."""
    told = [
        f"{f'<h3>{_safe(name[:40])}</h3>' if len(found) > 1 else ''}"
        f"<ul>{''.join(f'<li>{_safe(reason)}</li>' for reason in reasons)}</ul>"
        for name, reasons in found.items()
        if reasons
    ]
    return f'<section id="why"><h2>Why little was saved</h2>{"".join(told)}</section>' if told else ""


def _listed(id: str, title: str, told: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], none: str) -> str:
    body = _table(title, head, rows) if rows else f"<p>{none}</p>"
    return f'<section id="{id}"><h2>{title}</h2>{f"<p>{told}</p>" if told else ""}{body}</section>'


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    right = [all(_is_number(row[i]) for row in rows) for i in range(len(head))]
    heads = "".join(
        f'<th scope="col"{" class=n" if is_right else ""}>{_safe(name)}</th>'
        for name, is_right in zip(head, right, strict=True)
    )
    lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows[:ROWS])
    more = f"<p>{len(rows) - ROWS:,} more rows are in `penstock export`.</p>" if len(rows) > ROWS else ""
    # It scrolls by itself, so it must be reached by the keyboard.
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{_safe(title)}"><table><caption>{_safe(title)}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>{more}"
    )


def _cell(text: str) -> str:
    return f'<td class="n">{_safe(text)}</td>' if _is_number(text) else f"<td>{_safe(text)}</td>"


def _is_number(text: str) -> bool:
    return not text or text.replace(",", "").replace(".", "").strip(" <$%~+-ms").isdecimal()


def _safe(text: str) -> str:
    """The text redacted once more, escaped for HTML, without lone surrogates."""
    return escape(redact(text).encode("utf-8", "replace").decode())
