"""``viz.explain`` where products alone do not tell all: complex numbers, hooks, several outputs, huge graphs."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import autograd_core as ag
import nn
import nn.functional as F
import viz
from autograd_core.primitive import PRIMITIVES
from examples import worked_example
from viz.formulas import latex, latex_text, mathml


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


def named(name, node):
    node.name = name
    return node


# -- complex numbers -----------------------------------------------------------------------------


def test_factors_of_complex_numbers_multiply_to_the_derivative():
    z = leaf(1 + 2j, "z")
    y = named("y", ag.real(named("w", z * (2 + 1j))))
    assert str(viz.explain(y, z)).splitlines() == [
        "∂y/∂z = ∂y/∂w · ∂w/∂z",
        "  = (1+0j) × (2+1j)",
        "  = 2+1j",
        "  the gradient at a complex number a + ib is ∂y/∂a + i ∂y/∂b, the conjugate of the derivative: 2-1j",
    ]
    (gradient,) = ag.gradients(y, z)
    assert gradient.item() == 2 - 1j


def test_paths_of_the_absolute_value_of_a_square():
    z = leaf(1 + 2j, "z")
    found = viz.explain(ag.abs(z * z), z)
    (gradient,) = ag.gradients(ag.abs(z * z), z)
    assert np.isclose(sum(path.product for path in found.paths), np.conj(gradient.item()))
    assert "= (1-2j) + (1-2j) = 2-4j" in str(found)


@pytest.mark.parametrize("build", [lambda z: ag.real(z * ag.conj(z)), lambda z: ag.abs(ag.real(z) * (1 + 1j))])
def test_conjugates_and_real_parts_are_no_factors(build):
    z = leaf(1 + 2j, "z")
    found = viz.explain(build(z), z, check=True)
    assert found.paths == ()
    assert any(sign in str(found) for sign in ("conj(δ(", "Re(δ("))
    assert found.check.largest < 1e-8
    for step in found.steps:
        for c in step.contributions:
            if c.factor is not None:
                assert np.isclose(complex(c.upstream) * c.factor, complex(c.value), rtol=1e-4)


def test_a_complex_result_stands_for_its_real_part():
    z = leaf(1 + 2j, "z")
    found = viz.explain(named("y", z * z), z, check=True)
    assert "y is complex: the gradient is that of its real part" in str(found)
    assert found.gradient == "2-4j"
    assert found.check.largest < 1e-8


# -- hooks ---------------------------------------------------------------------------------------


def test_a_hook_that_replaces_a_gradient_is_told():
    x = leaf(2.0, "x")
    a = named("a", x * 0.5)
    y = named("y", a * 0.5)
    a.register_hook(lambda g: g * 2)
    assert str(viz.explain(y, x)).splitlines()[2:] == [
        "  δ(a) = δ(y) × 0.5 = 1 × 0.5 = 0.5",
        "      a hook replaced δ(a): 0.5 → 1",
        "  δ(x) = δ(a) × 0.5 = 1 × 0.5 = 0.5",
    ]
    assert r"\text{by a hook}" in viz.explain(y, x).latex()
    assert "by a hook" in viz.explain(y, x).mathml()


def test_hooks_on_a_leaf_and_on_the_result():
    x = leaf(np.ones(2), "x")
    y = named("y", ag.sum(x * x))
    x.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: g * 3)
    text = str(viz.explain(y, x))
    assert "δ(y) = 1\n      a hook replaced δ(y): 1 → 3\n" in text
    assert text.endswith("a hook replaced δ(x): [6, 6] → [7, 7]")


def test_a_hook_that_only_looks_changes_nothing():
    x = leaf(3.0, "x")
    y = x * 0.1 * 0.7
    before = str(viz.explain(y, x))
    x.register_hook(lambda g: None)
    assert str(viz.explain(y, x)) == before
    assert "hook" not in before


# -- several outputs, inputs without a derivative --------------------------------------------------


def test_operations_with_several_outputs_name_them():
    x = leaf(np.arange(4.0), "x")
    first, second = (named(name, part) for name, part in zip("ab", ag.split(x, 2), strict=True))
    text = str(viz.explain(ag.sum(first * second), x))
    assert "δ(x) (4,) = δ(a), δ(b) joined again = [2, 3, 0, 1]" in text
    a = leaf(np.array([[2.0, 1.0], [0.0, 3.0]]), "A")
    _, s, _ = np.linalg.svd(a)
    found = viz.explain(ag.sum(named("s", s)), a, check=True)
    assert "δ(A) (2, 2) = δ(s) back through svd (U (diag(g_s) + …) Vᵀ, with δ for g) = [[" in str(found)
    assert found.check.largest < 1e-8


def test_rules_that_are_no_products_name_the_operation():
    x, bias = leaf(numbers(1, 2, 5), "x"), leaf(np.ones(3), "bias")
    convolved = F.conv1d(x, numbers(3, 2, 2), bias)
    assert viz.explain(ag.sum(convolved), bias).steps[-1].terms() == "Σ over axes 0, 2 of δ(u(3))"
    assert (
        viz.explain(ag.sum(convolved), x).steps[-1].terms()
        == "δ(u(3)) back through convolution (convᵀ of array (3, 2, 2))"
    )
    a = leaf(np.eye(2) + 1.0, "A")
    inverse = named("B", ag.linalg.inv(a))
    assert viz.explain(ag.sum(inverse), a).steps[-1].terms() == "δ(B) back through inv (−Bᵀ g Bᵀ, where g = δ(B))"


def test_several_outputs_that_are_numbers():
    x = leaf(1.5, "x")
    fraction, whole = np.modf(x)
    found = viz.explain(fraction * 3.0 + whole, x)
    assert found.paths == ()
    assert found.gradient == "3"


def test_an_input_without_a_derivative_is_no_use():
    x = leaf(1.5, "x")
    found = viz.explain(named("y", ag.where(x, x, 2.0)), x)
    assert str(found) == "∂y/∂x = 1"
    assert found.path_count == 1


# -- numbers and names ---------------------------------------------------------------------------


def test_negative_factors_and_terms_stand_in_parentheses():
    x = leaf(2.0, "x")
    s = named("s", x * -2.0)
    y = named("y", s * -1.0)
    assert str(viz.explain(y, x)) == "∂y/∂x = ∂y/∂s · ∂s/∂x\n  = -1 × (-2)\n  = 2"
    assert str(viz.explain(named("z", s * x), x)).endswith("∂z/∂x = -4 + (-4) = -8")


def test_a_node_with_respect_to_itself():
    w = leaf(2.0, "w")
    assert str(viz.explain(w, w)) == "∂w/∂w = 1"
    assert viz.explain(w, w).latex().endswith(r"&= 1\end{aligned}")
    assert viz.explain(w, w).gradient == "1"
    assert str(viz.explain(leaf([2.0], "v"), "v")).endswith("δ(v) (1,) = [1]")


def test_nodes_of_one_name_are_told_apart():
    h = leaf(0.5, "h")
    y = h
    for _ in range(2):
        y = named("h", ag.sin(y))
    text = str(viz.explain(y, h))
    assert text.startswith("∂h (u(3))/∂h (u(1)) = ∂h (u(3))/∂h (u(2)) · ∂h (u(2))/∂h (u(1))")


def test_long_names_keep_both_ends():
    weight, bias = leaf(2.0, "encoder." * 10 + "weight"), leaf(2.0, "encoder." * 10 + "bias")
    y = named("y", weight * bias)
    assert "…oder.encoder.weight" in str(viz.explain(y, weight))
    huge = leaf(np.ones(2), "x" * 100_000)
    assert len(str(viz.explain(ag.sum(huge * huge), huge))) < 2000


def test_long_names_in_the_grad_table_leave_room_for_formulas():
    weight = leaf(2.0, "encoder." * 10 + "weight")
    row = viz.grad_table(weight * weight * 3.0).rows[-1]
    assert row[0].startswith("encoder.")
    assert row[0].endswith(".encoder.weight")
    assert ".encoder.weight = encoder." in row[4]
    assert repr(viz.grad_table(weight + 1.0)).splitlines()[-1].endswith("encoder.weight = 1")


def test_very_many_paths():
    x = y = leaf(1.0, "x")
    with np.errstate(over="ignore"):
        for _ in range(2000):
            y = y + y
    found = viz.explain(y, x)
    assert found.path_count == 2**2000
    assert str(found).startswith("∂u(2001)/∂x: the sum over about 1.1e+602 paths")
    assert max(map(len, str(found).splitlines())) < 1000
    arrays = viz.explain(ag.sum(y * np.ones(2)), x).draw().view
    assert any("about 1.1e+602 paths over 2003 nodes" in note for note in arrays.notes)


def test_many_steps_and_many_uses():
    x = y = leaf(np.ones(3), "x")
    for _ in range(50):
        y = ag.sin(y) * x
    found = viz.explain(ag.sum(y), x)
    assert len(found.steps) == 102
    text = str(found)
    assert "  … 42 more …" in text
    assert text.count(" + … 43 more … + ") == 1
    assert r"\vdots" in found.latex()


@pytest.mark.parametrize("function", [viz.explain, viz.paths])
def test_errors_name_the_function(function):
    x, y = leaf(2.0, "x"), leaf(1.0, "y")
    name = function.__name__
    with pytest.raises(TypeError, match=f"^{name}: expected a Tensor as the result, got str 'y'"):
        function("y", x)
    with pytest.raises(TypeError, match=f"^{name}: expected a Tensor that requires a gradient, .* got int"):
        function(x * 2, 3)
    with pytest.raises(ValueError, match=f"^{name}: expected a Tensor .* got 'z', as which no nodes"):
        function(x * 2, "z")
    with pytest.raises(ValueError, match=f"^{name}: expected a node that the result depends on, got y"):
        function(x * 2, y)
    with pytest.raises(ValueError, match=f"^{name}: expected a result of one element"):
        function(leaf([1.0, 2.0]) * 2, x)


def test_nothing_flows_back_to_the_node():
    x = leaf(1.5, "x")
    y = ag.where(x, leaf(2.0), 3.0)
    with pytest.raises(ValueError, match="explain: expected a node that the result depends on, got x"):
        viz.explain(y, x)


# -- contracted paths ----------------------------------------------------------------------------


def test_paths_between_nodes_that_have_names():
    network = worked_example.build()
    found = viz.explain(network.error, network.weights["w5"], digits=4, contract=True)
    assert str(found) == "∂E/∂w5 = ∂E/∂o1 · ∂o1/∂w5\n  = 0.7414 × 0.1108\n  = 0.08217"
    two = viz.explain(network.error, network.weights["w1"], contract=True)
    assert [path.nodes for path in two.paths] == [("E", "o1", "h1", "w1"), ("E", "o2", "h1", "w1")]
    assert math.isclose(sum(path.product for path in two.paths), float(two.gradient), rel_tol=1e-5)


def test_contracted_paths_add_up_what_they_join():
    x = leaf(3.0, "x")
    y = named("y", x * x + ag.sin(x) * x)
    found = viz.explain(y, x, contract=True)
    assert found.path_count == 1
    assert math.isclose(found.paths[0].product, 6 + math.sin(3) + 3 * math.cos(3))


# -- finite differences --------------------------------------------------------------------------


def test_finite_differences_of_a_number():
    x = leaf(0.5, "x")
    found = viz.explain(ag.sin(x), x, check=True)
    assert f"  by finite differences: 0.877583, difference: {found.check.largest:.1g}" in str(found)
    assert found.check.largest < 1e-9


def test_finite_differences_of_an_array_are_a_column():
    x = leaf(np.array([[1.0, 2.0], [3.0, -4.0]]), "x")
    found = viz.explain(ag.sum(x * x), x, check=True)
    assert found.check.rows[3] == ("[1, 1]", "-8", "-8")
    assert str(found).splitlines()[-6:-1] == [
        "  entry   gradient  by finite differences",
        "  [0, 0]  2         2",
        "  [0, 1]  4         4",
        "  [1, 0]  6         6",
        "  [1, 1]  -8        -8",
    ]
    assert str(found).splitlines()[-1].startswith("  largest difference: ")


def test_of_many_entries_those_that_differ_most_are_shown():
    x = leaf(np.ones(40), "x")
    x.register_hook(lambda g: g + (np.arange(40) == 17))  # one entry is wrong
    check = viz.explain(ag.sum(x * 2.0), x, check=True).check
    assert (check.entries, len(check.rows)) == (40, 12)
    assert ("[17]", "3", "2") in check.rows
    assert math.isclose(check.largest, 1.0, rel_tol=1e-6)
    assert "(the 12 entries of 40 that differ most are shown)" in str(check)


def test_finite_differences_in_single_precision_are_taken_in_double():
    x = leaf(np.array([0.1, 0.7], dtype=np.float32), "x")
    assert viz.explain(ag.sum(ag.sin(x) * x), x, check=True).check.largest < 1e-6


def test_finite_differences_of_complex_entries():
    z = leaf(np.array([1 + 2j, 3 - 1j]), "z")
    assert viz.explain(ag.sum(ag.real(z * z * 1j)), z, check=True).check.largest < 1e-7


# -- values that are not finite, other dtypes ------------------------------------------------------


def test_infinite_and_undefined_values():
    x = leaf(0.0, "x")
    with np.errstate(all="ignore"):
        y = named("y", ag.log(x) * 0.0 + ag.sqrt(x))
        roots = ag.sum(ag.sqrt(leaf([0.0, 1.0], "r")))
    found = viz.explain(y, x)
    assert "= 1 × 0 × inf = 0\n" in str(found)  # as the backward pass has it
    assert str(found).endswith("∂y/∂x = 0 + inf = inf")
    text = str(viz.explain(roots, "r", check=True))
    assert "  [0]    inf       nan\n" in text
    assert text.endswith("largest difference: nan")


def test_integer_constants_and_single_precision():
    x = leaf(np.float32(0.1), "x")
    assert str(viz.explain(named("y", x * np.array(3)), x)) == "∂y/∂x = 3"
    assert str(viz.explain(named("y", x**2), x)) == "∂y/∂x = 0.2"


# -- formulas ------------------------------------------------------------------------------------


def test_deltas_as_latex():
    x = leaf(np.ones((2, 3)), "x")
    w = leaf(np.ones((3, 2)) / 8, "W")
    h = named("h", ag.tanh(named("net", x @ w)))
    rows = viz.explain(named("L", ag.sum(h)), w).latex().split(r"\\ ")
    assert rows[0] == r"\begin{aligned}\delta(L) &= 1"
    assert any(r"\delta ( h ) \odot ( 1 - h ^{2} ) = \begin{pmatrix}" in row for row in rows)
    last = r"\delta(W) &= x ^{\top} \, \delta ( \mathrm{net} ) = \dots \; (3 \times 2)\end{aligned}"
    assert rows[-1] == last
    assert r"\text{from" not in " ".join(rows)


@pytest.mark.parametrize("wanted", ["w1", "w5"])
def test_mathml_of_paths_is_well_formed(wanted):
    network = worked_example.build()
    root = ElementTree.fromstring(viz.explain(network.error, network.weights[wanted]).mathml())
    space = "{http://www.w3.org/1998/Math/MathML}"
    assert len(root.findall(f".//{space}mfrac")) > 5
    assert root.tag == f"{space}math"


def test_mathml_of_deltas_escapes_names():
    x = leaf(np.ones((2, 2)), "<b>&")
    found = viz.explain(ag.sum(ag.tanh(x @ x)), x)
    root = ElementTree.fromstring(found.mathml())
    assert "<b>&" in "".join(root.itertext())


def test_every_formula_of_the_library_has_its_signs_in_latex():
    for primitive in PRIMITIVES.values():
        for text in (*primitive.formulas, primitive.symbol):
            assert latex(text).isascii(), text
            assert latex_text(text).isascii(), text
            ElementTree.fromstring(mathml(text).replace("&nbsp;", " "))


def test_what_formulas_mention_beside_the_paths_is_explained():
    nn.manual_seed(0)
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((4, 3)), "W")
    text = str(viz.explain(ag.sum(ag.tanh(x @ w.T)), x))
    assert "δ(x) (2, 3) = δ(u(4)) @ u(3)ᵀ" in text
    assert text.splitlines()[-1].startswith("  where u(3) = ")
