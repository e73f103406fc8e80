"""keras.ops.linalg against Keras; gradients against JAX (in float64: tests/cpp/ops/linalg_test.cpp)."""

import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(0)
A = RNG.standard_normal((4, 3, 3)).astype("float32")
P = (A @ A.transpose(0, 2, 1) + 3 * np.eye(3)).astype("float32")
B = RNG.standard_normal((4, 3, 2)).astype("float32")
TALL, WIDE = RNG.standard_normal((2, 5, 3)).astype("float32"), RNG.standard_normal((2, 3, 5)).astype("float32")
LOW = (TALL[0, :, :2] @ WIDE[0, :2]).astype("float32")  # of rank 2
S = (A + A.transpose(0, 2, 1)).astype("float32")

CASES = [
    ("cholesky", (P,), {}),
    ("cholesky", (P,), {"upper": True}),
    ("cholesky", (np.array([[4, 2], [2, 3]]),), {}),
    ("cholesky_inverse", (np.linalg.cholesky(P[0]),), {}),
    ("cholesky_inverse", (np.linalg.cholesky(P[0]).T.copy(),), {"upper": True}),
    ("det", (A,), {}),
    ("det", (A.astype("float64"),), {}),
    ("slogdet", (A,), {}),
    ("logdet", (P,), {}),
    ("inv", (A,), {}),
    ("inv", (np.array([[1, 2], [3, 4]]),), {}),
    ("lu_factor", (A[0],), {}),
    ("lu_factor", (A,), {}),
    ("lu_factor", (np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], "float32"),), {}),
    ("qr", (TALL,), {}),
    ("qr", (WIDE,), {}),
    ("qr", (TALL,), {"mode": "complete"}),
    ("solve", (A, B), {}),
    ("solve", (A[0], B[0]), {}),
    ("solve", (A[0], B[0, :, 0]), {}),
    ("solve_triangular", (A, B), {}),
    ("solve_triangular", (A, B), {"lower": True}),
    ("svd", (TALL,), {"compute_uv": False}),
    ("lstsq", (TALL[0], TALL[0, :, :2]), {}),
    ("lstsq", (LOW, TALL[0, :, 0]), {}),
    ("lstsq", (WIDE[0], WIDE[0, :, 0]), {}),
    ("pinv", (TALL,), {}),
    ("pinv", (LOW,), {}),
    ("matrix_rank", (TALL,), {}),
    ("matrix_rank", (LOW,), {}),
    ("matrix_rank", (TALL,), {"tol": 1.5}),
]


def name_of(case):
    return f"{case[0]}-{'x'.join(map(str, np.shape(case[1][0])))}-" + ",".join(f"{k}={v}" for k, v in case[2].items())


def leaves(result):
    return [np.asarray(x) for x in (result if isinstance(result, (tuple, list)) else [result])]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_values(case, engine):
    import keras

    name, args, kwargs = case
    want = leaves(getattr(keras.ops, name)(*args, **kwargs))
    op = getattr(lamina.ops, name)
    assert getattr(lamina.ops.linalg, name, op) is op
    for got in (leaves(op(*args, **kwargs)), leaves(lamina.function(lambda *a: op(*a, **kwargs))(*args))):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            assert g.shape == w.shape and g.dtype == (w.dtype if args[0].dtype != np.float64 else g.dtype)
            np.testing.assert_allclose(g, w, atol=3e-4, rtol=3e-4)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("x", [TALL, WIDE, A], ids=["tall", "wide", "square"])
def test_svd(x, full):
    u, s, vt = leaves(lamina.ops.svd(x, full_matrices=full))
    uk, sk, vk = np.linalg.svd(x, full_matrices=full)
    assert u.shape == uk.shape and vt.shape == vk.shape
    np.testing.assert_allclose(s, sk, atol=1e-4)
    k = s.shape[-1]
    np.testing.assert_allclose(u[..., :k] * s[..., None, :] @ vt[..., :k, :], x, atol=1e-4)
    np.testing.assert_allclose(
        u @ u.swapaxes(-1, -2) if full else u.swapaxes(-1, -2) @ u,
        np.broadcast_to(
            np.eye(u.shape[-1] if not full else u.shape[-2]),
            (x.shape[0],) + (u.shape[-1] if not full else u.shape[-2],) * 2,
        ),
        atol=1e-4,
    )


