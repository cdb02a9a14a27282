"""``Module``: attributes and their names, walks, conversion, text, copies, where errors arise."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from abc import ABC, abstractmethod

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)
        self.scale = nn.Parameter(2.0)
        self.register_buffer("count", np.zeros(1))

    def forward(self, x):
        return self.second(F.relu(self.first(x))) * self.scale


def deep(levels, inner=None):
    """Containers nested deeper than Python's stack."""
    module = inner or nn.Linear(1, 1)
    for _ in range(levels):
        module = nn.Sequential(module)
    return module


class TestReading:
    def test_parameters_are_found_under_dotted_names(self):
        names = [name for name, _ in TwoLayers().named_parameters()]
        assert names == ["scale", "first.weight", "first.bias", "second.weight", "second.bias"]

    def test_a_misspelt_attribute_raises_and_names_what_there_is(self):
        with pytest.raises(AttributeError) as caught:
            _ = TwoLayers().frist
        assert str(caught.value) == (
            "TwoLayers has no attribute 'frist'. Did you mean 'first'? It holds scale, count, first, second."
        )

    def test_misspelt_methods_and_plain_attributes_are_suggested_too(self):
        with pytest.raises(AttributeError, match="Did you mean 'in_features'"):
            _ = nn.Linear(1, 1).in_feature
        with pytest.raises(AttributeError, match="Did you mean 'state_dict'"):
            nn.Linear(1, 1).statedict()

    def test_a_module_that_holds_much_names_the_first_of_it(self):
        many = nn.Sequential(*[nn.Identity() for _ in range(50)])
        with pytest.raises(AttributeError, match="and 30 more"):
            _ = many.nothing

    def test_hasattr_and_getattr_with_a_default(self):
        layer = nn.Linear(1, 1)
        assert not hasattr(layer, "running_mean")
        assert getattr(layer, "running_mean", 5) == 5

    def test_the_error_can_be_pickled(self):
        with pytest.raises(AttributeError) as caught:
            _ = nn.Linear(1, 1).wieght
        assert "Did you mean 'weight'" in str(pickle.loads(pickle.dumps(caught.value)))

    def test_dir_lists_what_can_be_read(self):
        assert {"first", "scale", "count", "forward"} <= set(dir(TwoLayers()))
        assert "0" not in dir(nn.Sequential(nn.ReLU()))


