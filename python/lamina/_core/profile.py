"""lamina.profile: where the time goes, kernel by kernel."""

import os

from lamina import _lamina
from lamina._core.public import publish


class profile:
    """Records the time of every kernel that runs inside a `with` block, on either engine.

    with lamina.profile("trace.json") as p:    # the path may be left out
        model.fit(x, y)
    print(p.table())                           # a row a kernel and signature, the longest first

    Args:
        path: where to write a trace in Chrome's trace event format (chrome://tracing, Perfetto, Speedscope) when the
            block ends without an error. OSError if that fails.

    LAMINA_PROFILE=trace.json does the same for a whole program. Only one profile can be recorded at a time
    (RuntimeError).
    """

    def __init__(self, path=None):
        self.path = path
        self._recorded = None

    def __enter__(self):
        _lamina.start_profiling()
        return self

    def __exit__(self, kind, error, trace):
        self._recorded = _lamina.stop_profiling()
        if self.path is not None and kind is None:
            self.write(self.path)

    def _profile(self):
        if self._recorded is None:
            raise RuntimeError("Nothing has been recorded yet. Use the profile after its `with` block.")
        return self._recorded

    def rows(self):
        """Dicts, the longest first: op, kernel, signature, calls, seconds (of all calls), share of the time in kernels,
        and flops (0 if unknown) and bytes (inputs and outputs) of one call."""
        return self._profile().rows()

    def table(self, most=30):
        """The longest rows as text.

        Args:
            most: how many rows.

        Returns:
            A table of calls, ms, share, GFLOP/s and GB/s.
        """
        return self._profile().table(most)

    def kernel_seconds(self):
        """Seconds spent in kernels."""
        return self._profile().kernel_seconds()

    def function_seconds(self):
        """Seconds spent in compiled functions (training steps, predictions) of the graph engine, kernels included."""
        return self._profile().function_seconds()

    def data_seconds(self):
        """Seconds that fit, evaluate and predict waited for their data to give the next batch."""
        return self._profile().data_seconds()

    def write(self, path):
        """Writes the trace: the old file or the whole new one, whatever happens.

        Args:
            path: the file.

        Raises:
            OSError: if it cannot be written.
        """
        self._profile().write(os.fspath(path))


publish("lamina", profile)
