"""KerasFileEditor: looks into files of weights, and changes them."""

import json
import os
import tempfile

import numpy as np

from lamina import _lamina
from lamina._core import ops
from lamina._core.console import print_line
from lamina._core.public import publish

_VARIABLES = "vars"  # the group within an object's group that holds its weights


class KerasFileEditor:
    """Shows the weights in a file, compares them with a model, and writes a changed file: for files of a model that has
    changed since.

    Args:
        filepath: a `.keras` or `.weights.h5` file.

    Raises:
        ValueError: for another ending, or a damaged file.
        OSError: if the file cannot be read.
    """

    def __init__(self, filepath):
        self.filepath = filepath = os.fspath(filepath)
        self.config = self.metadata = self.model = None
        if filepath.endswith(".keras"):
            (weights, names), texts = _lamina.read_archive(filepath)
            self.config = json.loads(texts.get("config.json", "null"))
            self.metadata = json.loads(texts.get("metadata.json", "null"))
        elif filepath.endswith(".weights.h5"):
            weights, names = _lamina.read_weight_file(filepath)
        else:
            raise ValueError(
                f"Invalid filename: expected a `.keras` `.weights.h5` extension. Received: filepath={filepath}"
            )
        self.weights_dict = _nested(weights)
        self.object_metadata = {
            "/" + path.removesuffix("/" + _VARIABLES): {"name": name} for path, name in sorted(names.items())
        }
        print_line(f"Keras model file '{filepath}'")
        if self.metadata:
            print_line(
                f"Saved with Keras {self.metadata.get('keras_version')} - date: {self.metadata.get('date_saved')}"
            )

    def summary(self):
        """Prints the objects in the file and the shapes of their weights."""
        print_line("Weights structure")
        self._print(self.weights_dict, "  ", "", True)

    def _print(self, objects, prefix, path, first):
        for i, (key, value) in enumerate(objects.items()):
            last = i == len(objects) - 1
            branch, first = ("> " if first else "└─ " if last else "├─ "), False
            if isinstance(value, dict):
                name = self.object_metadata.get(f"{path}/{key}", {}).get("name")
                print_line(f"{prefix}{branch}{key}" + (f" ('{name}')" if name else ""))
                self._print(value, prefix + ("    " if last else "│   "), f"{path}/{key}", False)
            else:
                print_line(f"{prefix}{branch}{key}: shape={np.shape(value)}, dtype={value.dtype}")

    def compare(self, reference_model):
        """Compares the file with a model, and prints what differs.

        Args:
            reference_model: a built model.

        Returns:
            {"status": "success" or "error", "error_count": what is missing on one side or has another shape,
            "match_count": weights that fit}.
        """
        print_line("Running comparison")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "reference.weights.h5")
            reference_model.save_weights(path)
            reference = _nested(_lamina.read_weight_file(path)[0])
        errors, matches = _differences(self.weights_dict, reference, "", "saved file", "reference model")
        more, _ = _differences(reference, self.weights_dict, "", "reference model", "saved file", shapes=False)
        errors += more
        print_line("─────────────────────")
        if errors:
            count = f"{errors} error{'' if errors == 1 else 's'}"
            print_line(f"Found {count}: saved file is not compatible with the reference model")
        else:
            print_line("Comparison successful: saved file is compatible with the reference model")
            print_line(f"    Found {matches} matching weight{'' if matches == 1 else 's'}")
        return {"status": "error" if errors else "success", "error_count": errors, "match_count": matches}

    def rename_object(self, object_name, new_name):
        """Gives an object another name.

        Args:
            object_name: its name ("dense_2") or path ("layers/dense_2").
            new_name: a name, without a path.

        Raises:
            ValueError: if there is no such object, the name is that of several, or `new_name` is a path.
        """
        if "/" in new_name:
            raise ValueError(
                "Argument `target_name` should be a leaf name, not a full path name. "
                f"Received: target_name='{new_name}'"
            )
        objects, name = self._find(object_name)
        objects[new_name] = objects.pop(name)

    def delete_object(self, object_name):
        """Takes an object out.

        Args:
            object_name: its name ("dense_2") or path ("layers/dense_2").

        Raises:
            ValueError: if there is no such object, or the name is that of several.
        """
        objects, name = self._find(object_name)
        del objects[name]

    def add_object(self, object_path, weights):
        """Puts an object in.

        Args:
            object_path: its path ("layers/dense_2").
            weights: {name: array}, such as {"0": kernel, "1": bias}.

        Raises:
            ValueError: if `weights` is no dict, or the path leads through an object that is not there.
        """
        _check_dict(weights)
        *way, name = object_path.split("/")
        objects = self.weights_dict
        for step in way:
            if not isinstance(objects.get(step), dict):
                raise ValueError(f"Path '{'/'.join(way)}' not found in model.")
            objects = objects[step]
        objects[name] = _arrays(weights)

    def delete_weight(self, object_name, weight_name):
        """Takes a weight out of an object.

        Args:
            object_name: the object's name or path.
            weight_name: the weight's name, such as "0".

        Raises:
            ValueError: if there is no such object or weight.
        """
        objects, name = self._find(object_name)
        if weight_name not in objects[name]:
            raise ValueError(
                f"Weight {weight_name} not found in object {object_name}. Weights found: {list(objects[name])}"
            )
        del objects[name][weight_name]

    def add_weights(self, object_name, weights):
        """Puts weights into an object.

        Args:
            object_name: the object's name or path.
            weights: {name: array}, such as {"0": kernel, "1": bias}.

        Raises:
            ValueError: if `weights` is no dict, or there is no such object.
        """
        _check_dict(weights)
        objects, name = self._find(object_name)
        objects[name].update(_arrays(weights))

    def save(self, filepath):
        """Writes the weights as they are now.

        Args:
            filepath: a `.weights.h5` file.

        Raises:
            ValueError: for another ending.
            OSError: if the file cannot be written.
        """
        filepath = os.fspath(filepath)
        if not filepath.endswith(".weights.h5"):
            raise ValueError(
                f"Invalid `filepath` argument: expected a `.weights.h5` extension. Received: filepath={filepath}"
            )
        flat = dict(_flat(self.weights_dict))
        groups = {path.rpartition("/")[0] for path in flat}
        names = {
            f"{path[1:]}/{_VARIABLES}": metadata["name"]
            for path, metadata in self.object_metadata.items()
            if f"{path[1:]}/{_VARIABLES}" in groups
        }
        _lamina.write_weight_file(filepath, {path: ops.convert_to_tensor(v) for path, v in flat.items()}, names)

    def resave_weights(self, filepath):
        """save(), under the name that it had.

        Args:
            filepath: a `.weights.h5` file.
        """
        self.save(filepath)

    def _find(self, name):
        """(the dict that an object stands in, its name there)."""
        if "/" in name:
            *way, last = name.split("/")
            objects = self.weights_dict
            for step in way:
                objects = objects.get(step) if isinstance(objects, dict) else None
            if not isinstance(objects, dict) or last not in objects:
                raise ValueError(f"Path '{name}' not found in model.")
            return objects, last
        found = list(_named(self.weights_dict, name))
        if len(found) > 1:
            raise ValueError(f"Name '{name}' occurs more than once in the model; try passing a complete path")
        if not found:
            raise ValueError(
                f"Source name '{name}' does not appear in the model. Use `editor.summary()` to list all objects."
            )
        return found[0], name


