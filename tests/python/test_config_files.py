"""lamina.json and the environment: what is said where they hold nonsense."""

import json
import os
import pathlib
import subprocess
import sys

import lamina
import pytest

CONFIGS = [
    ('{"backend": "grap"}', ["lamina.json", '"backend"', '"graph" or "eager"', "'grap'"]),
    ('{"bakend": "graph"}', ["lamina.json", 'unknown key "bakend"', 'Did you mean "backend"?', "Known keys"]),
    ('{"backend": "graph"', ["Cannot parse lamina.json", "line 1", "received the end of the text"]),
    ('{"threads": -1}', ["lamina.json", '"threads"', "from 0", "1024", "-1"]),
    ('{"threads": "two"}', ["lamina.json", '"threads"', "a number of threads", "'two'"]),
    ('{"device": "cuda:99"}', ["lamina.json", '"device" is "cuda:99", but ', "CUDA", '"cpu"']),
    ('{"device": "tpu"}', ["lamina.json", '"device"', '"cpu", "cuda", "cuda:1"', "'tpu'"]),
    ('{"floatx": "int8"}', ["lamina.json", '"floatx"', '"float32"', "'int8'"]),
    ('{"epsilon": 0}', ["lamina.json", '"epsilon"', "a positive number", "received 0"]),
    ('{"lost_masks": "raise"}', ["lamina.json", '"lost_masks"', '"warn" or "error"', "'raise'"]),
    ("[1]", ["lamina.json", "expected an object", "received [1]"]),
]
USE = """
import pathlib, lamina
try:
    lamina.ops.ones((2,))
except ValueError as e:
    print(e)
pathlib.Path("lamina.json").write_text('{"backend": "eager"}')
print(lamina.ops.ones((2,)), lamina.config.engine())
"""


def use(folder, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LAMINA_")}
    env |= {"PYTHONPATH": str(pathlib.Path(lamina._lamina.__file__).parents[1]), "HOME": str(folder), **variables}
    done = subprocess.run([sys.executable, "-c", USE], cwd=folder, env=env, capture_output=True, text=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize("text, words", CONFIGS)
def test_config_files(tmp_path, text, words):
    """And once the file is mended, the same process goes on."""
    (tmp_path / "lamina.json").write_text(text)
    said, _ = use(tmp_path)
    for word in words:
        assert word in said, f"{word!r} is not in: {said}"
    assert said.endswith("eager\n")


def test_config_by_the_environment(tmp_path):
    (tmp_path / "lamina.json").write_text(json.dumps({"backend": "graph"}))
    said, _ = use(tmp_path, LAMINA_BACKEND="eagr")
    assert said.startswith(
        '[ones] LAMINA_BACKEND: the value of "backend" must be "graph" or "eager", received \'eagr\''
    )
    said, _ = use(tmp_path, LAMINA_CONFIG="none.json")
    assert "LAMINA_CONFIG names none.json, which does not exist." in said
