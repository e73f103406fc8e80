"""Misuses of losses, metrics, optimizers, callbacks and the rest."""

from misuse import X, Y, case, ones, single, trained

case(
    "losses.get",
    lambda k: k.losses.get("mean_square_error"),
    ValueError,
    "loss",
    "mean_square_error",
    "Did you mean 'mean_squared_error'?",
)
case("losses.get a number", lambda k: k.losses.get(5), ValueError, "loss identifier", "5")
case(
    "reduction",
    lambda k: k.losses.MeanSquaredError(reduction="avg"),
    ValueError,
    "`reduction`",
    "'sum_over_batch_size'",
    "avg",
)
case(
    "misspelt argument of a loss",
    lambda k: k.losses.MeanSquaredError(reducton="sum"),
    TypeError,
    "MeanSquaredError",
    "'reducton'",
    "Did you mean 'reduction'?",
)
case(
    "shapes for a loss",
    lambda k: k.losses.MeanSquaredError()(ones(2, 3), ones(2, 4)),
    ValueError,
    "mean_squared_error",
    "(2, 3) and (2, 4)",
    keras=TypeError,
)
case("metrics.get", lambda k: k.metrics.get("acuracy"), ValueError, "metric", "acuracy", "Did you mean 'accuracy'?")
case(
    "thresholds",
    lambda k: k.metrics.AUC(num_thresholds=1),
    ValueError,
    "`num_thresholds`",
    "integer > 1",
    "num_thresholds=1",
)
case("curve", lambda k: k.metrics.AUC(curve="ROCC"), ValueError, "ROCC", "ROC", "PR")
case("class of an IoU", lambda k: k.metrics.IoU(num_classes=2, target_class_ids=[5]), ValueError, "5", "[0, 2)")
case("average", lambda k: k.metrics.F1Score(average="macr"), ValueError, "`average`", "'macro'", "macr")
case("optimizers.get", lambda k: k.optimizers.get("adm"), ValueError, "optimizer", "adm", "Did you mean 'adam'?")
case("momentum", lambda k: k.optimizers.SGD(momentum=2.0), ValueError, "`momentum`", "[0, 1]")
case(
    "misspelt argument of an optimizer",
    lambda k: k.optimizers.Adam(learnin_rate=0.1),
    ValueError,
    "'learnin_rate'",
    "Did you mean 'learning_rate'?",
)
case(
    "learning rate",
    lambda k: k.optimizers.Adam(learning_rate="a"),
    ValueError,
    "`learning_rate`",
    "float",
    "LearningRateSchedule",
    "a",
)
case(
    "two limits",
    lambda k: k.optimizers.Adam(clipnorm=1.0, clipvalue=1.0),
    ValueError,
    "Only one of",
    "clipnorm=1.0",
    "clipvalue=1.0",
)
case(
    "average's momentum",
    lambda k: k.optimizers.Adam(use_ema=True, ema_momentum=3.0),
    ValueError,
    "`ema_momentum`",
    "[0, 1]",
    "ema_momentum=3.0",
)
case(
    "accumulation",
    lambda k: k.optimizers.Adam(gradient_accumulation_steps=1),
    ValueError,
    "`gradient_accumulation_steps`",
    ">= 2",
)
case("no gradients", lambda k: k.optimizers.SGD().apply([None], [k.Variable(ones(2))]), ValueError, "No gradients")
case(
    "decay steps",
    lambda k: k.optimizers.schedules.ExponentialDecay(0.1, 0, 0.9),
    ValueError,
    "`decay_steps`",
    "> 0",
    "decay_steps=0",
)
case(
    "boundaries",
    lambda k: k.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
    ValueError,
    "1 less than",
    "[1, 2]",
    "[0.1, 0.2]",
)
case(
    "initializers.get", lambda k: k.initializers.get("he_nomal"), ValueError, "initializer", "Did you mean 'he_normal'?"
)
case("scale", lambda k: k.initializers.VarianceScaling(scale=-1.0), ValueError, "`scale`", "positive", "scale=-1.0")
case("activations.get", lambda k: k.activations.get("rellu"), ValueError, "activation", "rellu", "Did you mean 'relu'?")
case("factor of a regularizer", lambda k: k.regularizers.L2(-1.0), ValueError, "l2", "non-negative", "l2=-1.0")
case(
    "shape of a variable",
    lambda k: k.Variable(ones(3)).assign(ones(4)),
    ValueError,
    "variable.shape=(3,)",
    "value.shape=(4,)",
    "must match",
)
case("variable without shape", lambda k: k.Variable("zeros"), ValueError, "initializer", "`shape`", "shape=None")
case("floatx", lambda k: k.config.set_floatx("float31"), ValueError, "float31", "float32")
case("device", lambda k: k.device("tpu:0").__enter__(), ValueError, "'tpu:0'", "'cpu'", "'cuda:1'", keras=RuntimeError)
case(
    "image data format",
    lambda k: k.config.set_image_data_format("channel_last"),
    ValueError,
    "`data_format`",
    "channels_last",
    "channel_last",
)
case(
    "dtype policy",
    lambda k: k.config.set_dtype_policy("mixed_float15"),
    ValueError,
    "'mixed_float15'",
    "'mixed_float16'",
)
case(
    "misspelt callback",
    lambda k: k.callbacks.EarlyStoping,
    AttributeError,
    "'EarlyStoping'",
    "Did you mean 'EarlyStopping'?",
)
case(
    "misspelt argument of a callback",
    lambda k: k.callbacks.EarlyStopping(monitr="loss"),
    TypeError,
    "EarlyStopping",
    "'monitr'",
    "Did you mean 'monitor'?",
)
case(
    "what to monitor",
    lambda k, m: m.fit(X, Y, verbose=0, callbacks=[k.callbacks.EarlyStopping(monitor="los")]),
    ValueError,
    "monitor=los",
    "mode='max'",
    "mode='min'",
    made=trained,
)
case(
    "a schedule's result",
    lambda k, m: m.fit(X, Y, verbose=0, callbacks=[k.callbacks.LearningRateScheduler(lambda epoch: "a")]),
    ValueError,
    "`schedule`",
    "float",
    "a",
    made=single,
)
case("a checkpoint's ending", lambda k: k.callbacks.ModelCheckpoint("m.ckpt"), ValueError, "`.keras`", "m.ckpt")
case(
    "how often to save",
    lambda k: k.callbacks.ModelCheckpoint("m.keras", save_freq="epochs"),
    ValueError,
    "save_freq",
    "epochs",
    "'epoch' or integer",
)
case(
    "plateau's factor",
    lambda k: k.callbacks.ReduceLROnPlateau(factor=2.0),
    ValueError,
    "ReduceLROnPlateau",
    "factor >= 1.0",
    "2.0",
)


def raising(k, model):
    class Raises(k.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyError("mine")

    model.fit(X, Y, verbose=0, callbacks=[Raises()])


case("a callback's own error", raising, KeyError, "mine", made=single)
