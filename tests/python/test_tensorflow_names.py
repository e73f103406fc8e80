"""`tensorflow_names.py` in a process of its own: what it imports makes `import keras` mean Lamina."""

import os
import subprocess
import sys
from pathlib import Path


def test_in_a_process_of_its_own():
    cases = Path(__file__).with_name("tensorflow_names.py")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", cases],
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
