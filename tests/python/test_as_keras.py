"""`import lamina.as_keras` and `python -m lamina`: programs written for Keras, unchanged."""

import os
import subprocess
import sys

SCRIPT = """
import sys
import keras
import tensorflow as tf
from keras.layers import Dense
from keras.optimizers.schedules import CosineDecay
from tensorflow import keras as tf_keras
from tensorflow.keras import layers
import tensorflow.keras.models as models
import lamina

assert keras is tf_keras is tf.keras is lamina
assert layers.Dense is Dense is lamina.layers.Dense
assert models.Sequential is keras.Sequential
assert lamina.__spec__.name == "lamina" and lamina.layers.__spec__.name == "lamina.layers"
print(sys.argv[1:], __name__, sys.path[0].endswith("programs"))
"""


def run(*arguments, cwd=None, code=0, env=None):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, env={**os.environ, **(env or {})}
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_runs_a_script(tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    (folder / "beside.py").write_text("VALUE = 5")
    assert run("-m", "lamina", str(folder / "script.py"), "a", "--b") == "['a', '--b'] __main__ True\n"
    (folder / "uses.py").write_text("import beside, keras; print(beside.VALUE, keras.__name__)")
    assert run("-m", "lamina", str(folder / "uses.py")) == "5 lamina\n"
    assert run("-m", "lamina", "-m", "uses", "x", cwd=folder) == "5 lamina\n"
    assert (
        run("-m", "lamina", "-c", "import sys, keras; print(keras.__name__, sys.argv)", "-x") == "lamina ['-c', '-x']\n"
    )


def test_command_line():
    assert run("-m", "lamina", "--version").startswith("Lamina ")
    assert "script.py" in run("-m", "lamina", "--help")
    assert "name one program" in run("-m", "lamina", code=2)
    assert "there is no file 'none.py'" in run("-m", "lamina", "none.py", code=2)
    assert run("-m", "lamina", "-c", "raise SystemExit(3)", code=3) == ""


def test_names_the_equivalents():
    text = """
import lamina.as_keras
import tensorflow as tf
def said(f):
    try:
        f()
    except AttributeError as error:
        return str(error)
for f in (lambda: tf.reduce_mean([1.0]), lambda: tf.data.Dataset.from_tensor_slices(1), lambda: tf.random.normal((2,)),
          lambda: tf.random.set_seed(1), lambda: tf.nn.relu(1), lambda: tf.image.resize(1, 2),
          lambda: tf.strings.join([])):
    print(said(f).rpartition("alone. ")[2])
"""
    assert run("-c", text).splitlines() == [
        "Use keras.ops.mean.",
        "Use lamina.data.Dataset.",
        "Use keras.random.normal.",
        "Use keras.utils.set_random_seed.",
        "Use keras.ops.relu.",
        "Use keras.ops.image.resize.",
        "Keras' modules have no equivalent by that name.",
    ]


def test_an_installed_tensorflow_keeps_its_own_names(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("from . import own\nkeras = 'theirs'\nconstant = 5\n")
    (tmp_path / "tensorflow" / "own.py").write_text("")
    text = """
import lamina.as_keras, lamina
import tensorflow as tf
from tensorflow.keras.layers import Dense
import tensorflow.own
assert tf.keras is lamina and tf.constant == 5 and Dense is lamina.layers.Dense
"""
    run("-c", text, env={"PYTHONPATH": str(tmp_path)})


def test_comes_before_keras():
    assert "Keras was imported before lamina.as_keras" in run(
        "-c", "import sys, types; sys.modules['keras'] = types.ModuleType('keras'); import lamina.as_keras", code=1
    )
    assert "No module named 'keras.src'" in run("-c", "import lamina.as_keras; import keras.src.layers", code=1)
    assert "No module named 'keras.nothing'" in run("-c", "import lamina.as_keras; import keras.nothing", code=1)
    run("-c", "import lamina.as_keras, pickle, keras; pickle.loads(pickle.dumps(keras.layers.Dense(3)))")
