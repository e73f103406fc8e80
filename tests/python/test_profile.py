"""lamina.profile and LAMINA_PROFILE."""

import json
import os
import subprocess
import sys
import time

import lamina
import numpy as np
import pytest


def model(engine):
    m = lamina.Sequential([lamina.Input((32,)), lamina.layers.Dense(64, activation="relu"), lamina.layers.Dense(8)])
    m.compile("sgd", "mse", run_eagerly=engine == "eager")
    return m


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_kernels_of_a_fit(engine, tmp_path):
    m, x, y = model(engine), np.ones((40, 32), "float32"), np.ones((40, 8), "float32")
    m.fit(x, y, batch_size=10, verbose=0)
    with lamina.profile(tmp_path / "trace.json") as p:
        m.fit(x, y, batch_size=10, verbose=0)
    products = [r for r in p.rows() if r["op"].startswith(("MatMul", "FusedMatMul"))]
    # Two forward, and all but the gradient of the input backward; four batches of each.
    assert sum(r["calls"] for r in products) == 4 * 5
    assert sum(r["calls"] * r["flops"] for r in products) == pytest.approx(
        4 * 2 * 10 * (2 * 32 * 64 + 3 * 64 * 8), rel=0.15
    )  # W - rate * g counts one more
    assert sum(r["share"] for r in p.rows()) == pytest.approx(1)
    assert all(r["seconds"] > 0 and r["bytes"] > 0 for r in products)
    assert (p.function_seconds() > p.kernel_seconds() > 0) == (engine == "graph")
    assert p.data_seconds() > 0 and "ms waiting for data" in p.table()
    assert "MatMul" in p.table() and "GFLOP/s" in p.table() and "and" in p.table(1).splitlines()[-2]
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {e["ph"] for e in events} == {"X"}
    assert {e["cat"] for e in events} == {"kernel", "data"} | ({"function"} if engine == "graph" else set())
    kernels = [e for e in events if e["cat"] == "kernel"]
    assert sum(e["dur"] for e in kernels) * 1e-6 == pytest.approx(p.kernel_seconds(), rel=1e-3)
    assert all("GFLOP/s" in e["args"] for e in kernels if e["name"] in ("MatMul", "FusedMatMul"))
    # Outside of a profile nothing is recorded.
    with lamina.profile() as nothing:
        pass
    assert nothing.rows() == []


class Slow(lamina.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        time.sleep(0.02)
        return np.ones((10, 32), "float32"), np.ones((10, 8), "float32")


@pytest.mark.parametrize("loop", ["fit", "evaluate", "predict"])
def test_waiting_for_data_is_counted(loop):
    m = model("graph")
    with lamina.profile() as p:
        getattr(m, loop)(Slow(), verbose=0)
    assert p.data_seconds() >= 0.08


def test_one_profile_at_a_time(tmp_path):
    with pytest.raises(RuntimeError, match="Nothing has been recorded yet"):
        lamina.profile().table()
    already = pytest.raises(RuntimeError, match="A profile is being recorded already")
    with lamina.profile(), already, lamina.profile():
        pass
    path = tmp_path / "no such folder" / "trace.json"
    with pytest.raises(OSError, match="no such folder"), lamina.profile(path):
        lamina.ops.add(1.0, 2.0)
    with pytest.raises(KeyError), lamina.profile(tmp_path / "t.json"):
        raise KeyError("mine")
    assert not (tmp_path / "t.json").exists()
    with lamina.profile():  # and it can be used again
        pass


def test_whole_program(tmp_path):
    code = (
        "import lamina, numpy as np; m = lamina.Sequential([lamina.layers.Dense(3)]); m.predict(np.ones((2, 4), "
        "'float32'), verbose=0)"
    )
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "LAMINA_PROFILE": str(tmp_path / "t.json")}, check=True
    )
    assert "FusedMatMul" in {e["name"] for e in json.loads((tmp_path / "t.json").read_text())["traceEvents"]}


def flops_of(call):
    with lamina.profile() as p:
        call()
    return {r["op"].split("(")[0]: r["flops"] for r in p.rows() if r["flops"]}


def test_operations_counted():
    ones = lambda *shape: np.ones(shape, "float32")
    assert flops_of(lambda: lamina.ops.conv(ones(2, 8, 8, 3), ones(3, 3, 3, 5), padding="same"))["Convolution"] == 2 * (
        2 * 8 * 8
    ) * (3 * 3 * 3 * 5)
    assert flops_of(lambda: lamina.ops.depthwise_conv(ones(2, 8, 8, 6), ones(3, 3, 6, 1)))["Convolution"] == 2 * (
        2 * 6 * 6 * 6
    ) * (3 * 3)
    query = ones(2, 6, 4, 8)
    assert flops_of(lambda: lamina.ops.dot_product_attention(query, query, query))["Attention"] == 2 * (2 * 4) * (
        6 * 6
    ) * (8 + 8)
    assert flops_of(lambda: lamina.ops.dot_product_attention(query, query, query, is_causal=True))["Attention"] == 2 * (
        2 * 4
    ) * (6 * 7 // 2) * (8 + 8)
    lstm = lamina.layers.LSTM(4)
    lstm.build((3, 5, 2))
    assert flops_of(lambda: lstm(ones(3, 5, 2)))["Recurrent"] == 2 * (3 * 5) * 4 * 16
