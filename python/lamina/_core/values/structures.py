"""Structures of lists, tuples and dicts (in key order): what lamina.tree is made of."""

from lamina._core.public import publish


def is_nested(structure):
    """Whether it is a list, a tuple or a dict.

    Args:
        structure: anything.
    """
    return isinstance(structure, (list, tuple, dict))


def _is_namedtuple(x):
    return isinstance(x, tuple) and hasattr(x, "_fields")


def _items(x):
    if isinstance(x, dict):
        try:
            keys = sorted(x)
        except TypeError:
            keys = list(x)
        return [x[k] for k in keys]
    return list(x)


def _rebuild(like, values):
    if isinstance(like, dict):
        try:
            keys = sorted(like)
        except TypeError:
            keys = list(like)
        made = dict(zip(keys, values))
        ordered = {k: made[k] for k in like}
        return type(like)(ordered) if type(like) is not dict and not hasattr(like, "default_factory") else ordered
    if _is_namedtuple(like):
        return type(like)(*values)
    if isinstance(like, tuple):
        return tuple(values)
    return list(values) if type(like).__module__.startswith("lamina") else type(like)(values)


def flatten(structure):
    """The leaves in order.

    Args:
        structure: nested lists, tuples and dicts; anything else is a leaf.

    Returns:
        A list.
    """
    if not is_nested(structure):
        return [structure]
    out = []
    for item in _items(structure):
        out.extend(flatten(item))
    return out


def flatten_with_path(structure):
    """The leaves in order, with the way to each.

    Args:
        structure: nested lists, tuples and dicts.

    Returns:
        A list of (path, leaf); a path is a tuple of indices and keys.
    """

    def walk(path, x):
        if not is_nested(x):
            yield path, x
            return
        keys = sorted(x) if isinstance(x, dict) else range(len(x))
        for k, item in zip(keys, _items(x)):
            yield from walk(path + (k,), item)

    return list(walk((), structure))


def map_structure(func, *structures, none_is_leaf=True):
    """A function applied to corresponding leaves.

    Args:
        func: takes a leaf of each structure.
        *structures: nested lists, tuples and dicts of one structure.
        none_is_leaf: whether None is given to the function; else it stays None.

    Returns:
        The structure with the results as leaves.

    Raises:
        TypeError: if `func` is not callable.
        ValueError: without structures, and if they differ.
    """
    if not callable(func):
        raise TypeError(f"`func` must be callable. Received: func={func}")
    if not structures:
        raise ValueError("Must provide at least one structure")
    first = structures[0]
    if not is_nested(first):
        if first is None and not none_is_leaf:
            return None
        return func(*structures)
    for other in structures[1:]:
        _expect_same(first, other, shallow=True)
    return _rebuild(
        first,
        [map_structure(func, *items, none_is_leaf=none_is_leaf) for items in zip(*(_items(s) for s in structures))],
    )


def map_structure_up_to(shallow_structure, func, *structures):
    """map_structure() down to the leaves of the first structure; what the others have there may be structures.

    Args:
        shallow_structure: says how deep to go.
        func: takes what each of the structures has at a leaf of that.
        *structures: at least as deep.

    Returns:
        The shallow structure with the results as leaves.
    """
    if not is_nested(shallow_structure):
        return func(*structures)
    return _rebuild(
        shallow_structure,
        [
            map_structure_up_to(s, func, *items)
            for s, *items in zip(_items(shallow_structure), *(_items(x) for x in structures))
        ],
    )


def assert_same_structure(a, b, check_types=None):
    """Raises if two structures differ in more than their leaves.

    Args:
        a: a structure.
        b: another.
        check_types: as in Keras; lists, tuples and dicts are told apart in any case.

    Raises:
        ValueError: if they differ.
    """
    _expect_same(a, b)


