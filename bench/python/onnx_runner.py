"""Runs a workload's PyTorch model in ONNX Runtime: inference only, a session a batch size, as its users would export
it."""

import io
import os

import onnxruntime
import torch


class Runner:
    def __init__(self, _):
        self.version = onnxruntime.__version__

    def setup(self, workload, x, y):
        net, _, _ = workload.torch_model(torch)
        net.eval()
        self.one, self.many = (
            self._session(net, [a[:1] for a in x]),
            self._session(net, [a[: workload.BATCH] for a in x]),
        )
        self.predict(), self.predict_one()

    @staticmethod
    def _session(net, arrays):
        """(session, feeds) for inputs of these shapes."""
        names = [f"input_{i}" for i in range(len(arrays))]
        exported = torch.onnx.export(
            net, tuple(torch.from_numpy(a) for a in arrays), input_names=names, dynamo=True, verbose=False
        )
        buffer = io.BytesIO()
        exported.save(buffer)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))
        session = onnxruntime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])
        feeds = {given.name: a for given, a in zip(session.get_inputs(), arrays)}
        return session, feeds

    def predict(self):
        session, feeds = self.many
        session.run(None, feeds)

    def predict_one(self):
        session, feeds = self.one
        session.run(None, feeds)

    call_one = predict_one
