"""How a call is drawn: arguments of every kind for a function whose signature is known."""

FLOATS = ["float32", "float32", "float32", "float64", "float16", "bfloat16"]
DTYPES = FLOATS + ["int32", "int64", "int8", "int16", "uint8", "uint16", "uint32", "uint64", "bool"]
NUMBERS = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "-3",
    "7",
    "0.5",
    "-2.5",
    "1e-30",
    "1e30",
    "float('nan')",
    "float('inf')",
    "-float('inf')",
    "True",
    "None",
    "10**6",
]
HUGE = [
    "2**31 - 1",
    "2**31",
    "2**32 + 1",
    "2**53",
    "2**56",
    "2**61",
    "2**62",
    "2**63 - 1",
    "-2**31",
    "-2**63",
    "2**64",
    "10**400",
    "2**33",
]


class Draw:
    """One drawn call: a line of Python."""

    def __init__(self, rng, name=""):
        self.rng = rng
        self.careful = self.chance(0.5)  # arguments that fit, so that the call is likely to come to its end
        self.share = 0.4 if name.islower() else 0.15  # of the optional arguments that are given
        ranks = (
            [3]
            if name.endswith("1D")
            else [4]
            if name.endswith("2D")
            else [5]
            if name.endswith("3D")
            else [3, 3, 2]
            if "RNN" in name or "LSTM" in name or "GRU" in name
            else [0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5]
        )
        self.rank = rng.choice(ranks if name.islower() or self.chance(0.8) else [0, 1, 2, 3, 4, 5])
        self.base = [self.size() for _ in range(self.rank)]

    def size(self):
        if self.careful:
            return self.rng.choice([1, 2, 3, 4, 5, 8])
        return self.rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 9, 17])

    def chance(self, share):
        return self.rng.random() < share

    def shape(self):
        """Often the call's own shape, else one that is a mistake's distance from it."""
        s = list(self.base)
        what = self.rng.random() * (0.6 if self.careful else 1)
        if what < 0.55:
            return s
        if what < 0.7 and s:
            s[self.rng.randrange(len(s))] = 1
        elif what < 0.78 and s:
            del s[self.rng.randrange(len(s))]
        elif what < 0.84:
            s.insert(self.rng.randint(0, len(s)), self.rng.choice([1, 1, 2, 3]))
        elif what < 0.92 and s:
            s[self.rng.randrange(len(s))] = self.size()
        else:
            s = [self.size() for _ in range(self.rng.choice([0, 1, 2, 3, 4, 6]))]
        return s

    def shape_code(self, shape):
        return "(" + "".join(f"{n}, " for n in shape) + ")"

    def array(self, dtype=None):
        shape = self.shape()
        dtype = dtype or self.rng.choice(["float32", "float32", "float32", "int32"] if self.careful else DTYPES)
        code, count = self.shape_code(shape), 1
        for n in shape:
            count *= n
        numpy = "float32" if dtype == "bfloat16" else dtype
        kind = self.rng.random()
        if kind < 0.3:
            values = f"np.ones({code}, '{numpy}')"
        elif kind < 0.6:
            values = f"np.arange({count}).reshape({code}).astype('{numpy}')"
        elif kind < 0.8:
            values = (
                (
                    f"(np.random.RandomState({self.rng.randrange(100)}).rand(*{code}) * "
                    f"{self.rng.choice(['1', '8', '-3', '1e4'])} - 0.5).astype('{numpy}')"
                )
                if shape
                else f"np.{numpy}(0)"
                if numpy != "bool"
                else "np.True_"
            )
        elif kind < 0.88 and numpy.startswith("float"):
            values = f"np.full({code}, {self.rng.choice(['np.nan', 'np.inf', '-np.inf', '-0.0', '1e30'])}, '{numpy}')"
        elif kind < 0.94:
            values = f"np.zeros({code}, '{numpy}')"
        elif shape and len(shape) >= 2:
            values = f"np.ones({self.shape_code(shape[::-1])}, '{numpy}').T"
        else:
            values = (
                f"np.full({code}, "
                f"{self.rng.choice(['-1', '127', '1']) if numpy != 'bool' and not numpy.startswith('u') else '1'}, "
                f"'{numpy}')"
            )
        return f"k.ops.cast({values}, 'bfloat16')" if dtype == "bfloat16" else values

    def symbolic(self):
        shape = [None if self.chance(0.3) else n for n in self.shape()]
        return f"k.KerasTensor({self.shape_code(shape)}, '{self.rng.choice(DTYPES)}')"

    def tensor(self, dtype=None):
        what = self.rng.random() * (0.81 if self.careful else 1)
        if what < 0.8:
            return self.array(dtype)
        if what < 0.84:
            return self.symbolic()
        if what < 0.9:
            return self.number()
        if what < 0.93:
            return self.rng.choice(
                [
                    "[]",
                    "[[]]",
                    "[1, 2, 3]",
                    "[[1.0, 2.0], [3.0, 4.0]]",
                    "[[1], [2, 3]]",
                    "()",
                    "[None]",
                    "['a']",
                    "{}",
                    "{'a': 1}",
                    "None",
                    "'abc'",
                    "object()",
                    "range(3)",
                    "b'ab'",
                ]
            )
        return self.array(self.rng.choice(["int32", "int64", "float32", "bool"]))

    def tensors(self):
        if self.chance(0.05):
            return self.tensor()
        return "[" + ", ".join(self.tensor() for _ in range(self.rng.choice([0, 1, 2, 2, 2, 3, 3]))) + "]"

    def integer(self):
        if self.careful:
            return self.rng.choice(["1", "1", "2", "3"])
        if self.chance(0.06):
            return self.rng.choice(HUGE)
        return str(self.rng.choice([0, 1, 1, 2, 2, 3, 4, 5, 8, -1, -1, -2, -3, -7, 13]))

    def count(self):
        if self.careful:
            return self.rng.choice(["1", "2", "2", "3", "4"])
        if self.chance(0.05):
            return self.rng.choice(HUGE + ["0", "-1", "-2", "1000", "2.0", "2.5", "None", "'a'", "True"])
        return str(self.rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 8]))

    def number(self):
        if self.careful:
            return self.rng.choice(["1", "0.5", "0.25", "2"])
        if self.chance(0.05):
            return self.rng.choice(HUGE)
        return self.rng.choice(NUMBERS)

    def axis(self):
        if self.careful and self.rank:
            return str(self.rng.randint(-self.rank, self.rank - 1))
        what = self.rng.random()
        if what < 0.7:
            return str(self.rng.randint(-self.rank - 1, self.rank))
        if what < 0.8:
            return "None"
        if what < 0.97:
            return (
                "("
                + "".join(
                    f"{self.rng.randint(-self.rank - 1, self.rank)}, " for _ in range(self.rng.choice([0, 1, 2, 2, 3]))
                )
                + ")"
            )
        return self.rng.choice(HUGE + ["1.5", "'a'"])

    def integers(self):
        return "(" + "".join(f"{self.integer()}, " for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 3, 4]))) + ")"

    def sizes(self):
        """Of a shape that is asked for."""
        if self.chance(0.6):
            return self.shape_code(self.shape())
        return (
            "("
            + "".join(
                f"{self.rng.choice(['None', '-1']) if self.chance(0.1) else self.integer()}, "
                for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 4, 13 if self.chance(0.1) else 2]))
            )
            + ")"
        )

    def function(self):
        return self.rng.choice(
            [
                "lambda *a: a[0]",
                "lambda *a: a",
                "lambda *a: a[-1]",
                "lambda *a: k.ops.add(a[0], 1)",
                "lambda *a: None",
                "lambda *a: (a[0], a[-1])",
                "lambda *a: k.ops.sum(a[0])",
                "k.ops.add",
                "lambda *a: 3",
                "lambda *a: 1 / 0",
            ]
        )

    def key(self):
        def one():
            return self.rng.choice(
                [
                    "0",
                    "-1",
                    "1",
                    ":",
                    "::-1",
                    "1:",
                    "::2",
                    ":-1",
                    "5:1:-2",
                    "None",
                    "...",
                    "[0, 1]",
                    "[True]",
                    "2**62",
                    "-2**62",
                    f"::{self.rng.choice(HUGE)}",
                    f"{self.rng.choice(HUGE)}:",
                    f":{self.rng.choice(HUGE)}",
                    "np.array([[0, 1], [1, 0]])",
                    "np.array(True)",
                    "np.ones((2, 3), bool)",
                    "np.array([], 'int64')",
                    "np.float32(1)",
                    "slice(None, None, -3)",
                    "True",
                    "k.ops.arange(2)",
                    "10**400",
                ]
            )

        parts = [one() for _ in range(self.rng.choice([1, 1, 2, 2, 3, 4]))]
        return "np.s_[" + ", ".join(parts) + "]"

    # By the name of the argument; what no rule knows goes by its default.
    def argument(self, name, default, owner):
        rng = self.rng
        if name in ("shape", "newshape", "target_shape", "noise_shape", "output_shape", "batch_shape", "input_shape"):
            return self.sizes()
        if name == "key":
            return self.key()
        if name in ("xs", "condlist", "choicelist", "operands", "arrays") or (
            name == "x" and owner in ("stack", "meshgrid")
        ):
            return self.tensors()
        if name in ("f", "fn", "function", "body", "body_fun", "cond", "true_fn", "false_fn"):
            return self.function()
        if name == "branches":
            return f"[{self.function()}, {self.function()}]"
        if name in ("elems", "elements", "init", "init_val", "loop_vars"):
            return self.tensors() if self.chance(0.4) else self.tensor()
        if name == "subscripts":
            letters = "abc"
            terms = [
                "".join(rng.choice(letters) for _ in range(rng.randint(0, 3))) + rng.choice(["", "", "", "..."])
                for _ in range(rng.choice([1, 2, 2, 3]))
            ]
            return repr(
                ",".join(terms)
                + rng.choice(["", "->", "->" + "".join(rng.sample(letters, rng.randint(0, 3))), "->...a", "->z"])
            )
        if name == "equation":
            return repr(
                rng.choice(
                    [
                        "ab,bc->ac",
                        "abc,cd->abd",
                        "...x,xy->...y",
                        "abc,cde->abde",
                        "a,a->a",
                        "ab,cd",
                        "",
                        "->",
                        "...",
                        "abc->ac",
                        "ab,bc->aac",
                        "aab,bc->ac",
                    ]
                )
            )
        if "axis" in name or name in ("axes", "dims", "source", "destination", "attention_axes", "shared_axes"):
            return self.axis()
        if name == "dtype":
            return repr(rng.choice(DTYPES + ["float8", "string", "mixed_float16"])) if self.chance(0.8) else "None"
        if name == "data_format":
            return rng.choice(["'channels_last'", "'channels_last'", "'channels_first'", "None", "'x'"])
        if name == "padding" and owner.startswith(("Zero", "Padding")) or name in ("cropping", "pad_width"):
            return rng.choice(
                [
                    self.integer(),
                    f"({self.integer()}, {self.integer()})",
                    f"(({self.integer()}, {self.integer()}), ({self.integer()}, {self.integer()}))",
                    f"(({self.integer()}, {self.integer()}), ({self.integer()}, {self.integer()}), "
                    f"({self.integer()}, {self.integer()}))",
                    "[]",
                    "None",
                ]
            )
        if name == "padding":
            return rng.choice(["'valid'", "'same'", "'causal'", "'x'"])
        if name == "mode":
            return rng.choice(
                ["'constant'", "'reflect'", "'symmetric'", "'edge'", "'wrap'", "'valid'", "'same'", "'full'", "'x'"]
            )
        if name == "interpolation":
            return rng.choice(["'nearest'", "'bilinear'", "'bicubic'", "'lanczos3'", "'lanczos5'", "'x'"])
        if name == "method":
            return rng.choice(["'linear'", "'lower'", "'higher'", "'midpoint'", "'nearest'", "'x'"])
        if name == "reduction":
            return rng.choice(["'sum'", "'sum_over_batch_size'", "'mean'", "None", "'none'", "'add'", "'max'", "'x'"])
        if name == "indexing":
            return rng.choice(["'xy'", "'ij'"])
        if name == "side":
            return rng.choice(["'left'", "'right'"])
        if name in ("activation", "recurrent_activation"):
            return rng.choice(
                ["'relu'", "'tanh'", "'softmax'", "'sigmoid'", "None", "'gelu'", "'nothing'", "k.ops.cos"]
            )
        if name.endswith(("initializer",)):
            return (
                "'glorot_uniform'"
                if self.careful
                else rng.choice(
                    [
                        "'zeros'",
                        "'ones'",
                        "'glorot_uniform'",
                        "'orthogonal'",
                        "'identity'",
                        "'he_normal'",
                        "k.initializers.Constant([1, 2])",
                        "None",
                        "'x'",
                    ]
                )
            )
        if name.endswith(("regularizer", "constraint")):
            return rng.choice(["None", "None", "'l2'", "'max_norm'", "'non_neg'", "'orthogonal'"])
        if name in (
            "kernel_size",
            "pool_size",
            "strides",
            "dilation_rate",
            "size",
            "output_size",
            "block_size",
            "depth_multiplier",
            "output_padding",
        ):
            return rng.choice([self.count(), self.count(), self.integers()])
        if name in ("layer", "cell", "backward_layer"):
            return (
                rng.choice(["k.layers.LSTM(3)", "k.layers.Dense(2)", "k.layers.GRU(2, return_sequences=True)"])
                if self.careful and owner != "RNN"
                else rng.choice(
                    [
                        "None",
                        "k.layers.Dense(2)",
                        "k.layers.LSTM(3)",
                        "k.layers.LSTMCell(2)",
                        "k.layers.GRU(2, return_sequences=True)",
                        "k.layers.Flatten()",
                        "k.layers.Conv1D(2, 2)",
                        "k.layers.SimpleRNNCell(0 + 2)",
                        "3",
                        "k.Sequential()",
                    ]
                )
            )
        if name == "cells":
            return rng.choice(
                [
                    "[k.layers.LSTMCell(2), k.layers.GRUCell(3)]",
                    "[]",
                    "None",
                    "[None]",
                    "[k.layers.Dense(2)]",
                    "[k.layers.SimpleRNNCell(1)]",
                ]
            )
        if name == "initial_state":
            return rng.choice(["None", self.tensors()])
        if name in ("training", "keepdims", "from_logits") or isinstance(default, bool):
            return rng.choice(["True", "False", "False", "None"])
        if name in ("seed",):
            return rng.choice(["None", "0", "7", "k.random.SeedGenerator(3)", self.integer()])
        if name in ("rate", "dropout", "recurrent_dropout", "probabilities", "stddev", "momentum", "gaussian_dropout"):
            return rng.choice(
                [
                    "0",
                    "0.3",
                    "0.5",
                    "1",
                    "1.0",
                    "-1",
                    "2",
                    "float('nan')",
                    self.tensor() if owner.startswith("random") else "0.2",
                ]
            )
        if name in (
            "units",
            "filters",
            "num_heads",
            "key_dim",
            "value_dim",
            "head_dim",
            "num_query_heads",
            "num_key_value_heads",
            "input_dim",
            "output_dim",
            "num_classes",
            "groups",
            "num_samples",
            "N",
            "M",
            "n",
            "k",
            "num",
            "bins",
            "sequence_length",
            "sequence_stride",
            "num_segments",
            "minlength",
            "kth",
            "length",
            "unroll",
            "block_size",
            "top_k",
            "num_thresholds",
            "target_class_ids",
        ):
            return self.count() if self.chance(0.9) else self.integer()
        if name in ("repeats", "shift", "offset", "indices_or_sections", "decimals", "start_indices"):
            return rng.choice([self.integer(), self.integers(), self.tensor("int32")])
        if name in ("indices", "segment_ids", "targets", "index", "class_ids"):
            return self.array(rng.choice(["int32", "int32", "int64", "float32"]))
        if name in ("name",):
            return rng.choice(["'a'", "None", "''", "'a/b'"])
        if isinstance(default, str):
            return rng.choice([repr(default), repr(default), "'x'", "None", "3"])
        if isinstance(default, (int, float)):
            return rng.choice(
                [repr(default), self.number(), self.number(), self.tensor() if owner.islower() else self.integers()]
            )
        return self.tensor()

    def arguments(self, signature, owner):
        out = []
        for p in signature.parameters.values():
            if p.kind is p.VAR_POSITIONAL and owner.islower():  # an op takes them by name too
                out.append(f"{p.name}={self.tensors()}")
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                continue
            required = p.default is p.empty
            default = None if required else p.default
            if not required and not self.chance(self.share):
                continue
            if p.kind is p.POSITIONAL_ONLY:
                out.append(self.argument(p.name, default, owner))
            else:
                out.append(f"{p.name}={self.argument(p.name, default, owner)}")
        return out

    # ---- lines ----

    def op(self, name, signature):
        target = f"k._lamina.find_op('{name}')"
        arguments = self.arguments(signature, name)
        call = f"{target}({', '.join(arguments)})"
        what = self.rng.random()
        if what < 0.6 or not arguments:
            return call
        # The first argument as that of a function, which the graph engine compiles; with or without its gradient.
        first = arguments[0]
        given = first.split("=", 1)[1] if "=" in first.split("(", 1)[0] else first
        rest = ", ".join([first[: len(first) - len(given)] + "x"] + arguments[1:])
        if what < 0.8:
            return f"k.function(lambda x: {target}({rest}))(k.ops.convert_to_tensor({given}))"
        total = f"lambda x: sum((k.ops.sum(t) for t in k.tree.flatten({target}({rest}))), 0.0)"
        return f"k.grad({total})(k.ops.convert_to_tensor({given}))"

    def layer(self, name, signature):
        made = f"k.layers.{name}({', '.join(self.arguments(signature, name))})"
        what = self.rng.random()
        if name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"):
            what = 0.6 + what / 4
        elif self.careful:
            what /= 2
        inputs = (
            self.tensor("float32")
            if what < 0.6
            else self.tensors()
            if what < 0.85
            else self.tensor("int32")
            if what < 0.95
            else f"{{'a': {self.tensor()}}}"
        )
        extra = (
            ""
            if self.careful
            else self.rng.choice(
                [
                    "",
                    "",
                    "",
                    ", training=True",
                    f", mask={self.array('bool')}",
                    f", initial_state={self.tensors()}",
                    f", {self.tensor()}",
                    f", {self.tensor()}, {self.tensor()}",
                ]
            )
        )
        what = self.rng.random()
        if what < 0.6:
            return f"{made}({inputs}{extra})"
        if what < 0.7:
            return (
                f"l = {made}; i = k.Input({self.shape_code(self.base[1:]) if self.careful else self.sizes()}, "
                f"dtype='{'float32' if self.careful else self.rng.choice(DTYPES)}'); m = k.Model(i, l(i)); "
                f"m.predict({inputs}, verbose=0)"
            )
        if what < 0.8:
            return (
                f"m = k.Sequential([{made}, k.layers.Flatten(), k.layers.Dense(1)]); m.compile('sgd', 'mse'); "
                f"m.fit({inputs}, np.ones(({self.base[0] if self.base else 1}, 1)), verbose=0)"
            )
        if what < 0.9:
            return f"k.layers.{name}.from_config({made}.get_config())({inputs})"
        return f"{made}.compute_output_shape({self.sizes()})"

    def loss(self, name, signature):
        made = f"k.losses.{name}({', '.join(self.arguments(signature, name))})"
        weight = f", sample_weight={self.tensor()}" if self.chance(0.5) else ""
        return f"{made}({self.tensor()}, {self.tensor()}{weight})"

    def metric(self, name, signature):
        made = f"k.metrics.{name}({', '.join(self.arguments(signature, name))})"
        weight = f", sample_weight={self.tensor()}" if self.chance(0.4) else ""
        given = self.tensor() if name in ("Mean", "Sum") else f"{self.tensor()}, {self.tensor()}"
        if self.chance(0.3):
            return (
                f"m = k.Sequential([k.layers.Dense({self.rng.choice([1, 3])}, activation='sigmoid')]); "
                f"m.compile('sgd', 'mse', metrics=[{made}]); m.fit(np.ones((4, 3)), {self.array()}, verbose=0)"
            )
        return (
            f"m = {made}; m.update_state({given}{weight}); m.update_state({given}{weight}); m.result(); m.reset_state()"
        )

    def initializer(self, name, signature):
        made = f"k.initializers.{name}({', '.join(self.arguments(signature, name))})"
        sizes = self.sizes()
        return f"{made}({sizes}{self.rng.choice(['', ', dtype=' + repr(self.rng.choice(DTYPES))])})"

    def optimizer(self, name, signature):
        made = f"k.optimizers.{name}({', '.join(self.arguments(signature, name))})"
        step = f"o.apply([{self.tensor()}], [v])" if self.chance(0.4) else "o.apply([k.ops.ones(v.shape)], [v])"
        return f"v = k.Variable({self.array('float32')}); o = {made}; {step}; {step}"
