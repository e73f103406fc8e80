"""Runs a workload through the Keras API: Keras on any of its backends, and Lamina."""

import importlib

import initial
import numpy as np

PRODUCTS = ("MatMul", "FusedMatMul", "Convolution", "FusedConvolution", "Attention", "Recurrent", "WholeRecurrent")


def step_work(keras, model, fit):
    """Of a training step: floating-point operations of its products, as Lamina's profiler counts them, and bytes of
    variables and optimizer state, read and written."""
    with keras.profile() as profile:
        fit(1, 1)
    flops = sum(row["flops"] * row["calls"] for row in profile.rows() if row["op"].startswith(PRODUCTS))
    variables = {id(v): v for v in [*model.variables, *model.optimizer.variables]}.values()
    return {"flops": flops, "bytes": 2 * sum(np.asarray(v).nbytes for v in variables)}


class Runner:
    def __init__(self, module):
        self.keras = importlib.import_module(module)
        self.version = self.keras.__version__
        if hasattr(self.keras, "profile") and self.keras.config.engine() == "graph":
            self.work = lambda: step_work(self.keras, self.model, self.fit)

    def setup(self, workload, x, y):
        self.model, self.batch = workload.keras_model(self.keras), workload.BATCH
        self.x, self.y = x, y
        self.one, self.many = self._rows(1), self._rows(self.batch)
        self.fit(4, 1)
        for measure in (self.predict, self.predict_one, self.call_one):
            measure()

    def _rows(self, n):
        rows = [a[:n] for a in self.x]
        return rows[0] if len(rows) == 1 else rows

    def fit(self, steps, epochs):
        samples = steps * self.batch
        self.model.fit(self._rows(samples), self.y[:samples], batch_size=self.batch, epochs=epochs, verbose=0)

    def predict(self):
        self.model.predict(self.many, batch_size=self.batch, verbose=0)

    def predict_one(self):
        self.model.predict_on_batch(self.one)

    def call_one(self):
        out = self.model(self.one)
        if hasattr(out, "block_until_ready"):  # JAX goes on before it is done
            out.block_until_ready()

    def product(self, size):
        a = self.keras.ops.convert_to_tensor(np.random.rand(size, size).astype("float32"))

        def call():
            out = self.keras.ops.matmul(a, a)
            if hasattr(out, "block_until_ready"):
                out.block_until_ready()

        return call

    def losses(self, workload, x, y, steps):
        """Of as many training steps on one batch, from the shared initial weights."""
        model = workload.keras_model(self.keras, check=True)
        initial.set_keras(model)
        x = x[0] if len(x) == 1 else x
        out = []
        for _ in range(steps):
            model.reset_metrics()  # the loss reported is a mean since the last reset
            out.append(float(np.ravel(model.train_on_batch(x, y))[0]))
        return out
