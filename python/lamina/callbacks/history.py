"""History: what fit() returns."""

from lamina._core.public import publish
from lamina.callbacks.callback import Callback


class History(Callback):
    """Losses and metrics an epoch: `history` is a dict of lists, `epoch` the epochs' numbers. fit() makes one and
    returns it."""

    def __init__(self):
        super().__init__()
        self.history = {}
        self.epoch = []

    def on_train_begin(self, logs=None):
        """Forgets the numbers of earlier epochs.

        Args:
            logs: not used.
        """
        self.epoch = []

    def on_epoch_end(self, epoch, logs=None):
        """Keeps the epoch's number and logs.

        Args:
            epoch: from 0.
            logs: losses and metrics by name.
        """
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)


publish("lamina.callbacks", History)
