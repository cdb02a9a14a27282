"""Mistakes that modules notice: misspelt names, modules that would be lost; and where an error arose."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F
from nn.module_errors import one_slip


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)
        self.scale = nn.Parameter(2.0)
        self.register_buffer("count", np.zeros(1))

    def forward(self, x):
        return self.second(F.relu(self.first(x))) * self.scale


class TestSlips:
    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("wieght", "weight"),
            ("weigth", "weight"),
            ("wight", "weight"),
            ("weiight", "weight"),
            ("weoght", "weight"),
            ("traning", "training"),
            ("trianing", "training"),
            ("trian", "train"),
            ("runningmean", "running_mean"),
        ],
    )
    def test_one_slip(self, name, known):
        assert one_slip(name, known)
        layer = nn.Linear(2, 2)
        layer.running_mean = 1.0
        with pytest.raises(AttributeError, match=f"new name '{name}'"):
            setattr(layer, name, True)

    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("weight", "weight"),
            ("weights", "weight"),
            ("weight_a", "weight_b"),
            ("layer1", "layer2"),
            ("layer12", "layer21"),
            ("conv1d_x", "conv2d_x"),
            ("block1x", "block11x"),
            ("q_proj", "k_proj"),
            ("encoder", "decoder"),
            ("trained", "training"),
            ("brain", "train"),
            ("wx", "wy"),
            ("bias", "weight"),
        ],
    )
    def test_names_that_differ_on_purpose(self, name, known):
        assert not one_slip(name, known)

    def test_every_kind_of_value_is_looked_at(self):
        for value in (True, 0.5, ag.tensor([1.0]), nn.Parameter([1.0]), nn.Identity(), nn.Buffer([1.0])):
            net = TwoLayers()
            with pytest.raises(
                AttributeError, match=r"expected 'second'.*object.__setattr__\(module, 'secnd', value\)"
            ):
                net.secnd = value
            assert not hasattr(net, "secnd")

    def test_new_names_are_free_while_init_runs(self):
        class Alike(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.Linear(1, 1)
                self.inter = nn.Linear(1, 1)
                self.build()

            def build(self):
                self.innner = 3

        assert Alike().innner == 3

    def test_the_ways_around(self):
        net = TwoLayers()
        net.add_module("secnd", nn.Identity())
        net.register_parameter("frst", nn.Parameter([1.0]))
        net.register_buffer("cuont", [1.0])
        object.__setattr__(net, "scael", 7)
        assert net.scael == 7
        assert {"frst", "cuont"} <= set(net.state_dict())
        net._cuont = 5  # private names are the class's own affair

    def test_a_name_is_only_new_once(self):
        net = TwoLayers()
        net.memory = 1
        net.memory = 2
        assert net.memory == 2


class TestLostModules:
    @pytest.mark.parametrize("value", [[nn.Identity()], (nn.Identity(),), {"a": nn.Identity()}, [[nn.Identity()]]])
    def test_modules_in_plain_containers(self, value):
        net = nn.Module()
        with pytest.raises(TypeError, match=r"an nn\.Module(List|Dict), so that parameters\(\).*holds a Module"):
            net.layers = value
        assert not hasattr(net, "layers")

    @pytest.mark.parametrize("value", [[nn.Parameter([1.0])], {"a": nn.Parameter([1.0])}])
    def test_parameters_in_plain_containers(self, value):
        with pytest.raises(TypeError, match=r"an nn\.Parameter(List|Dict).*holds a Parameter"):
            nn.Module().weights = value

    def test_what_is_registered_elsewhere_is_not_lost(self):
        net = TwoLayers()
        net.order = [net.first, net.second]
        net.weights = {"w": net.first.weight}
        assert net.order[0] is net.first

    def test_other_lists_are_fine(self):
        net = TwoLayers()
        net.sizes, net.names, net.values = [1, 2], ("a",), [ag.tensor([1.0])]
        object.__setattr__(net, "teacher", [nn.Identity()])
        assert not list(net.teacher[0].parameters())


class TestErrorsInForward:
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))])

        def forward(self, x):
            return self.layers[0](x)

    def test_the_path_of_the_innermost_module(self):
        net = nn.Sequential(nn.Identity(), self.Block())
        with pytest.raises(ValueError, match="linear: expected") as caught:
            net([[1.0, 2.0]])
        assert caught.value.__notes__ == [
            "In module '1.layers.0.1' of Sequential: Linear(in_features=4, out_features=1, bias=True)"
        ]

    def test_a_module_alone(self):
        with pytest.raises(ValueError, match="linear: expected") as caught:
            nn.Linear(2, 1)([1.0])
        assert caught.value.__notes__ == ["In module Linear(in_features=2, out_features=1, bias=True)"]

    def test_notes_of_others_stay(self):
        class Noting(nn.Module):
            def forward(self, x):
                error = KeyError("mine")
                error.add_note("my note")
                raise error

        with pytest.raises(KeyError) as caught:
            nn.Sequential(nn.Sequential(Noting()))([1.0])
        assert caught.value.__notes__ == ["my note", "In module '0.0' of Sequential: Noting()"]

    def test_a_module_that_is_no_submodule_keeps_its_own_name(self):
        inner = nn.Linear(2, 1)

        class Calling(nn.Module):
            def forward(self, x):
                return inner(x)

        with pytest.raises(ValueError, match="linear") as caught:
            nn.Sequential(Calling())([1.0])
        assert caught.value.__notes__ == ["In module Linear(in_features=2, out_features=1, bias=True)"]

    def test_an_error_that_is_raised_again(self):
        with pytest.raises(ValueError, match="linear") as caught:
            nn.Linear(2, 1)([1.0])

        class Again(nn.Module):
            def forward(self, error):
                raise error

        with pytest.raises(ValueError, match="linear") as again:
            Again()(caught.value)
        assert len(again.value.__notes__) == 1

    def test_a_half_built_module_and_an_error_without_attributes(self):
        class Half(nn.Module):
            def extra_repr(self):
                return str(self.width)

            def forward(self, x):
                raise Frozen

        class Frozen(Exception):
            def __setattr__(self, name, value):
                raise AttributeError(name)

        with pytest.raises(Frozen):
            nn.Sequential(Half())([1.0])

        Half.forward = lambda self, x: 1 / 0
        with pytest.raises(ZeroDivisionError) as caught:
            Half()(1.0)
        assert caught.value.__notes__ == ["In module Half(...)"]

    def test_errors_of_modules_can_be_pickled(self):
        with pytest.raises(ValueError, match="linear") as caught:
            nn.Sequential(nn.Linear(2, 1))([1.0])
        again = pickle.loads(pickle.dumps(caught.value))
        assert str(again) == str(caught.value)

    def test_forward_must_be_defined(self):
        with pytest.raises(TypeError, match="a method forward"):
            nn.Module()(1.0)


# -- modules that were not set up, and names that are taken away --------------------------------------------


class NotSetUp(nn.Module):
    def __init__(self):
        pass

    def forward(self, x):
        return x


@pytest.mark.parametrize(
    "use",
    [
        lambda module: module(1.0),
        repr,
        lambda module: list(module.parameters()),
        lambda module: module.state_dict(),
        lambda module: module.training,
        lambda module: module.train(),
        lambda module: delattr(module, "weight"),
    ],
)
def test_a_module_that_was_not_set_up_says_so(use):
    with pytest.raises(AttributeError, match=r"NotSetUp: .* call super\(\)\.__init__\(\) first"):
        use(NotSetUp())


def test_what_is_deleted_is_gone_from_everywhere():
    layer = nn.Linear(2, 3)
    del layer.weight
    assert list(layer.state_dict()) == ["bias"]
    with pytest.raises(AttributeError, match="Linear has no attribute 'weight'"):
        _ = layer.weight
    with pytest.raises(AttributeError, match=r"Linear has no attribute 'bais'\. Did you mean 'bias'"):
        del layer.bais


def test_a_parameter_takes_the_place_of_a_buffer():
    module = nn.Module()
    module.register_buffer("count", [0.0])
    module.count = nn.Parameter([1.0])
    assert [name for name, _ in module.named_parameters()] == ["count"]
    assert [name for name, _ in module.named_buffers()] == []


@pytest.mark.parametrize("value", ["yes", 1, None, [True]])
def test_training_is_true_or_false(value):
    layer = nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"Linear\.training: expected True or False"):
        layer.training = value
    assert layer.training is True


def test_forward_misspelt():
    with pytest.raises(AttributeError, match="'forward', which is there"):
        nn.Linear(1, 1).forwrad = lambda x: x


def test_a_state_dict_holds_copies():
    layer = nn.Linear(2, 1)
    state = layer.state_dict()
    before = layer.weight.tolist()
    state["weight"][...] = 7.0
    assert layer.weight.tolist() == before
    layer.weight.data[...] = 3.0
    assert (state["weight"] == 7.0).all()
    assert layer.state_dict(keep_vars=True)["weight"] is layer.weight
