"""The functions of `tf.strings` that text pipelines standardize with, on tensors of strings, where TensorFlow is not
installed."""

import re

import numpy as np

from lamina import _lamina

_ASCII = range(128)
_LOWER = {i: chr(i).lower() for i in _ASCII}
_UPPER = {i: chr(i).upper() for i in _ASCII}


def _mapped(f, texts, dtype=object):
    array = np.asarray(texts, dtype=object)
    decoded = (x.decode("utf-8", "surrogateescape") if isinstance(x, bytes) else x for x in array.flat)
    out = np.empty(array.shape, dtype)
    out.reshape(-1)[...] = [f(x) for x in decoded]
    return _lamina.tensor_from_array(out, False)


def lower(input, encoding="", name=None):
    """Lower case: of ASCII's letters alone without an encoding, as in TensorFlow.

    Args:
        input: strings in any shape.
        encoding: "" or "utf-8".
        name: without effect.
    """
    return _mapped(str.lower if encoding else lambda text: text.translate(_LOWER), input)


def upper(input, encoding="", name=None):
    """Upper case, as lower().

    Args:
        input: strings in any shape.
        encoding: "" or "utf-8".
        name: without effect.
    """
    return _mapped(str.upper if encoding else lambda text: text.translate(_UPPER), input)


def strip(input, name=None):
    """Without white space at both ends.

    Args:
        input: strings in any shape.
        name: without effect.
    """
    return _mapped(str.strip, input)


def regex_replace(input, pattern, rewrite, replace_global=True, name=None):
    r"""Matches of a pattern replaced.

    Args:
        input: strings in any shape.
        pattern: a regular expression.
        rewrite: what stands for a match; `\1` is its first group, `\0` all of it.
        replace_global: whether all matches are replaced, or the first.
        name: without effect.
    """
    compiled, template = re.compile(pattern), rewrite.replace("\\0", "\\g<0>")
    return _mapped(lambda text: compiled.sub(template, text, count=0 if replace_global else 1), input)


def length(input, unit="BYTE", name=None):
    """How long each string is, as int32.

    Args:
        input: strings in any shape.
        unit: "BYTE" or "UTF8_CHAR".
        name: without effect.
    """
    return _mapped(
        len if unit == "UTF8_CHAR" else lambda text: len(text.encode("utf-8", "surrogateescape")), input, np.int32
    )
