"""Results as Markdown."""

import statistics

from frameworks import FRAMEWORKS

MEASURES = {  # title, unit, seconds to unit
    "fit": ("Training step, `fit`", "ms", 1e3),
    "predict": ("`predict` of one batch", "ms", 1e3),
    "predict_one": ("`predict_on_batch` of one sample", "µs", 1e6),
    "call_one": ("`model(x)` of one sample", "µs", 1e6),
}


def _number(v):
    return f"{v:.3f}" if v < 1 else f"{v:.2f}" if v < 10 else f"{v:.1f}" if v < 100 else f"{v:,.0f}"


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _roof_seconds(workload, roof):
    """The least time of a training step: its products at the speed of the best matrix product, and the variables and
    the optimizer's state once through memory. None if nobody counted."""
    work = roof.get("work", {}).get(workload)
    if not work or not roof.get("flops"):
        return None
    return work["flops"] / roof["flops"] + work["bytes"] / roof["bandwidth"]


def _table(measure, workloads, names, times, roof):
    """A cell is the median over rounds, with the best round in brackets; the last columns say how many times
    as fast as the best peer Lamina's engines are: by medians, and in brackets by best rounds, which tell more where
    other programs disturb."""
    title, unit, scale = MEASURES[measure]
    own = [n for n in names if FRAMEWORKS[n].own]
    names = [n for n in names if measure != "fit" or FRAMEWORKS[n].trains]
    peers = [n for n in names if not FRAMEWORKS[n].own]
    bounds = {w: _roof_seconds(w, roof) for w in workloads} if measure == "fit" else {}
    with_roof = any(bounds.values())
    lines = [
        f"### {title} ({unit})",
        "",
        _row(["", *names, "best peer", *(f"{n}: times as fast" for n in own), *(["roof"] if with_roof else [])]),
        _row(["---"] * (len(names) + 2 + len(own) + with_roof)),
    ]
    for workload in workloads:
        of = {n: times.get((workload, measure, n)) for n in names}
        median = {n: statistics.median(t) for n, t in of.items() if t}
        best = min((n for n in peers if n in median), key=median.get, default=None)
        cells = [
            f"{_number(median[n] * scale)} ({_number(min(of[n]) * scale)})" if n in median else "missing" for n in names
        ]
        fastest = min((min(of[n]) for n in peers if of[n]), default=None)  # over all peers and rounds
        ratios = [
            f"{median[best] / median[n]:.2f} ({fastest / min(of[n]):.2f})" if best and n in median else "-" for n in own
        ]
        bound = [_number(bounds[workload] * scale) if bounds[workload] else "-"] if with_roof else []
        lines.append(_row([f"`{workload}`", *cells, best or "-", *ratios, *bound]))
    return "\n".join(lines)


def markdown(machine, workloads, names, measures, times, versions, failures, roof):
    parts = [
        f"{machine}. Medians over rounds, the best round in brackets.",
        "Versions: " + ", ".join(f"{n} {v}" for n, v in versions.items()) + ".",
    ]
    if roof.get("flops"):
        parts.append(
            f"Best matrix product in this run: {roof['flops'] * 1e-9:.0f} GFLOP/s; copy, read and written: "
            f"{roof['bandwidth'] * 1e-9:.1f} GB/s. The column `roof` is "
            "the time of a step's multiply-adds and of its optimizer's state at these rates."
        )
    parts += ["Missing: " + f for f in failures]
    parts += [_table(m, workloads, names, times, roof) for m in measures]
    return "\n\n".join(parts) + "\n"
