"""Pictures whose data and DOT text are written down: a change of either is seen.

After a change that is meant, ``python -m tests.viz.test_golden`` writes the files anew; look at the difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import viz

GOLDEN = Path(__file__).parent / "golden"


def leaf(value, name):
    return ag.Tensor(value, requires_grad=True, name=name)


def network():
    """Two layers in groups, a broadcast bias, a detached value, a sum."""
    x = ag.Tensor(np.arange(6.0).reshape(2, 3) / 4 - 0.5, name="x")
    w = leaf(np.arange(6.0).reshape(3, 2) / 8 - 0.25, "w")
    b = leaf(np.array([0.5, -0.25]), "b")
    z = x @ w
    net = z + b
    h = np.tanh(net)
    loss = (h * net.detach()).sum()
    loss.name = "loss"
    groups = {z: ("layer", "affine"), net: ("layer", "affine"), w: ("layer", "affine"), b: ("layer", "affine")}
    groups[h] = ("layer",)
    return viz.draw(loss, groups=groups.get, renderer="own")


def collapsed():
    return network().collapse("layer.affine")


def failed():
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((2, 3)), "w")
    try:
        np.tanh(x) @ w
    except ValueError as error:
        return viz.draw(error, renderer="own")
    raise AssertionError("shapes fit")


DRAWINGS = {"network": network, "collapsed": collapsed, "failed": failed}


def texts(drawing):
    # The last digits of a number differ from machine to machine.
    data = json.loads(drawing.json(), parse_float=lambda text: float(format(float(text), ".9g")))
    for node in data["nodes"]:
        node["line"] = ""  # where in this file
    lines = [line for line in drawing.source.splitlines() if "test_golden.py" not in line]
    return {"json": json.dumps(data, ensure_ascii=False, indent=1) + "\n", "dot": "\n".join(lines) + "\n"}


@pytest.mark.parametrize("kind", ["json", "dot"])
@pytest.mark.parametrize("name", DRAWINGS)
def test_data_and_dot_text(name, kind):
    expected = (GOLDEN / f"{name}.{kind}").read_text(encoding="utf-8")
    assert texts(DRAWINGS[name]())[kind] == expected


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, make in DRAWINGS.items():
        for kind, text in texts(make()).items():
            (GOLDEN / f"{name}.{kind}").write_text(text, encoding="utf-8")
