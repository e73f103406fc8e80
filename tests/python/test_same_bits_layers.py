"""Training gives the same bits on one and on two threads, for nets of every kind and batches that threads share."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

import lamina
import pytest
from same_bits_nets import nets


def train():
    """Prints for each net its name and a digest of the losses and weights after three steps."""
    import lamina as keras
    import numpy as np

    print(keras.config.instruction_set())
    keras.utils.set_random_seed(7)
    random = np.random.default_rng(1)
    for name, (model, shape) in nets(keras).items():
        x, y = random.standard_normal((96, *shape)).astype("float32"), random.standard_normal((96, 3)).astype("float32")
        model.compile("adam", "mse")
        losses = [model.train_on_batch(x, y) for _ in range(3)]
        assert np.isfinite(losses).all()
        digest = hashlib.sha256(
            np.asarray(losses, "float64").tobytes()
            + b"".join(w.tobytes() for w in model.get_weights())
            + np.asarray(model.predict(x, verbose=0)).tobytes()
        )
        digest.update(np.asarray(model.predict_on_batch(x[:1])).tobytes())
        print(f"{name}: {digest.hexdigest()}")


def lines(folder, backend, threads, level):
    (folder / "lamina.json").write_text(json.dumps({"backend": backend, "threads": threads}))
    env = {k: v for k, v in os.environ.items() if k not in ("LAMINA_BACKEND", "LAMINA_CONFIG", "LAMINA_DEVICE")}
    env["LAMINA_INSTRUCTIONS"] = level
    env["PYTHONPATH"] = os.pathsep.join(
        [str(pathlib.Path(lamina._lamina.__file__).parents[1]), str(pathlib.Path(__file__).parent)]
    )
    done = subprocess.run([sys.executable, __file__], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
@pytest.mark.parametrize("backend", ["graph", "eager"])
def test_one_and_two_threads(tmp_path, backend, level):
    one, two, three = (lines(tmp_path, backend, threads, level) for threads in (1, 2, 3))
    assert len(one) == 11
    if one[0] != level:
        pytest.skip(f"this processor has no {level}")
    assert one == two == three


if __name__ == "__main__":
    train()
