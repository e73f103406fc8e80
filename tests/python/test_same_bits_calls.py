"""The bits of a result follow from the model, the input and the instruction set: not from the thread, the count of
calls or the entry point."""

import os
import pathlib
import subprocess
import sys

import lamina
import pytest

HERE = pathlib.Path(__file__).parent
WITHOUT_CONVOLUTION_BIASES = {"depthwise", "transposed", "lstm", "gru", "simple", "transformer"}


def lines(what, level, engine):
    env = {k: v for k, v in os.environ.items() if k not in ("LAMINA_CONFIG", "LAMINA_DEVICE")}
    env.update(
        LAMINA_INSTRUCTIONS=level,
        LAMINA_BACKEND=engine,
        PYTHONPATH=os.pathsep.join([str(pathlib.Path(lamina._lamina.__file__).parents[1]), str(HERE)]),
    )
    done = subprocess.run([sys.executable, HERE / "same_bits_calls.py", what], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    if first != f"instructions: {level}":
        pytest.skip(f"this processor has no {level}")
    return rest


@pytest.mark.parametrize("engine", ["graph", "eager"])
@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
def test_calls(level, engine):
    assert lines("calls", level, engine) == []


@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
def test_engines(level):
    """What the README says of the two engines."""
    assert set(lines("engines", level, "graph")) == {f"same: {name}" for name in WITHOUT_CONVOLUTION_BIASES}
