"""Timing inside a framework's process."""

import time

import numpy as np


def fit_seconds(fit, available_steps, seconds):
    """Seconds a step of fit(steps, epochs), over about `seconds`; few steps for slow frameworks, epochs for fast
    ones."""
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


def _best(call, seconds=1.0):
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def product_flops(product, size=1536):
    """Floating-point operations a second of product(size), a function that multiplies two square float32 matrices."""
    call = product(size)
    call()
    return 2 * size**3 / _best(call)


def copy_bandwidth(megabytes=128):
    """Bytes read and written a second by copying an array that no cache holds."""
    source = np.ones(megabytes << 17, "float64")
    target = np.empty_like(source)
    return 2 * source.nbytes / _best(lambda: np.copyto(target, source))
