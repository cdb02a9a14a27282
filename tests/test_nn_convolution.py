"""Convolution, transposed convolution, unfold and fold: functions and layers."""

from __future__ import annotations

import itertools
import math
from unittest import mock

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core import blas, blocks
from nn import functional as F
from nn.functional import convolution_products
from nn.functional.windows import Steps, boxes, from_rows, row_windows, seen, spread, to_rows
from tests.duck import DuckArray, unwrap
from tests.samples.nn_convolution import _reference

RNG = np.random.default_rng(3)
CONVS = [F.conv1d, F.conv2d, F.conv3d]
TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]


def draw(*shape):
    return RNG.standard_normal(shape)


def near(a, b, tolerance=1e-10):
    a = a.detach().numpy() if isinstance(a, ag.Tensor) else np.asarray(a)
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def pairs(padding):
    return tuple((width, width) for width in padding)


class TestByHand:
    """Numbers that can be checked on paper."""

    def test_one_axis_forward_and_backward(self):
        x = ag.tensor([[[1.0, 2.0, 3.0]]], requires_grad=True)
        w = ag.tensor([[[10.0, 1.0]]], requires_grad=True)
        b = ag.tensor([0.5], requires_grad=True)
        y = F.conv1d(x, w, b)
        assert y.tolist() == [[[12.5, 23.5]]]
        y.sum().backward()
        assert x.grad.tolist() == [[[10.0, 11.0, 1.0]]]
        assert w.grad.tolist() == [[[3.0, 5.0]]]
        assert b.grad.tolist() == [2.0]

    def test_a_difference_filter_finds_an_edge(self):
        image = np.zeros((1, 1, 4, 6))
        image[..., 3:] = 1.0
        edges = F.conv2d(ag.tensor(image), ag.tensor([[[[-1.0, 1.0]]]]))
        assert edges.tolist() == [[[[0.0, 0.0, 1.0, 0.0, 0.0]] * 4]]

    def test_stride_padding_and_dilation(self):
        x = ag.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]])
        w = ag.tensor([[[1.0, 10.0]]])
        assert F.conv1d(x, w, stride=2).tolist() == [[[21.0, 43.0]]]
        assert F.conv1d(x, w, padding=1).tolist() == [[[10.0, 21.0, 32.0, 43.0, 54.0, 5.0]]]
        assert F.conv1d(x, w, dilation=2).tolist() == [[[31.0, 42.0, 53.0]]]
        assert F.conv1d(x, w, stride=2, padding=1, dilation=3).tolist() == [[[30.0, 52.0]]]

    def test_same_puts_the_odd_zero_after(self):
        x = ag.tensor([[[1.0, 2.0, 3.0]]])
        assert F.conv1d(x, ag.tensor([[[1.0, 10.0]]]), padding="same").tolist() == [[[21.0, 32.0, 3.0]]]
        assert F.conv1d(x, ag.tensor([[[1.0, 10.0]]]), padding="valid").tolist() == [[[21.0, 32.0]]]

    def test_groups_do_not_see_each_other(self):
        x = ag.tensor([[[1.0, 2.0], [3.0, 4.0]]], requires_grad=True)
        w = ag.tensor([[[1.0]], [[100.0]]])
        y = F.conv1d(x, w, groups=2)
        assert y.tolist() == [[[1.0, 2.0], [300.0, 400.0]]]
        y[0, 1, 0].backward()
        assert x.grad.tolist() == [[[0.0, 0.0], [100.0, 0.0]]]

    def test_transposed_puts_the_kernel_down_and_adds(self):
        x = ag.tensor([[[1.0, 2.0]]])
        w = ag.tensor([[[10.0, 1.0, 100.0]]])
        assert F.conv_transpose1d(x, w).tolist() == [[[10.0, 21.0, 102.0, 200.0]]]
        assert F.conv_transpose1d(x, w, stride=3).tolist() == [[[10.0, 1.0, 100.0, 20.0, 2.0, 200.0]]]
        assert F.conv_transpose1d(x, w, padding=1).tolist() == [[[21.0, 102.0]]]
        assert F.conv_transpose1d(x, w, stride=2, output_padding=1).tolist() == [[[10.0, 1.0, 120.0, 2.0, 200.0, 0.0]]]
        assert F.conv_transpose1d(x, w, ag.tensor([0.5])).tolist() == [[[10.5, 21.5, 102.5, 200.5]]]

    def test_unfold_and_fold(self):
        x = ag.tensor([[[1.0, 2.0], [3.0, 4.0]]], requires_grad=True)
        columns = F.unfold(x, (1, 2), padding=(0, 1))
        assert columns.tolist() == [[0.0, 1.0, 2.0, 0.0, 3.0, 4.0], [1.0, 2.0, 0.0, 3.0, 4.0, 0.0]]
        columns.sum().backward()
        assert x.grad.tolist() == [[[2.0, 2.0], [2.0, 2.0]]]
        assert F.fold(columns, (2, 2), (1, 2), padding=(0, 1)).tolist() == [[[2.0, 4.0], [6.0, 8.0]]]


