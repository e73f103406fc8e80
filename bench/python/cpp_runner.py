"""Runs a workload in a C++ program: the model goes there as a .keras file, the data as plain bytes; Python only asks
for times."""

import json
import pathlib
import subprocess
import tempfile

import lamina


class Runner:
    def __init__(self, _):
        self.version = lamina.__version__
        self.program = pathlib.Path(lamina._lamina.__file__).resolve().parents[2] / "bin" / "bench_workloads"
        if not self.program.exists():
            raise FileNotFoundError(
                f"{self.program} is missing: build the target bench_workloads with -DLAMINA_BENCH=ON"
            )
        self.process, self.folder = None, None

    def setup(self, workload, x, y):
        self.close()
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        workload.keras_model(lamina).save(folder / "model.keras")
        arrays = []
        for i, array in enumerate([*x, y]):
            path = folder / f"{i}.bin"
            path.write_bytes(array.tobytes())
            arrays.append({"file": str(path), "dtype": str(array.dtype), "shape": list(array.shape)})
        (folder / "data.json").write_text(json.dumps({"batch": workload.BATCH, "arrays": arrays}))
        self.process = subprocess.Popen(
            [self.program, folder / "model.keras", folder / "data.json"],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._line()
        for measure in ("fit", "predict", "predict_one", "call_one"):
            self.seconds(measure, 0.01)

    def seconds(self, measure, seconds):
        self.process.stdin.write(f"{measure} {seconds}\n")
        self.process.stdin.flush()
        return float(self._line())

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"bench_workloads ended with status {self.process.wait()}")
        return line

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.folder.cleanup()
            self.process = None
