"""The metrics of compile() as one metric."""

from lamina.metrics.metric import Metric


class CompileMetrics(Metric):
    """What `model.metrics` has for all metrics given to compile(): its result is a dict of theirs, by name."""

    def __init__(self, box):
        Metric._wrap_init(self, box)

    @property
    def metrics(self):
        """The metrics inside; none before the first update, which matches them with the outputs."""
        return self._attribute("metrics")

    def result(self):
        """The results of all metrics.

        Returns:
            A dict of scalars by name; empty before the first update.
        """
        return self._result()

    def get_config(self):
        """Raises NotImplementedError: a model's compile config holds what these were made from."""
        raise NotImplementedError(
            "The metrics of compile() have no config of their own. Use model.get_compile_config()."
        )
