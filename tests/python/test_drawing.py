"""plot_model and model_to_dot: the boxes and arrows are those of Keras; SVG is drawn without Graphviz."""

import re
import shutil
import xml.etree.ElementTree

import lamina as keras
import pytest

SVG = "{http://www.w3.org/2000/svg}"


def nested(keras):
    layers = keras.layers
    inner_in = keras.Input((16,), name="inner_in")
    hidden = layers.Dense(8, activation="relu", name="h")(inner_in)
    inner = keras.Model(inner_in, [hidden, layers.Dense(4, name="i")(hidden)], name="inner")
    a, b = keras.Input((16,), name="a"), keras.Input((16,), name="b")
    u, v = inner(a)
    w = layers.Concatenate(name="c")([u, layers.Dense(8, activation="gelu", name="d")(b)])
    stack = keras.Sequential(
        [keras.Input((16,)), layers.Dense(5, name="e"), layers.Dropout(0.2, name="f")], name="stack"
    )
    out = stack(w) * 2
    last = layers.Dense(3, trainable=False, name="g", dtype="float64")(out)
    return keras.Model([a, b], [last, layers.Add(name="j")([v, layers.Dense(4, name="k")(out)])])


def stack(keras):
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="a", activation="tanh"), layers.Dense(2, name="b")]
    )


def shared(keras):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    dense = keras.layers.Dense(2, name="d")
    return keras.Model({"a": a, "b": b}, [dense(a), dense(b)])


OPTIONS = ("show_shapes", "show_dtype", "show_layer_names", "show_layer_activations", "show_trainable", "expand_nested")


def drawn(dot):
    """({label}, {(label, label)}) of DOT text, whatever the boxes are called there; without the names of ops."""
    text = re.sub(r"\s+", " ", dot)
    labels = {}
    for name, label in re.findall(r'"?(\w+)"? \[[^\[\]]*?label=<(<table.*?</table>)>', text):
        label = re.sub(r"multiply_\d+", "multiply", label.replace(' color="black"', ""))
        labels[name] = re.sub(r"float64|float32", "dtype", re.sub(r"<[^>]*>", "|", label))
    arrows = {(labels[a], labels[b]) for a, b in re.findall(r'"?(\w+)"? -> "?(\w+)"?', text)}
    return sorted(labels.values()), arrows


@pytest.mark.parametrize("make", [nested, stack, shared])
@pytest.mark.parametrize("options", [(), OPTIONS[:3], OPTIONS[2:5], OPTIONS[5:], OPTIONS], ids=str)
def test_boxes_and_arrows_are_those_of_keras(make, options):
    import keras as real

    pytest.importorskip("pydot")
    given = {name: name in options for name in OPTIONS}
    ours = keras.utils.model_to_dot(make(keras), **given).to_string()
    theirs = real.utils.model_to_dot(make(real), **given).to_string()
    assert drawn(ours) == drawn(theirs)


def picture(dot):
    return xml.etree.ElementTree.fromstring(dot.create("svg"))


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("splines", ["ortho", "polyline", "line", "spline", "curved"])
def test_svg_shows_all_and_boxes_stand_apart(rankdir, splines):
    model = nested(keras)
    dot = keras.utils.model_to_dot(
        model, expand_nested=True, rankdir=rankdir, splines=splines, show_shapes=True, show_layer_activations=True
    )
    root = picture(dot)
    texts = ["".join(t.itertext()) for t in root.iter(SVG + "text")]
    for name in ("a (InputLayer)", "inner_in (InputLayer)", "j (Add)", "inner", "stack", "Activation: gelu"):
        assert name in texts
    assert len([p for p in root.iter(SVG + "path") if p.get("marker-end")]) == len(re.findall("->", dot.to_string()))
    left, top, width, height = map(float, root.get("viewBox").split())
    heads = []
    for rect in root.iter(SVG + "rect"):
        x, y, w, h = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
        assert left <= x and top <= y and x + w <= left + width and y + h <= top + height
        if rect.get("fill") == "black":
            heads.append((x, y, w, h))
    for i, (x, y, w, h) in enumerate(heads):
        for u, v, s, t in heads[:i]:
            assert x + w <= u or u + s <= x or y + h <= v or v + t <= y
    inputs = next(t for t in root.iter(SVG + "text") if "".join(t.itertext()) == "b (InputLayer)")
    outputs = next(t for t in root.iter(SVG + "text") if "".join(t.itertext()) == "j (Add)")
    axis, sign = ("x" if rankdir in ("LR", "RL") else "y"), (1 if rankdir in ("TB", "LR") else -1)
    assert sign * (float(outputs.get(axis)) - float(inputs.get(axis))) > 0


