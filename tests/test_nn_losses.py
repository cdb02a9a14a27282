"""Losses of predicted numbers, of distributions and with margins; those of classifiers stand in another file."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn import functional as F
from tests.differences import check_gradients

RNG = np.random.default_rng(23)
X, Y, Z = RNG.standard_normal((3, 4, 3))
P, Q = RNG.uniform(0.05, 0.95, (2, 4, 3))
WEIGHT = RNG.uniform(0.5, 2.0, (4, 3))
SIGNS = RNG.choice([-1.0, 1.0], (4, 3))
ROW_SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
COUNTS = RNG.integers(0, 6, (4, 3)).astype(float)
SQUARES = [((a - b) ** 2).sum(axis=1) for a, b in ((X, Y), (X, Z), (Y, Z))]


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def huber(d, delta):
    return np.where(np.abs(d) < delta, d * d / 2, delta * (np.abs(d) - delta / 2))


def stirling(y):
    return np.where(y > 1, y * np.log(np.maximum(y, 1)) - y + 0.5 * np.log(2 * np.pi * np.maximum(y, 1)), 0)


def cosine(a, b):
    return (a * b).sum(axis=-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))


# name of the function: (inputs, further arguments, the loss of every entry on paper)
LOSSES = {
    "mse_loss": ((X, Y), {}, (X - Y) ** 2),
    "l1_loss": ((X, Y), {}, np.abs(X - Y)),
    "huber_loss": ((X, Y), dict(delta=0.7), huber(X - Y, 0.7)),
    "smooth_l1_loss": ((X, Y), dict(beta=0.7), huber(X - Y, 0.7) / 0.7),
    "sum_squared_error": ((X, Y), {}, (X - Y) ** 2 / 2),
    "poisson_nll_loss": ((X, COUNTS), dict(full=True), np.exp(X) - COUNTS * X + stirling(COUNTS)),
    "gaussian_nll_loss": (
        (X, Y, P),
        dict(full=True),
        0.5 * (np.log(2 * np.pi * P) + (X - Y) ** 2 / P),
    ),
    "kl_div": ((X, Q), {}, Q * (np.log(Q) - X)),
    "binary_cross_entropy": ((P, Q), dict(weight=WEIGHT), -WEIGHT * (Q * np.log(P) + (1 - Q) * np.log(1 - P))),
    "binary_cross_entropy_with_logits": (
        (X, Q),
        dict(weight=WEIGHT[0], pos_weight=[1.0, 2.0, 0.5]),
        WEIGHT[0] * (np.array([1.0, 2.0, 0.5]) * Q * softplus(-X) + (1 - Q) * softplus(X)),
    ),
    "sigmoid_loss": ((X, (SIGNS + 1) / 2), {}, softplus(-SIGNS * X)),
    "margin_ranking_loss": ((X, Y, SIGNS), dict(margin=0.3), np.maximum(0.3 - SIGNS * (X - Y), 0)),
    "hinge_embedding_loss": ((X, SIGNS), dict(margin=0.3), np.where(SIGNS > 0, X, np.maximum(0.3 - X, 0))),
    "soft_margin_loss": ((X, SIGNS), {}, softplus(-SIGNS * X)),
    "cosine_embedding_loss": (
        (X, Y, ROW_SIGNS),
        dict(margin=-0.9),
        np.where(ROW_SIGNS > 0, 1 - cosine(X, Y), np.maximum(cosine(X, Y) + 0.9, 0)),
    ),
    "multi_margin_loss": (
        (X, np.array([2, 0, 1, 0])),
        dict(p=2, margin=0.8, weight=[1.0, 2.0, 0.5]),
        np.array(
            [
                [1.0, 2.0, 0.5][y] * sum(max(0, 0.8 - x[y] + x[i]) ** 2 for i in range(3) if i != y) / 3
                for x, y in zip(X, [2, 0, 1, 0], strict=True)
            ]
        ),
    ),
    "multilabel_margin_loss": (
        (X, np.array([[1, 0, -1], [2, -1, 0], [-1, 1, 2], [0, 1, 2]])),
        {},
        np.array(
            [
                sum(max(0, 1 - x[j] + x[i]) for j in right for i in range(3) if i not in right) / 3
                for x, right in zip(X, [[1, 0], [2], [], [0, 1, 2]], strict=True)
            ]
        ),
    ),
    "multilabel_soft_margin_loss": (
        (X, Q),
        dict(weight=[1.0, 2.0, 0.5]),
        (np.array([1.0, 2.0, 0.5]) * (Q * softplus(-X) + (1 - Q) * softplus(X))).mean(axis=1),
    ),
    "triplet_margin_loss": (
        (X, Y, Z),
        dict(margin=1.5, p=1.0, eps=0.0),
        np.maximum(np.abs(X - Y).sum(axis=1) - np.abs(X - Z).sum(axis=1) + 1.5, 0),
    ),
    "triplet_margin_with_distance_loss": (
        (X, Y, Z),
        dict(distance_function=lambda a, b: ((a - b) ** 2).sum(axis=-1), swap=True),
        np.maximum(
            ((X - Y) ** 2).sum(axis=1) - np.minimum(((X - Z) ** 2).sum(axis=1), ((Y - Z) ** 2).sum(axis=1)) + 1, 0
        ),
    ),
}
ELEMENTWISE = {name for name, (inputs, _, loss) in LOSSES.items() if loss.shape == inputs[0].shape}


@pytest.mark.parametrize("name", LOSSES)
class TestAllLosses:
    def test_value_and_reductions(self, name):
        inputs, options, loss = LOSSES[name]
        function = getattr(F, name)
        for reduction, expected in (("none", loss), ("sum", loss.sum()), ("mean", loss.mean())):
            out = function(*map(ag.tensor, inputs), **options, reduction=reduction)
            assert out.shape == np.shape(expected)
            np.testing.assert_allclose(out.numpy(), expected, rtol=1e-6, atol=1e-12)
        default = "sum" if name == "sum_squared_error" else "mean"
        assert function(*map(ag.tensor, inputs), **options) == function(
            *map(ag.tensor, inputs), **options, reduction=default
        )

    @pytest.mark.parametrize("reduction", ["mean", "none"])
    def test_first_and_second_derivatives(self, name, reduction):
        inputs, options, _ = LOSSES[name]
        wrt = [x for x in inputs if x.dtype.kind == "f" and not np.isin(np.abs(x), [0, 1, 2, 3, 4, 5]).all()]
        constants = inputs[len(wrt) :]
        check_gradients(
            lambda *t: getattr(F, name)(*t, *constants, **options, reduction=reduction), *wrt, tolerance=1e-5
        )

    def test_float32_stays_and_targets_are_converted(self, name):
        inputs, options, loss = LOSSES[name]
        x = ag.Tensor(inputs[0].astype(np.float32), requires_grad=True)
        rest = [t.astype(np.float32) if name.startswith("triplet") else t for t in inputs[1:]]
        out = getattr(F, name)(x, *rest, **options)
        out.backward()
        assert out.dtype == x.grad.dtype == np.float32
        np.testing.assert_allclose(
            getattr(F, name)(x, *rest, **options, reduction="none").detach().numpy(), loss, rtol=1e-3, atol=1e-5
        )

    def test_plain_arrays_and_lists(self, name):
        inputs, options, loss = LOSSES[name]
        lists = [x.tolist() for x in inputs]
        out = getattr(F, name)(*lists, **options, reduction="none")
        np.testing.assert_allclose(out, loss, rtol=1e-6, atol=1e-12)
        assert not isinstance(out, ag.Tensor)

    def test_unknown_reductions_are_refused(self, name):
        inputs, options, _ = LOSSES[name]
        with pytest.raises(ValueError, match=f"{name}: expected reduction 'mean', .*'none', got 'average'"):
            getattr(F, name)(*map(ag.tensor, inputs), **options, reduction="average")


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
@pytest.mark.parametrize(("a", "b"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), ()), ((2, 3), (1, 3))])
def test_nothing_is_broadcast(name, a, b):
    x, y = np.full(a, 0.5), np.ones(b)
    more = (y,) if name == "margin_ranking_loss" else (np.ones(a),) if name == "gaussian_nll_loss" else ()
    with pytest.raises(ValueError, match=rf"{name}: expected a target of the input's shape .*got shape .*reshape"):
        getattr(F, name)(ag.tensor(x), y, *more)


class TestRegression:
    def test_weights_of_entries(self):
        for function, loss in ((F.mse_loss, (X - Y) ** 2), (F.l1_loss, np.abs(X - Y))):
            assert function(X, Y, weight=WEIGHT) == pytest.approx((WEIGHT * loss).sum() / WEIGHT.sum())
            assert function(X, Y, weight=WEIGHT, reduction="sum") == pytest.approx((WEIGHT * loss).sum())
            np.testing.assert_allclose(function(X, Y, "none", WEIGHT), WEIGHT * loss)
            with pytest.raises(ValueError, match=r"expected a weight of the input's shape \(4, 3\), got shape \(3,\)"):
                function(X, Y, weight=WEIGHT[0])
            with pytest.raises(ValueError, match="reduction"):
                function(X, Y, weight=WEIGHT, reduction="total")
        assert F.huber_loss(X, Y, weight=WEIGHT) == pytest.approx((WEIGHT * huber(X - Y, 1)).mean())

    def test_rmse(self):
        assert F.rmse_loss(X, Y) == pytest.approx(np.sqrt(((X - Y) ** 2).mean()))
        check_gradients(F.rmse_loss, X, Y)
        assert nn.RMSELoss()(X, Y).item() == F.rmse_loss(X, Y)

    @pytest.mark.parametrize("explicit", [False, True])
    def test_rmse_of_equal_numbers_has_gradient_0(self, explicit):
        x = ag.Tensor(X.copy(), requires_grad=True)
        if explicit:
            with nn.explicit():
                loss = F.rmse_loss(x, X)
        else:
            loss = F.rmse_loss(x, X)
        loss.backward()
        assert loss.item() == 0
        assert not x.grad.numpy().any()

    def test_sum_of_squares_has_the_difference_as_gradient(self):
        x = ag.Tensor(X, requires_grad=True)
        F.sum_squared_error(x, Y).backward()
        np.testing.assert_allclose(x.grad.numpy(), X - Y)

    def test_minimizers(self):
        """Squared error is least at the mean, absolute error at the median."""
        y = np.array([0.0, 1.0, 2.0, 4.0, 13.0])
        for function, best in ((F.mse_loss, 4.0), (F.l1_loss, 2.0)):
            c = ag.Tensor(np.full(5, best), requires_grad=True)
            function(c, y).backward()
            assert c.grad.numpy().sum() == pytest.approx(0)

    def test_l1_has_gradient_0_where_both_are_equal(self):
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        F.l1_loss(x, [1.0, 0.0], reduction="sum").backward()
        assert x.grad.tolist() == [0.0, 1.0]

    def test_smooth_l1_of_beta_0_is_l1(self):
        np.testing.assert_array_equal(F.smooth_l1_loss(X, Y, "none", beta=0), F.l1_loss(X, Y, "none"))

    @pytest.mark.parametrize("function", [F.huber_loss, F.smooth_l1_loss, F.l1_loss])
    def test_outliers_do_not_overflow(self, function):
        x = ag.Tensor(np.array([1e30, -1e30, 0.25], np.float32), requires_grad=True)
        loss = function(x, np.zeros(3), reduction="none")
        loss.sum().backward()
        assert loss.tolist()[:2] == pytest.approx([1e30, 1e30])
        assert x.grad.tolist()[:2] == [1.0, -1.0]

    def test_refused_arguments(self):
        with pytest.raises(ValueError, match="huber_loss: expected delta > 0, got delta=0"):
            F.huber_loss(X, Y, delta=0)
        with pytest.raises(ValueError, match="HuberLoss: expected delta > 0"):
            nn.HuberLoss(delta=-1)
        with pytest.raises(ValueError, match="smooth_l1_loss: expected beta ≥ 0, got beta=-1"):
            F.smooth_l1_loss(X, Y, beta=-1)
        with pytest.raises(ValueError, match="SmoothL1Loss: expected beta ≥ 0"):
            nn.SmoothL1Loss(beta=-1)

    def test_targets_may_need_gradients_too(self):
        x, y = ag.Tensor(X, requires_grad=True), ag.Tensor(Y, requires_grad=True)
        F.mse_loss(x, y).backward()
        np.testing.assert_allclose(x.grad.numpy(), -y.grad.numpy())


class TestDistributions:
    def test_poisson_of_the_mean_itself(self):
        expected = P - COUNTS * np.log(P + 0.1)
        np.testing.assert_allclose(F.poisson_nll_loss(P, COUNTS, log_input=False, eps=0.1, reduction="none"), expected)
        check_gradients(lambda x: F.poisson_nll_loss(x, COUNTS, log_input=False), P)

    def test_stirling_begins_above_1(self):
        loss = F.poisson_nll_loss(np.zeros(3), [0.0, 1.0, 2.0], full=True, reduction="none")
        np.testing.assert_allclose(loss, [1, 1, 1 + 2 * math.log(2) - 2 + 0.5 * math.log(4 * math.pi)])

    @pytest.mark.parametrize("shape", [(4, 1), (1, 3), (4,)])
    def test_one_variance_for_several_entries(self, shape):
        var = RNG.uniform(0.5, 2, shape)
        full = np.broadcast_to(var[:, None] if var.ndim == 1 else var, X.shape)
        assert F.gaussian_nll_loss(X, Y, var) == pytest.approx(F.gaussian_nll_loss(X, Y, full))
        check_gradients(lambda x, v: F.gaussian_nll_loss(x, Y, v), X, var)

    def test_variance_as_a_number(self):
        assert F.gaussian_nll_loss(X, Y, 2.0) == pytest.approx(F.gaussian_nll_loss(X, Y, np.full((4, 3), 2.0)))

    def test_a_variance_below_eps_is_raised_and_still_trained(self):
        var = ag.tensor([0.0], requires_grad=True)
        loss = F.gaussian_nll_loss(ag.tensor([1.0]), [1.5], var, eps=0.1)
        loss.backward()
        assert loss.item() == pytest.approx(0.5 * (math.log(0.1) + 2.5))
        assert var.grad.item() == pytest.approx(0.5 * (10 - 25))

    @pytest.mark.parametrize(
        ("var", "text"),
        [(-1.0, "variances that are not negative, got -1.0"), (np.ones((4, 2)), r"shape \(4, 3\), with .*got shape")],
    )
    def test_variances_are_checked(self, var, text):
        with pytest.raises(ValueError, match=f"gaussian_nll_loss: expected .*{text}"):
            F.gaussian_nll_loss(X, Y, var)

    def test_kl_divergence(self):
        q, p = RNG.dirichlet(np.ones(3), 4), RNG.dirichlet(np.ones(3), 4)
        expected = (p * np.log(p / q)).sum() / 4
        assert F.kl_div(np.log(q), p, "batchmean") == pytest.approx(expected)
        assert F.kl_div(np.log(q), np.log(p), "batchmean", log_target=True) == pytest.approx(expected)
        assert nn.KLDivLoss("batchmean")(np.log(q), p).item() == pytest.approx(expected)
        check_gradients(lambda x, y: F.kl_div(x, y, log_target=True), np.log(q), np.log(p))

    def test_kl_divergence_of_zero_probabilities_is_finite(self):
        x = ag.tensor([-1e4, 0.0], requires_grad=True)
        loss = F.kl_div(x, [0.0, 1.0], "sum")
        loss.backward()
        assert loss.item() == 0
        assert x.grad.tolist() == [0.0, -1.0]


class TestMargins:
    @pytest.mark.parametrize("name", ["hinge_embedding_loss", "soft_margin_loss"])
    def test_targets_are_signs(self, name):
        with pytest.raises(ValueError, match=f"{name}: expected targets 1 and −1, got 0.0.*2 \\* target - 1"):
            getattr(F, name)(X, np.zeros((4, 3)))

    def test_signs_of_pairs(self):
        with pytest.raises(ValueError, match="margin_ranking_loss: expected targets 1 and −1"):
            F.margin_ranking_loss(X, Y, np.zeros((4, 3)))
        with pytest.raises(ValueError, match="cosine_embedding_loss: expected targets 1 and −1"):
            F.cosine_embedding_loss(X, Y, np.zeros(4))
        with pytest.raises(ValueError, match=r"cosine_embedding_loss: expected inputs of shape \(N, D\).*\(4, 3\)"):
            F.cosine_embedding_loss(X, Y, np.ones(3))

    def test_soft_margin_at_the_extremes(self):
        x = ag.tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True)
        loss = F.soft_margin_loss(x, [1.0, -1.0, -1.0, 1.0], reduction="none")
        loss.sum().backward()
        assert loss.tolist() == [0.0, 0.0, 1e4, 1e4]
        assert x.grad.tolist() == [0.0, 0.0, 1.0, -1.0]

    def test_cosine_embedding_of_zeros_is_finite(self):
        x = ag.Tensor(np.zeros((2, 3)), requires_grad=True)
        loss = F.cosine_embedding_loss(x, X[:2], [1, -1], reduction="none")
        loss.sum().backward()
        assert loss.tolist() == [1.0, 0.0]
        assert np.isfinite(x.grad.numpy()).all()

    def test_multi_margin_of_one_sample(self):
        assert F.multi_margin_loss(X[0], 1) == pytest.approx(F.multi_margin_loss(X[:1], [1]))

    @pytest.mark.parametrize(
        ("target", "options", "text"),
        [
            ([0, 1, 2, 3], {}, "class indices from 0 to 2, got 3"),
            ([0, 1, 2], {}, r"a target of shape \(3,\)"),
            ([0, 1, 2, 0], dict(p=3), "p of 1 or 2, got p=3"),
            ([0, 1, 2, 0], dict(weight=[1.0, 2.0]), r"weight of shape \(3,\).*got shape \(2,\)"),
        ],
    )
    def test_multi_margin_refuses(self, target, options, text):
        with pytest.raises(ValueError, match=f"multi_margin_loss: expected .*{text}"):
            F.multi_margin_loss(X, target, **options)

    def test_multilabel_margin_refuses(self):
        with pytest.raises(ValueError, match="multilabel_margin_loss: expected class indices from 0 to 2, got 3"):
            F.multilabel_margin_loss(X, np.full((4, 3), 3))
        with pytest.raises(ValueError, match="a target of the input's shape"):
            F.multilabel_margin_loss(X, np.zeros((4, 2), int))
        with pytest.raises(TypeError, match="integer class indices, got dtype float64"):
            F.multilabel_margin_loss(X, np.zeros((4, 3)))
        with pytest.raises(ValueError, match=r"an input of shape \(N, C\)"):
            F.multilabel_margin_loss(np.zeros((2, 2, 2)), np.zeros((2, 2, 2), int))

    def test_triplets_of_equal_vectors_have_a_gradient(self):
        a, p, n = (ag.Tensor(np.ones((1, 2)), requires_grad=True) for _ in range(3))
        loss = F.triplet_margin_loss(a, p, n)
        loss.backward()
        assert loss.item() == 1.0
        assert all(np.isfinite(t.grad.numpy()).all() for t in (a, p, n))

    def test_triplets_refuse(self):
        with pytest.raises(ValueError, match="triplet_margin_loss: expected margin > 0, got margin=0"):
            F.triplet_margin_loss(X, Y, Z, margin=0)
        with pytest.raises(ValueError, match="TripletMarginLoss: expected margin > 0"):
            nn.TripletMarginLoss(margin=-1)
        with pytest.raises(ValueError, match="TripletMarginWithDistanceLoss: expected margin > 0"):
            nn.TripletMarginWithDistanceLoss(margin=0)
        with pytest.raises(ValueError, match=r"expected a negative of the input's shape \(4, 3\), got shape \(1, 3\)"):
            F.triplet_margin_loss(X, Y, Z[:1])
        with pytest.raises(ValueError, match="expected a positive of"):
            F.triplet_margin_with_distance_loss(X, Y[:1], Z)


class TestPenalties:
    def test_values_and_gradients(self):
        a, b = ag.tensor([1.0, -2.0, 0.0], requires_grad=True), ag.tensor(3.0, requires_grad=True)
        cost = 0.5 * F.l1_penalty([a, b]) + 2.0 * F.l2_penalty(iter([a, b]))
        cost.backward()
        assert cost.item() == 0.5 * 6 + 2 * 7
        assert a.grad.tolist() == [0.5 + 2, -0.5 - 4, 0.0]
        assert b.grad.item() == 6.5
        assert F.l1_penalty(a).item() == 3.0

    def test_the_square_is_weight_decay(self):
        x, y = X.astype(np.float32), Y[:, :1].astype(np.float32)
        nets = [nn.Linear(3, 1) for _ in range(2)]
        nets[1].load_state_dict(nets[0].state_dict())
        for net, decay in zip(nets, (0.0, 0.1), strict=True):
            step = optim.SGD(net.parameters(), lr=0.1, weight_decay=decay)
            loss = F.mse_loss(net(x), y)
            (loss if decay else loss + 0.1 * F.l2_penalty(net.parameters())).backward()
            step.step()
        np.testing.assert_allclose(nets[0].weight.tolist(), nets[1].weight.tolist(), rtol=1e-6)

    def test_of_nothing(self):
        for function in (F.l1_penalty, F.l2_penalty):
            with pytest.raises(ValueError, match=f"{function.__name__}: expected parameters, got none"):
                function([])


MODULES = [
    (nn.L1Loss("sum"), F.l1_loss(X, Y, "sum"), (X, Y), "L1Loss(reduction='sum')"),
    (nn.MSELoss(), F.mse_loss(X, Y), (X, Y), "MSELoss(reduction='mean')"),
    (nn.SumSquaredLoss(), F.sum_squared_error(X, Y), (X, Y), "SumSquaredLoss(reduction='sum')"),
    (nn.RMSELoss(), F.rmse_loss(X, Y), (X, Y), "RMSELoss()"),
    (nn.HuberLoss(delta=2.0), F.huber_loss(X, Y, delta=2), (X, Y), "HuberLoss(reduction='mean', delta=2.0)"),
    (nn.SmoothL1Loss(beta=2), F.smooth_l1_loss(X, Y, beta=2), (X, Y), "SmoothL1Loss(reduction='mean', beta=2)"),
    (
        nn.PoissonNLLLoss(False, eps=0.1),
        F.poisson_nll_loss(P, COUNTS, False, eps=0.1),
        (P, COUNTS),
        "PoissonNLLLoss(log_input=False, full=False, eps=0.1, reduction='mean')",
    ),
    (
        nn.GaussianNLLLoss(full=True),
        F.gaussian_nll_loss(X, Y, P, True),
        (X, Y, P),
        "GaussianNLLLoss(full=True, eps=1e-06, reduction='mean')",
    ),
    (nn.KLDivLoss(), F.kl_div(X, Q), (X, Q), "KLDivLoss(reduction='mean', log_target=False)"),
    (
        nn.MarginRankingLoss(0.5),
        F.margin_ranking_loss(X, Y, SIGNS, 0.5),
        (X, Y, SIGNS),
        "MarginRankingLoss(margin=0.5, reduction='mean')",
    ),
    (
        nn.HingeEmbeddingLoss(),
        F.hinge_embedding_loss(X, SIGNS),
        (X, SIGNS),
        "HingeEmbeddingLoss(margin=1.0, reduction='mean')",
    ),
    (nn.SoftMarginLoss(), F.soft_margin_loss(X, SIGNS), (X, SIGNS), "SoftMarginLoss(reduction='mean')"),
    (
        nn.CosineEmbeddingLoss(0.1),
        F.cosine_embedding_loss(X, Y, ROW_SIGNS, 0.1),
        (X, Y, ROW_SIGNS),
        "CosineEmbeddingLoss(margin=0.1, reduction='mean')",
    ),
    (
        nn.MultiMarginLoss(2, 0.5, np.array([1.0, 2.0, 3.0])),
        F.multi_margin_loss(X, [0, 1, 2, 0], 2, 0.5, [1, 2, 3]),
        (X, [0, 1, 2, 0]),
        "MultiMarginLoss(p=2, margin=0.5, reduction='mean')",
    ),
    (
        nn.MultiLabelMarginLoss(),
        F.multilabel_margin_loss(X[0], [0, -1, -1]),
        (X[0], [0, -1, -1]),
        "MultiLabelMarginLoss(reduction='mean')",
    ),
    (
        nn.MultiLabelSoftMarginLoss(WEIGHT[0]),
        F.multilabel_soft_margin_loss(X, Q, WEIGHT[0]),
        (X, Q),
        "MultiLabelSoftMarginLoss(reduction='mean')",
    ),
    (
        nn.TripletMarginLoss(2.0, p=1, swap=True),
        F.triplet_margin_loss(X, Y, Z, 2, p=1, swap=True),
        (X, Y, Z),
        "TripletMarginLoss(margin=2.0, reduction='mean')",
    ),
    (
        nn.TripletMarginWithDistanceLoss(),
        F.triplet_margin_loss(X, Y, Z),
        (X, Y, Z),
        "TripletMarginWithDistanceLoss(margin=1.0, reduction='mean')",
    ),
]


@pytest.mark.parametrize(("module", "expected", "inputs", "text"), MODULES, ids=[case[3] for case in MODULES])
def test_modules(module, expected, inputs, text):
    assert repr(module) == text
    for given in (inputs, [np.asarray(x).tolist() for x in inputs], [ag.tensor(x) for x in inputs]):
        loss = module(*given)
        assert isinstance(loss, ag.Tensor)
        assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("module", [nn.MSELoss, nn.KLDivLoss, nn.CrossEntropyLoss, nn.TripletMarginLoss, nn.CTCLoss])
def test_modules_check_the_reduction_when_they_are_made(module):
    with pytest.raises(ValueError, match=f"{module.__name__}: expected reduction 'mean', .*got 'average'"):
        module(reduction="average")
    with pytest.raises(ValueError, match="expected a weight of shape"):
        nn.MultiMarginLoss(weight=[[1.0]])


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_the_mean_square_of_nothing():
    x = ag.ones((0, 3), requires_grad=True)
    loss = F.mse_loss(x, np.zeros((0, 3)))
    loss.backward()
    assert math.isnan(loss.item())
    assert x.grad.shape == (0, 3)


def test_vectors_of_different_lengths():
    for function in (F.cosine_similarity, F.pairwise_distance):
        with pytest.raises(ValueError, match=r"expected x1 and x2 of shapes that broadcast, got shapes \(2, 3\) and"):
            function(ag.ones((2, 3)), ag.ones((2, 4)))
    with pytest.raises(ValueError, match="cosine_similarity: expected eps of at least 0, got -1"):
        F.cosine_similarity(ag.ones((2, 3)), ag.ones((2, 3)), eps=-1)
    with pytest.raises(TypeError, match="pairwise_distance: expected p to be a number, got 'x'"):
        F.pairwise_distance(ag.ones((2, 3)), ag.ones((2, 3)), p="x")
