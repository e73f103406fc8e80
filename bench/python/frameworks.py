"""What is compared: how each framework is started, and with how many threads."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Framework:
    runner: str  # module of this folder
    argument: object
    environment: dict = field(default_factory=dict)
    own: bool = False  # Lamina's; the others are its peers
    trains: bool = True
    checks: bool = True  # has losses to compare


FRAMEWORKS = {
    "lamina graph": Framework("keras_runner", "lamina", {"LAMINA_BACKEND": "graph"}, own=True),
    "lamina eager": Framework("keras_runner", "lamina", {"LAMINA_BACKEND": "eager"}, own=True),
    "lamina c++": Framework("cpp_runner", None, {"LAMINA_BACKEND": "graph"}, own=True, checks=False),
    "keras jax": Framework("keras_runner", "keras", {"KERAS_BACKEND": "jax"}),
    "keras tensorflow": Framework("keras_runner", "keras", {"KERAS_BACKEND": "tensorflow"}),
    "keras torch": Framework("keras_runner", "keras", {"KERAS_BACKEND": "torch"}),
    "torch eager": Framework("torch_runner", False),
    "torch compile": Framework("torch_runner", True),
    "onnx runtime": Framework("onnx_runner", None, trains=False),
}

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NPROC",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def environment(framework, threads, config_file, device, tf32=False):
    """The variables of a framework's process. Lamina's thread count, device and precision stand in its config file. On
    a GPU all compute products alike, in float32 or in TF32: JAX's own choice would be TF32, PyTorch's TF32 for
    convolutions alone."""
    out = {**os.environ, **{name: str(threads) for name in _THREAD_VARIABLES}, **framework.environment}
    out.update(LAMINA_CONFIG=config_file, BENCH_DEVICE=device, TF_CPP_MIN_LOG_LEVEL="2", PYTHONDONTWRITEBYTECODE="1")
    out.update(BENCH_TF32="1" if tf32 else "", JAX_DEFAULT_MATMUL_PRECISION="tensorfloat32" if tf32 else "highest")
    if device == "cpu":
        out.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu")
    return out
