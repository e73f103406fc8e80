"""keras.tree: structures of lists, tuples and dicts (in key order)."""


def is_nested(structure):
    """Whether it is a list, a tuple or a dict."""
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
    """The leaves in order."""
    if not is_nested(structure):
        return [structure]
    out = []
    for item in _items(structure):
        out.extend(flatten(item))
    return out


def flatten_with_path(structure):
    """The leaves of a structure, each with the keys and places that lead to it."""
    def walk(path, x):
        if not is_nested(x):
            yield path, x
            return
        keys = sorted(x) if isinstance(x, dict) else range(len(x))
        for k, item in zip(keys, _items(x)):
            yield from walk(path + (k,), item)

    return list(walk((), structure))


def map_structure(func, *structures, none_is_leaf=True):
    """func applied to corresponding leaves."""
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
    return _rebuild(first, [map_structure(func, *items, none_is_leaf=none_is_leaf) for items in zip(*(_items(s) for s in structures))])


def map_structure_up_to(shallow_structure, func, *structures):
    """The function of what stands at the leaves of the shallow structure."""
    if not is_nested(shallow_structure):
        return func(*structures)
    return _rebuild(shallow_structure, [map_structure_up_to(s, func, *items) for s, *items in zip(_items(shallow_structure), *(_items(x) for x in structures))])


def assert_same_structure(a, b, check_types=None):
    """ValueError if two structures differ in their lists, tuples and dicts. `check_types` has no effect, as in Keras."""
    _expect_same(a, b)


def _expect_same(a, b, shallow=False):
    if is_nested(a) != is_nested(b):
        expected = next((k.__name__ for k in (dict, list, tuple) if isinstance(a, k)), "a leaf")
        raise ValueError(f"`a` and `b` don't have the same structure: expected {expected}, got {type(b).__name__}: {a!r} and {b!r}")
    if not is_nested(a):
        return
    kind = next((k for k in (dict, list, tuple) if isinstance(a, k)), type(a))
    if not isinstance(b, kind):
        raise ValueError(f"`a` and `b` don't have the same structure: expected {kind.__name__}, got {type(b).__name__}: {a!r} and {b!r}")
    if len(a) != len(b) or (isinstance(a, dict) and set(a) != set(b)):
        raise ValueError(f"`a` and `b` don't have the same structure: {a!r} and {b!r}")
    if not shallow:
        for x, y in zip(_items(a), _items(b)):
            _expect_same(x, y)


def assert_same_paths(a, b):
    """ValueError if two structures have leaves at different places."""
    pa, pb = {p for p, _ in flatten_with_path(a)}, {p for p, _ in flatten_with_path(b)}
    if pa != pb:
        raise ValueError(f"`a` and `b` don't have the same paths: {sorted(map(str, pa ^ pb))}")


def pack_sequence_as(structure, flat_sequence):
    """The structure with its leaves replaced."""
    flat = list(flat_sequence)
    expected = len(flatten(structure))
    if len(flat) != expected:
        raise ValueError(f"The target structure is of size {expected}, but there are {len(flat)} elements. flat_sequence={flat_sequence}")
    it = iter(flat)

    def pack(s):
        return _rebuild(s, [pack(x) for x in _items(s)]) if is_nested(s) else next(it)

    return pack(structure)


def lists_to_tuples(structure):
    """The structure with tuples in place of lists."""
    if isinstance(structure, (list, tuple)) and not _is_namedtuple(structure):
        return tuple(lists_to_tuples(x) for x in structure)
    if isinstance(structure, dict):
        return {k: lists_to_tuples(v) for k, v in structure.items()}
    return structure


def map_shape_structure(func, structure):
    """The function of each shape in a structure: tuples of sizes count as leaves."""
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
    """func at every node: None keeps the node, anything else replaces it."""
    if top_down:
        out = func(structure)
        if out is not None:
            return None if out is MAP_TO_NONE else out
        return _rebuild(structure, [traverse(func, x) for x in _items(structure)]) if is_nested(structure) else structure
    if is_nested(structure):
        structure = _rebuild(structure, [traverse(func, x, top_down=False) for x in _items(structure)])
    out = func(structure)
    return structure if out is None else None if out is MAP_TO_NONE else out
