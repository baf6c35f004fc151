"""The figure of a training: what learners gain in held-out worlds, over the steps of their training."""

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from sim.metrics.contrasts import Columns
from sim.plots.style import PALETTE, dress, legend, look


def learning_curve(evaluations: Columns) -> Figure:
    """Mean gain per agent and episode with its 95 % interval over held-out worlds, one panel per role."""
    roles = list(dict.fromkeys(evaluations["role"].tolist()))
    figure = Figure(figsize=(8 if len(roles) == 1 else 5.2 * len(roles), 4.6), layout="constrained")
    panels = figure.subplots(1, len(roles), squeeze=False)[0]
    for k, (role, axes) in enumerate(zip(roles, panels, strict=True)):
        mine = evaluations["role"] == role
        steps, mean, low, high = (evaluations[name][mine] for name in ("steps", "mean", "low", "high"))
        axes.plot(steps, mean, marker="o", markersize=3.5, linewidth=1.8, label="mean over held-out worlds", **look(k))
        axes.fill_between(steps, low, high, color=PALETTE[k % len(PALETTE)], alpha=0.18, linewidth=0, label="95 % interval")
        worlds = int(evaluations["worlds"][mine].max(initial=0))
        dress(axes, "agent-steps of training", "gain per agent and episode, coins", f"{role}: gains in {worlds} held-out worlds")
        axes.xaxis.set_major_formatter(EngFormatter())
        axes.margins(x=0.02)
    legend(figure, panels[0], "")
    return figure
