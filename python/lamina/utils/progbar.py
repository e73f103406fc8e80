"""Progbar: the progress of any loop on the standard output."""

import os
import sys
import time

import numpy as np

from lamina._core.console import print_text

_BOLD, _GREEN, _WHITE, _END = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """Shows how far a loop has come, how long it will take, and averages of values on the way.

    Args:
        target: the number of steps; None where it is not known.
        width: characters of the bar.
        verbose: 0 shows nothing, 1 a line that is redrawn, 2 one line at the end.
        interval: the least time between two drawings, in seconds.
        stateful_metrics: names of values that are shown as they are; others are averaged over steps.
        stateless_metrics: names of values that are averaged; others are shown as they are. Give one of the two lists
        at most.
        unit_name: what a step is called.

    Raises:
        ValueError: where both lists are given.

    Example:

    >>> bar = Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 0.5)])
    """

    def __init__(
        self,
        target,
        width=20,
        verbose=1,
        interval=0.05,
        stateful_metrics=None,
        stateless_metrics=None,
        unit_name="step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Only one of `stateful_metrics` or `stateless_metrics` can be provided: each of them "
                "says how all values are shown."
            )
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.stateful_metrics = set(stateful_metrics or ()) if stateless_metrics is None else None
        self._redraws = (
            getattr(sys.stdout, "isatty", lambda: False)() or "ipykernel" in sys.modules or os.name == "posix"
        )
        self._seen = 0
        self._values = {}  # name -> (sum, count)
        self._begun = time.time()
        self._drawn_at = 0
        self._first_step_done = None
        self._drawn_width = 0

    def update(self, current, values=None, finalize=None):
        """Moves to a step.

        Args:
            current: the number of steps that are done.
            values: (name, value) pairs of the steps since the last call.
            finalize: whether this is the last call; None: if `current` has reached the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            averaged = (
                name in self.stateless_metrics if self.stateful_metrics is None else name not in self.stateful_metrics
            )
            if averaged and not finalize:
                steps = max(current - self._seen, 1)
                total, count = self._values.get(name, (0, 0))
                self._values[name] = (total + value * steps, count + steps)
            else:
                self._values[name] = (value, 1)
        self._seen = current
        now = time.time()
        step_time = self._step_time(current, now)
        if self.verbose == 1:
            if now - self._drawn_at < self.interval and not finalize:
                return
            self._draw(current, now, step_time, finalize)
        elif self.verbose == 2 and finalize and self.target:
            digits = len(str(self.target))
            text = f"{current:{digits}d}/{self.target} - {now - self._begun:.0f}s -{self._per_step(step_time)}"
            print_text(text + self._shown_values() + "\n")
        self._drawn_at = now

    def add(self, n, values=None):
        """Moves by some steps.

        Args:
            n: how many.
            values: as in update().
        """
        self.update(self._seen + n, values)

    def _draw(self, current, now, step_time, finalize):
        start = "\b" * self._drawn_width + "\r" if self._redraws else "\n"
        if self.target:
            count = f"{current:{len(str(self.target))}d}/{self.target}"
            done = min(self.width, int(self.width * current / self.target))
            width = len(count) + 1 + self.width
            bar = f"{_BOLD}{count}{_END} "
            if done:
                bar += f"{_GREEN}{'━' * done}{_END}"
            bar += f"{_WHITE}{'━' * (self.width - done)}{_END}"
        else:
            bar = f"{current:7d}/Unknown"
            width = len(bar)
        left = (
            self._left(step_time * (self.target - current))
            if self.target and not finalize
            else f"{now - self._begun:.0f}s"
        )
        rest = self._per_step(step_time) + self._shown_values()
        width += 1 + len(left) + len(rest)
        text = start + bar + f" {_BOLD}{left}{_END}" + rest + " " * max(0, self._drawn_width - width)
        print_text(text + ("\n" if finalize else ""))
        self._drawn_width = width

    def _shown_values(self):
        out = ""
        for name, (total, count) in self._values.items():
            if isinstance(total, str):
                out += f" - {name}: {total}"
                continue
            average = float(np.mean(total)) / max(1, count)
            out += f" - {name}: {average:.4f}" if abs(average) > 1e-3 else f" - {name}: {average:.4e}"
        return out

    @staticmethod
    def _left(seconds):
        seconds = int(seconds)
        if seconds > 3600:
            return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
        return f"{seconds // 60}:{seconds % 60:02d}" if seconds > 60 else f"{seconds}s"

    def _per_step(self, seconds):
        if seconds >= 1 or seconds == 0:
            return f" {seconds:.0f}s/{self.unit_name}"
        return (
            f" {seconds * 1e3:.0f}ms/{self.unit_name}"
            if seconds >= 1e-3
            else f" {seconds * 1e6:.0f}us/{self.unit_name}"
        )

    def _step_time(self, current, now):
        """Seconds per step; the first, which compiles, is left out."""
        if not current:
            return 0
        if self._first_step_done is not None and current > 1:
            out = (now - self._first_step_done) / (current - 1)
        else:
            out = (now - self._begun) / current
        if current == 1:
            self._first_step_done = now
        return out