class TestWriting:
    def test_a_parameter_before_init_raises(self):
        class Hasty(nn.Module):
            def __init__(self):
                self.weight = nn.Parameter([1.0])

        class HastyByName(nn.Module):
            def __init__(self):
                self.register_parameter("weight", nn.Parameter([1.0]))

        for hasty in (Hasty, HastyByName):
            with pytest.raises(AttributeError, match=r"weight: .*super\(\).__init__\(\)"):
                hasty()

    def test_plain_attributes_may_be_set_before_init(self):
        class Prepared(nn.Module):
            def __init__(self):
                self.width = 3
                super().__init__()

        assert Prepared().width == 3

    def test_a_parameter_cannot_be_replaced_by_an_array(self):
        layer = nn.Linear(2, 2)
        with pytest.raises(TypeError, match=r"Linear.weight: expected an nn\.Parameter or None, got ndarray"):
            layer.weight = np.ones((2, 2))
        layer.bias = None
        assert layer.bias is None
        layer.bias = nn.Parameter([1.0, 2.0])
        assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]

    def test_a_submodule_is_replaced_by_a_module_only(self):
        net = TwoLayers()
        with pytest.raises(TypeError, match=r"first: expected an nn\.Module or None, got int"):
            net.first = 3
        net.first = None
        assert "first" not in dict(net.named_children())
        net.first = nn.Identity()
        assert [name for name, _ in net.named_children()] == ["first", "second"]

    def test_a_name_moves_from_one_registry_to_another(self):
        net = TwoLayers()
        net.scale = nn.Identity()
        assert "scale" not in dict(net.named_parameters())
        assert isinstance(net.scale, nn.Identity)
        net.plain = 3
        net.plain = nn.Parameter([1.0])
        assert "plain" not in net.__dict__
        assert "plain" in dict(net.named_parameters())

    def test_buffers(self):
        net = TwoLayers()
        net.count = np.ones(1)
        assert isinstance(net.count, ag.Tensor)
        net.register_buffer("hidden", [1.0], persistent=False)
        net.late = nn.Buffer([2.0])
        net.passing = nn.Buffer([3.0], persistent=False)
        assert [name for name, _ in net.named_buffers()] == ["count", "hidden", "late", "passing"]
        assert {"count", "late"} <= set(net.state_dict())
        assert not {"hidden", "passing"} & set(net.state_dict())
        net.count = None
        assert "count" not in dict(net.named_buffers())

    def test_a_buffer_keeps_whether_it_persists_in_copies(self):
        buffer = nn.Buffer([1.0], persistent=False)
        for other in (copy.copy(buffer), copy.deepcopy(buffer), pickle.loads(pickle.dumps(buffer))):
            assert not other.persistent
            assert other.tolist() == [1.0]
            assert type(other + 1) is ag.Tensor

    @pytest.mark.parametrize(
        ("name", "text"),
        [("a.b", "without dots"), ("", "without dots"), ("forward", "an attribute of the class"), ("extra", "is free")],
    )
    def test_names_that_cannot_be(self, name, text):
        module = nn.Module()
        module.extra = 1
        for enter in (
            lambda: module.register_parameter(name, nn.Parameter([1.0])),
            lambda: module.register_buffer(name, [1.0]),
            lambda: module.register_module(name, nn.Identity()),
        ):
            with pytest.raises(ValueError, match=text):
                enter()
        assert not list(module.named_parameters())

    def test_names_are_strings(self):
        with pytest.raises(TypeError, match="expected a string, got 3"):
            nn.Module().add_module(3, nn.Identity())

    def test_only_the_right_things_are_entered(self):
        with pytest.raises(TypeError, match=r"expected an nn.Parameter or None, got Tensor.*register_buffer"):
            nn.Module().register_parameter("weight", ag.tensor([1.0]))
        with pytest.raises(TypeError, match=r"got the class ReLU.*make an instance: ReLU"):
            nn.Module().add_module("unit", nn.ReLU)
        with pytest.raises(TypeError, match=r"expected an nn.Module or None, got function"):
            nn.Module().add_module("unit", F.relu)

    def test_deleting(self):
        net = TwoLayers()
        del net.first, net.scale, net.count
        assert list(net.state_dict()) == ["second.weight", "second.bias"]
        with pytest.raises(AttributeError):
            del net.first

    def test_methods_are_not_overwritten_by_flags(self):
        with pytest.raises(TypeError, match=r"train to be called.*module.train\(\)"):
            nn.Linear(1, 1).train = True


