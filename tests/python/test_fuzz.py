"""A fixed number of drawn calls; LAMINA_FUZZ_DRAWS and LAMINA_FUZZ_SEED ask for more or others (see fuzz.py)."""

import os

import fuzz
import pytest


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_no_drawn_call_ends_the_process(engine):
    found = fuzz.run(
        int(os.environ.get("LAMINA_FUZZ_DRAWS", 2500)),
        seed=os.environ.get("LAMINA_FUZZ_SEED", "1"),
        engine=engine,
        batch=250,
    )
    assert not found, "\n".join(f"{how}: {program}" for _, how, program in found)


def test_the_call_that_ends_the_process_is_told(monkeypatch):
    """And the draws behind it are made."""
    told = []
    monkeypatch.setenv("LAMINA_FUZZ_INSTEAD", "3 os.abort()")
    found = fuzz.run(8, batch=4, report=lambda *a, **k: told.append(a))
    assert len(found) == len(told) == 1
    number, how, program = found[0]
    assert (number, how) == ("3", "SIGABRT") and program.endswith("os.abort()")
