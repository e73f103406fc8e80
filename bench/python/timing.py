"""Timing inside a framework's process."""
import time


def fit_seconds(fit, available_steps, seconds):
    """Seconds a step of fit(steps, epochs), over about `seconds`; few steps for slow frameworks, epochs for fast ones."""
    probe = min(20, available_steps)
    start = time.perf_counter()
    fit(probe, 1)
    wanted = max(probe, int(seconds * probe / (time.perf_counter() - start)))
    steps = min(wanted, available_steps)
    epochs = -(-wanted // steps)
    start = time.perf_counter()
    fit(steps, epochs)
    return (time.perf_counter() - start) / (steps * epochs)


def call_seconds(call, seconds, chunks=10):
    """Median over chunks of the seconds a call. A chunk is several calls, so that the clock's grain does not matter."""
    start = time.perf_counter()
    call()
    calls = max(1, int(seconds / chunks / max(1e-7, time.perf_counter() - start)))
    times = []
    for _ in range(chunks):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    return sorted(times)[chunks // 2]