def _nested(weights):
    """{"layers/dense/vars/0": tensor} as {"layers": {"dense": {"0": array}}}."""
    out = {}
    for path, value in weights.items():
        *way, name = path.split("/")
        objects = out
        for i, step in enumerate(way):
            if step != _VARIABLES or i < len(way) - 1:
                objects = objects.setdefault(step, {})
        objects[name] = np.asarray(value)
    return out


def _flat(objects, path=""):
    for name, value in objects.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}/")
        else:
            yield f"{path}{_VARIABLES}/{name}", value


def _named(objects, name):
    if name in objects:
        yield objects
    for value in objects.values():
        if isinstance(value, dict):
            yield from _named(value, name)


def _differences(target, reference, path, target_name, reference_name, shapes=True):
    """(what `target` lacks of `reference`, or has in other shapes; weights that fit)."""
    errors = matches = 0
    for key, value in reference.items():
        place = f"{path}/{key}"
        kind = "Object" if isinstance(value, dict) else "Weight"
        if key not in target or isinstance(target[key], dict) != isinstance(value, dict):
            errors += 1
            print_line(f"...{kind} {place} present in {reference_name}, missing from {target_name}")
            if isinstance(value, dict):
                print_line(f"    In {reference_name}, {place} contains the following keys: {list(value)}")
        elif isinstance(value, dict):
            more = _differences(target[key], value, place, target_name, reference_name, shapes)
            errors, matches = errors + more[0], matches + more[1]
        elif np.shape(target[key]) == np.shape(value):
            matches += 1
        elif shapes:
            errors += 1
            print_line(
                f"...Weight shape mismatch for {place}\n    In {reference_name}: shape={np.shape(value)}\n"
                f"    In {target_name}: shape={np.shape(target[key])}"
            )
    return errors, matches


def _check_dict(weights):
    if not isinstance(weights, dict):
        raise ValueError(
            "Argument `weights` should be a dict where keys are weight names (usually '0', '1', etc.) and values are "
            f"NumPy arrays. Received: type(weights)={type(weights)}"
        )


def _arrays(weights):
    return {str(name): np.asarray(value) for name, value in weights.items()}


publish("lamina.saving", KerasFileEditor)