class TestWalks:
    def test_a_shared_module_is_counted_once_if_wanted(self):
        layer = nn.Linear(2, 2)
        net = nn.Sequential(layer, nn.ReLU(), layer)
        assert len(list(net.parameters())) == 2
        assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == [
            "0.weight", "0.bias", "2.weight", "2.bias",
        ]  # fmt: skip
        assert [name for name, _ in net.named_modules()] == ["", "0", "1"]
        assert [name for name, _ in net.named_modules(remove_duplicate=False)] == ["", "0", "1", "2"]
        assert [name for name, _ in net.named_children()] == ["0", "1"]

    def test_prefix_and_memo(self):
        net = nn.Sequential(nn.Linear(1, 1))
        assert [name for name, _ in net.named_modules(prefix="net")] == ["net", "net.0"]
        assert [name for name, _ in net.named_parameters("net", recurse=True)] == ["net.0.weight", "net.0.bias"]
        assert not list(net.named_parameters(recurse=False))
        assert [name for name, _ in net.named_modules(memo={net[0]})] == [""]

    def test_a_shared_parameter_is_counted_once(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        net[1].weight = net[0].weight
        assert len(list(net.parameters())) == 3

    def test_get_by_path(self):
        net = nn.Sequential(TwoLayers())
        assert net.get_submodule("") is net
        assert net.get_submodule("0.first") is net[0].first
        assert net.get_parameter("0.first.weight") is net[0].first.weight
        assert net.get_buffer("0.count") is net[0].count

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda net: net.get_submodule("0.frist"), "no submodule 'frist'.*Did you mean 'first'"),
            (lambda net: net.get_submodule("0.scale"), "'scale' is a Parameter, not a module"),
            (lambda net: net.get_parameter("0.first.wieght"), "not a parameter.*Did you mean '0.first.weight'"),
            (lambda net: net.get_parameter("0.count"), "not a parameter of Sequential"),
            (lambda net: net.get_buffer("0.scale"), "not a buffer.*It holds 0.count"),
        ],
    )
    def test_paths_that_do_not_exist(self, call, text):
        with pytest.raises(AttributeError, match=text):
            call(nn.Sequential(TwoLayers()))

    def test_set_submodule(self):
        net = nn.Sequential(TwoLayers())
        net.set_submodule("0.first", nn.Identity())
        assert isinstance(net[0].first, nn.Identity)
        net.set_submodule("0.third", nn.Identity())
        assert isinstance(net[0].third, nn.Identity)
        with pytest.raises(AttributeError, match="no submodule 'fourth'"):
            net.set_submodule("0.fourth", nn.Identity(), strict=True)
        with pytest.raises(AttributeError, match="not a module"):
            net.set_submodule("0.scale", nn.Identity(), strict=True)
        with pytest.raises(TypeError, match=r"nn\.Module or None"):
            net.set_submodule("0.first", 3)
        with pytest.raises(ValueError, match="a path"):
            net.set_submodule("", nn.Identity())

    def test_apply_goes_from_the_children_up_in_order(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Tanh()), nn.ReLU())
        seen = []
        assert net.apply(lambda module: seen.append(type(module).__name__)) is net
        assert seen == ["Linear", "Tanh", "Sequential", "ReLU", "Sequential"]

    def test_a_module_that_holds_itself(self):
        net = nn.Sequential(nn.Identity())
        net[0].parent = net
        assert len(list(net.modules())) == 2
        for walk in (net.state_dict, lambda: list(net.named_modules(remove_duplicate=False))):
            with pytest.raises(ValueError, match=r"no module holds itself, got Sequential at '0.parent'"):
                walk()
        assert "Sequential(...)" in repr(net)

    def test_networks_deeper_than_the_stack(self):
        net = deep(1100)
        assert len(list(net.modules())) == 1101
        assert len(repr(net).splitlines()) == 2201
        (key, _), _ = net.state_dict().items()
        assert key.count(".") == 1100
        net.load_state_dict(net.state_dict())
        count = []
        net.apply(count.append)
        assert len(count) == 1101
        assert not any(module.training for module in net.eval().modules())

    def test_no_circle_is_left_to_the_collector(self):
        gc.disable()
        try:
            net = nn.Sequential(TwoLayers())
            nn.utils.parametrizations.weight_norm(net[0].first)
            nn.utils.prune.identity(net[0].second, "weight")
            net(np.ones((1, 3))).sum().backward()
            gone = weakref.ref(net[0])
            del net
            assert gone() is None
        finally:
            gc.enable()


