"""Every op, layer, loss, metric, optimizer, ... is described in full, and its example shows what the code does."""

import doctest
import io
import pydoc
import sys

import lamina
import numpy as np
import object_cases
import pytest
from lamina import _lamina

DOCUMENTATION = _lamina.documentation()
BY_NAME = {f"{d['module']}.{d['name']}": d for d in DOCUMENTATION}
MODULES = sorted({d["module"] for d in DOCUMENTATION})

# Classes of graphs, which keras.Model makes and whose methods Python documents; what only files bring, without a public
# name.
WITHOUT_ARGUMENTS = {"keras.models.Functional", "keras.models.Model", "keras.models.Sequential"}
WITHOUT_EXAMPLE = WITHOUT_ARGUMENTS | {
    "keras.activations.hard_sigmoid_keras2",
    "keras.layers.ConvLSTMCell",
    "keras.src.applications.convnext.LayerScale",
    "keras.src.applications.convnext.StochasticDepth",
    "keras.src.applications.inception_resnet_v2.CustomScaleLayer",
    *(f"keras.applications.{name}" for name in _lamina.model_function_names("") if name != "MobileNet"),
}


def needed(name, d):
    """The texts that such a description has."""
    yield "summary", d["summary"]
    for argument in d["arguments"]:
        yield f"argument {argument['name']}", argument["doc"]
    if d["kind"] in ("op", "model"):
        yield "returns", d["returns"]
    if d["kind"] == "layer" and name not in WITHOUT_ARGUMENTS:
        yield from ((key, d[key]) for key in ("call", "input", "output"))
    if name not in WITHOUT_EXAMPLE:
        yield "example", d["example"]


def test_nothing_is_left_undescribed():
    missing = [f"{name}: {what}" for name, d in BY_NAME.items() for what, text in needed(name, d) if not text.strip()]
    assert not missing, missing


def test_a_missing_text_is_found():
    layer = {**BY_NAME["keras.layers.Dense"], "output": ""}
    assert [what for what, text in needed("keras.layers.Dense", layer) if not text] == ["output"]


def test_texts_are_sentences():
    wrong = []
    for name, d in BY_NAME.items():
        texts = [
            d["summary"],
            *(a["doc"] for a in d["arguments"]),
            *(d[key] for key in ("returns", "input", "output", "source") if d[key]),
        ]
        texts += [line for key in ("call", "raises") if d[key] for line in d[key].split("\n")]
        wrong += [f"{name}: {text}" for text in texts if not text.rstrip().endswith((".", ")")) or "  " in text]
    assert not wrong, wrong


def test_errors_name_their_kind():
    import builtins

    lines = [
        (name, line.split(":")[0]) for name, d in BY_NAME.items() if d["raises"] for line in d["raises"].split("\n")
    ]
    assert lines and all(issubclass(getattr(builtins, kind), Exception) for _, kind in lines), lines


@pytest.mark.parametrize("module", MODULES)
def test_examples_show_what_they_print(module, engine):
    parser, failures, ran = doctest.DocTestParser(), io.StringIO(), 0
    for d in DOCUMENTATION:
        if d["module"] != module or not d["example"]:
            continue
        lamina.utils.set_random_seed(1)
        test = parser.get_doctest(d["example"], {"keras": lamina, "np": np}, f"{module}.{d['name']}", None, None)
        assert test.examples, d["name"]
        doctest.DocTestRunner(verbose=False).run(test, out=failures.write)
        ran += 1
    assert not failures.getvalue(), failures.getvalue()
    assert ran or all(f"{module}.{d['name']}" in WITHOUT_EXAMPLE for d in DOCUMENTATION if d["module"] == module)


def values(example, library):
    """What the expressions of an example give."""
    names, out = {"keras": library, "np": np}, []
    before, sys.displayhook = sys.displayhook, lambda value: None if value is None else out.append(value)
    library.utils.set_random_seed(1)
    try:
        for statement in doctest.DocTestParser().get_examples(example):
            exec(compile(statement.source, "example", "single"), names)
    finally:
        sys.displayhook = before
    return out


def same(a, b):
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return set(a) == set(b) and all(same(a[key], b[key]) for key in a)
    if a is None or isinstance(a, str):
        return a == b
    return np.shape(a) == np.shape(b) and np.allclose(
        np.asarray(a, "float64"), np.asarray(b, "float64"), rtol=1e-5, atol=1e-6, equal_nan=True
    )


@pytest.mark.parametrize("module", MODULES)
def test_examples_mean_the_same_in_keras(module):
    import keras

    differing = []
    for d in DOCUMENTATION:
        if d["module"] != module or not d["example"] or d["kind"] == "model":  # test_applications.py compares models
            continue
        try:
            ours = values(d["example"], lamina)
            try:
                theirs = values(d["example"], keras)
            except ImportError as error:  # what Keras has through TensorFlow alone
                assert "tensorflow" in str(error).lower()
                continue
            if not same(ours, theirs):
                differing.append(f"{d['name']}: {ours} and {theirs}")
        except ImportError:
            if d["name"] not in object_cases.NEED_TENSORFLOW:
                raise
        except Exception as error:
            differing.append(f"{d['name']}: {type(error).__name__} {error}")
    assert not differing, "\n".join(differing)


def test_help_of_an_op():
    text = pydoc.plain(pydoc.render_doc(lamina.ops.tensordot))
    for part in (
        "tensordot(x1, x2, axes=2)",
        "Args:\n        x1: ",
        "axes: A number of axes, or the axes of `x1` and those of `x2`. Defaults to `2`.",
        "Returns:",
        "Raises:\n        ValueError: ",
        "Example:",
        ">>> keras.ops.tensordot(",
    ):
        assert part in text, text


def test_help_of_a_layer():
    text = lamina.layers.Dense.__doc__
    for part in (
        "Args:\n    units: ",
        "kernel_initializer: Initializer of the kernel. Defaults to `'glorot_uniform'`.",
        "**kwargs: Arguments of every layer",
        "Call arguments:\n    inputs: ",
        "Input shape:",
        "Output shape:",
        "Raises:",
        "Example:\n\n    >>> keras.layers.Dense(",
    ):
        assert part in text, text


def test_help_tells_where_a_formula_stands():
    assert "Reference:\n    Kingma and Ba" in lamina.optimizers.Adam.__doc__


def test_lines_fit_a_terminal():
    long = [
        line
        for d in DOCUMENTATION
        if d["kind"] == "op"
        for line in docstring(d).split("\n")
        if len(line) > 88 and ">>>" not in line and " " in line.strip() and "<Tensor" not in line
    ]
    assert not long, long


def docstring(d):
    name = d["module"].removeprefix("keras.ops").removeprefix(".").removeprefix("keras.") + "." + d["name"]
    return _lamina.find_op(name.removeprefix(".")).__doc__
