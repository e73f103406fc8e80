"""Runs a workload in PyTorch's usual loop: tensors made once, a permutation an epoch, batches indexed out of it."""

import os

import initial
import torch

DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = bool(os.environ.get("BENCH_TF32"))


class Runner:
    def __init__(self, compiled):
        self.compiled = compiled
        self.version = torch.__version__

    def _make(self, workload, check=False):
        net, loss, optimizer = workload.torch_model(torch, check)
        self.net, self.optimizer = net.to(DEVICE), optimizer
        self.forward = torch.compile(net) if self.compiled else net
        self.loss = torch.compile(lambda x, y: loss(net(*x), y)) if self.compiled else lambda x, y: loss(net(*x), y)
        self.update = torch.compile(optimizer.step) if self.compiled else optimizer.step

    def setup(self, workload, x, y):
        self._make(workload)
        self.batch = workload.BATCH
        self.x, self.y = [torch.from_numpy(a).to(DEVICE) for a in x], torch.from_numpy(y).to(DEVICE)
        self.one, self.many = [a[:1] for a in x], [a[: self.batch] for a in x]
        self.fit(4, 1)
        for measure in (self.predict, self.predict_one, self.call_one):
            measure()

    def _step(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.backward()
        self.update()
        return loss.detach()

    def fit(self, steps, epochs):
        self.net.train()
        for _ in range(epochs):
            order = torch.randperm(steps * self.batch, device=DEVICE)
            total = torch.zeros((), device=DEVICE)
            for at in range(0, len(order), self.batch):
                rows = order[at : at + self.batch]
                total += self._step([a[rows] for a in self.x], self.y[rows])
            total.item()

    def _forward(self, x):
        with torch.inference_mode():
            return self.forward(*(torch.from_numpy(a).to(DEVICE) for a in x))

    def predict(self):
        self.net.eval()
        self._forward(self.many).cpu().numpy()

    def predict_one(self):
        self.net.eval()
        self._forward(self.one).cpu().numpy()

    def call_one(self):
        self.net.eval()
        self._forward(self.one)
        if DEVICE != "cpu":
            torch.cuda.synchronize()

    @staticmethod
    def product(size):
        a, b = torch.rand(size, size, device=DEVICE), torch.rand(size, size, device=DEVICE)

        def call():
            torch.mm(a, b)
            if DEVICE != "cpu":
                torch.cuda.synchronize()

        return call

    def losses(self, workload, x, y, steps):
        """Of as many training steps on one batch, from the shared initial weights."""
        self._make(workload, check=True)
        initial.set_torch(torch, self.net)
        self.net.train()
        x, y = [torch.from_numpy(a).to(DEVICE) for a in x], torch.from_numpy(y).to(DEVICE)
        return [self._step(x, y).item() for _ in range(steps)]
