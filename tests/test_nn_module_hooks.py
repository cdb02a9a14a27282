"""Functions that run around ``forward`` and around a module's part of the backward pass."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn


class Sum(nn.Module):
    """a + b with a scale as keyword argument."""

    def forward(self, a, b, scale=1.0):
        return (a + b) * scale


class Pair(nn.Module):
    def forward(self, x, label):
        return x * 2, label, x * 3


class TestForward:
    def test_hooks_run_and_can_be_removed(self):
        layer = nn.Identity()
        before = layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
        after = layer.register_forward_hook(lambda module, inputs, output: output * 10)
        assert layer(ag.tensor(1.0)).item() == 20
        before.remove()
        assert layer(ag.tensor(1.0)).item() == 10
        after.remove()
        after.remove()
        assert layer(ag.tensor(1.0)).item() == 1

    def test_a_single_value_replaces_the_arguments(self):
        layer = nn.Identity()
        layer.register_forward_pre_hook(lambda module, inputs: inputs[0] * 3)
        assert layer(ag.tensor(2.0)).item() == 6

    def test_the_order(self):
        seen = []
        layer = nn.Identity()
        for name in "ab":
            layer.register_forward_pre_hook(lambda *_, name=name: seen.append(f"before {name}"))
            layer.register_forward_hook(lambda *_, name=name: seen.append(f"after {name}"))
        layer.register_forward_pre_hook(lambda *_: seen.append("before first"), prepend=True)
        handle = layer.register_forward_hook(lambda *_: seen.append("after first"), prepend=True)
        layer(1.0)
        assert seen == ["before first", "before a", "before b", "after first", "after a", "after b"]
        handle.remove()
        seen.clear()
        layer(1.0)
        assert "after first" not in seen

    def test_keyword_arguments(self):
        seen = []

        def before(module, args, kwargs):
            seen.append(sorted(kwargs))
            return (args[0] * 10, *args[1:]), {**kwargs, "scale": 2.0}

        def after(module, args, kwargs, output):
            seen.append((float(args[0]), kwargs["scale"]))
            return output + 1

        module = Sum()
        module.register_forward_pre_hook(before, with_kwargs=True)
        module.register_forward_hook(after, with_kwargs=True)
        module.register_forward_pre_hook(lambda module, args, kwargs: None, with_kwargs=True)
        assert module(ag.tensor(1.0), b=ag.tensor(3.0)).item() == 27
        assert seen == [["b"], (10.0, 2.0)]

    @pytest.mark.parametrize("wrong", [3, (1, 2, 3), ((1,), [])])
    def test_what_a_hook_with_keywords_must_return(self, wrong):
        module = Sum()
        module.register_forward_pre_hook(lambda module, args, kwargs: wrong, with_kwargs=True)
        with pytest.raises(TypeError, match="expected None or a pair"):
            module(1.0, 2.0)

    def test_hooks_that_are_always_called(self):
        seen = []

        class Broken(nn.Module):
            def forward(self, x):
                raise KeyError("broken")

        def failing(module, args, output):
            raise ValueError("second")

        module = Broken()
        module.register_forward_hook(lambda module, args, output: seen.append("skipped"))
        module.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
        module.register_forward_hook(failing, always_call=True)
        with pytest.raises(KeyError, match="broken") as caught:
            module(1.0)
        assert seen == [None]
        assert caught.value.__notes__ == [
            "A forward hook of Broken that ran after it raised ValueError('second')",
            "In module Broken()",
        ]

    def test_a_hook_that_is_always_called_runs_once(self):
        seen = []
        layer = nn.Identity()
        layer.register_forward_hook(lambda *_: seen.append(1), always_call=True)
        layer(1.0)
        assert seen == [1]

        def failing(*_):
            raise ValueError("later")

        layer.register_forward_hook(failing)
        with pytest.raises(ValueError, match="later"):
            layer(1.0)
        assert seen == [1, 1]

    def test_hooks_may_remove_themselves(self):
        layer = nn.Identity()
        handle = layer.register_forward_hook(lambda *_: handle.remove())
        layer(1.0)
        assert not layer._call_hooks


class TestBackward:
    def test_gradients_seen_and_replaced(self):
        seen = []

        def watch(module, grad_input, grad_output):
            seen.append((grad_input[0].tolist(), grad_output[0].tolist()))
            return (grad_input[0] * 10,)

        layer = nn.Linear(2, 1, bias=False)
        nn.init.constant_(layer.weight, 3.0)
        layer.register_full_backward_hook(watch)
        x = ag.tensor([[1.0, 2.0]], dtype="float32", requires_grad=True)
        (layer(x) * 2).sum().backward()
        assert seen == [([[6.0, 6.0]], [[2.0]])]
        assert x.grad.tolist() == [[60.0, 60.0]]
        assert layer.weight.grad.tolist() == [[2.0, 4.0]]

    def test_the_gradient_through_the_module_alone(self):
        seen = []
        layer = nn.Tanh()
        layer.register_full_backward_hook(lambda module, grad_input, grad_output: seen.append(grad_input[0].item()))
        x = ag.tensor(0.0, requires_grad=True)
        (layer(x) + 5 * x).backward()
        assert seen == [1.0]
        assert x.grad.item() == 6.0

    def test_pre_hooks_change_what_comes_in(self):
        seen = []
        layer = nn.Tanh()
        layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 3,))
        layer.register_full_backward_pre_hook(lambda module, grad_output: seen.append(grad_output[0].item()))
        layer.register_full_backward_hook(lambda module, gi, go: seen.append((gi[0].item(), go[0].item())))
        x = ag.tensor(0.0, requires_grad=True)
        layer(x).backward()
        assert seen == [3.0, (3.0, 3.0)]
        assert x.grad.item() == 3.0

    def test_several_inputs_and_outputs(self):
        seen = []

        def watch(module, grad_input, grad_output):
            seen.append(([None if g is None else g.item() for g in grad_input], len(grad_output), grad_output[1]))

        module = Pair()
        module.register_full_backward_hook(watch)
        x = ag.tensor(1.0, requires_grad=True)
        first, label, second = module(x, "label")
        assert label == "label"
        (first + second).backward()
        assert seen == [([5.0, None], 3, None)]
        first, _, _ = module(x, "label")
        first.backward()
        assert seen[1] == ([2.0, None], 3, None)

    def test_inputs_that_need_no_gradient(self):
        seen = []
        layer = nn.Linear(2, 1)
        layer.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go[0].tolist())))
        layer([[1.0, 2.0]]).sum().backward()
        assert seen == [((None,), [[1.0]])]
        with ag.no_grad():
            layer([[1.0, 2.0]])
        assert len(seen) == 1

    def test_named_tuples_stay_what_they_are(self):
        from typing import NamedTuple

        class Result(NamedTuple):
            a: object
            b: object

        class Named(nn.Module):
            def forward(self, x):
                return Result(x * 2, x * 3)

        module = Named()
        module.register_full_backward_pre_hook(lambda module, g: None)
        assert module(ag.tensor(1.0, requires_grad=True)).b.item() == 3.0

    def test_what_cannot_be_watched(self):
        class Words(nn.Module):
            def forward(self, x):
                return "words"

        module = Words()
        module.register_full_backward_hook(lambda *_: None)
        with pytest.raises(TypeError, match="a Tensor or a tuple with Tensors, got a str"):
            module(1.0)

    @pytest.mark.parametrize("wrong", [(), (np.ones(3),), (1.0, 2.0)])
    def test_what_a_hook_may_return(self, wrong):
        layer = nn.Tanh()
        layer.register_full_backward_hook(lambda *_: wrong)
        with pytest.raises(ValueError, match="as many gradients as were passed in, each of its shape"):
            layer(ag.tensor([1.0, 2.0], requires_grad=True)).sum().backward()

    def test_the_hook_cannot_spoil_the_pass(self):
        kept = []
        layer = nn.Tanh()
        layer.register_full_backward_hook(lambda module, gi, go: kept.append(gi[0]))
        x = ag.tensor([0.0, 0.0], requires_grad=True)
        layer(x).sum().backward()
        kept[0].numpy()[:] = 7
        assert x.grad.tolist() == [1.0, 1.0]

    def test_second_derivatives_go_through(self):
        layer = nn.Tanh()
        layer.register_full_backward_hook(lambda module, gi, go: (gi[0] * 2,))
        x = ag.tensor(0.3, requires_grad=True)
        (first,) = ag.gradients(layer(x), x, create_graph=True)
        (second,) = ag.gradients(first, x)
        t = np.tanh(0.3)
        assert first.item() == pytest.approx(2 * (1 - t * t))
        # The second pass goes through the module again, and so through the hook.
        assert second.item() == pytest.approx(4 * -2 * t * (1 - t * t))

    def test_jacobians_run_the_hook_row_by_row(self):
        rows = []
        layer = nn.Tanh()
        layer.register_full_backward_hook(lambda module, gi, go: rows.append(go[0].tolist()))
        found = ag.jacrev(layer)(ag.tensor([0.0, 0.0]))
        assert found.tolist() == [[1.0, 0.0], [0.0, 1.0]]
        assert rows == [[1.0, 0.0], [0.0, 1.0]]

    def test_complex_gradients_are_seen_in_the_outer_convention(self):
        seen = []
        layer = nn.Identity()
        layer.register_full_backward_hook(lambda module, gi, go: seen.append(gi[0].item()))
        z = ag.tensor(1.0 + 2.0j, requires_grad=True)
        out = layer(z)
        (out * np.conj(out)).real.backward()
        assert seen == [z.grad.item()] == [2 + 4j]
