"""Convolution, folding and padding against PyTorch: values, derivatives, state dicts, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn import functional as F

torch = pytest.importorskip("torch")
# PyTorch warns once that padding="same" may cost it a copy.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
from .beside_torch import Case, compare  # noqa: E402
from .modules_beside_torch import ModuleCase, compare_modules  # noqa: E402

RNG = np.random.default_rng(17)
TF = torch.nn.functional


def draw(*shape):
    return RNG.standard_normal(shape)


def module_case(name, arguments, options, *shapes, call=None, **more):
    label = (
        f"{name}({', '.join([*map(str, arguments), *(f'{k}={v}' for k, v in options.items())])}) {shapes} {call or ''}"
    )
    return ModuleCase(
        lambda: getattr(nn, name)(*arguments, **options),
        lambda: getattr(torch.nn, name)(*arguments, **options),
        [draw(*shape) for shape in shapes],
        options=call or {},
        label=label,
        **more,
    )


CONVOLUTIONS = [
    *(
        module_case(f"Conv{axes}d", (4, 6, 3), options, (2, 4, *(7, 6, 5)[:axes]))
        for axes in (1, 2, 3)
        for options in (
            {},
            {"stride": 2, "padding": 1},
            {"padding": "same", "dilation": 2},
            {"padding": "valid", "bias": False},
            {"groups": 2, "dilation": 2, "padding": 2},
        )
    ),
    *(
        module_case(f"Conv{axes}d", (2, 3, 2), {"padding": padding, "padding_mode": mode}, (2, 2, *(5, 4, 3)[:axes]))
        for axes in (1, 2, 3)
        for mode in ("zeros", "reflect", "replicate", "circular")
        for padding in (1, "same")
    ),
    module_case("Conv2d", (4, 8, (1, 3)), {"stride": (2, 1), "padding": (0, 2), "groups": 4}, (3, 4, 5, 6)),
    module_case("Conv2d", (4, 8, 1), {}, (3, 4, 5, 6)),
    module_case("Conv2d", (4, 8, 1), {"stride": 2, "bias": False}, (3, 4, 5, 6)),
    module_case("Conv2d", (3, 40, 3), {"padding": 1}, (2, 3, 6, 6)),
    module_case("Conv2d", (40, 3, 3), {"padding": 1, "stride": (1, 2)}, (1, 40, 5, 6)),
    module_case("Conv2d", (3, 4, 3), {}, (3, 5, 6)),
    module_case("Conv1d", (3, 4, 3), {"stride": 3}, (3, 11)),
    module_case("Conv3d", (2, 4, (2, 1, 3)), {"padding": (1, 0, 1), "stride": (2, 2, 1)}, (2, 4, 3, 5)),
    module_case("Conv2d", (6, 6, 3), {"groups": 6, "padding": 1}, (9, 6, 8, 8)),
    module_case("Conv2d", (3, 16, 4), {"stride": 4}, (2, 3, 8, 8)),
]
TRANSPOSED = [
    *(
        module_case(f"ConvTranspose{axes}d", (4, 6, 3), options, (2, 4, *(4, 3, 3)[:axes]))
        for axes in (1, 2, 3)
        for options in (
            {},
            {"stride": 2, "padding": 1, "output_padding": 1},
            {"dilation": 2, "padding": 2, "bias": False},
            {"groups": 2, "stride": 3, "padding": 2},
            {"stride": 2, "dilation": 3, "output_padding": 2, "groups": 2},
        )
    ),
    module_case("ConvTranspose2d", (8, 3, (4, 2)), {"stride": (2, 1), "padding": (1, 0)}, (3, 8, 5, 4)),
    module_case("ConvTranspose2d", (3, 40, 3), {"stride": 2}, (1, 3, 3, 2)),
    module_case("ConvTranspose2d", (40, 3, 1), {"stride": 3}, (1, 40, 3, 2)),
    module_case("ConvTranspose2d", (3, 4, 3), {}, (3, 5, 6)),
    module_case("ConvTranspose1d", (3, 2, 3), {"stride": 2}, (3, 5)),
    *(
        module_case("ConvTranspose2d", (3, 2, 3), {"stride": (2, 3), "padding": 1}, shape, call={"output_size": size})
        for shape, size in (((2, 3, 4, 4), (8, 12)), ((2, 3, 4, 4), (2, 2, 7, 11)), ((3, 4, 4), (8, 10)))
    ),
    module_case("ConvTranspose1d", (3, 2, 4), {"stride": 3}, (2, 3, 4), call={"output_size": [15]}),
    module_case("ConvTranspose3d", (3, 2, 2), {"stride": 2}, (2, 3, 2, 2, 2), call={"output_size": (5, 4, 5)}),
]
FOLDS = [
    module_case("Unfold", (3,), {}, (2, 3, 5, 6)),
    module_case("Unfold", ((2, 3),), {"dilation": (2, 1), "padding": (1, 2), "stride": (1, 2)}, (2, 3, 5, 6)),
    module_case("Unfold", (2,), {"stride": 2}, (3, 4, 4)),
    module_case("Fold", ((5, 6), 3), {}, (2, 27, 12)),
    module_case("Fold", ((5, 6), (2, 3)), {"dilation": (2, 1), "padding": (1, 2), "stride": (1, 2)}, (2, 18, 20)),
    module_case("Fold", (4, 2), {"stride": 2}, (8, 4)),
]
PADS = [
    *(
        module_case(f"{kind}Pad{axes}d", (padding,), {}, (2, 3, *(4, 3, 5)[-axes:]))
        for kind in ("Zero", "Reflection", "Replication", "Circular")
        for axes in (1, 2, 3)
        for padding in (2, (1, 2, 0, 1, 2, 1)[: 2 * axes], (-1, 2, 1, -1, 1, 0)[: 2 * axes])
    ),
    *(
        module_case(f"ConstantPad{axes}d", (padding, 1.5), {}, (2, 3, *(4, 3, 5)[-axes:]))
        for axes in (1, 2, 3)
        for padding in (2, (-1, 2, 1, -1, 1, 0)[: 2 * axes])
    ),
    *(
        module_case(f"{kind}Pad2d", ((1, 2, 0, 1),), {}, (3, 4, 5))
        for kind in ("Zero", "Reflection", "Replication", "Circular")
    ),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("case", [*CONVOLUTIONS, *TRANSPOSED, *FOLDS, *PADS], ids=str)
def test_modules(case, dtype, mode):
    compare_modules(case, dtype, mode)


PAD_KINDS = ("Zero", "Constant", "Reflection", "Replication", "Circular")
NAMES = {
    *(f"Conv{kind}{axes}d" for kind in ("", "Transpose") for axes in (1, 2, 3)),
    *("Unfold", "Fold"),
    *(f"{kind}Pad{axes}d" for kind in PAD_KINDS for axes in (1, 2, 3)),
}


def test_every_module_is_compared():
    labels = {str(case).partition("(")[0] for case in [*CONVOLUTIONS, *TRANSPOSED, *FOLDS, *PADS]}
    assert labels == NAMES


@pytest.mark.parametrize("case", [*CONVOLUTIONS, *TRANSPOSED, *FOLDS, *PADS], ids=str)
def test_text(case):
    assert repr(case.ours()) == repr(case.theirs())


def function_case(name, shapes, **options):
    def ours(*inputs):
        return getattr(F, name)(*inputs, **options)

    def theirs(*inputs):
        return getattr(TF, name)(*inputs, **options)

    label = f"{name} {shapes} {options}"
    return Case(
        label, theirs, [draw(*shape) for shape in shapes], ours=ours, dtypes=("float64", "float32"), label=label
    )


FUNCTIONS = [
    function_case("conv1d", [(2, 4, 9), (6, 2, 3), (6,)], stride=2, padding=1, dilation=2, groups=2),
    function_case("conv1d", [(4, 9), (6, 4, 3)], padding="same"),
    function_case("conv2d", [(2, 4, 6, 7), (6, 2, 3, 2), (6,)], stride=(1, 2), padding=(2, 0), dilation=2, groups=2),
    function_case("conv2d", [(2, 4, 6, 7), (3, 4, 2, 4)], padding="same", dilation=(1, 3)),
    function_case("conv3d", [(2, 2, 4, 5, 4), (3, 2, 2, 3, 1), (3,)], stride=(1, 2, 1), padding=1),
    function_case("conv_transpose1d", [(2, 4, 5), (4, 3, 3), (6,)], stride=3, padding=1, output_padding=2, groups=2),
    function_case("conv_transpose2d", [(2, 4, 3, 4), (4, 3, 3, 2)], stride=(1, 2), dilation=(2, 1), padding=(3, 0)),
    function_case("conv_transpose3d", [(2, 2, 3, 2, 2), (2, 3, 2, 1, 3), (3,)], stride=2, padding=(0, 0, 1)),
    function_case("unfold", [(2, 3, 6, 5)], kernel_size=(3, 2), dilation=(1, 2), padding=(0, 1), stride=(2, 1)),
    function_case("fold", [(2, 18, 16)], output_size=(6, 5), kernel_size=(3, 2), stride=1, dilation=1),
    *(
        function_case("pad", [(2, 3, 4, 5, 6)[: axes + 1 + batch]], pad=widths[: 2 * axes], mode=mode)
        for axes, batch in itertools.product((1, 2, 3), (0, 1))
        for widths in ((1, 2, 2, 0, 0, 1), (-1, 2, 1, -1, 2, -1), (-1, -1, 0, -1, -1, 0))
        for mode in ("constant", "reflect", "replicate", "circular")
    ),
    function_case("pad", [(3, 4)], pad=(1, 1, 2, -1), value=2.5),
    function_case("pad", [(2, 3, 4, 5)], pad=(0, 1, 0, 0, 3, -1, 1, 0)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", FUNCTIONS, ids=str)
def test_functions(case, dtype):
    compare(case, dtype)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_random_geometry(axes):
    """Sizes of all kinds, chosen at random: values and both gradients."""
    rng = np.random.default_rng(axes)
    for _ in range(100):
        groups = int(rng.choice([1, 1, 2, 3]))
        kernel, stride = (tuple(int(n) for n in rng.integers(1, 4, axes)) for _ in range(2))
        dilation, padding = (tuple(int(n) for n in rng.integers(low, 3, axes)) for low in (1, 0))
        lengths = tuple(
            max(1, d * (k - 1) + 1 - 2 * p) + int(rng.integers(0, 4)) for k, d, p in zip(kernel, dilation, padding)
        )
        x = rng.standard_normal((int(rng.integers(1, 4)), groups * int(rng.integers(1, 4)), *lengths))
        w = rng.standard_normal((groups * int(rng.integers(1, 20)), x.shape[1] // groups, *kernel))
        arguments = (None, stride, padding, dilation, groups)
        mine = [ag.tensor(a, requires_grad=True) for a in (x, w)]
        its = [torch.tensor(a, requires_grad=True) for a in (x, w)]
        y = getattr(F, f"conv{axes}d")(*mine, *arguments)
        z = getattr(TF, f"conv{axes}d")(*its, *arguments)
        g = rng.standard_normal(y.shape)
        y.backward(g)
        z.backward(torch.tensor(g))
        for a, b in ((y.detach(), z.detach()), (mine[0].grad, its[0].grad), (mine[1].grad, its[1].grad)):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=1e-10)


REFUSED = [
    ("Conv2d", (3, 4, 3), {"groups": 2}, None),
    ("Conv2d", (4, 3, 3), {"groups": 2}, None),
    ("Conv2d", (4, 4, 3), {"groups": 0}, None),
    ("Conv2d", (4, 4, 3), {"padding": "full"}, None),
    ("Conv2d", (4, 4, 3), {"padding": "same", "stride": 2}, None),
    ("Conv2d", (4, 4, 3), {"padding_mode": "edge"}, None),
    ("ConvTranspose2d", (4, 4, 3), {"padding_mode": "reflect"}, None),
    ("Conv2d", (4, 4, 3), {}, (2, 3, 5, 5)),
    ("Conv2d", (4, 4, 3), {}, (4, 5)),
    ("Conv2d", (4, 4, 3), {}, (2, 4, 5, 5, 5)),
    ("Conv2d", (4, 4, 3), {}, (2, 4, 2, 5)),
    ("ConvTranspose2d", (4, 4, 3), {"output_padding": 1}, (2, 4, 5, 5)),
    ("ConvTranspose2d", (4, 4, 3), {"padding": 2}, (2, 4, 1, 5)),
    ("Unfold", (4,), {}, (1, 2, 3, 3)),
    ("Fold", (4, 2), {}, (1, 8, 8)),
    ("ReflectionPad1d", (3,), {}, (1, 3)),
    ("ReflectionPad2d", (1,), {}, (1, 1, 1, 3, 3)),
    ("CircularPad1d", (4,), {}, (1, 3)),
    ("ReplicationPad2d", (1,), {}, (3, 3)),
    ("ZeroPad2d", (-2,), {}, (1, 3, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "options", "shape"), REFUSED)
def test_what_pytorch_refuses_is_refused(name, arguments, options, shape):
    for library, make in ((nn, np.zeros), (torch.nn, torch.zeros)):
        with pytest.raises((ValueError, RuntimeError, NotImplementedError)):  # noqa: PT012
            module = getattr(library, name)(*arguments, **options)
            module(make(shape))


@pytest.mark.parametrize(
    "name", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
)
def test_initial_values_have_pytorchs_distribution(name):
    ours, theirs = (getattr(library, name)(32, 48, 3, groups=2) for library in (nn, torch.nn))
    for key, value in ours.state_dict().items():
        its = theirs.state_dict()[key].numpy()
        assert np.abs(value).max() <= np.abs(its).max() * 1.3
        assert value.std() == pytest.approx(its.std(), rel=0.35 if value.size < 100 else 0.05)


class TestNotes:
    """The network of the lecture notes: two convolutions, two poolings, three affine layers."""

    @staticmethod
    def network(library, functions):
        class Net(library.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = library.Conv2d(1, 6, 3)
                self.conv2 = library.Conv2d(6, 16, 3)
                self.fc1 = library.Linear(16 * 6 * 6, 120)
                self.fc2 = library.Linear(120, 84)
                self.fc3 = library.Linear(84, 10)

            def forward(self, x):
                x = functions.max_pool2d(functions.relu(self.conv1(x)), (2, 2))
                x = functions.max_pool2d(functions.relu(self.conv2(x)), 2)
                x = x.view(-1, 16 * 6 * 6)
                x = functions.relu(self.fc1(x))
                x = functions.relu(self.fc2(x))
                return self.fc3(x)

        return Net()

    def test_a_training_run(self):
        ours, theirs = self.network(nn, F), self.network(torch.nn, TF).double()
        ours.to("float64")
        ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
        mine = optim.SGD(ours.parameters(), lr=0.01)
        its = torch.optim.SGD(theirs.parameters(), lr=0.01)
        x, y = draw(8, 1, 32, 32), RNG.integers(0, 10, 8)
        for _ in range(5):
            losses = []
            for net, optimizer, loss, data in (
                (ours, mine, nn.CrossEntropyLoss(), (ag.tensor(x), y)),
                (theirs, its, torch.nn.CrossEntropyLoss(), (torch.tensor(x), torch.tensor(y))),
            ):
                optimizer.zero_grad()
                output = loss(net(data[0]), data[1])
                output.backward()
                optimizer.step()
                losses.append(output.item())
            assert losses[0] == pytest.approx(losses[1], rel=1e-10)
        for (name, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=0, atol=1e-9, err_msg=name)
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=0, atol=1e-9, err_msg=name)
