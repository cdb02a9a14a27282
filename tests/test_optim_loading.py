"""State of the optimizers that is loaded, which is checked before anything changes, or edited in place."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import optim
from tests.test_optim_state import MAKERS, closure_of, equal, parameters, train, values


def content(optimizer):
    saved = optimizer.state_dict()
    return saved["param_groups"], {number: dict(entry) for number, entry in saved["state"].items()}


@pytest.mark.parametrize("name", ["Adam with AMSGrad", "SGD with Nesterov", "LAMB", "ASGD", "LBFGS"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -3, 2.5, "x", "3", None, 1j, np.ones(2)])
def test_a_count_that_is_none_changes_nothing(name, bad):
    params = parameters()
    optimizer = MAKERS[name](params)
    train(params, optimizer, 2, name)
    saved, before = optimizer.state_dict(), content(optimizer)
    key = {"LBFGS": "n_iter", "SGD with Nesterov": "momentum_buffer"}.get(name, "step")
    if key == "momentum_buffer" and bad is None:
        return  # which PyTorch saves where there is no momentum
    saved["param_groups"][0]["lr"] = 0.7
    saved["state"][max(saved["state"])][key] = bad
    with pytest.raises(ValueError, match=rf"load_state_dict: expected .*{key}.* parameter"):
        optimizer.load_state_dict(saved)
    np.testing.assert_equal(content(optimizer), before)


@pytest.mark.parametrize("name", ["Adam", "LAMB", "LBFGS"])
@pytest.mark.parametrize("bad", [lambda a: a + 1j, lambda a: a.astype(str), lambda a: a.astype(object)])
def test_arrays_of_another_kind_change_nothing(name, bad):
    params = parameters()
    optimizer = MAKERS[name](params)
    train(params, optimizer, 2, name)
    saved, before = optimizer.state_dict(), content(optimizer)
    entry = saved["state"][max(saved["state"])]
    key = "prev_flat_grad" if name == "LBFGS" else "exp_avg_sq"
    entry[key] = bad(entry[key])
    with pytest.raises(ValueError, match=f"expected float64 for {key} of parameter"):
        optimizer.load_state_dict(saved)
    np.testing.assert_equal(content(optimizer), before)


def test_whole_numbers_of_other_types_are_taken():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    train(params, optimizer, 2, "Adam")
    saved = optimizer.state_dict()
    for step in (2.0, np.float32(2.0), np.array(2), ag.tensor(2.0)):
        saved["state"][1]["step"] = step
        optimizer.load_state_dict(saved)
        assert optimizer.state[params[1]]["step"] == 2
        assert type(optimizer.state[params[1]]["step"]) is int


def test_lbfgs_leaves_pytorchs_intermediate_results_aside():
    params = parameters()
    optimizer = MAKERS["LBFGS"](params)
    train(params, optimizer, 2, "LBFGS")
    saved = optimizer.state_dict()
    optimizer.load_state_dict({**saved, "state": {0: {**saved["state"][0], "al": [None, ag.tensor(1.0)]}}})
    np.testing.assert_equal(optimizer.state_dict()["state"], saved["state"])


# -- editing the state ---------------------------------------------------------------------------------


def test_what_is_assigned_to_the_state_is_kept():
    params, others = parameters(), parameters()
    optimizer, fresh = optim.Adam(params, lr=0.1), optim.Adam(others, lr=0.1)
    train(params, optimizer, 3, "Adam")
    for p, q in zip(params, others):
        state = optimizer.state[p]
        assert set(state) == {"step", "exp_avg", "exp_avg_sq"}
        assert len(state) == 3
        assert "'step': 3" in repr(state)
        state["exp_avg"] = np.zeros(p.shape)
        state["exp_avg_sq"][...] = 0.0
        state.update(step=0)
        q.data = p.data
    train(params, optimizer, 3, "Adam")
    train(others, fresh, 3, "Adam")
    equal(values(params), values(others))


def test_one_changed_count_leaves_the_others():
    params, others = parameters(), parameters()
    together, singles = optim.Adam(params, lr=0.1), [optim.Adam([q], lr=0.1) for q in others]
    for step in range(4):
        if step == 2:
            together.state[params[0]]["step"] = singles[0].state[others[0]]["step"] = 10
        train(params, together, 1, "Adam")
        closure_of(others)()
        for single in singles:
            single.step()
    assert [together.state[p]["step"] for p in params] == [12, 4]
    equal(values(params), values(others))


def test_the_state_has_fixed_names():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    train(params, optimizer, 1, "Adam")
    state = optimizer.state[params[0]]
    with pytest.raises(TypeError, match=r"a name of the state: step, exp_avg, exp_avg_sq, got 'note'"):
        state["note"] = 1.0
    with pytest.raises(TypeError, match="state that stays, got del of 'step'"):
        del state["step"]
    with pytest.raises(KeyError):
        state["note"]
    with pytest.raises(ValueError, match="broadcast"):
        state["exp_avg"] = np.ones((7, 7))
    for change in (lambda s: s.update({params[0]: {}}), lambda s: s.clear(), lambda s: s.pop(params[0])):
        with pytest.raises(TypeError, match=r"assign to what a state holds: optimizer.state\[p\]\['step'\] = 0"):
            change(optimizer.state)
    assert [*optimizer.state] == params
    assert "exp_avg" in repr(optimizer.state)
