"""``nn.explicit()``: every joint operation can be recorded in its parts, with the same numbers."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.explicit import wants_parts
from tests.harness.collect import OPERATIONS, PARTS

# Operations of ``nn`` that are elementary themselves, and why.
ELEMENTARY: dict[str, str] = {
    "attention_gradient": "the derivative of attention, whose parts have derivatives of their own",
    "avg_pool_spread": "the derivative of avg_pool alone, which is linear",
    "batch_norm_gradient": "the derivative of batch_norm, whose parts have derivatives of their own",
    "channel_sums": "one step, a sum",
    "convolution_weight": "occurs in derivatives of convolution alone",
    "dropout": "one product with a mask that holds no NaN",
    "embedding": "one step, rows picked by number",
    "embedding_factors": "a constant, with which the derivative of embedding is weighted",
    "embedding_row_sums": "one step, rows added up by number, the transpose of picking them",
    "fold": "one step, entries of windows added up by place",
    "fractional_max_pool": "one step, entries picked at places that are constants",
    "fractional_max_pool_indices": "a constant, the places of the maxima",
    "group_norm_gradient": "the derivative of group_norm, whose parts have derivatives of their own",
    "gru_gradient": "the derivative of gru, whose steps have derivatives of their own",
    "interpolate_transposed": "the derivative of interpolate alone, which is linear",
    "layer_norm_gradient": "the derivative of layer_norm, whose parts have derivatives of their own",
    "lstm_gradient": "the derivative of lstm, whose steps have derivatives of their own",
    "max_pool_gather": "occurs in derivatives of max_pool alone",
    "max_pool_indices": "a constant, the places of the maxima",
    "max_pool_scatter": "the derivative of max_pool alone",
    "max_unpool": "one step, entries written at places that are constants",
    "negative_part": "one step, the smaller of x and 0, which occurs in the parts of exponential units",
    "raise_to": "one step, the larger of two numbers, with derivative 1",
    "rnn_gradient": "the derivative of rnn, whose steps have derivatives of their own",
    "unfold": "one step, entries copied by place",
}


def package(function):
    """Where a function is from; ufuncs say so only in newer versions of NumPy."""
    return getattr(function, "__module__", "numpy").partition(".")[0]


JOINT = [name for name, operation in OPERATIONS.items() if package(operation.forward) == "nn"]


def as_tuple(result):
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def derivatives(parts, explicit):
    """Outputs, first and second derivatives, and the names of the operations recorded."""
    rng = np.random.default_rng(11)
    inputs = [ag.Tensor(x, requires_grad=x.dtype.kind == "f") if isinstance(x, np.ndarray) else x for x in parts.inputs]
    variables = [x for x in inputs if isinstance(x, ag.Tensor) and x.requires_grad]
    if explicit:
        with nn.explicit():
            outputs = as_tuple(parts.call(*inputs))
    else:
        outputs = as_tuple(parts.call(*inputs))
    found = [out.numpy() if not out.requires_grad else out.detach().numpy() for out in outputs]
    recorded = [out for out in outputs if out.requires_grad]
    names = {node.primitive.name for out in recorded for node in ag.Graph(out).operations}
    level = recorded
    for _ in range(parts.order):
        seeds = [rng.standard_normal(out.shape) for out in level]
        gradients = ag.gradients(level, variables, seeds, create_graph=True, allow_unused=True)
        gradients = [ag.zeros_like(x) if g is None else g for g, x in zip(gradients, variables, strict=True)]
        found += [g.detach().numpy() for g in gradients]
        # Where a derivative is constant in one record, the other one may still hold (zero) gradients.
        weights = [rng.standard_normal(g.shape) for g in gradients]
        level = [ag.sum(ag.concat([ag.reshape(g * w, (-1,)) for g, w in zip(gradients, weights, strict=True)]))]
        if not level[0].requires_grad:
            break
    return found, names


@pytest.mark.parametrize("name", JOINT)
def test_every_joint_operation_has_parts(name):
    assert (name in PARTS) != (name in ELEMENTARY), "give it Parts in tests/samples, or the reason why it has none"


@pytest.mark.parametrize("name", [name for name in JOINT if name in PARTS])
def test_the_parts_give_the_same_numbers(name):
    for parts in PARTS[name]:
        joint, joint_names = derivatives(parts, explicit=False)
        written_out, names = derivatives(parts, explicit=True)
        assert name in joint_names
        assert name not in names
        for a, b in zip(joint, written_out):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_the_context_nests_and_ends():
    with nn.explicit():
        with nn.explicit():
            assert wants_parts()
        assert wants_parts()
    assert not wants_parts()
    with pytest.raises(KeyError), nn.explicit():
        raise KeyError
    assert not wants_parts()


def test_the_context_belongs_to_its_thread():
    seen = []
    with nn.explicit():
        thread = threading.Thread(target=lambda: seen.append(wants_parts()))
        thread.start()
        thread.join()
    assert seen == [False]


def test_as_a_decorator():
    @nn.explicit()
    def asked():
        return wants_parts()

    assert asked()
    assert not wants_parts()
