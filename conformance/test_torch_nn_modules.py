"""``Module``, the containers, the linear layers, ``functional_call`` and ``init`` beside PyTorch's."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
import torch

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare
from .modules_beside_torch import ModuleCase, compare_modules, near

RNG = np.random.default_rng(12)


def real(*shape):
    return RNG.standard_normal(shape)


MODULES = [
    *(
        ModuleCase(
            lambda bias=bias: nn.Linear(3, 4, bias=bias),
            lambda bias=bias: torch.nn.Linear(3, 4, bias=bias),
            (real(*shape),),
            label=f"Linear {shape} bias={bias}",
        )
        for bias in (True, False)
        for shape in ((3,), (5, 3), (2, 5, 3), (0, 3))
    ),
    *(
        ModuleCase(
            lambda bias=bias: nn.Bilinear(3, 2, 4, bias=bias),
            lambda bias=bias: torch.nn.Bilinear(3, 2, 4, bias=bias),
            (real(*front, 3), real(*front, 2)),
            label=f"Bilinear {front} bias={bias}",
        )
        for bias in (True, False)
        for front in ((), (5,), (2, 5))
    ),
    ModuleCase(lambda: nn.Identity(3), lambda: torch.nn.Identity(3), (real(2, 3),), label="Identity"),
    *(
        ModuleCase(
            lambda dims=dims: nn.Flatten(*dims),
            lambda dims=dims: torch.nn.Flatten(*dims),
            (real(2, 3, 4, 5),),
            label=f"Flatten {dims}",
        )
        for dims in ((), (0,), (1, 2), (-2, -1), (2, 2))
    ),
    *(
        ModuleCase(
            lambda dim=dim, sizes=sizes: nn.Unflatten(dim, sizes),
            lambda dim=dim, sizes=sizes: torch.nn.Unflatten(dim, sizes),
            (real(2, 12),),
            label=f"Unflatten {dim} {sizes}",
        )
        for dim, sizes in ((1, (3, 4)), (-1, (2, -1)), (0, (2, 1, 1)))
    ),
    ModuleCase(
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 2))),
        lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Sequential(torch.nn.Linear(4, 2))),
        (real(5, 3),),
        label="Sequential",
    ),
]


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", MODULES, ids=str)
def test_modules(case, dtype, mode):
    compare_modules(case, dtype, mode)


FUNCTIONS = [
    Case("linear", torch.nn.functional.linear, (real(5, 3), real(4, 3), real(4)), ours=F.linear),
    Case("linear without bias", torch.nn.functional.linear, (real(2, 5, 3), real(4, 3)), ours=F.linear),
    Case("bilinear", torch.nn.functional.bilinear, (real(5, 3), real(5, 2), real(4, 3, 2), real(4)), ours=F.bilinear),
    Case("bilinear no bias", torch.nn.functional.bilinear, (real(5, 3), real(5, 2), real(4, 3, 2)), ours=F.bilinear),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", FUNCTIONS, ids=str)
def test_functions(case, dtype):
    compare(case, dtype)


# -- the same program in both libraries -------------------------------------------------------------------


def networks(library):
    """A network with everything in it: shared modules, buffers, containers, absent parameters."""

    class Block(library.Module):
        def __init__(self):
            super().__init__()
            self.layers = library.ModuleList([library.Linear(2, 2), library.Tanh(), library.Linear(2, 2)])
            self.by_name = library.ModuleDict({"b": library.Linear(2, 2, bias=False), "a": library.Tanh()})
            self.scales = library.ParameterList([library.Parameter(self.tensor([1.0, 2.0]))])
            self.named = library.ParameterDict({"z": library.Parameter(self.tensor([3.0]))})
            self.shared = self.layers[0]
            self.register_buffer("mean", self.tensor([0.0, 1.0]))
            self.register_buffer("hidden", self.tensor([5.0]), persistent=False)
            self.register_buffer("absent", None)
            self.register_parameter("nothing", None)
            self.late = library.Buffer(self.tensor([7.0]))

        tensor = staticmethod(torch.tensor if library is torch.nn else lambda v: ag.tensor(v, dtype="float32"))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return self.by_name["b"](x) * self.scales[0] + self.named["z"]

    return library.Sequential(OrderedDict([("first", Block()), ("last", library.Linear(2, 1))]))


def walk(net):
    return [
        [name for name, _ in net.named_parameters()],
        [name for name, _ in net.named_parameters(prefix="p", remove_duplicate=False)],
        [name for name, _ in net.named_parameters(recurse=False)],
        [name for name, _ in net.named_buffers()],
        [name for name, _ in net.named_modules()],
        [name for name, _ in net.named_modules(prefix="m", remove_duplicate=False)],
        [name for name, _ in net.first.named_children()],
        [type(module).__name__ for module in net.modules()],
        list(net.state_dict()),
        list(net.state_dict(prefix="x.")),
    ]


def applied(net):
    seen = []
    net.apply(lambda module: seen.append(type(module).__name__))
    return seen


def test_walks():
    ours, theirs = networks(nn), networks(torch.nn)
    assert walk(ours) == walk(theirs)
    assert applied(ours) == applied(theirs)


def test_state_dicts_both_ways():
    ours, theirs = networks(nn), networks(torch.nn)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in ours.state_dict().items()})
    x = real(5, 2).astype("float32")
    near("output", ours(x), theirs(torch.tensor(x)), 1e-6)
    state = {key: value.numpy() for key, value in networks(torch.nn).state_dict().items()}
    assert ours.load_state_dict(state) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("last.bias"),
        lambda state: state.update(nonsense=state["last.bias"]),
        lambda state: (state.pop("first.mean"), state.update(x=state["last.bias"])),
    ],
)
def test_missing_and_unexpected_keys(change):
    ours, theirs = networks(nn), networks(torch.nn)
    mine, its = ours.state_dict(), theirs.state_dict()
    change(mine)
    change(its)
    with pytest.raises(RuntimeError):
        theirs.load_state_dict(its)
    with pytest.raises(RuntimeError):
        ours.load_state_dict(mine)
    assert tuple(ours.load_state_dict(mine, strict=False)) == tuple(theirs.load_state_dict(its, strict=False))


def sequential_program(library):
    make = {"r": library.ReLU, "t": library.Tanh, "s": library.Sigmoid}
    net = library.Sequential(*[make[c]() for c in "rts"])
    log = []

    def note():
        log.append([f"{name}:{type(module).__name__}" for name, module in net.named_modules() if name])

    net.append(make["r"]())
    note()
    net.insert(1, make["s"]())
    note()
    del net[-1]
    note()
    net[0] = make["t"]()
    note()
    net.extend(library.Sequential(make["r"](), make["r"]()))
    note()
    log.append(type(net.pop(2)).__name__)
    note()
    log.append([name for name, _ in net[1:3].named_modules()])
    del net[1:3]
    note()
    net = net + net[:1]
    note()
    net = net * 2
    log.append(len(net))
    return log


def list_program(library):
    layers = library.ModuleList([library.ReLU(), library.Tanh()])
    log = []
    layers.insert(0, library.Sigmoid())
    layers += [library.ReLU()]
    layers.append(library.Tanh())
    log.append([name for name, _ in layers.named_children()])
    log.append(type(layers.pop(1)).__name__)
    log.append([type(module).__name__ for module in layers[1:]])
    log.append([type(module).__name__ for module in layers.__add__([library.ReLU()])])
    del layers[0]
    log.append([name for name, _ in layers.named_children()])
    return log


def dict_program(library):
    units = library.ModuleDict([["a", library.ReLU()], ["b", library.Tanh()]])
    units.update({"c": library.Sigmoid(), "a": library.Tanh()})
    log = [list(units), [type(module).__name__ for module in units.values()], "b" in units, len(units)]
    units.pop("b")
    log.append(list(units.keys()))
    return log


def parameter_program(library):
    def parameter(value):
        return library.Parameter(torch.tensor([value]) if library is torch.nn else [value])

    values = library.ParameterList([parameter(1.0), parameter(2.0), "text"])
    values.append(parameter(3.0))
    values[0] = parameter(4.0)
    log = [list(values.state_dict()), len(values), [v.item() for v in values if not isinstance(v, str)]]
    named = library.ParameterDict({"x": parameter(1.0), "y": 3})
    named["z"] = parameter(2.0)
    named["x"] = parameter(5.0)
    log += [list(named), list(named.state_dict()), list(reversed(named)), list((named | {"q": 1}).keys())]
    log += [named.popitem()[0], named.setdefault("y", 7), named.get("nothing", 9), len(named)]
    return log


@pytest.mark.parametrize("program", [sequential_program, list_program, dict_program, parameter_program])
def test_containers(program):
    assert program(nn) == program(torch.nn)


def hook_program(library, tensor):
    log = []
    net = library.Sequential(library.Linear(2, 2), library.Tanh(), library.Linear(2, 1))
    for name, module in net.named_modules():
        module.register_forward_pre_hook(lambda m, args, name=name: log.append(f"before {name}"))
        module.register_forward_hook(lambda m, args, out, name=name: log.append(f"after {name}"))
        module.register_full_backward_pre_hook(lambda m, g, name=name: log.append(f"backward before {name}"))
        module.register_full_backward_hook(
            lambda m, gi, go, name=name: log.append(f"backward {name} {len(gi)} {gi[0] is None} {len(go)}")
        )
    net.register_forward_hook(lambda m, args, out: log.append("first"), prepend=True)
    net(tensor).sum().backward()
    return log


def test_the_order_of_hooks():
    ours = hook_program(nn, ag.tensor([[1.0, 2.0]], dtype="float32", requires_grad=True))
    assert ours == hook_program(torch.nn, torch.tensor([[1.0, 2.0]], requires_grad=True))


def test_backward_hooks_change_gradients_alike():
    results = []
    for library, tensor in ((nn, ag.tensor), (torch.nn, torch.tensor)):
        layer = library.Tanh()
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * go[0] * 3,))
        layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
        x = tensor([0.3, -0.7], requires_grad=True)
        (layer(x) * tensor([1.0, 5.0])).sum().backward()
        results.append(x.grad.tolist())
    np.testing.assert_allclose(*results, rtol=1e-6)


TEXTS = [
    lambda n: n.Linear(2, 3, bias=False),
    lambda n: n.Bilinear(2, 3, 4),
    lambda n: n.Sequential(n.Flatten(), n.Linear(2, 3), n.Sequential(n.ReLU(), n.Identity())),
    lambda n: n.ModuleList([n.Linear(1, 1), n.Linear(1, 1), n.ReLU(), n.Sequential(n.ReLU()), n.Sequential(n.ReLU())]),
    lambda n: n.ModuleDict({"a": n.ModuleList(), "b": n.Sequential()}),
]


@pytest.mark.parametrize("make", TEXTS)
def test_texts(make):
    assert repr(make(nn)) == repr(make(torch.nn))


# -- functional_call -------------------------------------------------------------------------------------


def test_functional_call():
    ours, theirs = networks(nn), networks(torch.nn)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in ours.state_dict().items()})
    x = real(4, 2).astype("float32")
    values = {"first.layers.0.weight": real(2, 2), "last.bias": real(1), "first.scales.0": real(2)}
    mine = {key: ag.tensor(value.astype("float32"), requires_grad=True) for key, value in values.items()}
    its = {key: torch.tensor(value.astype("float32"), requires_grad=True) for key, value in values.items()}
    a = nn.functional_call(ours, mine, x)
    b = torch.func.functional_call(theirs, its, torch.tensor(x))
    near("output", a, b, 1e-6)
    a.sum().backward()
    b.sum().backward()
    for key in values:
        near(key, mine[key].grad, its[key].grad, 1e-5)


# -- init ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        ("eye_", (3, 5), {}),
        ("ones_", (3,), {}),
        ("zeros_", (3,), {}),
        ("constant_", (3,), {"val": 2.5}),
        ("dirac_", (4, 3, 3), {}),
        ("dirac_", (3, 4, 3, 4), {}),
        ("dirac_", (6, 2, 3, 3, 2), {"groups": 3}),
    ],
)
def test_exact_schemes(name, shape, options):
    mine = getattr(nn.init, name)(nn.Parameter(np.ones(shape, "float32")), **options)
    its = getattr(torch.nn.init, name)(torch.nn.Parameter(torch.ones(shape)), **options)
    near(name, mine, its, 0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("uniform_", {"a": -1.0, "b": 2.0}),
        ("normal_", {"mean": 1.0, "std": 2.0}),
        ("trunc_normal_", {}),
        ("trunc_normal_", {"mean": 1.0, "std": 0.5, "a": 0.0, "b": 1.5}),
        ("xavier_uniform_", {"gain": 2.0}),
        ("xavier_normal_", {}),
        ("kaiming_uniform_", {"a": 0.3, "mode": "fan_out"}),
        ("kaiming_normal_", {"nonlinearity": "relu"}),
        ("orthogonal_", {"gain": 1.5}),
        ("sparse_", {"sparsity": 0.25, "std": 0.5}),
    ],
)
def test_distributions(name, options):
    shape = (80, 120)
    torch.manual_seed(0)
    nn.manual_seed(0)
    mine = getattr(nn.init, name)(nn.Parameter(np.ones(shape, "float32")), **options).detach().numpy()
    its = getattr(torch.nn.init, name)(torch.nn.Parameter(torch.ones(shape)), **options).detach().numpy()
    assert mine.dtype == its.dtype
    assert abs(mine.mean() - its.mean()) < 0.05 * its.std()
    assert abs(mine.std() / its.std() - 1) < 0.05
    quantiles = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(np.quantile(mine, quantiles), np.quantile(its, quantiles), atol=0.1 * its.std())
    np.testing.assert_array_equal((mine == 0).sum(axis=0), (its == 0).sum(axis=0))


@pytest.mark.parametrize(
    "name", ["linear", "conv1d", "conv2d", "conv3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
def test_gains(name):
    assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-15)
    assert nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)
