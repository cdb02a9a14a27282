"""State dicts: what is saved, what is loaded, and the report of what does not fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(7)


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)
        self.scale = nn.Parameter(2.0)
        self.register_buffer("count", np.zeros(1))

    def forward(self, x):
        return self.second(F.relu(self.first(x))) * self.scale


class Counted(nn.Linear):
    """A layer with state that is no Tensor."""

    def __init__(self):
        super().__init__(1, 1)
        self.steps = 0

    def get_extra_state(self):
        return {"steps": self.steps}

    def set_extra_state(self, state):
        self.steps = state["steps"]


def values(net):
    return {key: value.copy() for key, value in net.state_dict().items()}


def assert_unchanged(net, before):
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


class TestSaving:
    def test_round_trip(self):
        a, b = TwoLayers(), TwoLayers()
        state = a.state_dict()
        assert list(state) == ["scale", "count", "first.weight", "first.bias", "second.weight", "second.bias"]
        keys = b.load_state_dict(state)
        assert repr(keys) == "<all keys match>"
        x = RNG.standard_normal((5, 3)).astype(np.float32)
        np.testing.assert_array_equal(a(x).detach().numpy(), b(x).detach().numpy())
        state["first.weight"][:] = 0
        assert (a.first.weight.detach().numpy() != 0).any(), "the state dict must be a copy"
        assert (b.first.weight.detach().numpy() != 0).any(), "loading must copy"

    def test_prefix_destination_and_the_tensors_themselves(self):
        net = TwoLayers()
        into = {"other": 1}
        assert net.state_dict(destination=into, prefix="net.", keep_vars=True) is into
        assert into["net.first.weight"] is net.first.weight
        assert into["net.count"] is net.count
        assert list(into)[:2] == ["other", "net.scale"]

    def test_a_shared_module_has_its_keys_in_every_place(self):
        layer = nn.Linear(2, 2)
        net = nn.Sequential(layer, layer)
        assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
        one = {"1.weight": np.ones((2, 2)), "1.bias": np.ones(2)}
        assert net.load_state_dict(one).missing_keys == []
        assert layer.bias.tolist() == [1.0, 1.0]

    def test_extra_state(self):
        net = nn.Sequential(Counted())
        net[0].steps = 5
        state = net.state_dict()
        assert list(state) == ["0.weight", "0.bias", "0._extra_state"]
        twin = nn.Sequential(Counted())
        twin.load_state_dict(state)
        assert twin[0].steps == 5
        del state["0._extra_state"]
        with pytest.raises(nn.StateDictError, match=r"missing: 0\._extra_state"):
            twin.load_state_dict(state)
        with pytest.raises(nn.StateDictError, match="unexpected: _extra_state"):
            nn.Linear(1, 1).load_state_dict({**nn.Linear(1, 1).state_dict(), "_extra_state": 1})
        for method in (nn.Linear(1, 1).get_extra_state, lambda: nn.Linear(1, 1).set_extra_state(1)):
            with pytest.raises(TypeError, match="define get_extra_state and set_extra_state"):
                method()


class TestLoading:
    def test_the_report(self):
        net = TwoLayers()
        before = values(net)
        wrong = {
            "scale": np.zeros(2),
            "count": np.zeros(1),
            "frist.weight": np.zeros((4, 3)),
            "first.bias": np.zeros(4),
            "second.weight": np.zeros((4, 2)),
            "second.bias": np.zeros(2, complex),
        }
        with pytest.raises(nn.StateDictError) as caught:
            net.load_state_dict(wrong)
        assert str(caught.value) == (
            "TwoLayers.load_state_dict: expected exactly the module's keys and shapes, got a state dict that does not "
            "fit. Nothing was changed.\n"
            "  missing: first.weight\n"
            "  unexpected: frist.weight (did you mean first.weight?)\n"
            "  expected scale of shape (), got shape (2,)\n"
            "  expected second.weight of shape (2, 4), got shape (4, 2)\n"
            "  expected second.bias of dtype float32, got complex128\n"
            "To mend it: build the model with the sizes that the values were saved from."
        )
        assert caught.value.missing_keys == ["first.weight"]
        assert caught.value.unexpected_keys == ["frist.weight"]
        assert_unchanged(net, before)
        assert isinstance(caught.value, KeyError | ValueError | RuntimeError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)

    @pytest.mark.parametrize("kind", [KeyError, ValueError, RuntimeError])
    def test_the_error_is_of_every_kind_that_programs_catch(self, kind):
        with pytest.raises(kind):
            nn.Linear(1, 1).load_state_dict({})

    def test_not_strict(self):
        net = TwoLayers()
        keys = net.load_state_dict({"first.bias": np.ones(4), "nonsense": np.zeros(1)}, strict=False)
        assert keys.unexpected_keys == ["nonsense"]
        assert keys.missing_keys == ["scale", "count", "first.weight", "second.weight", "second.bias"]
        assert net.first.bias.tolist() == [1.0] * 4
        assert "nonsense" in repr(keys)
        before = values(net)
        with pytest.raises(nn.StateDictError, match=r"first.bias of shape \(4,\), got shape \(5,\)"):
            net.load_state_dict({"first.bias": np.ones(5), "scale": 3.0}, strict=False)
        assert_unchanged(net, before)

    def test_a_prefix_too_many_or_too_few(self):
        net = TwoLayers()
        wrapped = {f"module.{key}": value for key, value in net.state_dict().items()}
        with pytest.raises(nn.StateDictError, match=r"have 'module.' in front, so load {key.removeprefix\('module.'\)"):
            net.load_state_dict(wrapped)
        with pytest.raises(nn.StateDictError, match=r"lack '0.' in front, so load {'0.' \+ key: value"):
            nn.Sequential(net).load_state_dict(net.state_dict())

    def test_a_long_report_is_cut_short(self):
        net = nn.Sequential(*[nn.Linear(1, 1) for _ in range(40)])
        with pytest.raises(nn.StateDictError, match="and 60 more") as caught:
            net.load_state_dict({f"x{i}": 0.0 for i in range(50)})
        assert "and 30 more" in str(caught.value)
        with pytest.raises(nn.StateDictError, match="and 60 more values that do not fit"):
            net.load_state_dict({key: np.zeros(3) for key in net.state_dict()})

    def test_values_are_converted_to_the_dtype_that_is_there(self):
        net = nn.Linear(2, 1)
        net.register_buffer("steps", np.int64(0))
        net.load_state_dict({"weight": [[1, 2]], "bias": ag.tensor([0.5]), "steps": 3.0})
        assert net.weight.dtype == net.bias.dtype == np.float32
        assert net.steps.dtype == np.int64
        assert net.steps.item() == 3

    def test_assigning(self):
        net = nn.Sequential(nn.Linear(2, 1), nn.Linear(2, 1))
        net[1].weight = net[0].weight
        net[0].bias.requires_grad = False
        old = net[0].weight
        state = {key: value.astype("float64") + 1 for key, value in net.state_dict().items()}
        net.load_state_dict(state, assign=True)
        assert net[0].weight is not old
        assert net[0].weight is net[1].weight
        assert net[0].weight.dtype == np.float64
        assert isinstance(net[0].bias, nn.Parameter)
        assert not net[0].bias.requires_grad
        assert net[1].bias.requires_grad

    @pytest.mark.parametrize(
        ("state", "text"),
        [
            ("weights.npz", "expected a mapping.*got str.*read the file first"),
            ({"weight": "text", "bias": [0.0]}, "expected an array or a Tensor for 'weight', got a str"),
            ({"weight": np.array([["a", "b"]]), "bias": [0.0]}, "got a ndarray of dtype <U1"),
        ],
    )
    def test_what_is_no_state_dict(self, state, text):
        net = nn.Linear(2, 1)
        before = values(net)
        with pytest.raises(TypeError, match=text):
            net.load_state_dict(state)
        assert_unchanged(net, before)

    def test_a_pending_backward_pass_notices(self):
        net = nn.Linear(2, 1)
        x = ag.tensor([[1.0, 2.0]], dtype="float32", requires_grad=True)
        out = net(x)
        net.load_state_dict(net.state_dict())
        with pytest.raises(ag.StaleValueError):
            out.sum().backward()


class TestHooks:
    def test_saving(self):
        seen = []
        net = nn.Sequential(nn.Linear(1, 1))
        net[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append((prefix, keep_vars)))
        handle = net[0].register_state_dict_post_hook(
            lambda module, state, prefix, metadata: state.update({prefix + "more": 1})
        )
        assert list(net.state_dict()) == ["0.weight", "0.bias", "0.more"]
        assert seen == [("0.", False)]
        handle.remove()
        assert list(net.state_dict()) == ["0.weight", "0.bias"]

    def test_renaming_before_loading(self):
        def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
            if prefix + "w" in state:
                state[prefix + "weight"] = state.pop(prefix + "w")

        net = nn.Sequential(nn.Linear(2, 1, bias=False))
        net[0].register_load_state_dict_pre_hook(rename)
        state = {"0.w": np.ones((1, 2))}
        net.load_state_dict(state)
        assert net[0].weight.tolist() == [[1.0, 1.0]]
        assert list(state) == ["0.w"]

    def test_forgiving_missing_keys(self):
        net = nn.Linear(2, 1)
        net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
        assert net.load_state_dict({"weight": np.ones((1, 2))}) == ([], [])
        assert net.weight.tolist() == [[1.0, 1.0]]

    def test_what_a_hook_does_not_forgive_is_taken_back(self):
        net = nn.Linear(2, 1)
        before = values(net)
        net.register_load_state_dict_post_hook(lambda module, keys: None)
        for assign in (False, True):
            with pytest.raises(nn.StateDictError, match="missing: bias"):
                net.load_state_dict({"weight": np.ones((1, 2))}, assign=assign)
            assert_unchanged(net, before)

    def test_a_hook_that_fails_or_complains_leaves_everything(self):
        net = nn.Linear(2, 1)
        before = values(net)
        full = {"weight": np.ones((1, 2)), "bias": np.ones(1)}

        def fail(module, keys):
            raise LookupError("hook")

        handle = net.register_load_state_dict_post_hook(fail)
        with pytest.raises(LookupError, match="hook"):
            net.load_state_dict(full)
        handle.remove()
        net.register_load_state_dict_pre_hook(lambda *arguments: arguments[-1].append("something newer, got this"))
        with pytest.raises(nn.StateDictError, match="expected something newer, got this"):
            net.load_state_dict(full)
        assert_unchanged(net, before)
