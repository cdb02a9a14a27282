"""The hand-derivation checker: right derivations pass, and every kind of slip is recognised."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import GradientError

RNG = np.random.default_rng(2)


# -- the worked example: a 2-2-2 network of sigmoid units ----------------------------------------------

POINT = dict(w1=0.15, w2=0.20, w3=0.25, w4=0.30, w5=0.40, w6=0.45, w7=0.50, w8=0.55, b1=0.35, b2=0.60)
INPUT, TARGET = (0.05, 0.10), (0.01, 0.99)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(w1, w2, w3, w4, w5, w6, w7, w8, b1, b2):
    i1, i2 = INPUT
    net_h1, net_h2 = w1 * i1 + w2 * i2 + b1, w3 * i1 + w4 * i2 + b1
    out_h1, out_h2 = sigmoid(net_h1), sigmoid(net_h2)
    net_o1, net_o2 = w5 * out_h1 + w6 * out_h2 + b2, w7 * out_h1 + w8 * out_h2 + b2
    out_o1, out_o2 = sigmoid(net_o1), sigmoid(net_o2)
    return dict(
        net_h1=net_h1, net_h2=net_h2, out_h1=out_h1, out_h2=out_h2,
        net_o1=net_o1, net_o2=net_o2, out_o1=out_o1, out_o2=out_o2,
    )  # fmt: skip


def network(**weights):
    nodes = forward(**weights)
    for name, node in nodes.items():
        node.name = name
    return 0.5 * ((TARGET[0] - nodes["out_o1"]) ** 2 + (TARGET[1] - nodes["out_o2"]) ** 2)


def by_hand(slip=None):
    """The derivatives as one would write them down, with a slip."""

    def derivatives(**w):
        v = forward(**w)
        prime = lambda out: out * (1 - out)
        error1, error2 = v["out_o1"] - TARGET[0], v["out_o2"] - TARGET[1]
        if slip == "sign":
            error1, error2 = -error1, -error2
        f1 = {
            "no activation at the output": 1.0,
            "activation at its output": prime(sigmoid(v["out_o1"])),
            "activation at its input": prime(v["net_o1"]),
        }.get(slip, prime(v["out_o1"]))
        o1, o2 = error1 * f1, error2 * prime(v["out_o2"])
        through1 = o1 if slip == "weight missing" else o1 * w["w5"]
        through2 = 0.0 if slip == "shared node" else o2 * w["w7"]
        if slip == "sign of one path":
            through2 = -through2
        h1 = (through1 + through2) * (1.0 if slip == "no activation in the middle" else prime(v["out_h1"]))
        h2 = (o1 * w["w6"] + o2 * w["w8"]) * prime(v["out_h2"])
        factor = 2.0 if slip == "factor" else 1.0
        return dict(
            w1=h1 * INPUT[0], w2=h1 * INPUT[1], w3=h2 * INPUT[0], w4=h2 * INPUT[1], b1=h1 + h2,
            w5=factor * o1 * v["out_h1"], w6=o1 * v["out_h2"], w7=o2 * v["out_h1"], w8=o2 * v["out_h2"],
            b2=o2 if slip == "shared bias" else o1 + o2,
            net_o1=o1, net_o2=o2, net_h1=h1, net_h2=h2,
        )  # fmt: skip

    return derivatives


def test_the_right_derivation_of_the_network():
    report = ag.check_derivation(network, by_hand(), at=POINT)
    assert report
    assert len(report.right) == 14
    assert str(report).startswith("check_derivation: all right (w1, w2,")
    # the numbers of the worked example, to nine decimals
    assert ag.check_derivation(network, {"w5": 0.082167041, "w1": 0.000438568}, at=POINT, rtol=0, atol=6e-10)


BELOW_O1 = ["w1", "w2", "w3", "w4", "b1", "w5", "w6", "b2", "net_o1", "net_h1", "net_h2"]
BELOW_H1 = ["w1", "w2", "b1", "net_h1"]
SLIPS = {
    "sign": (list(by_hand()(**POINT)), "the wrong sign"),
    "no activation at the output": (BELOW_O1, "the derivative of the function from net_o1 to out_o1 is missing"),
    "activation at its output": (BELOW_O1, "from net_o1 to out_o1 is taken at its output"),
    "activation at its input": (
        BELOW_O1,
        "the derivative a(1 − a) of the function from net_o1 to out_o1 is of its output; its input is put in",
    ),
    "weight missing": (BELOW_H1, "the factor w5 of multiply is missing"),
    "shared node": (BELOW_H1, "out_h1 is used 2 times, and the contribution through multiply in net_o2 is missing"),
    "sign of one path": (BELOW_H1, "the sign of what comes back through"),
    "no activation in the middle": (BELOW_H1, "the derivative of the function from net_h1 to out_h1 is missing"),
    "factor": (["w5"], "2 times the right value"),
    "shared bias": (["b2"], "b2 is used 2 times, and the contribution through net_o1 is missing"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips_in_the_network(slip):
    names, text = SLIPS[slip]
    report = ag.check_derivation(network, by_hand(slip), at=POINT)
    assert not report
    assert report.wrong_names == names
    for name in names:
        assert text in report.slip(name), f"{name}: {report.slip(name)!r}"
    assert len(report.slips) == 1  # one slip explains all that is wrong


def test_two_slips_at_once():
    mine = by_hand("shared node")(**POINT)
    mine["w6"] *= -1
    report = ag.check_derivation(network, mine, at=POINT)
    assert report.slip("w6") == "the wrong sign"
    assert "used 2 times" in report.slip("w1")


def test_a_delta_table_alone():
    deltas = {"net_o1": 0.138498562, "net_o2": 0.0380982365, "out_h1": 0.0363503065}
    report = ag.check_derivation(network, deltas, at=POINT)
    assert report.right == ["net_o1", "out_h1"]
    assert report.slip("net_o2") == "the wrong sign"


# -- networks of arrays ----------------------------------------------------------------------------------

N, D, K = 5, 3, 3
DATA = dict(
    W=RNG.normal(size=(D, K)), V=RNG.normal(size=(K, K)), b=RNG.normal(size=K),
    X=RNG.normal(size=(N, D)), Y=RNG.normal(size=(N, K)),
)  # fmt: skip


def mlp(W, V, b, X, Y):
    net = X @ W + b
    net.name = "net"
    hidden = np.tanh(net)
    hidden.name = "hidden"
    out = hidden @ V
    out.name = "out"
    return np.sum((out - Y) ** 2) / N


def mlp_by_hand(slip=None):
    def derivatives(W, V, b, X, Y):
        hidden = np.tanh(X @ W + b)
        out = 2 * (hidden @ V - Y) / (1 if slip == "mean" else N)
        if slip == "two":
            out = out / 2
        back = out @ (V if slip == "not transposed" else V.T)
        if slip == "column":
            back = np.delete(out, 1, axis=1) @ np.delete(V, 1, axis=1).T
        prime = {
            None: 1 - hidden**2,
            "no derivative": 1.0,
            "at output": 1 - np.tanh(hidden) ** 2,
            "at input": 1 - (X @ W + b) ** 2,
        }.get(slip, 1 - hidden**2)
        net = back * prime
        db = {"batch": net, "keepdims": net.sum(axis=0, keepdims=True), "wrong axis": net.sum(axis=1)}
        return dict(
            W=(X.T @ net).T if slip == "transposed" else X.T @ net,
            V=hidden.T @ out,
            b=db.get(slip, net.sum(axis=0)),
            net=net,
        )

    return derivatives


def test_the_right_derivation_with_arrays():
    assert ag.check_derivation(mlp, mlp_by_hand(), at=DATA)


ARRAY_SLIPS = {
    "mean": (
        ["W", "V", "b", "net"],
        f"the division by {N} is missing ({N} is the length of axis 0 of X: a sum instead of a mean?)",
    ),
    "two": (["W", "V", "b", "net"], "is missing"),
    "not transposed": (["W", "b", "net"], "V is not transposed on the way back"),
    "column": (["W", "b", "net"], "the contribution through column 1 of V is missing"),
    "no derivative": (["W", "b", "net"], "the derivative of tanh at hidden is missing"),
    "at output": (["W", "b", "net"], "the derivative of tanh at hidden is taken at its output instead of its input"),
    "at input": (["W", "b", "net"], "the derivative of tanh at hidden, written with its output, is given its input"),
    "transposed": (["W"], "transposed"),
    "batch": (["b"], f"the sum over the batch is missing ({N} is the length of axis 0 of X)"),
    "keepdims": (["b"], "the right numbers in the wrong shape: write .reshape(3,)"),
    "wrong axis": (["b"], "a sum over the wrong axis: axis 1 instead of axis 0"),
}


@pytest.mark.parametrize("slip", ARRAY_SLIPS)
def test_slips_with_arrays(slip):
    names, text = ARRAY_SLIPS[slip]
    report = ag.check_derivation(mlp, mlp_by_hand(slip), at=DATA)
    assert report.wrong_names == names
    for name in names:
        assert text in report.slip(name), f"{name}: {report.slip(name)!r}"


def quadratic(x):
    return np.sum(x**2) / 2


POINTS = np.array([1.0, -2.0, 4.0, 0.5, 3.0])
SQUARE = RNG.normal(size=(3, 3))


@pytest.mark.parametrize(
    ("mine", "text"),
    [
        (POINTS * 3, "3 times the right value"),
        (POINTS / 5, r"1/5 of the right value \(5 is the length of axis 0 of x: a mean instead of a sum\?\)"),
        (POINTS * 0, "all zeros"),
        (np.round(POINTS + 0.00001, 3) * np.array([1, 1, 1, -1, 1]), "the wrong sign"),
        (POINTS[::-1], "the right numbers in the wrong places"),
        (POINTS + 0.25, r"0\.25 too much in every entry"),
        (POINTS * np.array([1, 2, 2, 1, 1]), "2 times the right value in some entries only"),
        (POINTS * (1 + 1e-4 * RNG.normal(size=5)), "right to within 1 %"),
        (np.tile(POINTS / 4, (4, 1)), "the sum over the batch is missing"),
        (np.tile(POINTS, (4, 1)), "the mean over the batch is missing"),
        (POINTS.sum(), "all entries summed"),
        (POINTS.mean(), "the mean of all entries"),
        (POINTS.reshape(5, 1), r"wrong shape: write \.reshape\(5,\)"),
        (np.array([1.0, np.nan, 4.0, 0.5, 3.0]), "not finite"),
        (np.array([1.0, -2.0, 4.0, 7.0, 3.0]), ""),
    ],
)
def test_slips_in_one_vector(mine, text):
    report = ag.check_derivation(quadratic, mine, at=POINTS)
    assert not report
    import re

    assert re.search(text, report.slip("x")), report
    assert report.slips or not text


def test_transposes_of_square_matrices():
    f = lambda m: np.sum(m * SQUARE) + np.sum(m**2)
    right = SQUARE + 2 * SQUARE
    assert ag.check_derivation(f, right, at=SQUARE)
    assert ag.check_derivation(f, right.T, at=SQUARE).slip("m") == "transposed"
    assert "transposed, and 3 times" in ag.check_derivation(f, 3 * right.T, at=SQUARE).slip("m")


def test_numbers_rounded_on_paper():
    f = lambda x: np.sum(np.exp(x))
    right = np.exp(POINTS)
    report = ag.check_derivation(f, np.round(right, 4), at=POINTS)
    assert report.slip("x") == "right to 4 decimals: rounded on paper? Pass atol=1e-04"
    assert ag.check_derivation(f, np.round(right, 4), at=POINTS, atol=1e-4)


def test_the_exponent():
    f = lambda x: np.sum(x**3)
    assert "the exponent 3 is missing" in ag.check_derivation(f, POINTS**2, at=POINTS).slip("x")
    assert "the exponent 3 is not lowered by one" in ag.check_derivation(f, 3 * POINTS**3, at=POINTS).slip("x")


def test_a_repeated_use_counted_once():
    report = ag.check_derivation(lambda x: np.sum(x * x), POINTS, at=POINTS)
    assert "x is used 2 times, and the contribution through" in report.slip("x")
    report = ag.check_derivation(lambda x: x * 2.0 + np.sin(x) + x**2, 2.0, at=1.5)
    assert "x is used 3 times, and the contributions through" in report.slip("x")


# -- ways to say what is compared -----------------------------------------------------------------------


def test_arguments_by_position_and_several_derivatives():
    f = lambda x, y: np.sum(x) * y**2
    at = (POINTS, 3.0)
    dx, dy = np.full(5, 9.0), 2 * 3.0 * POINTS.sum()
    assert ag.check_derivation(f, (dx, dy), at=at).right == ["x", "y"]
    assert ag.check_derivation(f, lambda x, y: (np.full(5, y**2), 2 * y * x.sum()), at=at)
    assert ag.check_derivation(f, dy, at=at, wrt=1).right == ["y"]
    assert ag.check_derivation(f, dy, at=at, wrt="y").right == ["y"]
    assert ag.check_derivation(f, (dy, dx), at=at, wrt=("y", 0)).right == ["y", "x"]
    assert ag.check_derivation(f, {"y": dy}, at=at).right == ["y"]
    assert ag.check_derivation(f, [9.0] * 5, at=at, wrt=0)
    assert ag.check_derivation(quadratic, (POINTS,), at=POINTS)
    assert ag.check_derivation(quadratic, ag.tensor(POINTS), at=ag.tensor(POINTS))


def test_nested_arguments():
    f = lambda p: np.sum(p["w"] ** 2) * p["layers"][0]["b"]
    at = {"w": POINTS, "layers": [{"b": 2.0}]}
    mine = {"w": 4 * POINTS, "layers": [{"b": np.sum(POINTS**2)}]}
    assert ag.check_derivation(f, mine, at=(at,)).right == ["p['w']", "p['layers'][0]['b']"]
    assert ag.check_derivation(f, {"w": 4 * POINTS}, at=(at,)).right == ["w"]
    assert ag.check_derivation(f, {"p['layers'][0]['b']": np.sum(POINTS**2)}, at=(at,))
    report = ag.check_derivation(f, {"w": 4 * POINTS, "layers": [{"b": 1.0}]}, at=at)
    assert report.wrong_names == ["p['layers'][0]['b']"]


def test_inner_nodes_that_the_function_returns():
    def f(x):
        square = x**2
        return np.sum(square) / 2, {"square": square}

    assert ag.check_derivation(f, {"square": np.full(5, 0.5), "x": POINTS}, at=POINTS).right == ["square", "x"]


def test_arguments_that_are_not_differentiated():
    f = lambda x, n, mode: x**n if mode == "power" else x
    assert ag.check_derivation(f, 12.0, at=(2.0, 3, "power"))


def test_complex_numbers():
    z = np.array([1.0 + 2.0j])
    f = lambda z: np.sum((z * np.conjugate(z)).real)
    assert ag.check_derivation(f, 2 * z, at=z)
    assert not ag.check_derivation(f, 2 * np.conj(z), at=z)


# -- the report -------------------------------------------------------------------------------------------


def test_the_text_of_a_report():
    report = ag.check_derivation(lambda x, y: np.sum(x**2) * y, (2 * POINTS, 2.0), at=(POINTS, 1.0))
    assert str(report) == repr(report)
    assert str(report).splitlines() == [
        "check_derivation: 1 of 2 derivatives wrong",
        "  right: x",
        "  y: yours 2, right 30.25 (factor 0.0661157)",
    ]
    entry = report.wrong[0]
    assert (entry.name, entry.index, entry.mine, entry.engine) == ("y", (), 2.0, 30.25)


def test_entries_are_named_and_long_lists_cut():
    report = ag.check_derivation(lambda m: np.sum(m**2), np.ones((4, 3)), at=np.full((4, 3), 2.0))
    assert "  m[0, 0]: yours 1, right 4 (factor 0.25)" in str(report)
    assert "... and 6 more entries of m" in str(report)
    assert len(report.wrong) == 12
    report = ag.check_derivation(lambda x: np.sum(x[:1]), np.array([1.0, 2.0]), at=np.ones(2))
    assert str(report.wrong[0]) == "x[1]: yours 2, right 0"
    assert report.wrong[0].factor == float("inf")


def test_shapes_that_differ_are_reported():
    report = ag.check_derivation(quadratic, np.ones((2, 2)), at=POINTS)
    assert report.mismatched == [("x", (2, 2), (5,))]
    assert "x: yours has shape (2, 2), right is shape (5,)" in str(report)


def test_html():
    f = lambda p: p["<b>"] ** 2
    html = ag.check_derivation(f, {"<b>": 1.0}, at=({"<b>": 3.0},))._repr_html_()
    assert "<table>" in html
    assert "p[&#x27;&lt;b&gt;&#x27;]" in html
    assert "<b>'" not in html
    assert "<table>" not in ag.check_derivation(quadratic, POINTS, at=POINTS)._repr_html_()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.check_derivation(lambda x: x * 2, POINTS, at=POINTS), GradientError, r"one number.*shape \(5,\)"),
        (lambda: ag.check_derivation(lambda x: x, 1.0, at=1), GradientError, "write floats"),
        (lambda: ag.check_derivation(quadratic, {"z": 1.0}, at=POINTS), ValueError, "name an argument or a node: x"),
        (lambda: ag.check_derivation(quadratic, 1.0, at=POINTS, wrt="z"), ValueError, "wrt to name an argument"),
        (lambda: ag.check_derivation(lambda x, y: x * y, 1.0, at=(1.0, 2.0)), ValueError, "for each of x, y"),
        (lambda: ag.check_derivation(lambda x, n: x**n, 1.0, at=(1.0, 2), wrt=1), TypeError, "n to be a float"),
        (lambda: ag.check_derivation(1.0, 1.0, at=1.0), TypeError, "check_derivation: expected a function"),
        (
            lambda: ag.check_derivation(quadratic, "2x", at=POINTS),
            TypeError,
            "numbers as the derivative for x, got a str",
        ),
        (lambda: ag.check_derivation(quadratic, [[1.0], 2.0], at=POINTS), TypeError, "numbers as the derivative"),
        (
            lambda: ag.check_derivation(lambda p: p["a"] ** 2, {"a": (1.0,)}, at=({"a": 1.0},)),
            TypeError,
            r"p\['a'\] to be an array or a number",
        ),
    ],
)
def test_misuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_name_given_twice_is_refused():
    def f(x):
        a, b = x * 2, x * 3
        a.name = b.name = "same"
        return a * b

    with pytest.raises(ValueError, match="the name of 2 nodes"):
        ag.check_derivation(f, {"same": 1.0}, at=1.0)


def test_large_graphs_stay_quick():
    """The number of candidates is bounded; a slip at the end of a long chain is still named."""

    def f(x):
        for _ in range(1500):
            x = 1e-3 * np.sin(x) + x
        return x

    report = ag.check_derivation(f, 2 * float(ag.grad(f)(0.1)), at=0.1)
    assert report.slip("x") == "2 times the right value"
