"""Losses of classifiers: cross-entropies, and sequences that are not aligned with their targets."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F
from tests.differences import check_gradients
from tests.samples.nn_losses import ctc_by_enumeration, text_of

RNG = np.random.default_rng(29)


def log_softmax(x, axis=-1):
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


class TestBinary:
    def test_probabilities_0_and_1_are_finite(self):
        x = ag.tensor([0.0, 0.0, 1.0, 1.0], requires_grad=True)
        loss = F.binary_cross_entropy(x, [0.0, 1.0, 0.0, 1.0], reduction="none")
        loss.sum().backward()
        assert loss.tolist() == [0.0, 100.0, 100.0, 0.0]
        assert x.grad.tolist() == [0.0, -1e12, 1e12, 0.0]

    @pytest.mark.parametrize("wrong", [1.5, -0.1, float("nan")])
    def test_other_numbers_are_refused(self, wrong):
        with pytest.raises(ValueError, match=rf"binary_cross_entropy: expected probabilities in \[0, 1\], got {wrong}"):
            F.binary_cross_entropy(ag.tensor([0.5, wrong]), [1.0, 0.0])

    @pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
    def test_weights_must_not_enlarge_the_loss(self, name):
        x, y = np.full((2, 3), 0.5), np.ones((2, 3))
        assert getattr(F, name)(x, y, weight=[1.0, 2.0, 3.0], reduction="none").shape == (2, 3)
        with pytest.raises(ValueError, match=rf"{name}: expected a weight that broadcasts.*got shape \(4, 2, 3\)"):
            getattr(F, name)(x, y, weight=np.ones((4, 2, 3)))
        with pytest.raises(ValueError, match="pos_weight that broadcasts"):
            F.binary_cross_entropy_with_logits(x, y, pos_weight=np.ones((4, 2, 3)))

    def test_three_ways_to_the_same_loss(self):
        x, y = RNG.standard_normal((4, 3)) * 3, RNG.integers(0, 2, (4, 3))
        a = F.binary_cross_entropy_with_logits(x, y)
        assert F.sigmoid_loss(x, y) == pytest.approx(a)
        assert F.binary_cross_entropy(F.sigmoid(x), y) == pytest.approx(a)

    @pytest.mark.parametrize("function", [F.sigmoid_loss, F.binary_cross_entropy_with_logits])
    @pytest.mark.parametrize("pos_weight", [None, 2.0])
    def test_logits_at_the_extremes(self, function, pos_weight):
        options = {} if function is F.sigmoid_loss or pos_weight is None else dict(pos_weight=pos_weight)
        factor = 2.0 if options else 1.0
        x = ag.tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True)
        loss = function(x, [1, 0, 0, 1], reduction="none", **options)
        loss.sum().backward()
        assert loss.tolist() == [0.0, 0.0, 1e4, factor * 1e4]
        assert x.grad.tolist() == [0.0, 0.0, 1.0, -factor]

    def test_output_deltas(self):
        """The gradient with respect to the net input is output minus target."""
        x, y = RNG.standard_normal(5), RNG.integers(0, 2, 5)
        t = ag.Tensor(x, requires_grad=True)
        F.sigmoid_loss(t, y, reduction="sum").backward()
        np.testing.assert_allclose(t.grad.numpy(), 1 / (1 + np.exp(-x)) - y)


class TestNLL:
    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    @pytest.mark.parametrize("shape", [(3,), (6, 3), (2, 3, 4), (2, 3, 2, 2)])
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("ignore_index", [-100, 1])
    def test_against_the_definition(self, shape, reduction, weighted, ignore_index):
        axis = 0 if len(shape) == 1 else 1
        x = RNG.standard_normal(shape)
        y = np.asarray(RNG.integers(0, 3, shape[:axis] + shape[axis + 1 :]))
        if y.ndim == 0:
            y = np.array(2)
        w = np.array([1.0, 2.0, 0.5]) if weighted else np.ones(3)
        factor = w[y] * (y != ignore_index)
        loss = -np.squeeze(np.take_along_axis(x, np.expand_dims(y, axis), axis), axis) * factor
        expected = {"none": loss, "sum": loss.sum(), "mean": loss.sum() / factor.sum()}[reduction]
        options = dict(weight=w if weighted else None, ignore_index=ignore_index, reduction=reduction)
        np.testing.assert_allclose(F.nll_loss(ag.tensor(x), y, **options).numpy(), expected)
        check_gradients(lambda x: F.nll_loss(x, y, **options), x)

    def test_it_completes_log_softmax(self):
        x, y = RNG.standard_normal((5, 3)), [0, 1, 2, 0, 1]
        assert F.nll_loss(F.log_softmax(x, 1), y) == pytest.approx(F.cross_entropy(x, y))
        assert nn.NLLLoss()(log_softmax(x), y).item() == pytest.approx(F.cross_entropy(x, y))

    @pytest.mark.parametrize(
        ("target", "options", "error", "text"),
        [
            ([0, 3], {}, ValueError, "class indices from 0 to 2, got 3"),
            ([0, -1], {}, ValueError, "got -1"),
            ([[0], [1]], {}, ValueError, r"class indices of shape \(2,\), got a target of shape \(2, 1\)"),
            ([0.0, 1.0], {}, TypeError, "integer class indices"),
            ([0, 1], dict(weight=[1.0]), ValueError, r"weight of shape \(3,\), one for each class, got shape \(1,\)"),
            ([0, 1], dict(reduction="all"), ValueError, "reduction"),
        ],
    )
    def test_refuses(self, target, options, error, text):
        with pytest.raises(error, match=f"nll_loss: expected .*{text}"):
            F.nll_loss(ag.tensor(np.zeros((2, 3))), target, **options)


CROSS_ENTROPIES = [
    dict(),
    dict(reduction="sum"),
    dict(reduction="none"),
    dict(weight=[1.0, 2.0, 0.5]),
    dict(weight=[1.0, 2.0, 0.5], reduction="sum", ignore_index=1),
    dict(ignore_index=0),
    dict(ignore_index=255, label_smoothing=0.2),
    dict(weight=[1.0, 2.0, 0.5], label_smoothing=0.2),
]


class TestCrossEntropy:
    @pytest.mark.parametrize("options", CROSS_ENTROPIES, ids=str)
    def test_joint_operations_and_parts_agree(self, options):
        x, y = RNG.standard_normal((5, 3)), np.array([0, 1, 2, 0, 1], np.uint8)
        if options.get("ignore_index") == 255:
            y[2] = 255
        results = []
        for explicit in (False, True):
            t = ag.Tensor(x, requires_grad=True)
            if explicit:
                with nn.explicit():
                    loss = F.cross_entropy(t, y, **options)
            else:
                loss = F.cross_entropy(t, y, **options)
            loss.sum().backward()
            results.append((loss.detach().numpy(), t.grad.numpy()))
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        check_gradients(lambda t: F.cross_entropy(t, y, **options), x)

    def test_one_operation_where_it_matters(self):
        x = ag.Tensor(RNG.standard_normal((5, 3)), requires_grad=True)
        for options in CROSS_ENTROPIES[:2] + CROSS_ENTROPIES[3:6]:
            assert len(ag.Graph(F.cross_entropy(x, [0, 1, 2, 0, 1], **options)).operations) == 1

    @pytest.mark.parametrize("options", [dict(), dict(label_smoothing=0.1), dict(weight=[1.0, 2.0, 3.0])])
    def test_the_mean_of_nothing_is_nan(self, options):
        x = ag.Tensor(np.zeros((2, 3)), requires_grad=True)
        assert math.isnan(F.cross_entropy(x, [-100, -100], **options).item())
        assert F.cross_entropy(x, [-100, -100], reduction="sum", **options).item() == 0

    def test_ignored_rows_get_no_gradient(self):
        x = ag.Tensor(RNG.standard_normal((4, 3)), requires_grad=True)
        F.cross_entropy(x, [1, -100, 2, -100]).backward()
        rows = np.abs(x.grad.numpy()).sum(axis=1)
        assert (rows[[1, 3]] == 0).all()
        assert (rows[[0, 2]] > 0).all()

    def test_ignore_index_does_not_go_with_probabilities(self):
        with pytest.raises(ValueError, match="cross_entropy: expected class indices as targets, since ignore_index"):
            F.cross_entropy(np.zeros((2, 3)), np.full((2, 3), 1 / 3), ignore_index=0)

    def test_targets_with_gradients(self):
        x, q = RNG.standard_normal((4, 3)), RNG.dirichlet(np.ones(3), 4)
        check_gradients(lambda x, q: F.cross_entropy(x, q, label_smoothing=0.1), x, q)

    def test_wrong_weights(self):
        with pytest.raises(ValueError, match=r"cross_entropy: expected a weight of shape \(3,\)"):
            F.cross_entropy(np.zeros((2, 3)), [0, 1], weight=[1.0, 2.0])
        with pytest.raises(ValueError, match=r"CrossEntropyLoss: expected a weight of shape \(C,\)"):
            nn.CrossEntropyLoss(weight=[[1.0, 2.0]])
        with pytest.raises(ValueError, match=r"CrossEntropyLoss: expected label_smoothing in \[0, 1\], got 1.5"):
            nn.CrossEntropyLoss(label_smoothing=1.5)
        with pytest.raises(ValueError, match="label_smoothing"):
            F.cross_entropy(np.zeros((2, 3)), [0, 1], label_smoothing=-0.5)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("options", CROSS_ENTROPIES, ids=str)
    def test_extremes_in_both_dtypes(self, options, dtype):
        x = ag.Tensor(np.array([[1e4, -1e4, 0], [0, 1e4, 0], [-1e4, -1e4, -1e4]], dtype), requires_grad=True)
        loss = F.cross_entropy(x, [1, 1, 2], **options)
        loss.sum().backward()
        assert loss.dtype == x.grad.dtype == dtype
        assert np.isfinite(loss.detach().numpy()).all()
        assert np.isfinite(x.grad.numpy()).all()

    def test_linear_cross_entropy(self):
        x, w, b = RNG.standard_normal((4, 3)), RNG.standard_normal((5, 3)), RNG.standard_normal(5)
        expected = F.cross_entropy(x @ w.T + b, [0, 1, 4, 2])
        assert F.linear_cross_entropy(x, w, [0, 1, 4, 2], linear_bias=b) == pytest.approx(expected)
        w, b = RNG.standard_normal((5, 2, 3)), RNG.standard_normal((5, 2))
        y = RNG.integers(0, 5, (4, 2))
        logits = np.einsum("ni,cpi->ncp", x, w) + b
        np.testing.assert_allclose(
            F.linear_cross_entropy(x, w, y, linear_bias=b, reduction="none"),
            F.cross_entropy(logits, y, None, -100, "none"),
        )
        for bad in (dict(input=x[:, :2], linear_weight=w), dict(input=x[0], linear_weight=w)):
            with pytest.raises(ValueError, match=r"linear_cross_entropy: expected an input of shape \(N, 3\)"):
                F.linear_cross_entropy(**bad, target=y)
        with pytest.raises(ValueError, match=r"a linear_bias of shape \(5, 2\), got shape \(5,\)"):
            F.linear_cross_entropy(x, w, y, linear_bias=b[:, 0])


class TestModules:
    def test_weights_are_buffers(self):
        loss = nn.CrossEntropyLoss(weight=[1.0, 2.0, 3.0])
        assert loss.weight.dtype == np.float32
        assert list(loss.state_dict()) == ["weight"]
        assert list(nn.BCEWithLogitsLoss([1.0], pos_weight=[2.0]).state_dict()) == ["weight", "pos_weight"]
        assert not nn.NLLLoss().state_dict()
        x = RNG.standard_normal((4, 3))
        assert loss(x, [0, 1, 2, 0]).item() == pytest.approx(F.cross_entropy(x, [0, 1, 2, 0], [1, 2, 3]))
        assert loss(x, [0, 1, 2, 0]).dtype == np.float64

    @pytest.mark.parametrize(
        ("module", "inputs", "expected"),
        [
            (nn.BCELoss(), ([0.25], [1.0]), math.log(4)),
            (nn.BCELoss([2.0], "sum"), ([0.25], [1.0]), 2 * math.log(4)),
            (nn.BCEWithLogitsLoss(pos_weight=[3.0]), ([0.0], [1.0]), 3 * math.log(2)),
            (nn.SigmoidLoss(), ([0.0], [1]), math.log(2)),
            (nn.NLLLoss([1.0, 3.0], reduction="sum"), ([[-1.0, -2.0]], [1]), 6.0),
            (nn.NLLLoss(ignore_index=0), ([[-1.0, -2.0], [-3.0, -4.0]], [0, 1]), 4.0),
            (nn.CrossEntropyLoss(), ([[0.0, 0.0]], [1]), math.log(2)),
        ],
    )
    def test_values(self, module, inputs, expected):
        assert module(*inputs).item() == pytest.approx(expected)
        assert repr(module) == f"{type(module).__name__}(reduction={module.reduction!r})"

    def test_linear_cross_entropy_loss(self):
        loss = nn.LinearCrossEntropyLoss(3, 5, out_features=(2,), bias=True)
        assert {key: value.shape for key, value in loss.state_dict().items()} == {
            "linear.weight": (10, 3),
            "linear.bias": (10,),
        }
        out = loss(np.zeros((4, 3)), RNG.integers(0, 5, (4, 2)))
        out.backward()
        assert loss.linear.weight.grad.shape == (10, 3)
        assert out.dtype == np.float32
        with pytest.raises(ValueError, match=r"LinearCrossEntropyLoss: expected a weight of shape \(5,\)"):
            nn.LinearCrossEntropyLoss(3, 5, weight=[1.0])
        with pytest.raises(ValueError, match="label_smoothing"):
            nn.LinearCrossEntropyLoss(3, 5, label_smoothing=2.0)


class TestCTC:
    def test_the_text_of_a_path(self):
        assert text_of((0, 1, 1, 0, 1, 2)) == (1, 1, 2)

    @pytest.mark.parametrize("target", [(1,), (1, 2), (2, 2), (1, 2, 1), (1, 1, 1), ()])
    def test_against_all_paths(self, target):
        x = log_softmax(RNG.standard_normal((5, 1, 3)))
        expected = ctc_by_enumeration(x, [target], [5])
        padded = np.array([[*target, 0]])
        for reduction in ("none", "sum"):
            loss = F.ctc_loss(ag.tensor(x), padded, [5], [len(target)], reduction=reduction)
            np.testing.assert_allclose(loss.numpy(), expected if reduction == "none" else expected.sum())
        assert F.ctc_loss(x, padded, [5], [len(target)]) == pytest.approx(expected[0] / max(1, len(target)))

    def test_a_batch_of_different_lengths(self):
        x = log_softmax(RNG.standard_normal((6, 3, 4)))
        targets, lengths = [(1, 2, 2), (3,), (2, 1)], [6, 2, 5]
        expected = ctc_by_enumeration(x, targets, lengths)
        rows = np.array([[1, 2, 2], [3, -1, -1], [2, 1, 99]])  # what lies behind the lengths does not count
        flat = np.concatenate(targets)
        for given in (rows, flat, ag.tensor(rows), flat.tolist()):
            loss = F.ctc_loss(x, given, lengths, [3, 1, 2], reduction="none")
            np.testing.assert_allclose(loss, expected)
        mean = F.ctc_loss(ag.tensor(x), rows, ag.tensor(lengths), (3, 1, 2))
        assert mean.item() == pytest.approx((expected / [3, 1, 2]).mean())

    def test_another_blank(self):
        x = log_softmax(RNG.standard_normal((4, 1, 3)))
        moved = x[..., [2, 0, 1]]  # the blank first
        np.testing.assert_allclose(
            F.ctc_loss(x, [[0, 1]], [4], [2], blank=2), F.ctc_loss(moved, [[1, 2]], [4], [2], blank=0)
        )

    def test_one_sequence_without_a_batch(self):
        x = log_softmax(RNG.standard_normal((4, 3)))
        loss = F.ctc_loss(ag.tensor(x), [1, 2], 4, 2, reduction="none")
        assert loss.shape == ()
        assert loss.item() == pytest.approx(F.ctc_loss(x[:, None], [[1, 2]], [4], [2], reduction="sum"))

    @pytest.mark.parametrize("reduction", ["mean", "none"])
    def test_first_and_second_derivatives(self, reduction):
        x = RNG.standard_normal((4, 2, 3))
        check_gradients(
            lambda x: F.ctc_loss(F.log_softmax(x, -1), [[1, 1], [2, 1]], [4, 3], [2, 2], reduction=reduction), x
        )

    def test_the_gradient_is_a_probability_at_every_time(self):
        x = ag.Tensor(log_softmax(RNG.standard_normal((6, 2, 4))), requires_grad=True)
        F.ctc_loss(x, [[1, 2], [3, 0]], [6, 4], [2, 1], reduction="sum").backward()
        share = -x.grad.numpy()
        assert (share >= 0).all()
        np.testing.assert_allclose(share.sum(axis=2)[:, 0], 1)
        np.testing.assert_allclose(share.sum(axis=2)[:, 1], [1, 1, 1, 1, 0, 0])

    def test_a_target_that_is_too_long(self):
        x = ag.Tensor(log_softmax(RNG.standard_normal((3, 2, 3))), requires_grad=True)
        arguments = ([[1, 1, 0], [1, 2, 1]], [2, 3], [2, 3])
        assert F.ctc_loss(x, *arguments, reduction="none")[0].item() == math.inf
        (gradient,) = ag.gradients(F.ctc_loss(x, *arguments), x)
        assert np.isnan(gradient.numpy()[:2, 0]).any()
        loss = F.ctc_loss(x, *arguments, reduction="none", zero_infinity=True)
        (gradient,) = ag.gradients(loss.sum(), x)
        assert loss[0].item() == 0
        assert not gradient.numpy()[:, 0].any()
        assert gradient.numpy()[:, 1].any()

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_extremes_and_dtypes(self, dtype):
        logits = np.array([[[1e4, -1e4, 0]], [[-1e4, 1e4, 0]], [[0, 0, 1e4]]], dtype)
        x = ag.Tensor(logits, requires_grad=True)
        loss = F.ctc_loss(F.log_softmax(x, -1), [[1, 2]], [3], [2])
        loss.backward()
        assert loss.item() == 0
        assert loss.dtype == x.grad.dtype == dtype
        assert np.isfinite(x.grad.numpy()).all()

    def test_impossible_labels_have_probability_0(self):
        with np.errstate(divide="ignore"):
            x = np.log(np.array([[[0.0, 1.0]], [[1.0, 0.0]]]))
        t = ag.Tensor(x, requires_grad=True)
        loss = F.ctc_loss(t, [[1]], [2], [1], reduction="sum")
        loss.backward()
        assert loss.item() == 0
        assert t.grad.tolist() == [[[0.0, -1.0]], [[-1.0, 0.0]]]

    def test_it_can_be_learned(self):
        nn.manual_seed(1)
        logits = nn.Parameter(np.zeros((8, 1, 4)))
        for _ in range(60):
            loss = F.ctc_loss(F.log_softmax(logits, -1), [[1, 3, 3]], [8], [3], reduction="sum")
            (gradient,) = ag.gradients(loss, logits)
            logits.data = logits._data - gradient._data
        assert loss.item() < 0.3
        assert text_of(np.argmax(logits._data[:, 0], axis=1)) == (1, 3, 3)

    @pytest.mark.parametrize(
        ("arguments", "options", "error", "text"),
        [
            (([[1, 3]], [4], [2]), {}, ValueError, "class indices from 0 to 2, got 3"),
            (([[1, -1]], [4], [2]), {}, ValueError, "got -1"),
            (([[1.0]], [4], [1]), {}, TypeError, "integer targets, got dtype float64"),
            (([[1]], [4.0], [1]), {}, TypeError, "integer input_lengths"),
            (([[1]], [5], [1]), {}, ValueError, r"input_lengths of shape \(1,\), from 1 to 4, got \[5\]"),
            (([[1]], [0], [1]), {}, ValueError, "from 1 to 4"),
            (([[1]], [4], [2]), {}, ValueError, r"target_lengths of shape \(1,\), from 0 to 1, got \[2\]"),
            (([[1]], [4, 4], [1]), {}, ValueError, "input_lengths of shape"),
            (([[1], [1]], [4], [1]), {}, ValueError, r"targets of shape \(1, S\).*got shape \(2, 1\)"),
            (
                ([[1]], [4], [1]),
                dict(blank=3),
                ValueError,
                r"a blank from 0 to C − 1, got .* and blank=3",
            ),
            (([[1]], [4], [1]), dict(reduction="all"), ValueError, "reduction 'mean'"),
        ],
    )
    def test_refuses(self, arguments, options, error, text):
        x = log_softmax(np.zeros((4, 1, 3)))
        with pytest.raises(error, match=f"ctc_loss: expected .*{text}"):
            F.ctc_loss(ag.tensor(x), *arguments, **options)

    def test_refuses_shapes(self):
        with pytest.raises(ValueError, match=r"ctc_loss: expected log_probs of shape \(T, N, C\) or \(T, C\)"):
            F.ctc_loss(np.zeros(3), [1], [3], [1])
        with pytest.raises(ValueError, match=r"expected 3 targets one after the other, .* got 2"):
            F.ctc_loss(np.zeros((4, 2, 3)), [1, 2], [4, 4], [2, 1])

    def test_module(self):
        x = log_softmax(RNG.standard_normal((4, 1, 3)))
        loss = nn.CTCLoss(blank=2, reduction="sum", zero_infinity=True)
        assert repr(loss) == "CTCLoss(blank=2, reduction='sum', zero_infinity=True)"
        assert loss(x, [[0, 1]], [4], [2]).item() == pytest.approx(F.ctc_loss(x, [[0, 1]], [4], [2], 2, "sum"))


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (3,)])
def test_targets_that_are_all_ignored_give_no_gradient(shape, options, weight):
    target = np.full(shape[:1] + shape[2:] if len(shape) > 1 else (), 1)
    for function in (F.cross_entropy, F.nll_loss)[: 1 if options else 2]:
        x = ag.tensor(RNG.standard_normal(shape), requires_grad=True)
        loss = function(x, target, weight, ignore_index=1, **options)
        loss.backward()
        assert math.isnan(loss.item())
        assert not x.grad.any()  # PyTorch's choice: a batch of padding leaves the weights alone


@pytest.mark.parametrize("value", [2.5, True, None, "x"])
def test_classes_that_are_no_integers(value):
    with pytest.raises(TypeError, match="cross_entropy: expected ignore_index to be an integer, got"):
        F.cross_entropy(ag.zeros((2, 3)), [0, 1], ignore_index=value)
    with pytest.raises(TypeError, match="ctc_loss: expected blank to be an integer, got"):
        F.ctc_loss(ag.zeros((4, 3)), [1], [4], [1], blank=value)
    with pytest.raises(TypeError, match="n_classes to be an integer, got"):
        nn.AdaptiveLogSoftmaxWithLoss(4, value, [2])
