"""
A comparison as one HTML page that needs nothing else: no script, no font, no address is fetched.

The first screen is a table of every column, the breaching ones first; each leads to its drawing below.
"""

from __future__ import annotations

from html import escape

from nephoscope.adapters.drawing.chart import BASELINE, WINDOW, chart
from nephoscope.drift.comparison import Comparison
from nephoscope.drift.judgement import ColumnJudgement
from nephoscope.findings import Direction, Limit, Verdict

ORDER = {Verdict.BREACH: 0, Verdict.UNKNOWN: 1, Verdict.OK: 2}

STYLE = f"""
:root {{ color-scheme: light; --line: #dfe3ea; --ink: #1d2433; --quiet: #667085; }}
* {{ box-sizing: border-box; }}
body {{ font: 15px/1.45 system-ui, sans-serif; color: var(--ink); }}
body {{ margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin: 0 0 .25rem; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .75rem; }}
p.sum {{ color: var(--quiet); margin: 0 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }}
td.n, th.n {{ text-align: right; white-space: nowrap; }}
.verdict {{ display: inline-block; padding: 0 .5em; border-radius: 1em; }}
.verdict {{ font-size: .85em; font-weight: 600; white-space: nowrap; }}
.ok {{ background: #e3f4e8; color: #17603a; }}
.breach {{ background: #fde4e4; color: #9b1c1c; }}
.unknown {{ background: #fdf3d6; color: #7a5200; }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }}
.card {{ border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; min-width: 0; }}
.card h3 {{ font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }}
.card p {{ color: var(--quiet); margin: .25rem 0; font-size: .85rem; overflow-wrap: anywhere; }}
.card svg {{ width: 100%; height: auto; }}
.key::before {{ content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .3em; }}
.key.b::before {{ background: {BASELINE}8c; }}
.key.w::before {{ border: 2px solid {WINDOW}; }}
"""


def page(found: Comparison, *, baseline: str, window: str) -> str:
    """
    Write a comparison for people.

    Args:
        found: What is told.
        baseline: The baseline's name.
        window: The window's name.
    """
    columns = sorted(enumerate(found.columns), key=lambda placed: (ORDER[placed[1].verdict], placed[0]))
    share = "nothing was compared" if found.drifted_share is None else f"{found.drifted_share:.0%} drifted"
    rows = [("unknown" if count is None else f"{count:,}") + " rows" for count in found.rows]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{found.verdict}: {escape(window)} against {escape(baseline)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{_badge(found.verdict)} {escape(window)} against {escape(baseline)}</h1>
<p class="sum">Preset {escape(found.preset)}: {share}, {len(found.columns):,} columns.
<span class="key b">baseline, {rows[0]}</span>
<span class="key w">window, {rows[1]}</span></p>
<table>
<thead><tr><th>column</th><th>kind</th><th>method</th>
<th class="n">value</th><th class="n">limit</th><th>verdict</th></tr></thead>
<tbody>
{"".join(_row(place, column) for place, column in columns)}
</tbody>
</table>
{_findings(found)}
<h2>Distributions</h2>
<div class="cards">
{"".join(_card(place, column) for place, column in columns)}
</div>
</body>
</html>
"""


def _row(place: int, column: ColumnJudgement) -> str:
    value = "" if column.value is None else f"{column.value:.4g}"
    return (
        f'<tr><td><a href="#column-{place}">{escape(column.column)}</a></td><td>{column.kind}</td>'
        f'<td>{escape(column.method or "")}</td><td class="n">{value}</td><td class="n">{_limit(column.limit)}</td>'
        f"<td>{_badge(column.verdict)}</td></tr>\n"
    )


def _limit(limit: Limit | None) -> str:
    if limit is None or limit.value is None:
        return ""
    return f"{'≥' if limit.direction is Direction.AT_LEAST else '≤'} {limit.value:.4g}"


def _card(place: int, column: ColumnJudgement) -> str:
    drawing = chart(column.picture, f"c{place}") if column.picture is not None else ""
    shares = " → ".join("?" if share is None else f"{share:.1%}" for share in column.null_shares)
    return (
        f'<section class="card" id="column-{place}"><h3>{escape(column.column)} {_badge(column.verdict)}</h3>'
        f"{drawing}<p>{escape(column.reason)}</p><p>null or NaN: {shares}</p></section>\n"
    )


def _findings(found: Comparison) -> str:
    told = [finding for finding in found.findings if finding.verdict is not Verdict.OK]
    if not told:
        return ""
    rows = "".join(
        f"<tr><td>{_badge(finding.verdict)}</td><td>{escape(finding.check)}</td><td>{escape(finding.subject)}</td>"
        f"<td>{escape(finding.reason)}</td></tr>\n"
        for finding in told
    )
    return f"<h2>Findings</h2>\n<table><tbody>\n{rows}</tbody></table>"


def _badge(verdict: Verdict) -> str:
    return f'<span class="verdict {verdict}">{verdict}</span>'
