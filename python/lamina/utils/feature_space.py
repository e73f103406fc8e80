"""FeatureSpace: columns of a table, each encoded by a layer of its own."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish
from lamina._core.signatures import ConstructorSignature, own_parameters
from lamina._core.tensorflow_graphs import call_in_graph, symbolic_inputs
from lamina.layers.layer import Layer
from lamina.models.data_sources import arrays
from lamina.utils.feature_parts import Cross, Feature, TFDConcat, TFDIdentity, check_mode, revived


def _layers():
    from lamina import layers

    return layers


class FeatureSpace(Layer):
    """Encodes the columns of a table, each by a layer of its own, and crosses of them.

    Args:
        features: {name: a feature}: "float", "float_normalized", "float_rescaled", "float_discretized",
            "integer_categorical", "string_categorical", "integer_hashed" or "string_hashed", or what the methods of
            these names give, or `FeatureSpace.feature(dtype, layer, output_mode)`.
        output_mode: "concat" gives one vector of all, "dict" {name: encoded feature}.
        crosses: names of features to encode together: tuples, or what `FeatureSpace.cross()` gives.
        crossing_dim: how many bins a cross has.
        hashing_dim: how many bins hashed features have.
        num_discretization_bins: how many bins discretized features have.
        name: of the layer.

    Raises:
        ValueError: for unknown kinds of features, and for crosses of features that are not there.

    Example:

    >>> space = FeatureSpace({"size": "float", "colour": FeatureSpace.string_categorical(num_oov_indices=0)})
    >>> space.adapt({"size": [1.0, 2.0, 3.0], "colour": ["red", "blue", "red"]})
    >>> space({"size": [5.0], "colour": ["blue"]}).numpy().tolist()
    [[0.0, 1.0, 5.0]]
    """

    @staticmethod
    def _parts():
        """The classes that files of FeatureSpaces name."""
        return {c.__name__: c for c in (FeatureSpace, Feature, Cross, TFDIdentity, TFDConcat)}

    @classmethod
    def cross(cls, feature_names, crossing_dim, output_mode="one_hot"):
        """Features to encode together.

        Args:
            feature_names: the features.
            crossing_dim: how many bins there are.
            output_mode: "one_hot" for a vector, "int" for the bin.
        """
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype, preprocessor, output_mode):
        """A feature with a layer of one's own.

        Args:
            dtype: that of its values, by name.
            preprocessor: the layer.
            output_mode: "float" or "int" for the layer's output as it is, "one_hot" for a vector.
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name=None):
        """Numbers as they are.

        Args:
            name: of the feature; made from its kind by default.
        """
        return Feature("float32", TFDIdentity(dtype="float32", name=_name(name, "float")), "float")

    @classmethod
    def float_rescaled(cls, scale=1.0, offset=0.0, name=None):
        """Numbers times `scale`, plus `offset`.

        Args:
            scale: a factor.
            offset: a number.
            name: of the feature; made from its kind by default.
        """
        return Feature("float32", _layers().Rescaling(scale, offset, name=_name(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name=None):
        """Numbers with the mean 0 and the variance 1 in the data of adapt().

        Args:
            name: of the feature; made from its kind by default.
        """
        return Feature("float32", _layers().Normalization(axis=-1, name=_name(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(cls, num_bins, bin_boundaries=None, output_mode="one_hot", name=None):
        """The bins that numbers fall into.

        Args:
            num_bins: how many bins adapt() finds.
            bin_boundaries: the boundaries between them instead.
            output_mode: "one_hot" for a vector, "int" for the bin.
            name: of the feature; made from its kind by default.
        """
        layer = _layers().Discretization(bin_boundaries, num_bins, name=_name(name, "float_discretized"))
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(cls, max_tokens=None, num_oov_indices=1, output_mode="one_hot", name=None):
        """Integers by their places in the vocabulary of adapt().

        Args:
            max_tokens: the most places; None is no limit.
            num_oov_indices: how many places there are for unknown ones.
            output_mode: "one_hot" for a vector, "int" for the place.
            name: of the feature; made from its kind by default.
        """
        layer = _layers().IntegerLookup(max_tokens, num_oov_indices, name=_name(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(cls, max_tokens=None, num_oov_indices=1, output_mode="one_hot", name=None):
        """Strings by their places in the vocabulary of adapt().

        Args:
            max_tokens: the most places; None is no limit.
            num_oov_indices: how many places there are for unknown ones.
            output_mode: "one_hot" for a vector, "int" for the place.
            name: of the feature; made from its kind by default.
        """
        layer = _layers().StringLookup(max_tokens, num_oov_indices, name=_name(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins, output_mode="one_hot", name=None):
        """Strings by their hashes.

        Args:
            num_bins: how many bins there are.
            output_mode: "one_hot" for a vector, "int" for the bin.
            name: of the feature; made from its kind by default.
        """
        return Feature("string", _layers().Hashing(num_bins, name=_name(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins, output_mode="one_hot", name=None):
        """Integers by their hashes.

        Args:
            num_bins: how many bins there are.
            output_mode: "one_hot" for a vector, "int" for the bin.
            name: of the feature; made from its kind by default.
        """
        return Feature("int32", _layers().Hashing(num_bins, name=_name(name, "integer_hashed")), output_mode)

    def __init__(
        self,
        features,
        output_mode="concat",
        crosses=None,
        crossing_dim=32,
        hashing_dim=32,
        num_discretization_bins=32,
        name=None,
    ):
        super().__init__(name=name)
        if not features:
            raise ValueError("The `features` argument cannot be None or empty.")
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {key: self._standard_feature(key, value) for key, value in features.items()}
        self.crosses = [self._standard_cross(cross) for cross in crosses or ()]
        self.crosses_by_name = {cross.name: cross for cross in self.crosses}
        check_mode(output_mode, ("dict", "concat"))
        self.output_mode = output_mode
        self.inputs = {
            key: _layers().Input((1,), dtype=feature.dtype, name=key) for key, feature in self.features.items()
        }
        self.preprocessors = {key: feature.preprocessor for key, feature in self.features.items()}
        self.encoded_features = None
        self.crossers = {
            cross.name: _layers().HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses
        }
        self.one_hot_encoders = {}
        self.concat = None
        self._is_adapted = self._sublayers_built = False

    def _standard_feature(self, name, feature):
        if isinstance(feature, Feature):
            return feature
        if isinstance(feature, dict):
            return revived(feature)
        kinds = {
            "float": self.float,
            "float_normalized": self.float_normalized,
            "float_rescaled": self.float_rescaled,
            "float_discretized": lambda name: self.float_discretized(self.num_discretization_bins, name=name),
            "integer_categorical": self.integer_categorical,
            "string_categorical": self.string_categorical,
            "integer_hashed": lambda name: self.integer_hashed(self.hashing_dim, name=name),
            "string_hashed": lambda name: self.string_hashed(self.hashing_dim, name=name),
        }
        if feature not in kinds:
            raise ValueError(f"Invalid feature type: {feature}. Expected one of {list(kinds)}, or a Feature.")
        return kinds[feature](name=name)

    def _standard_cross(self, cross):
        cross = revived(cross)
        if isinstance(cross, Cross):
            names = cross.feature_names
        else:
            names = cross
            if not self.crossing_dim:
                raise ValueError(
                    "When specifying `crosses`, the argument `crossing_dim` (dimensionality of the crossing space) "
                    "should be specified as well."
                )
        unknown = [key for key in names if key not in self.features]
        if unknown:
            raise ValueError(
                "All features referenced in the `crosses` argument should be present in the `features` dict. "
                f"Received unknown features: {unknown} of {list(self.features)}"
            )
        return cross if isinstance(cross, Cross) else Cross(cross, self.crossing_dim)

    # ---- learning ----

    def _adaptable(self):
        layers, out = _layers(), []
        for name, preprocessor in self.preprocessors.items():
            if isinstance(preprocessor, layers.Normalization) and preprocessor.input_mean is not None:
                continue
            if isinstance(preprocessor, layers.TextVectorization) and preprocessor.get_config()["vocabulary"]:
                continue
            if isinstance(preprocessor, layers.Discretization) and preprocessor.num_bins is None:
                continue
            if hasattr(preprocessor, "adapt"):
                out.append(name)
        return out

    def adapt(self, dataset):
        """Lets the layers that learn do so.

        Args:
            dataset: a `lamina.data.Dataset` or `tf.data.Dataset` of dicts, batched or not, or a dict of arrays.

        Raises:
            ValueError: for other data.
        """
        from lamina.data.dataset import Dataset

        if isinstance(dataset, dict):
            dataset = Dataset.from_tensor_slices(dataset)
        elif not isinstance(dataset, Dataset) and hasattr(dataset, "as_numpy_iterator"):  # TensorFlow's
            dataset = Dataset.from_generator(dataset.as_numpy_iterator)
        elif not isinstance(dataset, Dataset):
            raise ValueError(
                "`adapt()` can only be called on a `lamina.data.Dataset`, a `tf.data.Dataset` or a dict of arrays. "
                f"Received instead: {dataset} (of type {type(dataset)})"
            )
        for name in self._adaptable():
            column = dataset.map(lambda x, name=name: x[name])
            rank = next(iter(column)).ndim
            if rank == 0:
                column = column.batch(32)
            if rank < 2:
                column = column.map(lambda x: x[:, None])
            self.preprocessors[name].adapt(column)
        self._is_adapted = True
        self._forget_encodings()
        self.get_encoded_features()
        self.built = self._sublayers_built = True

    def _forget_encodings(self):
        """The sizes of encodings follow from what was learned."""
        self.encoded_features = self.concat = None
        self.one_hot_encoders, self._sublayers_built = {}, False

    def _check_if_adapted(self):
        if not self._is_adapted:
            if self._adaptable():
                raise ValueError(
                    "You need to call `.adapt(dataset)` on the FeatureSpace before you can start using it."
                )
            self._is_adapted = True

    # ---- encodings ----

    def get_inputs(self):
        """{name: symbolic input}, for a functional model.

        Raises:
            ValueError: before adapt().
        """
        self._check_if_built()
        return self.inputs

    def get_encoded_features(self):
        """What the inputs of get_inputs() become: one symbolic tensor, or {name: symbolic tensor}.

        Raises:
            ValueError: before adapt().
        """
        self._check_if_adapted()
        if self.encoded_features is None:
            self.encoded_features = self._encoded(self.inputs)
        return self.encoded_features

    def _check_if_built(self):
        if not self._sublayers_built:
            self.get_encoded_features()
            self.built = self._sublayers_built = True

    def _encoded(self, data):
        found = {name: self.preprocessors[name](x) for name, x in data.items()}
        crossed = {
            cross.name: self.crossers[cross.name]([found[name] for name in cross.feature_names])
            for cross in self.crosses
        }
        out = {}
        for part, specs in ((found, self.features), (crossed, self.crosses_by_name)):
            for name in sorted(part):
                out[name] = self._one_hot(name, part[name]) if specs[name].output_mode == "one_hot" else part[name]
        if self.output_mode == "dict":
            return out
        for name, x in out.items():
            if x.dtype.startswith("int") or x.dtype == "string":
                raise ValueError(
                    f"Cannot concatenate features because feature '{name}' has not been encoded (it has dtype "
                    f"{x.dtype}). Consider using `output_mode='dict'`."
                )
        if self.concat is None:
            self.concat = TFDConcat(axis=-1)
        return self.concat(list(out.values()))

    def _one_hot(self, name, x):
        if name not in self.one_hot_encoders:
            if not x.dtype.startswith("int"):
                raise ValueError(
                    f"Feature '{name}' has `output_mode='one_hot'`. Thus its preprocessor should return an integer "
                    f"dtype. Instead it returns a {x.dtype} dtype."
                )
            count = self._cardinality(self.preprocessors.get(name) or self.crossers.get(name), name)
            self.one_hot_encoders[name] = _layers().CategoryEncoding(num_tokens=count, output_mode="multi_hot")
        return self.one_hot_encoders[name](x)

    @staticmethod
    def _cardinality(layer, name):
        layers = _layers()
        if isinstance(layer, (layers.IntegerLookup, layers.StringLookup)):
            return layer.vocabulary_size()
        if isinstance(layer, layers.CategoryEncoding):
            return layer.num_tokens
        if isinstance(layer, layers.Discretization):
            return len(layer.bin_boundaries) + 1 if layer.num_bins is None else layer.num_bins
        if isinstance(layer, (layers.HashedCrossing, layers.Hashing)):
            return layer.num_bins
        raise ValueError(
            f"Feature '{name}' has `output_mode='one_hot'`. However it isn't a standard feature and the dimensionality "
            "of its output space is not known, thus it cannot be one-hot encoded. Try using `output_mode='int'`."
        )

    def __call__(self, data):
        """Encodes a table's rows, or one row.

        Args:
            data: {name: values}, or {name: value}.

        Returns:
            One tensor, or {name: tensor}, by `output_mode`.

        Raises:
            ValueError: before adapt(), and for what is no dict.
        """
        self._check_if_built()
        if not isinstance(data, dict):
            raise ValueError(
                f"A FeatureSpace can only be called with a dict. Received: data={data} (of type {type(data)}"
            )
        if symbolic_inputs((data,), {}):
            return call_in_graph(self, (data,), {})
        data = {
            name: x if isinstance(x, _lamina.TensorBase) else _lamina.plain_data(arrays(x)) for name, x in data.items()
        }
        single = any(x.ndim == 0 for x in data.values())
        for name, x in data.items():
            if x.ndim < 2:
                data[name] = ops.reshape(x, (-1, 1))
        out = self._encoded(data)
        if not single:
            return out
        if self.output_mode == "concat":
            return ops.squeeze(out, axis=0)
        return {k: ops.squeeze(x, axis=0) if x.ndim == 2 and x.shape[0] == 1 else x for k, x in out.items()}

    # ---- files ----

    def get_config(self):
        """The constructor's arguments, with what the layers learned that stands in configs."""
        return {
            "features": {name: _lamina.serialize_object(f) for name, f in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [_lamina.serialize_object(cross) for cross in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config):
        """One from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        return cls(**config)

    def get_build_config(self):
        """{name: build config of its layer}."""
        return {name: feature.preprocessor.get_build_config() for name, feature in self.features.items()}

    def build_from_config(self, config):
        """Builds the layers, whose state a file holds.

        Args:
            config: what get_build_config() gave.
        """
        for name, inner in config.items():
            preprocessor = self.features[name].preprocessor
            if inner and not preprocessor.built:
                preprocessor.build_from_config(inner)
        self._is_adapted = True

    def save(self, filepath):
        """Saves it to a `.keras` file, which `keras.models.load_model` reads.

        Args:
            filepath: ends in `.keras`.

        Raises:
            ValueError: for another ending.
        """
        _lamina.save_layer(self, str(filepath))


FeatureSpace.__signature__ = ConstructorSignature(own_parameters(FeatureSpace.__init__), FeatureSpace.__init__)
FeatureSpace._lamina_user_part = (
    "FeatureSpace",
    "keras.utils",
    "",
    {"saveables", "get_config", "get_build_config", "build_from_config"},
)


def _name(name, kind):
    return f"{name or _lamina.auto_name(kind)}_preprocessor"


publish("lamina.utils", FeatureSpace)
