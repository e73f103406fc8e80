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
for f in (lambda: tf.ragged.constant([]), lambda: tf.lookup.StaticHashTable("x"), lambda: tf.nonzero([1]),
          lambda: tf.image.perspective_transform(1, 2), lambda: tf.summary.scalar("a", 1), lambda: tf.nothing):
    print(said(f).rpartition("tensors. ")[2])
"""
    assert run("-c", text).splitlines() == [
        "Use keras.utils.pad_sequences.",
        "Use keras.layers.StringLookup or keras.layers.IntegerLookup.",
        "Use keras.ops.nonzero.",
        "Use keras.ops.image.perspective_transform.",
        "Use keras.callbacks.TensorBoard.",
        "Keras' modules have no equivalent by that name.",
    ]


TRAINING_STEP = """
import keras
import numpy as np
import tensorflow as tf

tf.random.set_seed(1)
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, x: tf.Tensor):
        return self.dense(x)
    @tf.function(jit_compile=True)
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(x) - y) ** 2)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss
net = Net()
net.compile("sgd")
x = np.linspace(0, 1, 8, dtype="float32")[:, None]
data = tf.data.Dataset.from_tensor_slices((x, 2 * x)).map(lambda a, b: (a, b + 1), num_parallel_calls=tf.data.AUTOTUNE)
losses = [float(net.step(a, b)) for _ in range(20) for a, b in data.batch(4).prefetch(tf.data.AUTOTUNE)]
assert losses[-2] < 0.2 * losses[0] and losses[-1] < 0.2 * losses[1], losses
assert net.step is net.step and Net().step is not net.step
assert keras.Input((3,), dtype=tf.string).dtype == "string"
assert isinstance(net(x), tf.Tensor) and not isinstance(x, tf.Tensor)
"""


def test_what_means_the_same_without_tensorflow(tmp_path):
    (tmp_path / "script.py").write_text(TRAINING_STEP)
    for engine in ("graph", "eager"):
        run("-m", "lamina", str(tmp_path / "script.py"), env={"LAMINA_BACKEND": engine})


STRINGS = r"""
import re
import string

import keras
import tensorflow as tf
import tensorflow.data as tf_data
import tensorflow.strings as tf_strings
from tensorflow import strings

def standardize(texts):
    texts = tf_strings.regex_replace(tf.strings.lower(texts), "<br />", " ")
    return strings.regex_replace(texts, f"[{re.escape(string.punctuation)}]", "")

layer = keras.layers.TextVectorization(10, standardize=standardize, output_sequence_length=3)
data = tf_data.Dataset.from_tensor_slices(["A good<br />film!", "a Film"]).batch(2)
layer.adapt(data)
assert layer.get_vocabulary()[2:] == ["film", "a", "good"], layer.get_vocabulary()
assert [layer(x).numpy().tolist() for x in data] == [[[3, 4, 2], [3, 2, 0]]]
one = lambda tensor: getattr(tensor.numpy(), "tolist", tensor.numpy)()
assert one(tf.strings.regex_replace("a-b-c", "(b)-(c)", r"\2\1")) in (b"a-cb", "a-cb")
assert one(tf.strings.regex_replace(["aa"], "a", r"<\0>", replace_global=False)) in ([b"<a>a"], ["<a>a"])
assert one(tf.strings.length(["\u00e9a", ""])) == [3, 0]
assert one(tf.strings.length(["\u00e9a"], unit="UTF8_CHAR")) == [2]
text = lambda tensor: [x.decode() if isinstance(x, bytes) else x for x in one(tensor)]
assert text(tf.strings.upper(["\u00e9a "])) == ["\u00e9A "]
assert text(tf.strings.lower(["\u00c9A"], "utf-8")) == ["\u00e9a"]
assert text(tf.strings.strip([" a b\n"])) == ["a b"]
"""


def test_strings_without_tensorflow(tmp_path):
    (tmp_path / "script.py").write_text(STRINGS)
    run("-m", "lamina", str(tmp_path / "script.py"))
    run("-c", "import lamina.as_keras\nimport tensorflow.keras.layers\nfrom tensorflow import data\ndata.Dataset")
    assert "No module named 'tensorflow.none'" in run("-c", "import lamina.as_keras, tensorflow.none", code=1)


def test_a_method_that_is_a_function_dies_with_its_object():
    text = """
import gc, weakref
import lamina
class Net(lamina.Model):
    def __init__(self):
        super().__init__()
        self.w = self.add_weight((2,))
    @lamina.function
    def doubled(self, x):
        return x * 2 + self.w
net = Net()
assert net.doubled(lamina.ops.ones(2)) is not None and isinstance(Net.doubled, lamina.function)
alive = weakref.ref(net)
del net
gc.collect()
assert alive() is None
"""
    run("-c", text)


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
    assert "No module named 'keras.src.none'" in run("-c", "import lamina.as_keras; import keras.src.none", code=1)
    run(
        "-c",
        "import lamina.as_keras, keras; from keras.src.ops import *; import keras.src.layers as inner; add(1, 2)\n"
        "assert inner is keras.layers and keras.src.ops is keras.ops",
    )
    assert "No module named 'keras.nothing'" in run("-c", "import lamina.as_keras; import keras.nothing", code=1)
    run("-c", "import lamina.as_keras, pickle, keras; pickle.loads(pickle.dumps(keras.layers.Dense(3)))")
