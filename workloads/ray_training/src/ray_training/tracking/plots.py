"""The three pictures that a person looks at: ROC, calibration, and what the trees look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ray_training.distributed.worker import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEATURES_SHOWN: Final = 20
INK: Final = "#1f4e79"
MUTED: Final = "#9aa5b1"


def write_plots(folder: Path, outcome: Outcome, gain: dict[str, float], months: str) -> list[Path]:
    """Writes the pictures as PNG.

    Args:
        folder: an existing folder.
        outcome: scores and curves on the held-out months.
        gain: feature → loss that its splits took away, of those that are used.
        months: names the held-out months in the titles.
    """
    figures = {
        "roc": _roc(outcome, months),
        "calibration": _calibration(outcome, months),
        "feature_importance": _importance(gain),
    }
    written = []
    for name, figure in figures.items():
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=120)
        written.append(path)
    return written


def _figure(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    # Without pyplot: no global state, and no display is looked for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _roc(outcome: Outcome, months: str) -> Figure:
    figure, axes = _figure(5.6, 5.2, f"ROC, {months}")
    curves, scores = outcome.curves, outcome.scores
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, label="chance: AUC 0.500")
    axes.plot(
        curves.false_positive_rate,
        curves.true_positive_rate,
        color=INK,
        linewidth=2,
        label=f"model: AUC {scores.auc:.3f}",
    )
    axes.fill_between(curves.false_positive_rate, curves.true_positive_rate, color=INK, alpha=0.08)
    axes.set(xlabel="punctual flights called late", ylabel="late flights called late", xlim=(0, 1), ylim=(0, 1))
    axes.set_aspect("equal")
    axes.legend(loc="lower right", frameon=False)
    return figure


def _calibration(outcome: Outcome, months: str) -> Figure:
    figure, axes = _figure(5.6, 5.2, f"Calibration, {months}")
    curves, scores = outcome.curves, outcome.scores
    end = min(1.0, 1.08 * max(*curves.predicted, *curves.observed))
    axes.plot([0, end], [0, end], color=MUTED, linestyle="--", linewidth=1, label="perfect")
    error = f"model: expected calibration error {scores.calibration_error:.3f}"
    axes.plot(curves.predicted, curves.observed, color=INK, linewidth=1.5, marker="o", markersize=5, label=error)
    axes.axhline(scores.base_rate, color=MUTED, linewidth=1, label=f"base rate {scores.base_rate:.1%}")
    axes.set(xlabel="predicted probability", ylabel="share that was late", xlim=(0, end), ylim=(0, end))
    axes.set_aspect("equal")
    axes.legend(loc="upper left", frameon=False)
    return figure


def _importance(gain: dict[str, float]) -> Figure:
    top = sorted(gain.items(), key=lambda item: item[1])[-FEATURES_SHOWN:]
    total = sum(gain.values()) or 1.0
    figure, axes = _figure(8, 0.9 + 0.27 * max(1, len(top)), "What the trees look at")
    bars = axes.barh([name for name, _ in top], [value / total for _, value in top], color=INK)
    axes.bar_label(bars, labels=[f"{value / total:.1%}" for _, value in top], padding=3, fontsize=8)
    axes.set_xlabel("share of the total gain")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", labelsize=8)
    return figure
