"""keras.tree: structures of lists, tuples and dicts (in key order)."""

from lamina._core.public import public_module

_NAMES = (
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
)

__getattr__, __dir__ = public_module(__name__, loaded=dict.fromkeys(_NAMES, "lamina._core.values.structures"))
