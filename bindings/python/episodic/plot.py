"""plot.py - three pictures, by matplotlib where it is installed: a rollout over two of its state's numbers, the
priorities of a buffer, a timeline. Each draws into the axes that it is given, or into new ones, and returns them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable

import numpy as np

if TYPE_CHECKING:
    from .imagine import Rollout
    from .recall import EpisodeInfo


def _axes(axes: Any) -> Any:
    """The axes to draw into."""
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("plots need matplotlib; on Debian: apt-get install python3-matplotlib") from error
    return pyplot.subplots()[1]


def rollout(way: Rollout, axes: Any = None, dimensions: tuple[int, int] = (0, 1), background: Any = None) -> Any:
    """Draws where a rollout believes to be, a colour a piece, with its joins as dots, open where they are doubtful.

    dimensions: which two numbers of the state. background: observations to draw in grey behind it.
    """
    axes = _axes(axes)
    x, y = dimensions
    if background is not None:
        cloud = np.asarray(background).reshape(len(background), -1)
        axes.scatter(cloud[:, x], cloud[:, y], s=2, color="0.85", zorder=0)
    points = [*way.expected.reshape(len(way), -1)] + ([way.end.reshape(-1)] if way.end is not None else [])
    path = np.array(points)
    for place, piece in enumerate(way.pieces):
        run = path[piece.index:piece.index + piece.count + 1]
        axes.plot(run[:, x], run[:, y], color=f"C{place % 10}", label=f"episode {piece.episode}")
    for join in way.joins:
        at = path[join.index]
        axes.plot(at[x], at[y], "o", color="black", fillstyle="full" if join.plausibility > .5 else "none")
    axes.plot(*path[0][[x, y]], ">", color="black")
    axes.plot(*path[-1][[x, y]], "*", color="black", markersize=10)
    axes.set_title(f"{len(way)} steps in {len(way.pieces)} pieces, plausibility {way.plausibility:.2g}")
    if len(way.pieces) <= 10:
        axes.legend(fontsize="small")
    return axes


def priorities(values: Any, axes: Any = None, bins: int = 50) -> Any:
    """Draws a histogram of priorities, on logarithmic axes; steps that are gone (-1) or never drawn (0) are counted in
    the title."""
    axes, values = _axes(axes), np.asarray(values, np.float64).reshape(-1)
    drawn = values[values > 0]
    if drawn.size:
        low, high = drawn.min(), drawn.max()
        edges = np.geomspace(low, high, bins + 1) if high > low else np.array([low * .9, high * 1.1])
        axes.hist(drawn, bins=edges)
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel("priority")
    axes.set_ylabel("steps")
    axes.set_title(f"{drawn.size} steps, {int((values == 0).sum())} of priority 0, {int((values < 0).sum())} gone")
    return axes


def timeline(episodes: Iterable[EpisodeInfo], axes: Any = None) -> Any:
    """Draws episodes as bars over time, darker the more steps they have, red where their reward is negative."""
    axes, shown = _axes(axes), [it for it in episodes if it.time.since is not None]
    most = max((it.step_count for it in shown), default=1)
    for row, it in enumerate(shown):
        until = it.time.until or it.time.since
        colour = "tab:red" if it.reward is not None and it.reward < 0 else "tab:blue"
        axes.plot([it.time.since, until], [row, row], color=colour, alpha=.3 + .7 * it.step_count / max(most, 1),
                  linewidth=6, solid_capstyle="round")
    axes.set_yticks(range(len(shown)), [it.title or f"episode {it.id}" for it in shown], fontsize="small")
    axes.invert_yaxis()
    axes.set_title(f"{len(shown)} episodes")
    return axes