def _expect_same(a, b, shallow=False):
    if is_nested(a) != is_nested(b):
        expected = next((k.__name__ for k in (dict, list, tuple) if isinstance(a, k)), "a leaf")
        raise ValueError(
            f"`a` and `b` don't have the same structure: expected {expected}, got {type(b).__name__}: {a!r} and {b!r}"
        )
    if not is_nested(a):
        return
    kind = next((k for k in (dict, list, tuple) if isinstance(a, k)), type(a))
    if not isinstance(b, kind):
        raise ValueError(
            f"`a` and `b` don't have the same structure: expected {kind.__name__}, got {type(b).__name__}: {a!r} and "
            f"{b!r}"
        )
    if len(a) != len(b) or (isinstance(a, dict) and set(a) != set(b)):
        raise ValueError(f"`a` and `b` don't have the same structure: {a!r} and {b!r}")
    if not shallow:
        for x, y in zip(_items(a), _items(b)):
            _expect_same(x, y)


def assert_same_paths(a, b):
    """Raises if two structures do not have their leaves at the same paths; lists and tuples count as the same.

    Args:
        a: a structure.
        b: another.

    Raises:
        ValueError: if they differ.
    """
    pa, pb = {p for p, _ in flatten_with_path(a)}, {p for p, _ in flatten_with_path(b)}
    if pa != pb:
        raise ValueError(f"`a` and `b` don't have the same paths: {sorted(map(str, pa ^ pb))}")


def pack_sequence_as(structure, flat_sequence):
    """A structure with its leaves replaced.

    Args:
        structure: the structure.
        flat_sequence: the new leaves in order.

    Raises:
        ValueError: if there are more or fewer leaves.
    """
    flat = list(flat_sequence)
    expected = len(flatten(structure))
    if len(flat) != expected:
        raise ValueError(
            f"The target structure is of size {expected}, but there are {len(flat)} elements. "
            f"flat_sequence={flat_sequence}"
        )
    it = iter(flat)

    def pack(s):
        return _rebuild(s, [pack(x) for x in _items(s)]) if is_nested(s) else next(it)

    return pack(structure)


def lists_to_tuples(structure):
    """A structure with tuples in place of lists.

    Args:
        structure: nested lists, tuples and dicts.
    """
    if isinstance(structure, (list, tuple)) and not _is_namedtuple(structure):
        return tuple(lists_to_tuples(x) for x in structure)
    if isinstance(structure, dict):
        return {k: lists_to_tuples(v) for k, v in structure.items()}
    return structure


def map_shape_structure(func, structure):
    """A function applied to every shape in a structure.

    Args:
        func: takes a shape as a tuple.
        structure: nested lists, tuples and dicts whose leaves are shapes (lists or tuples of ints and None).

    Returns:
        The structure with the results in place of the shapes.
    """

    def is_shape(x):
        return isinstance(x, (list, tuple)) and all(isinstance(e, (int, type(None))) for e in x)

    if is_shape(structure):
        return func(tuple(structure))
    if isinstance(structure, dict):
        return {k: map_shape_structure(func, v) for k, v in structure.items()}
    return type(structure)(map_shape_structure(func, v) for v in structure)


class MAP_TO_NONE:
    """A function returns this to put None in place of a leaf."""


def traverse(func, structure, top_down=True):
    """A function at every node.

    Args:
        func: takes a node. None keeps the node, MAP_TO_NONE puts None in its place, anything else replaces it.
        structure: nested lists, tuples and dicts.
        top_down: whether a node comes before what is in it; what replaces it is then not gone into.

    Returns:
        The new structure.
    """
    if top_down:
        out = func(structure)
        if out is not None:
            return None if out is MAP_TO_NONE else out
        return (
            _rebuild(structure, [traverse(func, x) for x in _items(structure)]) if is_nested(structure) else structure
        )
    if is_nested(structure):
        structure = _rebuild(structure, [traverse(func, x, top_down=False) for x in _items(structure)])
    out = func(structure)
    return structure if out is None else None if out is MAP_TO_NONE else out


publish(
    "lamina.tree",
    MAP_TO_NONE,
    assert_same_paths,
    assert_same_structure,
    flatten,
    flatten_with_path,
    is_nested,
    lists_to_tuples,
    map_shape_structure,
    map_structure,
    map_structure_up_to,
    pack_sequence_as,
    traverse,
)
