"""How the page of a report looks, in the dark and in the light, and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

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
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px; }
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
.js-plotly-plot text { fill: var(--ink) !important; }
.js-plotly-plot .legend .bg { fill: transparent !important; }
.js-plotly-plot .hoverlayer path { fill: var(--card) !important; stroke: var(--dim) !important; }
.js-plotly-plot .zerolinelayer path { stroke: var(--dim) !important; }
@media print { .table { max-height: none; } section { break-inside: avoid; } }
"""