class TestFunctions:
    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_any_geometry(self, axes):
        """Random sizes of all kinds against the definition, and gradients against the bilinear form."""
        rng = np.random.default_rng(axes)
        for _ in range(40):
            groups = int(rng.choice([1, 1, 2]))
            kernel, stride, dilation = (tuple(int(n) for n in rng.integers(1, 4, axes)) for _ in range(3))
            padding = tuple(int(n) for n in rng.integers(0, 3, axes))
            lengths = tuple(
                max(1, d * (k - 1) + 1 - 2 * p) + int(rng.integers(0, 4)) for k, d, p in zip(kernel, dilation, padding)
            )
            x = rng.standard_normal((int(rng.integers(1, 4)), groups * int(rng.integers(1, 3)), *lengths))
            w = rng.standard_normal((groups * int(rng.integers(1, 9)), x.shape[1] // groups, *kernel))
            self.check(axes, x, w, stride, padding, dilation, groups, rng)

    def check(self, axes, x, w, stride, padding, dilation, groups, rng):
        b = rng.standard_normal(len(w))
        conv = _reference(stride, pairs(padding), dilation, groups)
        t = [ag.tensor(a, requires_grad=True) for a in (x, w, b)]
        y = CONVS[axes - 1](*t, stride, padding, dilation, groups)
        near(y, conv(x, w, b))
        g = rng.standard_normal(y.shape)
        y.backward(g)
        # y is linear in x and in w: <g, y(dx)> = <dL/dx, dx> for every dx.
        dx, dw = rng.standard_normal(x.shape), rng.standard_normal(w.shape)
        near((t[0].grad * dx).sum(), (g * conv(dx, w)).sum(), 1e-8)
        near((t[1].grad * dw).sum(), (g * conv(x, dw)).sum(), 1e-8)
        near(t[2].grad, g.sum(axis=(0, *range(2, g.ndim))), 1e-8)
        extra = tuple(
            n + 2 * p - d * (k - 1) - 1 - s * (m - 1)
            for n, p, d, k, s, m in zip(x.shape[2:], padding, dilation, w.shape[2:], stride, y.shape[2:], strict=True)
        )
        near(TRANSPOSED[axes - 1](g, w, None, stride, padding, extra, groups, dilation), t[0].grad.numpy(), 1e-8)

    def test_second_derivatives_are_symmetric_in_their_three_arguments(self):
        """T(x, w, g) differentiated in any order: the mixed third derivative along (dx, dw, dg) is T(dx, dw, dg)."""
        x, w = (ag.tensor(draw(*shape), requires_grad=True) for shape in ((2, 2, 5, 4), (3, 2, 3, 2)))
        steps = {"stride": (2, 1), "padding": (1, 1)}
        y = F.conv2d(x, w, **steps)
        dx, dw, g = draw(*x.shape), draw(*w.shape), draw(*y.shape)
        expected = (F.conv2d(dx, dw, **steps) * g).sum()
        (gw,) = ag.gradients(y, w, g, create_graph=True)
        (gx,) = ag.gradients(y, x, g, create_graph=True)
        near((ag.gradients(gw, x, dw)[0] * dx).sum(), expected)
        near((ag.gradients(gx, w, dx)[0] * dw).sum(), expected)
        assert F.conv2d(x, w).requires_grad

    def test_transposed_is_the_transpose(self):
        for axes in (1, 2, 3):
            w = draw(3, 2, *(3, 2, 2)[:axes])
            x, y = draw(2, 2, *(7, 6, 5)[:axes]), draw(2, 3, *(3, 3, 2)[:axes])
            forward = CONVS[axes - 1](x, w, stride=2)
            assert forward.shape == y.shape
            back = TRANSPOSED[axes - 1](y, w, stride=2, output_padding=(0, 0, 1)[:axes])
            near((forward * y).sum(), (x * back).sum())

    def test_unfold_times_weights_is_convolution(self):
        x, w = draw(2, 3, 6, 5), draw(4, 3, 3, 2)
        arguments = {"dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
        columns = F.unfold(x, (3, 2), **arguments)
        y = F.conv2d(x, w, **arguments)
        near(w.reshape(4, -1) @ columns, y.reshape(2, 4, -1))
        near(F.unfold(x[0], (3, 2), **arguments), columns[0])

    def test_fold_is_the_transpose_of_unfold(self):
        x, arguments = draw(2, 3, 6, 5), {"kernel_size": (3, 2), "dilation": (1, 2), "padding": 1, "stride": 2}
        columns = F.unfold(x, **arguments)
        other = draw(*columns.shape)
        folded = F.fold(other, (6, 5), **arguments)
        near((columns * other).sum(), (x * folded).sum())
        near(F.fold(other[0], (6, 5), **arguments), folded[0])

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_without_the_axis_of_images(self, axes):
        x = draw(2, 4, *(5,) * axes)
        for function, w in (
            (CONVS[axes - 1], draw(3, 4, *(2,) * axes)),
            (TRANSPOSED[axes - 1], draw(4, 3, *(2,) * axes)),
        ):
            b = draw(3)
            near(function(x[0], w, b), function(x, w, b)[0])

    def test_no_images(self):
        x = ag.tensor(np.zeros((0, 2, 5, 5)), requires_grad=True)
        w = ag.tensor(draw(3, 2, 3, 3), requires_grad=True)
        y = F.conv2d(x, w, padding=1)
        assert y.shape == (0, 3, 5, 5)
        y.sum().backward()
        assert x.grad.shape == x.shape
        assert not w.grad.numpy().any()

    def test_plain_arrays_give_plain_arrays(self):
        x, w = draw(1, 2, 5, 5), draw(3, 2, 2, 2)
        for y in (F.conv2d(x, w), F.conv_transpose2d(F.conv2d(x, w), w), F.unfold(x, 2)):
            assert type(y) is np.ndarray

    def test_other_array_libraries(self):
        x, w, b = draw(2, 2, 5, 5), draw(3, 2, 3, 3), draw(3)
        ducks = [DuckArray(a) for a in (x, w, b)]
        near(unwrap(F.conv2d(*ducks, stride=2, padding=1)), F.conv2d(x, w, b, stride=2, padding=1))
        near(unwrap(F.conv_transpose2d(ducks[0], DuckArray(w.swapaxes(0, 1)))), F.conv_transpose2d(x, w.swapaxes(0, 1)))

    @pytest.mark.parametrize("dtype", ["float32", "complex128", "float16", "int64"])
    def test_dtypes(self, dtype):
        x, w, b = (
            np.arange(n).reshape(shape).astype(dtype) for n, shape in ((18, (1, 2, 3, 3)), (8, (1, 2, 2, 2)), (1, (1,)))
        )
        y = F.conv2d(x, w, b, padding=1)
        assert y.dtype == dtype
        near(y, _reference((1, 1), pairs((1, 1)), (1, 1), 1)(x, w, b), 1e-6)
        assert F.conv_transpose2d(x, w.swapaxes(0, 1), b, stride=2).dtype == dtype

    def test_one_product_agrees_with_a_product_per_row(self):
        """Both ways through a convolution: row by row, and all windows copied."""
        x, w = draw(3, 2, 6, 5), draw(4, 2, 3, 3)
        answers = []
        for at_once in (False, True):
            with mock.patch.object(convolution_products, "_at_once", lambda *_, answer=at_once: answer):
                t = [ag.tensor(a, requires_grad=True) for a in (x, w, np.arange(4.0))]
                y = F.conv2d(*t, padding=1)
                y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
                answers.append([y.detach().numpy(), *(a.grad.numpy() for a in t)])
        for a, b in zip(*answers, strict=True):
            near(a, b)

    def test_stretches_agree_with_the_whole(self, monkeypatch):
        """On several threads, and in pieces that fit into little memory."""
        shapes = [
            ((3, 2, 9, 5), (4, 2, 3, 3), 1, 1),
            ((2, 4, 8, 7), (4, 2, 3, 2), 2, 2),
            ((3, 2, 9, 8), (2, 2, 2, 3), 3, 1),
        ]
        for x, w, stride, groups in shapes:
            x, w, b = draw(*x), draw(*w), draw(w[0])
            answers = []
            for many, at_once, threads in ((1 << 60, 1 << 60, 1), (0, 1 << 60, 2), (1 << 60, 1000, 1), (0, 2000, 3)):
                monkeypatch.setattr(convolution_products, "MANY", many)
                monkeypatch.setattr(convolution_products, "LARGE", many)
                monkeypatch.setattr(convolution_products, "AT_ONCE", at_once)
                monkeypatch.setattr(blas, "threads", lambda threads=threads: threads)
                monkeypatch.setattr(blocks, "_workers", lambda: 3)
                t = [ag.tensor(a, requires_grad=True) for a in (x, w, b)]
                y = F.conv2d(*t, stride=stride, padding=1, groups=groups)
                y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
                answers.append([y.detach().numpy(), *(a.grad.numpy() for a in t)])
            for other in answers[1:]:
                for a, b in zip(answers[0], other, strict=True):
                    near(a, b)

    def test_the_gradient_of_an_image_that_needs_none_is_not_computed(self):
        with mock.patch.object(F.convolution._transposed_no_bias, "forward") as forward:
            w = ag.tensor(draw(2, 1, 3, 3), requires_grad=True)
            F.conv2d(ag.tensor(draw(4, 1, 6, 6)), w).sum().backward()
        assert not forward.called
        assert w.grad.shape == w.shape

    def test_jacobian(self):
        x, w = draw(1, 2, 3, 3), draw(2, 2, 2, 2)
        jacobian = ag.jacobian(lambda v: F.conv2d(v, w))(x)
        columns = [F.conv2d(e.reshape(x.shape), w) for e in np.eye(x.size)]
        near(jacobian.reshape(-1, x.size), np.stack([c.ravel() for c in columns], axis=1))


class TestErrors:
    X, W = np.zeros((1, 4, 5, 5)), np.zeros((6, 4, 3, 3))

    @pytest.mark.parametrize(
        ("change", "error", "text"),
        [
            ({"input": np.zeros((5, 5))}, ValueError, r"conv2d: expected an input of shape \(N, C, H, W\)"),
            ({"weight": np.zeros((6, 4, 3))}, ValueError, r"a weight of shape \(O, C/groups, K, L\)"),
            ({"input": np.zeros((1, 3, 5, 5))}, ValueError, r"an input of 4 channels.*got 3 channels"),
            ({"groups": 2}, ValueError, r"an input of 8 channels"),
            ({"groups": 4}, ValueError, r"groups to be a positive integer that divides the 6 channels.*groups=4"),
            ({"groups": 0}, ValueError, r"groups to be a positive integer"),
            ({"bias": np.zeros(4)}, ValueError, r"a bias of shape \(6,\)"),
            ({"stride": 0}, ValueError, r"stride to be one integer or 2, none below 1"),
            ({"stride": (1, 2, 3)}, ValueError, r"stride"),
            ({"dilation": 0}, ValueError, r"dilation to be one integer or 2, none below 1"),
            ({"padding": -1}, ValueError, r"padding to be one integer or 2, none below 0"),
            ({"padding": 1.5}, TypeError, r"padding"),
            ({"padding": "full"}, ValueError, r"padding to be numbers, 'valid', or, with stride 1, 'same'"),
            ({"padding": "same", "stride": 2}, ValueError, r"with stride 1, 'same'"),
            ({"dilation": 3}, ValueError, r"as long as the kernel.*lengths \(5, 5\)"),
        ],
    )
    def test_conv(self, change, error, text):
        with pytest.raises(error, match=text):
            F.conv2d(**{"input": self.X, "weight": self.W, **change})

    @pytest.mark.parametrize(
        ("change", "error", "text"),
        [
            ({"input": np.zeros((5, 5, 5, 5, 5))}, ValueError, r"conv_transpose2d: expected an input of shape"),
            ({"weight": np.zeros((6, 4, 3, 3))}, ValueError, r"an input of 6 channels"),
            ({"bias": np.zeros(4)}, ValueError, r"a bias of shape \(6,\)"),
            ({"groups": 3}, ValueError, r"divides the 4 channels"),
            ({"padding": "same"}, TypeError, r"padding to be numbers"),
            ({"padding": 4}, ValueError, r"an output of at least one entry"),
            ({"output_padding": 1}, ValueError, r"output_padding to be smaller than the stride"),
            ({"output_padding": -1}, ValueError, r"output_padding"),
            ({"stride": 0}, ValueError, r"stride"),
        ],
    )
    def test_conv_transpose(self, change, error, text):
        arguments = {"input": self.X, "weight": np.zeros((4, 6, 3, 3)), **change}
        with pytest.raises(error, match=text):
            F.conv_transpose2d(**arguments)

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda: F.unfold(np.zeros((3, 4)), 2), r"unfold: expected an input of shape \(N, C, H, W\)"),
            (lambda: F.unfold(np.zeros((1, 2, 3, 3)), 4), r"unfold: expected an input that, with its padding"),
            (lambda: F.unfold(np.zeros((1, 2, 3, 3)), 0), r"kernel_size"),
            (lambda: F.unfold(np.zeros((1, 2, 3, 3)), 2, stride=0), r"stride"),
            (lambda: F.fold(np.zeros((1, 8, 3)), (3, 3), 2), r"fold: expected an input of shape \(N, C · 4, 4\)"),
            (lambda: F.fold(np.zeros((1, 7, 4)), (3, 3), 2), r"C · 4"),
            (lambda: F.fold(np.zeros((1, 8, 4)), 0, 2), r"output_size"),
            (lambda: F.fold(np.zeros((1, 8, 4)), 1, 2), r"fold: expected an input that, with its padding"),
        ],
    )
    def test_folding(self, call, text):
        with pytest.raises(ValueError, match=text):
            call()

    @pytest.mark.parametrize(
        ("call", "error", "text"),
        [
            (
                lambda: nn.Conv2d(3, 4, 3, groups=2),
                ValueError,
                r"Conv2d: expected in_channels to be divisible by groups",
            ),
            (lambda: nn.Conv1d(4, 3, 3, groups=2), ValueError, r"Conv1d: expected out_channels to be divisible by"),
            (lambda: nn.Conv2d(4, 4, 3, groups=0), ValueError, r"groups"),
            (lambda: nn.Conv2d(4, 4, 0), ValueError, r"kernel_size"),
            (lambda: nn.Conv2d(4, 4, (3, 3, 3)), ValueError, r"kernel_size"),
            (lambda: nn.Conv2d(4, 4, 3.0), TypeError, r"kernel_size"),
            (lambda: nn.Conv2d(4, 4, 3, stride=0), ValueError, r"stride"),
            (lambda: nn.Conv2d(4, 4, 3, padding="full"), ValueError, r"padding"),
            (lambda: nn.Conv2d(4, 4, 3, padding="same", stride=2), ValueError, r"padding.*stride=\(2, 2\)"),
            (lambda: nn.Conv3d(4, 4, 3, padding_mode="edge"), ValueError, r"padding_mode"),
            (lambda: nn.Conv2d(4, 4, 3, device="cuda"), ValueError, r"device"),
            (lambda: nn.Conv2d(4.0, 4, 3), TypeError, r"in_channels"),
            (lambda: nn.ConvTranspose2d(4, 4, 3, padding_mode="reflect"), ValueError, r"padding_mode 'zeros'"),
            (lambda: nn.ConvTranspose2d(4, 4, 3, padding="same"), TypeError, r"padding"),
            (lambda: nn.ConvTranspose2d(4, 4, 3, output_padding=-1), ValueError, r"output_padding"),
            (lambda: nn.Unfold(0), ValueError, r"Unfold: expected kernel_size"),
            (lambda: nn.Fold(4, 2, stride=0), ValueError, r"Fold: expected stride"),
        ],
    )
    def test_constructors(self, call, error, text):
        with pytest.raises(error, match=text):
            call()

    def test_inputs_of_layers(self):
        layer = nn.Conv2d(3, 4, 3)
        with pytest.raises(ValueError, match="an input of 3 channels"):
            layer(np.zeros((1, 2, 8, 8)))
        with pytest.raises(TypeError, match=r"Conv2d\(3, 4, kernel_size=\(3, 3\), stride=\(1, 1\)\).*float32.*float64"):
            layer(ag.tensor(np.zeros((1, 3, 8, 8))))


