"""The most memory that training takes, and the seconds until the first step is done: each framework and workload in a
process of its own.

    python bench/python/memory.py --workloads real --frameworks "lamina graph,torch eager"

What a process holds once the framework is imported and the data made does not count: it is the framework's size, not
the model's.
"""

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np
import workloads
from frameworks import FRAMEWORKS, environment

STEPS = 3


def resident():
    """MB that the process holds now."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 1e6


def measured(framework, name):
    """In this process: {"peak": MB beyond the start, "first": seconds until the model's first step is done}."""
    workload = workloads.load(name)
    x, y = workload.data(np.random.default_rng(1), workload.BATCH)
    kind = FRAMEWORKS[framework]
    module = importlib.import_module(kind.runner)
    runner = module.Runner(kind.argument)
    warm_up(kind)
    before, start = resident(), time.perf_counter()
    step = stepper(runner, workload, x, y)
    step()
    first = time.perf_counter() - start
    for _ in range(STEPS - 1):
        step()
    # Where imports peaked above what the model takes, the answer is too large.
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6 - before, "first": first}


def warm_up(kind):
    """What a framework sets up once, on its first use, is not the model's."""
    if kind.runner == "torch_runner":
        import torch

        a = torch.rand(8, 8, requires_grad=True)
        (a @ a).sum().backward()
    else:
        keras = importlib.import_module(kind.argument)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        model.compile("sgd", "mse")
        model.train_on_batch(np.zeros((2, 4), "float32"), np.zeros((2, 2), "float32"))


def stepper(runner, workload, x, y):
    if hasattr(runner, "_step"):  # PyTorch
        import torch

        runner._make(workload)
        runner.net.train()
        inputs, target = [torch.from_numpy(a) for a in x], torch.from_numpy(y)
        return lambda: runner._step(inputs, target).item()
    model = workload.keras_model(runner.keras)
    inputs = x[0] if len(x) == 1 else x
    return lambda: model.train_on_batch(inputs, y)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument(
        "--workloads", default="real", help="comma-separated names or groups: " + ", ".join(workloads.GROUPS)
    )
    p.add_argument("--frameworks", default="lamina graph,keras jax,torch eager", help="comma-separated")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.one:
        print(json.dumps(measured(*args.one)))
        return
    frameworks = [f.strip() for f in args.frameworks.split(",")]
    names = [m for n in args.workloads.split(",") for m in workloads.GROUPS.get(n.strip(), [n.strip()])]
    print("| peak MB (seconds to the first step) | " + " | ".join(frameworks) + " |")
    print("| --- " * (len(frameworks) + 1) + "|")
    for name in names:
        cells = []
        for f in frameworks:
            env = environment(FRAMEWORKS[f], args.threads, "", "cpu")
            env.pop("LAMINA_CONFIG")
            command = [sys.executable, __file__, "--one", f, name]
            done = subprocess.run(command, env=env, capture_output=True, text=True)
            if done.returncode:
                print(done.stderr, file=sys.stderr)
                cells.append("failed")
                continue
            said = json.loads(done.stdout.splitlines()[-1])
            cells.append(f"{said['peak']:,.0f} ({said['first']:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