def test_eigh():
    w, v = leaves(lamina.ops.eigh(S))
    np.testing.assert_allclose(w, np.linalg.eigvalsh(S), atol=1e-4)
    np.testing.assert_allclose(S @ v, v * w[:, None, :], atol=1e-4)


GRADIENTS = {
    "cholesky": (
        lambda ops, x: ops.sum(ops.sin(ops.cholesky(ops.matmul(x, ops.swapaxes(x, -1, -2)) + 3 * np.eye(3)))),
        A,
    ),
    "det": (lambda ops, x: ops.sum(ops.sin(ops.det(x))), A),
    "slogdet": (lambda ops, x: ops.sum(ops.slogdet(x)[1]), A),
    "eigh": (lambda ops, x: ops.sum(ops.eigh(x)[1][..., 0] ** 2 * np.arange(3)) + ops.sum(ops.eigh(x)[0] ** 2), S),
    "inv": (lambda ops, x: ops.sum(ops.sin(ops.inv(x))), A),
    "qr": (lambda ops, x: ops.sum(ops.sin(ops.qr(x)[0])) + ops.sum(ops.cos(ops.qr(x)[1])), TALL),
    "solve": (lambda ops, x: ops.sum(ops.sin(ops.solve(x, B))), A),
    "solve_triangular": (
        lambda ops, x: ops.sum(ops.sin(ops.solve_triangular(x, B, lower=True))),
        A + 3 * np.eye(3, dtype="float32"),
    ),
    "svd": (
        lambda ops, x: (
            ops.sum(ops.svd(x, full_matrices=False)[0] ** 2 * np.arange(3))
            + ops.sum(ops.sin(ops.svd(x, full_matrices=False)[1]))
        ),
        TALL,
    ),
    "pinv": (lambda ops, x: ops.sum(ops.sin(ops.pinv(x))), WIDE),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name, engine):
    import jax
    import keras

    f, x = GRADIENTS[name]
    want = np.asarray(jax.grad(lambda a: f(keras.ops, a))(x))
    got = np.asarray(lamina.grad(lambda a: f(lamina.ops, a))(lamina.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(got, want, atol=2e-3 * max(1, np.abs(want).max()))


@pytest.mark.parametrize(
    "name, args",
    [
        ("cholesky", (np.array([[1.0, 2.0], [2.0, 1.0]], "float32"),)),
        ("cholesky", (TALL,)),
        ("inv", (TALL,)),
        ("det", (np.ones(3, "float32"),)),
        ("solve", (A[0], np.ones((4, 2), "float32"))),
        ("qr", (TALL, "raw")),
        ("matrix_rank", (np.ones(3, "float32"),)),
        ("lstsq", (TALL[0], np.ones(4, "float32"))),
    ],
)
def test_mistakes(name, args):
    import keras

    for package in (keras, lamina):
        with pytest.raises((ValueError, TypeError)):
            getattr(package.ops, name)(*args)


def test_in_models_and_files(tmp_path):
    x = lamina.Input((3, 3))
    model = lamina.Model(x, [lamina.ops.det(x), lamina.ops.qr(x)[1], lamina.ops.inv(x)])
    model.save(tmp_path / "m.keras")
    for m in (model, lamina.models.load_model(tmp_path / "m.keras")):
        for got, want in zip(m(A), (np.linalg.det(A), np.asarray(lamina.ops.qr(A)[1]), np.linalg.inv(A)), strict=True):
            np.testing.assert_allclose(np.asarray(got), want, atol=1e-4)
