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


def _text(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _texts(input):
    return np.asarray(input, dtype=object)


def _tensor(values, dtype=object):
    return _lamina.tensor_from_array(np.asarray(values, dtype), False)


def join(inputs, separator="", name=None):
    """Strings behind each other, place by place.

    Args:
        inputs: a list of strings or tensors of strings, which are broadcast.
        separator: what stands between.
        name: without effect.
    """
    arrays = np.broadcast_arrays(*[_texts(x) for x in inputs])
    out = np.empty(arrays[0].shape, object)
    out.reshape(-1)[...] = [separator.join(map(_text, row)) for row in zip(*[a.flat for a in arrays])]
    return _tensor(out)


def reduce_join(inputs, axis=None, keepdims=False, separator="", name=None):
    """Strings behind each other along an axis.

    Args:
        inputs: strings in any shape.
        axis: the axis; None is all of them.
        keepdims: whether the axis stays, of size 1.
        separator: what stands between.
        name: without effect.
    """
    texts = _texts(inputs)
    moved = texts.reshape(1, -1) if axis is None else np.moveaxis(texts, axis, -1)
    joined = np.empty(moved.shape[:-1], object)
    joined.reshape(-1)[...] = [separator.join(map(_text, row)) for row in moved.reshape(-1, moved.shape[-1])]
    if axis is None:
        return _tensor(joined.reshape((1,) * texts.ndim if keepdims else ()))
    return _tensor(np.expand_dims(joined, axis) if keepdims else joined)


def split(input, sep=None, maxsplit=-1, name=None):
    """The parts of one string.

    Args:
        input: a string, or a tensor that holds one.
        sep: what stands between the parts; None is white space.
        maxsplit: how often it is cut at most; -1 is always.
        name: without effect.

    Raises:
        NotImplementedError: for several strings, whose parts would be of different numbers.
    """
    return _parts(input, lambda text: text.split(sep or None, maxsplit), "split")


def unicode_split(input, input_encoding="UTF-8", errors="replace", replacement_char=65533, name=None):
    """The characters of one string.

    Args:
        input: a string, or a tensor that holds one.
        input_encoding: "UTF-8".
        errors: taken as in TensorFlow; bytes that are no text stay as they are.
        replacement_char: likewise.
        name: without effect.

    Raises:
        NotImplementedError: for several strings, whose parts would be of different numbers.
    """
    return _parts(input, list, "unicode_split")


def bytes_split(input, name=None):
    """The bytes of one string.

    Args:
        input: a string, or a tensor that holds one.
        name: without effect.

    Raises:
        NotImplementedError: for several strings, whose parts would be of different numbers.
    """
    return _parts(input, lambda text: [bytes([b]) for b in text.encode("utf-8", "surrogateescape")], "bytes_split")


def _parts(input, cut, name):
    texts = _texts(input)
    if texts.ndim:
        raise NotImplementedError(
            f"tf.strings.{name}() of several strings gives rows of different lengths, which there are no tensors for. "
            "Map it over the strings one by one, or use keras.layers.TextVectorization."
        )
    return _tensor(cut(_text(texts.item())))


def to_number(input, out_type="float32", name=None):
    """The numbers that strings show.

    Args:
        input: strings in any shape.
        out_type: the dtype of the numbers.
        name: without effect.
    """
    texts = _texts(input)
    return _tensor(np.asarray([float(_text(x)) for x in texts.flat]).reshape(texts.shape), str(out_type))


def as_string(input, precision=-1, scientific=False, shortest=False, width=-1, fill="", name=None):
    """Numbers as text.

    Args:
        input: numbers in any shape.
        precision: digits behind the point; -1 is 6.
        scientific: whether a power of ten is shown.
        shortest: whether the shorter of the two forms is taken.
        width: the least length.
        fill: what fills shorter ones up: "" or "0".
        name: without effect.
    """
    array = np.asarray(input)
    kind = "e" if scientific else "g" if shortest else "f"
    size = "" if width < 0 else f"{fill}{width}"
    digits = f".{6 if precision < 0 else precision}{kind}"
    form = size + (digits if array.dtype.kind == "f" else "d")
    shown = (str(bool(x)).lower() if array.dtype == bool else x.item().__format__(form) for x in array.reshape(-1))
    out = np.empty(array.shape, object)
    out.reshape(-1)[...] = list(shown)
    return _tensor(out)


def substr(input, pos, len, unit="BYTE", name=None):
    """A part of each string.

    Args:
        input: strings in any shape.
        pos: where it begins; negative from the end.
        len: how long it is.
        unit: "BYTE" or "UTF8_CHAR".
        name: without effect.
    """

    def part(text):
        whole = text if unit == "UTF8_CHAR" else text.encode("utf-8", "surrogateescape")
        first = pos if pos >= 0 else max(whole.__len__() + pos, 0)
        return whole[first : first + len]

    return _mapped(part, input)


def regex_full_match(input, pattern, name=None):
    """Whether a pattern matches all of a string.

    Args:
        input: strings in any shape.
        pattern: a regular expression.
        name: without effect.
    """
    compiled = re.compile(pattern)
    return _mapped(lambda text: compiled.fullmatch(text) is not None, input, bool)


def format(template, inputs, placeholder="{}", summarize=3, name=None):
    """A text with values in it.

    Args:
        template: the text.
        inputs: a value, or a list of them.
        placeholder: what stands for a value in the text.
        summarize: taken as in TensorFlow; values are shown as NumPy shows them.
        name: without effect.
    """
    values = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    for value in values:
        template = template.replace(placeholder, str(np.asarray(value)), 1)
    return _tensor(template)