def test_dpi_is_the_size():
    sizes = [float(picture(keras.utils.model_to_dot(stack(keras), dpi=dpi)).get("width")) for dpi in (100, 200)]
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.01)


def test_names_are_text_and_not_markup():
    class Odd(keras.layers.Layer):
        def call(self, x):
            return x

    model = keras.Sequential([keras.Input((1,)), Odd(name='<b>"&')])
    dot = keras.utils.model_to_dot(model, subgraph=True)
    assert '<b>"& (Odd)' in ["".join(t.itertext()) for t in picture(dot).iter(SVG + "text")]
    assert "&lt;b&gt;&quot;&amp;" in dot.to_string()
    assert "cluster_0" in dot.to_string()


def test_a_large_model_is_drawn():
    x = inputs = keras.Input((4,))
    for i in range(400):
        x = keras.layers.Dense(4)(x) if i % 3 else keras.layers.Add()([x, keras.layers.Dense(4)(x)])
    root = picture(keras.utils.model_to_dot(keras.Model(inputs, x)))
    assert len(list(root.iter(SVG + "rect"))) == 1 + 400 + 134


def test_plot_model(tmp_path, monkeypatch):
    assert keras.utils.plot_model(nested(keras), tmp_path / "model.svg", show_shapes=True) is None
    assert (tmp_path / "model.svg").read_text().startswith("<svg")
    keras.utils.plot_model(nested(keras), tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text().startswith("digraph")
    if shutil.which("dot") is None:
        with pytest.warns(UserWarning, match="drawn into .*other.svg"):
            keras.utils.plot_model(stack(keras), str(tmp_path / "other.png"))
        with pytest.raises(ImportError, match="needs Graphviz"):
            keras.utils.model_to_dot(stack(keras)).create("png")
    # A stand-in for Graphviz: what it prints is the file.
    (tmp_path / "dot").write_text(
        '#!/bin/sh\nread first\necho "$1 $first"\n[ $1 = -Tpdf ] && echo broken >&2 && exit 1\nexit 0\n'
    )
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    keras.utils.plot_model(stack(keras), tmp_path / "model.png")
    assert (tmp_path / "model.png").read_text() == "-Tpng digraph G {\n"
    with pytest.raises(RuntimeError, match="broken"):
        keras.utils.plot_model(stack(keras), tmp_path / "model.pdf")


def test_subclassed_models_are_one_box():
    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    with pytest.raises(ValueError, match="has not yet been built"):
        keras.utils.model_to_dot(model)
    model(keras.ops.ones((1, 3)))
    labels, arrows = drawn(keras.utils.model_to_dot(model).to_string())
    assert len(labels) == 1 and "own" in labels[0] and not arrows


def test_refuses_unknown_options():
    model = stack(keras)
    for name, value in (("rankdir", "UP"), ("splines", "wavy"), ("dpi", 0)):
        with pytest.raises(ValueError, match=name):
            keras.utils.model_to_dot(model, **{name: value})
    with pytest.raises(ValueError, match="layer_range"):
        keras.utils.model_to_dot(model, layer_range=("a", "b"))
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        keras.utils.plot_model(model, show_shape=True)
    with pytest.raises(TypeError, match="must be a Model"):
        keras.utils.plot_model(keras.layers.Dense(2))
