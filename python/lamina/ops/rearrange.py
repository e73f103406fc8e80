"""rearrange: axes by names, as einops has it."""

import math
import re

from lamina._core import ops
from lamina._core.public import publish


def rearrange(tensor, pattern, **axes_lengths):
    """The axes of a tensor split, put into another order and joined, by names.

    Args:
        tensor: the tensor.
        pattern: the axes before and after, such as "b (h p) w -> b h (p w)": names in parentheses are one axis.
        **axes_lengths: the lengths of named axes; of those in parentheses one may be left out.

    Returns:
        A tensor in the dtype of `tensor`.

    Raises:
        ValueError: for a pattern that does not fit the tensor, or lengths that do not fit the pattern.
    """
    before, after = _sides(pattern)
    shape = tuple(tensor.shape) if hasattr(tensor, "shape") else ops.shape(tensor)
    if len(before) != len(shape):
        raise ValueError(
            f"rearrange: the pattern '{pattern}' names {len(before)} axes, and the tensor has {len(shape)}: {shape}."
        )
    unknown = sorted(set(axes_lengths) - {n for group in before for n in group})
    if unknown:
        raise ValueError(f"rearrange: the pattern '{pattern}' has no axis {', '.join(unknown)} before the arrow.")
    lengths = {}
    for group, size in zip(before, shape):
        lengths.update(_lengths(group, size, axes_lengths, pattern))
    names = [n for group in before for n in group]
    order = [names.index(n) for group in after for n in group]
    split = ops.reshape(tensor, [-1 if lengths[n] is None else lengths[n] for n in names])
    moved = ops.transpose(split, order) if order != list(range(len(order))) else split
    return ops.reshape(moved, [_joined([lengths[n] for n in group]) for group in after])


def _sides(pattern):
    """The groups of names on both sides of the arrow."""
    sides = pattern.split("->") if isinstance(pattern, str) else ()
    if len(sides) != 2:
        raise ValueError(f"rearrange: a pattern has one '->'. Received: pattern={pattern!r}")
    groups = []
    for side in sides:
        parts = re.findall(r"\(([^()]*)\)|(\S+)", side.strip())
        groups.append([(inner.split() if not single else [single]) for inner, single in parts])
        names = [n for group in groups[-1] for n in group]
        if not all(n.isidentifier() for n in names) or len(set(names)) != len(names):
            raise ValueError(f"rearrange: axes have names, each once on a side. Received: pattern={pattern!r}")
    if {n for g in groups[0] for n in g} != {n for g in groups[1] for n in g}:
        raise ValueError(f"rearrange: both sides of a pattern name the same axes. Received: pattern={pattern!r}")
    return groups


def _lengths(group, size, given, pattern):
    """The lengths of the axes that make up one axis of the tensor; None for one that only a call knows."""
    lengths = {n: given.get(n) for n in group}
    open_ones = [n for n in group if lengths[n] is None]
    if len(open_ones) > 1:
        raise ValueError(
            f"rearrange: of the axes ({' '.join(group)}) in '{pattern}' one length at most may be left out. Pass "
            f"{' or '.join(open_ones)}."
        )
    known = math.prod(v for v in lengths.values() if v is not None)
    if size is None:
        if not open_ones:
            return lengths
        return {**lengths, open_ones[0]: None}
    if (known == 0 or size % known) if open_ones else known != size:
        raise ValueError(
            f"rearrange: an axis of size {size} cannot be ({' '.join(group)}) in '{pattern}' with the lengths {given}."
        )
    if open_ones:
        lengths[open_ones[0]] = size // known
    return lengths


def _joined(lengths):
    return -1 if None in lengths else math.prod(lengths)


publish("lamina.ops", rearrange)
