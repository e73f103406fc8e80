"""Compares Lamina with its peers on small and medium models; `make bench` runs it.

Every framework runs in a process of its own, alive throughout. Rounds go over all frameworks in turn, each round
starting with another one, so that what disturbs the machine for a while disturbs all of them alike.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time

import pool
import tables
import workloads
from frameworks import FRAMEWORKS

CHECK_STEPS, TOLERANCE = 3, 1e-4
SETTLE = 0.2  # seconds before a measurement, in which the threads of the framework before stop looking for work


def say(text):
    print(text, file=sys.stderr, flush=True)


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def machine(threads):
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as f:
            name = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), name)
    return f"{name}, {threads} threads, Python {platform.python_version()}"


def measure(workers, names, rounds, measures, seconds):
    """{(workload, measure, framework): [seconds, one per round]}, {workload: what a training step has to do}, and what
    went wrong"""
    times, work, failures = {}, {}, []
    for workload in names:
        ready = []
        for w in workers:
            reply = w.ask(do="setup", workload=workload)
            if "error" in reply:
                say(f"{workload}: {w.name} is left out: {reply['error']}")
                if not w.missing:
                    failures.append(f"{w.name}, {workload}: {reply['error']}")
            else:
                ready.append(w)
                if "work" in reply:
                    work[workload] = reply["work"]
        for r in range(rounds):
            say(f"{workload}: round {r + 1} of {rounds}")
            shift = r % max(1, len(ready))
            for m in measures:
                for w in ready[shift:] + ready[:shift]:
                    if m == "fit" and not FRAMEWORKS[w.name].trains:
                        continue
                    time.sleep(SETTLE)
                    reply = w.ask(do="measure", measure=m, seconds=seconds if m == "fit" else seconds / 2)
                    if "error" in reply:
                        failures.append(f"{w.name}, {workload}, {m}: {reply['error']}")
                    else:
                        times.setdefault((workload, m, w.name), []).append(reply["seconds"])
    return times, work, failures


def roofs(workers):
    """What the machine can do, as measured by whichever process does it best: {"flops": of a matrix product,
    "bandwidth": of a copy}."""
    found = [reply for reply in (w.ask(do="roof") for w in workers) if "error" not in reply]
    return {key: max((f[key] for f in found if f.get(key)), default=None) for key in ("flops", "bandwidth")}


def check(workers, names):
    """Whether all frameworks compute the same: losses of training steps from the same weights. Prints them."""
    good = True
    for workload in names:
        found = {
            w.name: w.ask(do="losses", workload=workload, steps=CHECK_STEPS)
            for w in workers
            if FRAMEWORKS[w.name].trains and FRAMEWORKS[w.name].checks
        }
        reference = next((f["losses"] for f in found.values() if "losses" in f), None)
        for name, reply in found.items():
            if "losses" not in reply:
                print(f"{workload:10} {name:17} missing: {reply['error']}")
                continue
            agrees = all(abs(a - b) <= TOLERANCE * max(1, abs(b)) for a, b in zip(reply["losses"], reference))
            good &= agrees
            print(
                f"{workload:10} {name:17} {' '.join(f'{v:.6f}' for v in reply['losses'])}  "
                f"{'agrees' if agrees else 'DIFFERS'}"
            )
    return good


def chosen(text, known, groups=None):
    """The names of a comma-separated text; a group's name stands for all of its names."""
    names = [m for n in text.split(",") for m in (groups or {}).get(n.strip(), [n.strip()])] if text else list(known)
    for n in names:
        if n not in known:
            raise SystemExit(f"unknown name {n!r}; known: {', '.join(known)}")
    return names


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument(
        "--workloads",
        default="small",
        help="comma-separated names or groups: "
        + "; ".join(f"{group} ({', '.join(names)})" for group, names in workloads.GROUPS.items()),
    )
    p.add_argument("--frameworks", help="comma-separated: " + ", ".join(FRAMEWORKS))
    p.add_argument("--measures", help="comma-separated: " + ", ".join(tables.MEASURES))
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=0.5, help="of training a round; other measures take half of it")
    p.add_argument("--threads", type=int, default=cores())
    p.add_argument("--device", default="cpu", help="cpu, or cuda for a GPU: fit and predict, by frameworks that can")
    p.add_argument(
        "--tf32", action="store_true", help="on a GPU: products in TF32, in all frameworks; float32 without it"
    )
    p.add_argument("--markdown", metavar="FILE", help="also write the tables there")
    p.add_argument("--plot", metavar="FILE", help="draw the training steps there, as a PNG or SVG (needs matplotlib)")
    p.add_argument("--json", metavar="FILE", help="write every round's time there")
    p.add_argument("--check", action="store_true", help="only compare the losses of the first steps from equal weights")
    return p.parse_args()


def main():
    args = arguments()
    names, measures = (
        chosen(args.workloads, workloads.names(), workloads.GROUPS),
        chosen(args.measures, tables.MEASURES),
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
        json.dump({"threads": args.threads, "device": args.device, "tf32": args.tf32}, config)
        config.flush()
        workers = pool.start(chosen(args.frameworks, FRAMEWORKS), args.threads, config.name, args.device, args.tf32)
        try:
            if args.check:
                return 0 if check(workers, names) else 1
            times, work, failures = measure(workers, names, args.rounds, measures, args.seconds)
            roof = {**roofs(workers), "work": work}
        finally:
            for w in workers:
                w.close()
    versions = {w.name: w.version for w in workers if w.version}
    failures = [f"{w.name}: {w.missing}" for w in workers if w.missing] + failures
    text = tables.markdown(
        machine(args.threads), names, [w.name for w in workers], measures, times, versions, failures, roof
    )
    print(text)
    if args.markdown:
        with open(args.markdown, "w") as f:
            f.write(text)
    if args.plot:
        import plot

        plot.draw(args.plot, names, [w.name for w in workers], times)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(
                {
                    "machine": machine(args.threads),
                    "versions": versions,
                    "missing": failures,
                    "roof": roof,
                    "times": [
                        {"workload": w, "measure": m, "framework": n, "seconds": t} for (w, m, n), t in times.items()
                    ],
                },
                f,
                indent=1,
            )
    return 1 if any(w.missing for w in workers if FRAMEWORKS[w.name].own) else 0


if __name__ == "__main__":
    sys.exit(main())
