"""Drawn calls of every op, layer, loss, metric, initializer and optimizer: whatever is given, the answer is a value or
an exception.

    python fuzz.py [--draws 1000] [--seed 0] [--engine graph|eager] [--only NAME ...] [--batch 50] [--memory MB]

A draw is one line of Python, made from its number and the seed alone. Batches of lines run in child processes; a line
that ends its child (a signal, an exit, more than 30 seconds) is printed as a program that does so again. The exit
status says whether there was one.
"""

import argparse
import contextlib
import inspect
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz_draws import Draw

SECONDS = 30  # for one call: many times what the largest drawn sizes take
# What runs a user's function until that says stop, and what reads files or waits.
LEFT_OUT_OPS = {"while_loop"}
LEFT_OUT_LAYERS = {
    "Layer",
    "Wrapper",
    "InputLayer",
    "Lambda",
    "TFSMLayer",
    "JaxLayer",
    "FlaxLayer",
    "TorchModuleWrapper",
}
PROLOGUE = "import os, warnings; warnings.simplefilter('ignore'); import numpy as np, lamina as k; "


def is_sanitized():
    return "libasan" in os.environ.get("LD_PRELOAD", "")


def classes(module, method, left_out=()):
    out = []
    for name in sorted(dir(module)):
        item = getattr(module, name)
        if name[0].isupper() and inspect.isclass(item) and name not in left_out and hasattr(item, method):
            with contextlib.suppress(TypeError, ValueError):
                out.append((name, inspect.signature(item)))
    return out


def targets():
    """What calls are drawn for: (how often, name, the method of Draw, its arguments)."""
    import lamina as k

    out = []
    for name in k._lamina.op_names():
        if name not in LEFT_OUT_OPS:
            out.append(("op", name, inspect.signature(k._lamina.find_op(name))))
    out += [("layer", *c) for c in classes(k.layers, "compute_output_shape", LEFT_OUT_LAYERS) for _ in range(3)]
    out += [("loss", *c) for c in classes(k.losses, "call", {"Loss"}) for _ in range(2)]
    out += [("metric", *c) for c in classes(k.metrics, "update_state", {"Metric"}) for _ in range(2)]
    out += [
        ("initializer", *c)
        for c in classes(k.initializers, "__call__", {"Initializer", "RandomInitializer", "Configurable", "Light"})
    ]
    out += [("optimizer", *c) for c in classes(k.optimizers, "apply", {"Optimizer"})]
    return out


def line(number, seed, targets):
    rng = random.Random(f"{seed}/{number}")
    kind, name, signature = rng.choice(targets)
    return getattr(Draw(rng, name), kind)(name, signature)


# ---- running ---------------------------------------------------------------------------------------------------------


def limit_memory(megabytes=3072):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not is_sanitized():  # whose shadow memory needs all addresses
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(
            resource.RLIMIT_AS, (now + int(megabytes * (1 << 20)), resource.getrlimit(resource.RLIMIT_AS)[1])
        )


def child(first, count, seed, engine, only, memory, note):
    import warnings

    warnings.simplefilter("ignore")
    import lamina as k
    import numpy as np

    k.config.set_engine(engine)
    chosen = [t for t in targets() if not only or t[1] in only]
    planted = os.environ.get("LAMINA_FUZZ_INSTEAD", "").split(" ", 1)  # "NUMBER CODE", to test this program
    lines = [(n, planted[1] if planted[0] == str(n) else line(n, seed, chosen)) for n in range(first, first + count)]
    notes = [f"{number} {code}\0".encode() for number, code in lines]  # all before memory is limited
    limit_memory(memory)
    for (_, code), told in zip(lines, notes):
        os.pwrite(note, told, 0)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)  # ends the process: no handler
        try:
            exec(compile(code, "draw", "exec"), {"k": k, "np": np, "os": os})
        except Exception as e:
            if (
                isinstance(e, SystemError) and memory > 100
            ):  # an error that a C function left behind, as CPython's own do where memory is short
                print(f"SystemError: {e}", file=sys.stderr, flush=True)
                os._exit(70)
        signal.setitimer(signal.ITIMER_REAL, 0)
    os.pwrite(note, b"done\0", 0)
    os._exit(0)


def run(draws, seed=0, engine="graph", only=(), batch=50, first=0, memory=3072, report=print):
    """Runs the draws; the lines that ended their process, each with how."""
    found, at = [], first
    environment = dict(os.environ, PYTHONFAULTHANDLER="0")
    while at < first + draws:
        count = min(batch, first + draws - at)
        with tempfile.NamedTemporaryFile() as note:
            command = [
                sys.executable,
                os.path.abspath(__file__),
                "--child",
                str(at),
                str(count),
                str(note.fileno()),
                "--seed",
                str(seed),
                "--engine",
                engine,
                "--memory",
                str(memory),
                "--only",
                *only,
            ]
            process = subprocess.run(
                command, pass_fds=[note.fileno()], capture_output=True, text=True, errors="replace", env=environment
            )
            told = os.pread(note.fileno(), 1 << 20, 0).split(b"\0")[0].decode(errors="replace")
        if told == "done":
            at += count
            continue
        if not told:
            raise RuntimeError(f"the child process did not begin: {process.stderr[-2000:]}")
        number, code = told.split(" ", 1)
        if (
            is_sanitized() and "SUMMARY: AddressSanitizer: out-of-memory" in process.stderr
        ):  # its operator new has no std::bad_alloc
            at = int(number) + 1
            continue
        how = (
            "SystemError"
            if process.returncode == 70
            else f"more than {SECONDS} s"
            if process.returncode == -signal.SIGALRM
            else signal.Signals(-process.returncode).name
            if process.returncode < 0
            else f"exit {process.returncode}"
        )
        program = f"{PROLOGUE}k.config.set_engine('{engine}'); {code}"
        found.append((number, how, program))
        report(
            f"draw {number}: {how}\n    {program}\n{process.stderr[-3000:] if process.returncode > 0 else ''}",
            flush=True,
        )
        at = int(number) + 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument(
        "--memory", type=float, default=3072, help="megabytes that a child may take beyond those of its start"
    )
    parser.add_argument("--engine", choices=["graph", "eager"], default="graph")
    parser.add_argument("--only", nargs="*", default=[], help="names of ops and classes")
    parser.add_argument("--show", action="store_true", help="print the lines, run nothing")
    parser.add_argument("--child", nargs=3, type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.child:
        child(a.child[0], a.child[1], a.seed, a.engine, a.only, a.memory, a.child[2])
    elif a.show:
        chosen = [t for t in targets() if not a.only or t[1] in a.only]
        for number in range(a.first, a.first + a.draws):
            print(number, line(number, a.seed, chosen))
    else:
        found = run(a.draws, a.seed, a.engine, a.only, a.batch, a.first, a.memory)
        print(f"{a.draws} draws, {len(found)} ended their process")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
