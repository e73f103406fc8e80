"""Fits the handwritten digits on the CPU and on the GPU, on both engines: the histories must agree to 1e-3."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples/python"))

import lamina
import quickstart

device = sys.argv[1] if len(sys.argv) > 1 else "cuda"
worst = 0.0
for engine in ("graph", "eager"):
    lamina.config.set_engine(engine)
    histories = {}
    for where in ("cpu", device):
        lamina.config.set_device(where)
        histories[where] = quickstart.fit(verbose=0)[1]
    for key, values in histories["cpu"].items():
        far = max(abs(a - b) for a, b in zip(values, histories[device][key], strict=True))
        worst = max(worst, far)
        print(
            f"{engine}, {key}: {values[0]:.6f} to {values[-1]:.6f}, on {device} {histories[device][key][0]:.6f} to "
            f"{histories[device][key][-1]:.6f}, at most {far:.2e} apart"
        )
print("agree to 1e-3" if worst < 1e-3 else "DIFFER by more than 1e-3")
sys.exit(worst >= 1e-3)
