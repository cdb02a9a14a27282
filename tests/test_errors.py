"""Misuse: what is refused, and the words in which it is."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import explain


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


def raises(error, text):
    return pytest.raises(error, match=text)


def test_the_form_of_all_errors():
    text = explain("reshape", expected="6 elements", got="shape (4,)", remedy="pass shape (2, 2)")
    assert text == "reshape: expected 6 elements, got shape (4,). To mend it: pass shape (2, 2)."


def test_error_classes_can_be_caught_as_what_they_are():
    assert issubclass(ag.GradientError, RuntimeError)
    assert issubclass(ag.NoGradientError, TypeError)
    assert issubclass(ag.StaleValueError, ag.GradientError)
    assert issubclass(ag.AnomalyError, FloatingPointError)
    for error in (ag.GradientError, ag.NoGradientError, ag.StaleValueError, ag.AnomalyError):
        assert issubclass(error, ag.AutogradError)


# -- what becomes a Tensor -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, [1, 2], np.arange(3), True, np.uint8(3)])
def test_integers_cannot_require_gradients(value):
    text = r"requires_grad=True: expected a floating-point or complex dtype, got dtype \w+. To mend it: make the Tensor"
    with raises(TypeError, text):
        ag.tensor(value, requires_grad=True)
    t = ag.tensor(value)
    with raises(TypeError, text):
        t.requires_grad = True
    with raises(TypeError, text):
        t.requires_grad_()
    assert ag.tensor(value, dtype=float, requires_grad=True).requires_grad


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("3.5", r"Tensor: expected booleans, integers, floats or complex numbers, got str"),
        (None, r"Tensor: expected .* got NoneType of dtype object"),
        ([1.0, "a"], r"Tensor: expected .* got list"),
        ([[1.0, 2.0], [3.0]], r"Tensor: expected numbers, nested lists .* got list .* make the lists equally"),
        (np.array(["a"]), r"Tensor: expected .* got ndarray of dtype <U1"),
        ({"a": 1.0}, r"Tensor: expected .* got dict of dtype object"),
        (np.datetime64("2020-01-01"), r"Tensor: expected .* got datetime64 of dtype datetime64\[D\]"),
        (object(), r"Tensor: expected .* got object"),
    ],
)
def test_what_is_no_number_is_refused(value, text):
    for make in (ag.tensor, ag.Tensor, ag.asarray):
        with raises(TypeError, text):
            make(value)


def test_wrapping_a_tensor_does_not_drop_its_gradient():
    x = leaf([1.0, 2.0])
    for make in (ag.tensor, ag.Tensor, lambda t: ag.tensor([t, t]), lambda t: ag.tensor([t[0], t[1]])):
        with raises(ag.NoGradientError, r"expected a Tensor that requires no gradient, got one of shape"):
            make(x)
    assert ag.asarray(x) is x
    assert ag.tensor(x.detach()).tolist() == [1.0, 2.0]


def test_requires_grad_of_a_result_cannot_be_switched_off():
    y = leaf(1.0) * 2.0
    with raises(ag.GradientError, r"requires_grad = False: expected a leaf, got the result of multiply"):
        y.requires_grad = False
    y.requires_grad = True
    x = leaf(1.0)
    x.requires_grad_(False)
    assert not (x * 2).requires_grad


# -- backward ----------------------------------------------------------------------------------------------


def test_backward_from_several_elements_needs_a_gradient():
    y = leaf([1.0, 2.0]) * 2.0
    with raises(ag.GradientError, r"expected a result of one element, .* got a result of shape \(2,\) and no gradient"):
        y.backward()
    with raises(ag.GradientError, r"expected a result of one element"):
        ag.gradients(y, y)
    assert leaf([[3.0]]).sum().backward() is not None
    (leaf([[3.0]]) * 2.0).backward()


def test_backward_from_a_constant():
    text = r"backward: expected a Tensor that depends on one with requires_grad=True, got a constant of shape \(\)"
    with raises(ag.GradientError, text):
        ag.tensor(1.0).backward()
    with raises(ag.GradientError, text), ag.no_grad():
        (leaf(1.0) * 2.0).backward()
    with raises(ag.GradientError, text):
        ag.gradients(ag.tensor(1.0), leaf(1.0))


def test_gradients_of_another_shape():
    y = leaf([1.0, 2.0]) * 2.0
    with raises(ag.GradientError, r"expected a gradient of the result's shape \(2,\), got shape \(3,\)"):
        y.backward(np.ones(3))
    with raises(ag.GradientError, r"expected a gradient of the result's shape \(2,\), got shape \(\)"):
        y.backward(1.0)
    with raises(ag.GradientError, r"gradients: expected a gradient for each of the 1 outputs, got 2"):
        ag.gradients(y, y, [np.ones(2), np.ones(2)])


def test_keep_knows_two_words():
    with raises(ValueError, r"backward: expected keep='leaves' or keep='all', got keep='everything'"):
        leaf(1.0).backward(keep="everything")


def test_a_rule_that_returns_a_wrong_shape_is_named():
    wrong = ag.Primitive("wrong", lambda x: x * 2, lambda g, out, x: g[:1])
    with raises(ag.GradientError, r"backward of wrong: expected a contribution of the input's shape \(2,\).*\(1,\)"):
        wrong(leaf([1.0, 2.0])).sum().backward()


# -- conversions that would lose a gradient -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conversion", "name"),
    [
        (float, r"float\(t\)"),
        (int, r"int\(t\)"),
        (complex, r"complex\(t\)"),
        (math.sin, r"float\(t\)"),
        (np.asarray, r"np.asarray\(t\)"),
        (np.array, r"np.asarray\(t\)"),
        (np.float32, r"np.asarray\(t\)"),
        (lambda t: t.numpy(), r"tensor.numpy\(\)"),
        (np.from_dlpack, r"t.__dlpack__\(\)"),
        (ag.from_dlpack, r"t.__dlpack__\(\)"),
        (lambda t: np.array([t, t]), r"np.asarray\(t\)"),
        (lambda t: np.zeros(2).dot(t), r"np.asarray\(t\)"),
        (lambda t: np.random.default_rng(0).normal(t), r"np.asarray\(t\)"),
    ],
)
def test_conversions_refuse_to_lose_a_gradient(conversion, name):
    x = leaf(1.5)
    text = name + r": expected a Tensor that requires no gradient, got one of shape \(\) that does"
    with raises(ag.NoGradientError, text):
        conversion(x)
    with raises(ag.NoGradientError, text):
        conversion(x * 2.0)
    with ag.no_grad():
        conversion(x)
    conversion(x.detach())


def test_reading_is_allowed():
    x = leaf([1.5, 2.5])
    assert x[0].item() == 1.5
    assert x.tolist() == [1.5, 2.5]
    assert x.data.sum() == 4.0
    assert bool(x[0] > 1.0)
    assert f"{x[0]:.2f} {x}" == "1.50 tensor([1.5, 2.5], requires_grad=True)"
    assert 2.5 in x
    assert len(x) == 2
    assert [t.item() for t in x] == [1.5, 2.5]


def test_what_python_refuses():
    with raises(TypeError, r"iteration over a Tensor of shape \(\): it has no axis"):
        iter(leaf(1.0))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf([1.0, 2.0]))
    with pytest.raises(TypeError):
        operator.index(leaf(1.0))
    with pytest.raises(TypeError):
        [1, 2, 3][leaf(1.0)]
    assert [1, 2, 3][ag.tensor(1)] == 2
    with pytest.raises(TypeError):
        leaf(1.0) + "a"
    with pytest.raises(TypeError):
        leaf(1.0) * None
    with pytest.raises(TypeError):
        len(leaf(1.0))
    with pytest.raises(ValueError, match=r"one element|size 1"):
        leaf([1.0, 2.0]).item()


def test_tensors_in_a_nested_list_as_an_operand():
    x = leaf([1.0, 2.0])
    for product in (lambda: x * [x[0], 2.0], lambda: np.add([x[0], 2.0], x)):
        with raises((ag.NoGradientError, ValueError), r"expected a Tensor that requires no gradient|sequence"):
            product()


def test_default_dtype():
    assert ag.get_default_dtype() == np.float64
    with raises(TypeError, r"set_default_dtype: expected a floating-point dtype, got int32"):
        ag.set_default_dtype("int32")
    ag.set_default_dtype("float32")
    try:
        assert ag.tensor(1.5).dtype == np.float32
        assert ag.tensor([1.5, 2.0]).dtype == np.float32
        assert ag.tensor(np.array([1.5])).dtype == np.float64
        assert ag.tensor(1).dtype == np.int64
        assert ag.zeros(2).dtype == ag.ones((1,)).dtype == ag.eye(2).dtype == np.float32
        assert ag.linspace(0.0, 1.0, 3).dtype == ag.arange(2.0).dtype == np.float32
        assert (ag.tensor(1.5) * 2.0).dtype == np.float32
    finally:
        ag.set_default_dtype(None)
    assert ag.tensor(1.5).dtype == np.float64


# -- devices ---------------------------------------------------------------------------------------------------


def test_there_is_one_device():
    x = leaf([1.0])
    assert x.device == "cpu"
    assert x.to_device("cpu") is x
    with raises(ValueError, r"to_device: expected 'cpu', got 'cuda'"):
        x.to_device("cuda")
    with raises(ValueError, r"to_device: expected 'cpu', got a stream, 3"):
        x.to_device("cpu", stream=3)
    with raises(ValueError, r"zeros: expected device=None or device='cpu', got 'cuda'"):
        ag.zeros(2, device="cuda")
