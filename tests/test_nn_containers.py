"""Containers of modules and parameters, and the small layers: linear, bilinear, flatten."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(5)


def kinds(container):
    return [f"{name}:{type(module).__name__}" for name, module in container._modules.items()]


def units():
    return nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())


class TestSequential:
    def test_forward(self):
        net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        assert net(np.ones((4, 2))).shape == (4, 1)
        assert nn.Sequential()(ag.tensor(3.0)).item() == 3.0

    def test_arrays_take_the_parameters_dtype_behind_modules_without_any(self):
        net = nn.Sequential(nn.Flatten(), nn.Identity(), nn.Linear(4, 1))
        for images in (np.ones((3, 2, 2)), np.ones((3, 2, 2)).tolist(), [np.ones((2, 2)), np.ones((2, 2))]):
            assert net(images).dtype == np.float32
        assert nn.Sequential(nn.Identity(), nn.Linear(2, 1))([[1, 0.5]]).dtype == np.float32
        assert nn.Sequential(nn.Identity())(np.ones(2)).dtype == np.float64
        assert nn.Sequential(nn.Identity(), nn.Linear(1, 1))[:1](np.ones(2, int)).dtype == np.int64
        with pytest.raises(TypeError, match=r"dtype float32.*dtype float64"):
            net(ag.tensor(np.ones((3, 2, 2))))
        with pytest.raises(TypeError, match="make the lists equally long"):
            net([[1.0], [2.0, 3.0]])

    def test_names(self):
        net = nn.Sequential({"first": nn.ReLU(), "second": nn.Tanh()})
        assert kinds(net) == ["first:ReLU", "second:Tanh"]
        assert net.second is net[1]

    def test_index_and_slice(self):
        net = units()
        assert net[-1] is net[2]
        assert net[np.int64(0)] is net[0]
        assert kinds(net[1:]) == ["1:Tanh", "2:Sigmoid"]
        assert type(nn.MLP([2, 3, 1])[:2]) is nn.Sequential
        for bad in (3, -4):
            with pytest.raises(IndexError, match=f"index from -3 to 2, got {bad}"):
                net[bad]

    def test_changing_entries(self):
        net = units()
        net[-1] = nn.Identity()
        assert kinds(net) == ["0:ReLU", "1:Tanh", "2:Identity"]
        del net[0]
        assert kinds(net) == ["0:Tanh", "1:Identity"]
        del net[::1]
        assert len(net) == 0

    def test_append_insert_extend_pop(self):
        net = nn.Sequential(nn.ReLU())
        assert net.append(nn.Tanh()) is net
        assert net.insert(1, nn.Sigmoid()) is net
        assert kinds(net) == ["0:ReLU", "1:Sigmoid", "2:Tanh"]
        net.insert(-1, nn.Identity())
        assert kinds(net)[2] == "2:Identity"
        assert net.extend(nn.Sequential(nn.ReLU(), nn.ReLU())) is net
        assert isinstance(net.pop(), nn.ReLU)
        assert isinstance(net.pop(1), nn.Sigmoid)
        assert kinds(net.pop(slice(0, 2))) == ["0:ReLU", "1:Identity"]
        assert kinds(net) == ["0:Tanh", "1:ReLU"]
        with pytest.raises(IndexError, match="from -2 to 2, got 5"):
            net.insert(5, nn.ReLU())

    def test_plus_and_times(self):
        net = units()
        both = net + net[:1]
        assert kinds(both) == ["0:ReLU", "1:Tanh", "2:Sigmoid", "3:ReLU"]
        assert kinds(net[:1] * 2) == kinds(2 * net[:1]) == ["0:ReLU", "1:ReLU"]
        assert (net * 2)[0] is (net * 2)[3]
        before = net
        net += nn.Sequential(nn.Identity())
        net *= 2
        assert net is before
        assert len(net) == 8
        with pytest.raises(TypeError):
            net.__iadd__(3)
        assert net.__add__([nn.ReLU()]) is NotImplemented
        for times in (0, 1.5):
            with pytest.raises(ValueError, match="positive integer"):
                net * times

    @pytest.mark.parametrize(
        ("make", "text"),
        [
            (lambda: nn.Sequential([nn.ReLU()]), r"got list.*unpack it: nn.Sequential\(\*modules\)"),
            (lambda: nn.Sequential(nn.ReLU() for _ in range(2)), "got generator.*unpack it"),
            (lambda: nn.Sequential(nn.ReLU(), F.tanh), r"expected an nn.Module or None"),
            (lambda: nn.Sequential(nn.ReLU), "got the class ReLU.*make an instance"),
            (lambda: units().append(3), "got int"),
            (lambda: units().insert(0, nn.ReLU), "got the class ReLU"),
            (lambda: units().__setitem__(0, None), "got NoneType"),
            (lambda: units().extend([nn.ReLU(), 3]), "got int"),
            (lambda: units().extend(nn.ReLU()), "an iterable of modules, got ReLU"),
        ],
    )
    def test_what_is_no_module(self, make, text):
        with pytest.raises(TypeError, match=text):
            make()

    def test_a_failed_change_changes_nothing(self):
        net = units()
        with pytest.raises(TypeError):
            net.extend([nn.ReLU(), 3])
        assert len(net) == 3


class TestModuleList:
    def test_as_a_list(self):
        layers = nn.ModuleList([nn.ReLU()])
        layers.append(nn.Tanh()).insert(0, nn.Identity())
        layers += [nn.Sigmoid()]
        assert kinds(layers) == ["0:Identity", "1:ReLU", "2:Tanh", "3:Sigmoid"]
        assert kinds(layers[1:3]) == ["0:ReLU", "1:Tanh"]
        assert kinds(layers.__add__([nn.ReLU()]))[4] == "4:ReLU"
        assert len(layers) == 4
        assert [type(module).__name__ for module in layers][::-1][0] == "Sigmoid"
        del layers[1:]
        assert kinds(layers) == ["0:Identity"]

    def test_its_parameters_are_found(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))

        assert list(Net().state_dict()) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]

    def test_it_is_not_called(self):
        with pytest.raises(TypeError, match="for layer in layers"):
            nn.ModuleList([nn.ReLU()])(1.0)

    def test_equal_neighbours_are_written_once(self):
        layers = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1)])
        assert repr(layers) == (
            "ModuleList(\n  (0-1): 2 x Linear(in_features=1, out_features=1, bias=True)\n  (2): ReLU()\n"
            "  (3): Linear(in_features=1, out_features=1, bias=True)\n)"
        )
        assert repr(nn.ModuleList()) == "ModuleList()"


class TestModuleDict:
    def test_as_a_dict(self):
        units = nn.ModuleDict({"relu": nn.ReLU()})
        units["tanh"] = nn.Tanh()
        units.update([("relu", nn.Identity()), ("sigmoid", nn.Sigmoid())])
        units.update(nn.ModuleDict({"last": nn.ReLU()}))
        assert kinds(units) == ["relu:Identity", "tanh:Tanh", "sigmoid:Sigmoid", "last:ReLU"]
        assert list(units) == list(units.keys()) == [name for name, _ in units.items()]
        assert "tanh" in units
        assert units.tanh is units["tanh"]
        assert isinstance(units.pop("sigmoid"), nn.Sigmoid)
        del units["last"]
        assert len(units) == len(list(units.values())) == 2
        units.clear()
        assert not len(units)

    def test_errors(self):
        units = nn.ModuleDict({"relu": nn.ReLU()})
        with pytest.raises(KeyError, match="Did you mean 'relu'"):
            units["rleu"]
        for take in (lambda: units.pop("x"), lambda: units.__delitem__("x")):
            with pytest.raises(KeyError, match="no module 'x'"):
                take()
        with pytest.raises(TypeError, match="a mapping, or pairs"):
            units.update([1, 2])
        with pytest.raises(TypeError, match="a mapping, or pairs"):
            units.update(3)
        with pytest.raises(ValueError, match="'keys', an attribute of the class"):
            units["keys"] = nn.ReLU()
        with pytest.raises(TypeError, match=r"modules\[name\]"):
            units(1.0)


class TestParameterList:
    def test_as_a_list(self):
        values = nn.ParameterList([nn.Parameter([1.0]), ag.tensor([2.0]), np.ones(3), "text"])
        assert [type(value).__name__ for value in values] == ["Parameter", "Parameter", "Parameter", "str"]
        assert [name for name, _ in values.named_parameters()] == ["0", "1", "2"]
        assert values.append(nn.Parameter([4.0])) is values
        values += [nn.Parameter([5.0])]
        assert len(values) == 6
        assert values[-1].tolist() == [5.0]
        assert [v.tolist() for v in values[4:]] == [[4.0], [5.0]]
        values[0] = nn.Parameter([7.0])
        values[3] = 3
        assert (values[0].tolist(), values[3]) == ([7.0], 3)
        assert list(values.state_dict()) == ["0", "1", "2", "4", "5"]

    def test_a_parameter_in_the_place_of_another_value(self):
        values = nn.ParameterList([1, nn.Parameter([1.0])])
        values[0], values[1] = nn.Parameter([0.0]), "text"
        assert [name for name, _ in values.named_parameters()] == ["0"]
        assert values[1] == "text"

    def test_errors(self):
        with pytest.raises(IndexError, match="from -1 to 0, got 1"):
            nn.ParameterList([nn.Parameter([1.0])])[1]
        with pytest.raises(TypeError, match=r"got Parameter.*put it into a list"):
            nn.ParameterList(nn.Parameter([1.0]))
        with pytest.raises(TypeError, match="its entries are used"):
            nn.ParameterList()(1.0)

    def test_text(self):
        assert repr(nn.ParameterList([nn.Parameter([[1.0]]), 3])) == (
            "ParameterList(\n  (0): Parameter of shape (1, 1), float32\n  (1): 3\n)"
        )
        assert repr(nn.ParameterList()) == "ParameterList()"


class TestParameterDict:
    def test_as_a_dict(self):
        values = nn.ParameterDict({"a": nn.Parameter([1.0]), "b": "text"})
        values["c"] = np.ones(2)
        values.update([("a", nn.Parameter([5.0]))])
        assert list(values) == ["a", "b", "c"]
        assert list(reversed(values)) == ["c", "b", "a"]
        assert [name for name, _ in values.named_parameters()] == ["a", "c"]
        assert values["a"].tolist() == [5.0]
        assert values.get("x", 3) == 3
        assert values.get("b") == "text"
        assert values.setdefault("d", nn.Parameter([1.0])) is values["d"]
        assert values.setdefault("b", 5) == "text"
        assert values.popitem()[0] == "d"
        assert values.pop("b") == "text"
        assert len(values) == 2
        assert (values | {"z": 1}).keys() == {"a": 0, "c": 0, "z": 0}.keys()
        assert list({"z": 1} | values) == ["z", "a", "c"]
        values |= {"y": 2}
        assert "y" in values
        assert values.copy()["a"] is values["a"]
        assert list(values.fromkeys(["p", "q"], 0).values()) == [0, 0]
        assert dict(values.items()).keys() == {"a": 0, "c": 0, "y": 0}.keys()
        values.clear()
        assert not len(values)
        assert not list(values.parameters())

    def test_errors(self):
        values = nn.ParameterDict({"weight": nn.Parameter([1.0])})
        with pytest.raises(KeyError, match="Did you mean 'weight'"):
            values["wieght"]
        with pytest.raises(KeyError, match="empty"):
            nn.ParameterDict().popitem()
        with pytest.raises(TypeError, match="names as keys, got 3"):
            values[3] = nn.Parameter([1.0])
        for value in (3, nn.Parameter([1.0])):
            for name in ("values", "training", "a.b"):
                with pytest.raises(ValueError, match="name of a"):
                    values[name] = value
        assert values.training is True

    def test_names_that_look_alike_are_meant(self):
        values = nn.ParameterDict({"inner": nn.Parameter([1.0]), "inter": nn.Parameter([2.0])})
        values["iner"] = 3
        assert len(values) == 3

    def test_text(self):
        assert repr(nn.ParameterDict({"a": np.ones(2)})) == "ParameterDict(\n  (a): Parameter of shape (2,), float64\n)"


class TestLinear:
    @pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
    @pytest.mark.parametrize("bias", [True, False])
    def test_value_and_gradients(self, shape, bias):
        x = RNG.standard_normal(shape)
        w, b = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
        weight, offset = ag.tensor(w, requires_grad=True), ag.tensor(b, requires_grad=True)
        inputs = ag.tensor(x, requires_grad=True)
        out = F.linear(inputs, weight, offset if bias else None)
        np.testing.assert_allclose(out.detach().numpy(), x @ w.T + (b if bias else 0), atol=1e-12)
        g = RNG.standard_normal(out.shape)
        out.backward(g)
        rows, into = g.reshape(-1, 4), x.reshape(-1, 3)
        np.testing.assert_allclose(inputs.grad.numpy(), g @ w, atol=1e-12)
        np.testing.assert_allclose(weight.grad.numpy(), rows.T @ into, atol=1e-12)
        if bias:
            np.testing.assert_allclose(offset.grad.numpy(), rows.sum(axis=0), atol=1e-12)

    def test_initial_values_lie_within_the_bound(self):
        layer = nn.Linear(100, 50)
        for parameter in layer.parameters():
            values = parameter.detach().numpy()
            assert np.abs(values).max() <= 0.1
            assert values.std() == pytest.approx(0.1 / 3**0.5, rel=0.25)

    def test_the_seed_decides(self):
        nn.manual_seed(3)
        first = nn.Linear(3, 3).weight.detach().numpy().copy()
        nn.manual_seed(3)
        np.testing.assert_array_equal(first, nn.Linear(3, 3).weight.detach().numpy())

    def test_arrays_and_lists_take_the_parameters_dtype(self):
        layer = nn.Linear(2, 1)
        assert layer(np.ones((1, 2))).dtype == np.float32
        assert layer([[1, 2]]).dtype == np.float32
        assert nn.Linear(2, 1, True, "cpu", "float64")([[1, 2]]).dtype == np.float64

    def test_a_tensor_of_another_float_dtype_is_refused(self):
        with pytest.raises(TypeError, match=r"dtype float32.*dtype float64"):
            nn.Linear(2, 1)(ag.tensor([[1.0, 2.0]]))

    def test_a_wrong_width_is_named(self):
        with pytest.raises(ValueError, match=r"\(\.\.\., 2\).*\(1, 3\)"):
            nn.Linear(2, 1)([[1.0, 2.0, 3.0]])

    def test_no_inputs_or_outputs(self):
        assert nn.Linear(0, 3)(np.ones((2, 0))).shape == (2, 3)
        assert nn.Linear(3, 0)(np.ones((2, 3))).shape == (2, 0)

    @pytest.mark.parametrize(
        ("make", "error", "text"),
        [
            (lambda: nn.Linear(2.0, 1), TypeError, "in_features to be an integer, got 2.0"),
            (lambda: nn.Linear(2, True), TypeError, "out_features to be an integer"),
            (lambda: nn.Linear(-1, 1), ValueError, "in_features of at least 0, got -1"),
            (lambda: nn.Linear(1, 1, device="cuda"), ValueError, "Linear: expected device None or 'cpu'"),
            (lambda: nn.Linear(1, 1, dtype=int), TypeError, "floating-point"),
            (lambda: nn.Bilinear(0, 1, 1), ValueError, "in1_features of at least 1, got 0"),
            (lambda: nn.Bilinear(1, 1, "3"), TypeError, "out_features to be an integer"),
        ],
    )
    def test_bad_arguments(self, make, error, text):
        with pytest.raises(error, match=text):
            make()


class TestBilinear:
    @pytest.mark.parametrize("front", [(), (4,), (2, 3), (0,)])
    def test_against_the_definition(self, front):
        layer = nn.Bilinear(2, 3, 4, dtype="float64")
        a, b = RNG.standard_normal((*front, 2)), RNG.standard_normal((*front, 3))
        out = layer(a, b)
        expected = np.einsum("...i,oij,...j->...o", a, layer.weight.detach(), b) + layer.bias.detach().numpy()
        np.testing.assert_allclose(out.detach(), expected, atol=1e-12)

    def test_gradients(self):
        a, b = RNG.standard_normal((3, 2)), RNG.standard_normal((3, 2))
        w, bias = RNG.standard_normal((4, 2, 2)), RNG.standard_normal(4)
        inputs = [ag.tensor(x, requires_grad=True) for x in (a, b, w, bias)]
        assert ag.gradcheck(F.bilinear, inputs)
        assert ag.gradgradcheck(F.bilinear, inputs)

    def test_without_a_bias(self):
        layer = nn.Bilinear(2, 2, 1, bias=False)
        assert list(layer.state_dict()) == ["weight"]
        assert repr(layer) == "Bilinear(in1_features=2, in2_features=2, out_features=1, bias=False)"
        assert layer([1.0, 2.0], [3.0, 4.0]).shape == (1,)

    @pytest.mark.parametrize(("a", "b"), [((3, 2), (3, 4)), ((3, 3), (3, 3)), ((3, 2), (4, 3)), ((2,), (1, 3))])
    def test_shapes_that_do_not_fit(self, a, b):
        with pytest.raises(ValueError, match="bilinear: expected inputs of shapes"):
            nn.Bilinear(2, 3, 4)(np.ones(a), np.ones(b))


class TestFlatten:
    @pytest.mark.parametrize(
        ("dims", "shape", "expected"),
        [
            ((), (2, 3, 4), (2, 12)),
            ((0,), (2, 3, 4), (24,)),
            ((0, 1), (2, 3, 4), (6, 4)),
            ((-2, -1), (2, 3, 4), (2, 12)),
            ((1, 1), (2, 3, 4), (2, 3, 4)),
            ((0, -1), (), (1,)),
            ((1, -1), (0, 3, 4), (0, 12)),
        ],
    )
    def test_flatten(self, dims, shape, expected):
        assert nn.Flatten(*dims)(np.zeros(shape)).shape == expected

    def test_flatten_errors(self):
        with pytest.raises(IndexError, match=r"end_dim from -2 to 1, .* got end_dim=2"):
            nn.Flatten(0, 2)(np.zeros((2, 3)))
        with pytest.raises(ValueError, match="end_dim not before start_dim"):
            nn.Flatten(1, 0)(np.zeros((2, 3)))

    @pytest.mark.parametrize(
        ("dim", "sizes", "expected"),
        [(1, (3, 4), (2, 3, 4)), (-1, (2, -1), (2, 2, 6)), (0, [2, 1], (2, 1, 12)), (1, (12, 1, 1), (2, 12, 1, 1))],
    )
    def test_unflatten(self, dim, sizes, expected):
        assert nn.Unflatten(dim, sizes)(np.zeros((2, 12))).shape == expected

    def test_unflatten_errors(self):
        for sizes in ((5, 2), (5, -1), (-1, -1), (12, 0)):
            with pytest.raises(ValueError, match=r"product 12, that of axis dim=1, got .* an input of shape \(2, 12\)"):
                nn.Unflatten(1, sizes)(np.zeros((2, 12)))
        for arguments in ((1, 12), (1, (3.0, 4)), (1, (True, 4)), (1, ())):
            with pytest.raises(TypeError, match="a tuple of integers"):
                nn.Unflatten(*arguments)
        with pytest.raises(IndexError, match="dim from -1 to 0"):
            nn.Unflatten(1, (3, 4))(np.zeros(12))

    def test_they_undo_each_other_and_pass_gradients(self):
        x = ag.tensor(RNG.standard_normal((2, 3, 4)), requires_grad=True)
        y = nn.Unflatten(1, (3, 4))(nn.Flatten()(x))
        (y * y).sum().backward()
        np.testing.assert_allclose(x.grad, 2 * x.detach())
        assert repr(nn.Flatten()) == "Flatten(start_dim=1, end_dim=-1)"
        assert repr(nn.Unflatten(1, [3, 4])) == "Unflatten(dim=1, unflattened_size=(3, 4))"

    def test_identity(self):
        layer = nn.Identity(54, unused=True)
        x = ag.tensor([1.0])
        assert layer(x) is x
        assert repr(layer) == "Identity()"
