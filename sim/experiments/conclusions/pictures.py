"""Which figures a sweep deserves."""

import io
from typing import Any, NamedTuple

import numpy as np

from sim.experiments.conclusions.document import Block, Heading, Paragraph, Picture
from sim.experiments.conclusions.findings import Findings
from sim.experiments.conclusions.under_attack import Sides

MOST_PARAMETERS = 6


class Pictures(NamedTuple):
    """Figures by the part that they belong to."""

    compared: list[Block]
    responses: list[Block]
    attacked: list[Block]


def pictures(found: Findings, sides: Sides) -> Pictures:
    """All figures of a report; none where the headline is not defined in any run."""
    if not np.isfinite(found.values[found.metrics[0]["name"]]).any():
        return Pictures([], [], [])
    return Pictures(_compared(found), _responses(found), _attacked(found, sides))


def _picture(name: str, title: str, caption: str, figure: Any) -> Picture:
    """A figure of Matplotlib's, drawn."""
    from sim.plots.style import save

    file = io.BytesIO()
    save(figure, file)
    return Picture(f"{name}.png", title, caption, file.getvalue())


def _compared(found: Findings) -> list[Block]:
    """Arms beside each other; or points, where nothing is varied that they could be drawn over."""
    from sim.plots import sweep

    metric = found.metrics[0]
    if found.by_arm and np.isfinite(found.pooled[metric["name"]].compared.difference.mean).any():
        figure = sweep.compared(found, metric["name"], metric["unit"])
        caption = (
            f"Each arm minus {found.arms[0]} on the same seeds, averaged over the points; hollow: no difference can be concluded."
        )
        return [_picture("arms", "Arms compared", caption, figure)]
    return []


def _responses(found: Findings) -> list[Block]:
    """Curves over each parameter, and a map over two."""
    from sim.plots import fronts, sweep

    out: list[Block] = []
    parameters = found.parameters()[:MOST_PARAMETERS]
    for k, name in enumerate(parameters, 1):
        several = "; the other parameters are averaged over the points that were run" if len(parameters) > 1 else ""
        shares = ", and attackers' shares are averaged" if found.varying(["share"]) else ""
        binned = f" {sweep.BINNED}" if sweep.sampled(found, name) else ""
        caption = f"Mean over seeds with its 95 % interval, arm by arm{several}{shares}.{binned}"
        out.append(_picture(f"response_{k}", f"Response to {name}", caption, sweep.response(found, name)))
    out += _limited(found) if out else []
    if len(found.parameters()) > MOST_PARAMETERS:
        out.append(Paragraph(f"Curves are drawn for the first {MOST_PARAMETERS} of {len(found.parameters())} parameters."))
    if one := fronts.map_of(found):
        more = f" The first {fronts.MAPS} of {len(found.arms)} arms." if len(found.arms) > fronts.MAPS else ""
        said = "; in brackets where none can be concluded" if fronts.in_doubt(found, one) else ""
        what = f"the level of the baseline, and of each other arm its difference to it{said}" if found.by_arm else "its level"
        caption = f"Mean over seeds: {what}.{more}"
        title = f"{found.metrics[0]['name']} over {one.across} and {one.down}"
        out.append(_picture("map", title, caption, fronts.heat(found, one)))
    return [Heading("Responses"), *out] if out else []


def _limited(found: Findings) -> list[Block]:
    """What the curves leave out."""
    from sim.plots import sweep

    panels = sweep.panels_of(found)
    if len(panels) > sweep.PANELS:
        return [Paragraph(f"The first {sweep.PANELS} of {len(panels)} panels are drawn; all numbers are in contrasts.csv.")]
    return []


def _attacked(found: Findings, sides: Sides) -> list[Block]:
    """Curves over the share, and the front of efficiency and resilience."""
    from sim.plots import fronts, sweep

    out: list[Block] = []
    if any(len(shares) > 1 for shares in found.plan["attacks"].values()):
        caption = "Mean over seeds with its 95 % interval, averaged over parameters; as the share grows, fewer agents are honest."
        out.append(_picture("shares", "Response to the attackers' share", caption, sweep.shares(found)))
    if sides.honest.size and np.isfinite(sides.by_pair[1].mean).any():
        caption = (
            "Across: the headline where the attackers are honest; up: the part of honest welfare that is left under attack, at "
            "the largest share that was run. On the dashed line no other dot is better in both."
        )
        out.append(_picture("front", "Efficiency and resilience", caption, fronts.fronts(found, sides)))
    return out
