"""html.py - how results look in a notebook: small tables without scripts or styles that reach outside."""

from html import escape
from typing import Any, Iterable, Sequence

_CELL = 'style="text-align:left;vertical-align:top;padding:2px 10px 2px 0"'


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], most: int = 50) -> str:
    """A table with a title; what comes after the first rows is only counted."""
    rows = list(rows)
    lines = [f"<div><b>{escape(title)}</b>", "<table><tr>", *(f"<th {_CELL}>{escape(head)}</th>" for head in heads),
             "</tr>"]
    for row in rows[:most]:
        lines += ["<tr>", *(f"<td {_CELL}>{cell(value)}</td>" for value in row), "</tr>"]
    lines.append("</table>")
    if len(rows) > most:
        lines.append(f"<i>and {len(rows) - most} more</i>")
    return "".join([*lines, "</div>"])


def cell(value: Any) -> str:
    """A value: numbers in four digits, texts cut at 200 characters."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    said = str(value)
    return escape(said if len(said) <= 200 else said[:199] + "…")
