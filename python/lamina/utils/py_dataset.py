"""PyDataset: batches that Python code makes."""

from lamina._core.public import publish


class PyDataset:
    """Batches by index: override __getitem__(i) -> (x, y[, sample_weight]), num_batches, and on_epoch_end() if need be.

    Args:
        workers: threads that prepare batches ahead, if more than one.
        use_multiprocessing: whether batches are prepared ahead with a single worker, too.
        max_queue_size: the most batches that are prepared ahead.
    """

    workers, use_multiprocessing, max_queue_size = 1, False, 10  # of a subclass that does not call super().__init__()

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index):
        raise NotImplementedError

    @property
    def num_batches(self):
        """How many batches an epoch has; None if there is no end. The length of a class that has `__len__` instead."""
        if type(self).__len__ is not PyDataset.__len__:
            return len(self)
        raise NotImplementedError("You must implement the `num_batches` property.")

    def __len__(self):
        return self.num_batches

    def on_epoch_begin(self):
        """Called before each epoch."""

    def on_epoch_end(self):
        """Called after each epoch."""


Sequence = PyDataset

publish("lamina.utils", PyDataset)