class TestLayers:
    @pytest.mark.parametrize("axes", [1, 2, 3])
    @pytest.mark.parametrize("transposed", [False, True])
    def test_parameters_and_outputs(self, axes, transposed):
        cls = getattr(nn, f"Conv{'Transpose' if transposed else ''}{axes}d")
        layer = cls(4, 6, 3, stride=2, padding=1, groups=2, dilation=2)
        assert layer.weight.shape == ((4, 3) if transposed else (6, 2)) + (3,) * axes
        assert layer.bias.shape == (6,)
        assert list(layer.state_dict()) == ["weight", "bias"]
        assert all(p.dtype == np.float32 for p in layer.parameters())
        x = np.ones((2, 4, *(7,) * axes))
        y = layer(x)
        assert y.dtype == np.float32
        assert y.shape == (2, 6, *((15 if transposed else 3),) * axes)
        function = (TRANSPOSED if transposed else CONVS)[axes - 1]
        options = {"stride": 2, "padding": 1, "groups": 2, "dilation": 2}
        near(y, function(x.astype("float32"), layer.weight, layer.bias, **options).detach().numpy(), 1e-6)
        assert layer(x[0]).shape == y.shape[1:]
        assert layer(x.tolist()).shape == y.shape
        assert cls(4, 6, 3, bias=False).bias is None
        assert cls(4, 6, 3, dtype="float64").weight.dtype == np.float64

    def test_initial_values(self):
        nn.manual_seed(0)
        for layer, count in (
            (nn.Conv2d(8, 64, 3), 72),
            (nn.ConvTranspose2d(64, 8, 3), 72),
            (nn.Conv2d(8, 64, 3, groups=4), 18),
        ):
            bound = 1 / math.sqrt(count)
            for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
                assert np.abs(values).max() <= bound
            values = layer.weight.detach().numpy()
            assert np.abs(values).max() > 0.95 * bound
            assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)

    def test_text(self):
        assert repr(nn.Conv2d(2, 4, 3)) == "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1))"
        layer = nn.Conv2d(2, 4, (3, 1), 2, (1, 0), 2, 2, bias=False, padding_mode="reflect")
        assert repr(layer) == (
            "Conv2d(2, 4, kernel_size=(3, 1), stride=(2, 2), padding=(1, 0), dilation=(2, 2), groups=2, bias=False, "
            "padding_mode=reflect)"
        )
        assert repr(nn.Conv1d(2, 4, 3, padding="same")) == "Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=same)"
        assert repr(nn.ConvTranspose1d(2, 4, 3, 2, output_padding=1)) == (
            "ConvTranspose1d(2, 4, kernel_size=(3,), stride=(2,), output_padding=(1,))"
        )
        assert repr(nn.Unfold(3)) == "Unfold(kernel_size=3, dilation=1, padding=0, stride=1)"
        assert repr(nn.Fold((4, 5), 3, padding=1)) == (
            "Fold(output_size=(4, 5), kernel_size=3, dilation=1, padding=1, stride=1)"
        )

    @pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
    @pytest.mark.parametrize("padding", [1, (2, 1), "same", "valid"])
    def test_padding_modes(self, mode, padding):
        layer = nn.Conv2d(2, 3, (3, 2), padding=padding, padding_mode=mode, dtype="float64")
        widths = {1: (1, 1, 1, 1), (2, 1): (1, 1, 2, 2), "same": (0, 1, 1, 1), "valid": (0, 0, 0, 0)}[padding]
        x = draw(2, 2, 5, 4)
        padded = F.pad(x, widths, mode={"zeros": "constant"}.get(mode, mode))
        near(layer(x), F.conv2d(padded, layer.weight.detach().numpy(), layer.bias.detach().numpy()))

    def test_output_size(self):
        layer = nn.ConvTranspose2d(3, 2, 3, stride=(2, 3), padding=1, dtype="float64")
        x = draw(2, 3, 4, 4)
        assert layer(x).shape == (2, 2, 7, 10)
        for size in ((8, 12), [8, 12], (2, 2, 8, 12), np.array([8, 12])):
            y = layer(x, output_size=size)
            assert y.shape == (2, 2, 8, 12)
        near(y, F.conv_transpose2d(x, layer.weight, layer.bias, (2, 3), 1, (1, 2)).detach().numpy())
        assert layer(x[0], output_size=(2, 7, 11)).shape == (2, 7, 11)
        for size in ((9, 12), (6, 10), (8,), (1, 8, 12)):
            with pytest.raises(ValueError, match=r"output_size between \(7, 10\) and \(8, 12\)"):
                layer(x, output_size=size)

    def test_a_convolution_undone_by_its_transpose_keeps_shapes(self):
        for length, stride in itertools.product(range(5, 12), (1, 2, 3)):
            down = nn.Conv1d(1, 2, 4, stride=stride, padding=1)
            up = nn.ConvTranspose1d(2, 1, 4, stride=stride, padding=1)
            x = np.zeros((1, 1, length))
            assert up(down(x), output_size=(length,)).shape == x.shape

    def test_folding_layers(self):
        x = draw(2, 3, 6, 5)
        columns = nn.Unfold((3, 2), padding=1)(x)
        near(columns, F.unfold(x, (3, 2), padding=1))
        near(nn.Fold((6, 5), (3, 2), padding=1)(columns), F.fold(columns.numpy(), (6, 5), (3, 2), padding=1))

    def test_float32_is_as_exact_as_float32_can_be(self):
        nn.manual_seed(1)
        layer = nn.Conv2d(16, 32, 3, padding=1)
        x = draw(8, 16, 12, 12).astype("float32")
        y = layer(x)
        exact = F.conv2d(
            *(a.astype("float64") for a in (x, layer.weight.detach().numpy(), layer.bias.detach().numpy())), padding=1
        )
        error = np.abs(y.detach().numpy() - exact).max() / np.abs(exact).max()
        assert error < 1e-6

    def test_a_layer_learns_a_filter(self):
        nn.manual_seed(2)
        x = draw(16, 1, 8, 8)
        target = F.conv2d(x, np.array([[[[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]]]))
        layer = nn.Conv2d(1, 1, 3, dtype="float64")
        for _ in range(200):
            loss = F.mse_loss(layer(x), target)
            layer.zero_grad()
            loss.backward()
            for p in layer.parameters():
                p.data = p.data - 0.2 * p.grad.numpy()
        assert loss.item() < 1e-10


class TestWindows:
    def test_seen(self):
        for count, length, offset, stride in itertools.product(range(1, 5), range(1, 6), range(-7, 8), range(1, 4)):
            windows, entries = seen(count, length, offset, stride)
            expected = [(p, stride * p + offset) for p in range(count) if 0 <= stride * p + offset < length]
            assert list(zip(range(count)[windows], range(length)[entries], strict=True)) == expected

    def test_rows_and_back(self):
        x = draw(2, 3, 4, 5, 6)
        assert to_rows(x).shape == (4, 3, 5, 6, 2)
        assert np.array_equal(from_rows(to_rows(x)), x)

    def test_spread(self):
        rows = draw(4, 2, 5, 3)
        steps = Steps((3,), (2,), ((2, 1),), (1,))
        (count,) = steps.counts((5,))
        found = spread(rows, steps, (count,), -1, 6, ones=True)
        assert np.array_equal(found[:, -1], np.ones((6, count * 3)))
        found = found[:, :-1].reshape(6, 2, 3, count, 3)
        padded = np.pad(rows, ((1, 1), (0, 0), (2, 1), (0, 0)))
        for h, k, p in itertools.product(range(6), range(3), range(count)):
            assert np.array_equal(found[h, :, k, p], padded[h, :, 2 * p + k])
        assert len(boxes(steps, (count,), (5,))) == 3

    def test_row_windows_share_memory(self):
        rows = draw(6, 2, 3)
        windows = row_windows(rows, 3, 2, 2)
        assert np.shares_memory(windows, rows)
        assert np.array_equal(windows[1, 2], rows[4])
        assert np.array_equal(unwrap(row_windows(DuckArray(rows), 3, 2, 2)), windows)
        assert np.array_equal(row_windows(rows[:, :1], 3, 2, 2), windows[:, :, :1])
