"""The training steps as a picture: a group of bars a workload, as multiples of Lamina's graph engine's time."""

import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from frameworks import FRAMEWORKS


def draw(path, workloads, names, times):
    names = [n for n in names if FRAMEWORKS[n].trains]
    base = next((n for n in names if FRAMEWORKS[n].own), None)
    shown = [w for w in workloads if times.get((w, "fit", base))]
    if not shown:
        raise SystemExit("nothing to plot: no training step of Lamina was measured")
    figure, axes = plt.subplots(figsize=(max(6, 1.6 * len(shown)), 4))
    width = 0.8 / len(names)
    for i, n in enumerate(names):
        own = [statistics.median(times[w, "fit", base]) for w in shown]
        heights = [
            statistics.median(times[w, "fit", n]) / o if times.get((w, "fit", n)) else 0 for w, o in zip(shown, own)
        ]
        axes.bar([k + i * width for k in range(len(shown))], heights, width, label=n)
    axes.axhline(1, color="black", linewidth=0.6)
    axes.set_xticks([k + 0.4 - width / 2 for k in range(len(shown))], shown)
    axes.set_ylabel(f"time of a training step / {base}'s")
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=150)