class TestChanging:
    def test_train_and_eval_reach_every_module(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
        assert net.eval() is net
        assert not any(module.training for module in net.modules())
        assert all(module.training for module in net.train().modules())
        with pytest.raises(ValueError, match=r"True \(training\) or False.*got 'eval'"):
            net.train("eval")

    @pytest.mark.parametrize(
        "convert",
        [
            lambda net: net.to("float64"),
            lambda net: net.to(np.float64),
            lambda net: net.to(dtype="float64"),
            lambda net: net.to("cpu", "float64"),
            lambda net: net.to(device="cpu", dtype="float64"),
            lambda net: net.to(ag.tensor([1.0])),
            lambda net: net.to("cpu", float, True),
            lambda net: net.double(),
            lambda net: net.half().type("float64"),
            lambda net: net.double().cpu().to("cpu").to(None),
        ],
    )
    def test_to(self, convert):
        net = TwoLayers()
        net.register_buffer("steps", np.int64(3))
        net(np.ones((1, 3))).sum().backward()
        assert convert(net) is net
        assert {p.dtype for p in net.parameters()} == {np.dtype("float64")}
        assert net.count.dtype == np.float64
        assert net.scale.grad.dtype == np.float64

    def test_to_leaves_integers_alone_and_type_does_not(self):
        net = nn.Module()
        net.register_buffer("steps", np.int64(3))
        assert net.float().steps.dtype == np.int64
        assert net.type("float32").steps.dtype == np.float32

    def test_to_refuses(self):
        with pytest.raises(TypeError, match="floating-point"):
            TwoLayers().to(int)
        with pytest.raises(ValueError, match=r"device None or 'cpu'.*got 'cuda'"):
            TwoLayers().to("cuda")
        net = nn.Module()
        net.z = nn.Parameter(np.ones(2, complex))
        with pytest.raises(TypeError, match="drop the imaginary parts"):
            net.to("float32")
        assert net.to("complex64").z.dtype == np.complex64

    def test_a_shared_parameter_stays_shared(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        net[1].weight = net[0].weight
        assert net.double()[0].weight is net[1].weight

    def test_zero_grad_and_freezing(self):
        net = nn.Linear(2, 1)
        net([[1.0, 2.0]]).sum().backward()
        net.zero_grad(set_to_none=False)
        assert net.weight.grad.tolist() == [[0.0, 0.0]]
        net.zero_grad()
        assert net.weight.grad is None
        assert net.requires_grad_(False) is net
        assert not net([[1.0, 2.0]]).requires_grad


class TestText:
    def test_the_tree(self):
        text = repr(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU())))
        assert text == (
            "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n"
            "  (1): Sequential(\n    (0): ReLU()\n  )\n)"
        )

    def test_own_text_and_submodules_together(self):
        class Both(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.ReLU()
                self.missing = nn.ReLU()
                self.missing = None

            def extra_repr(self):
                return "width=3"

        assert repr(Both()) == "Both(\n  width=3\n  (inner): ReLU()\n  (missing): None\n)"

    def test_a_text_of_ones_own(self):
        class Silent(nn.Module):
            def __repr__(self):
                return "<silent>"

        assert repr(nn.Sequential(Silent())) == "Sequential(\n  (0): <silent>\n)"


class TestCopies:
    def test_deepcopy_copies_values_without_the_graph(self):
        net = TwoLayers()
        out = net(np.ones((1, 3)))
        out.sum().backward()
        twin = copy.deepcopy(net)
        for (name, a), (_, b) in zip(net.named_parameters(), twin.named_parameters(), strict=True):
            assert isinstance(b, nn.Parameter), name
            assert b.is_leaf
            assert b.requires_grad
            assert not np.shares_memory(a._data, b._data)
            np.testing.assert_array_equal(a.detach(), b.detach())
            np.testing.assert_array_equal(a.grad, b.grad)
        np.testing.assert_array_equal(out.detach(), twin(np.ones((1, 3))).detach())

    def test_sharing_survives(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        net[1].weight = net[0].weight
        for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            assert twin[0].weight is twin[1].weight
            assert twin[0].weight is not net[0].weight

    def test_hooks_are_copied_and_independent(self):
        net = nn.Identity()
        handle = net.register_forward_hook(double)
        twin = copy.deepcopy(net)
        again = pickle.loads(pickle.dumps(net))
        handle.remove()
        assert net(ag.tensor(1.0)).item() == 1
        assert twin(ag.tensor(1.0)).item() == again(ag.tensor(1.0)).item() == 2

    def test_pickle(self):
        net = TwoLayers().eval()
        twin = pickle.loads(pickle.dumps(net))
        assert not twin.training
        assert repr(twin) == repr(net)
        for key, value in net.state_dict().items():
            np.testing.assert_array_equal(value, twin.state_dict()[key])

    def test_abstract_modules(self):
        class Encoder(nn.Module, ABC):
            @abstractmethod
            def encode(self): ...

        with pytest.raises(TypeError, match="abstract"):
            Encoder()


def double(module, inputs, output):
    return output * 2
