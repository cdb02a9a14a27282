"""The page of supported functions says what is so, and leaves nothing out."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd_core as ag
from tools import support_table

pytest.importorskip("scipy")


@pytest.fixture(scope="module")
def fresh():
    return support_table.rows(support_table.numpy_functions()) | support_table.rows(support_table.own_functions())


def test_the_page_is_up_to_date(fresh):
    stored = dict(re.findall(r"^\| `(\S+)` \| (\w+) \|$", support_table.PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: stored.get(name) for name in fresh} == fresh, "run make docs"
    # Another version of NumPy may lack a function that the page lists.
    gone = [name for name in stored.keys() - fresh.keys() if not name.startswith("np.") or hasattr(np, name[3:])]
    assert not gone, "run make docs"


def test_what_the_words_stand_for(fresh):
    assert {fresh[f"np.{name}"] for name in ("sin", "matmul", "sort", "where", "max", "imag", "concatenate")} == {"yes"}
    assert {fresh[f"np.{name}"] for name in ("floor", "sign", "round", "heaviside")} == {"zero"}
    assert {fresh[f"np.{name}"] for name in ("argmax", "isnan", "less", "shape", "bitwise_and")} == {"none"}
    assert {fresh[f"np.{name}"] for name in ("put", "copyto", "fill_diagonal")} == {"refused"}
    assert fresh["np.linalg.solve"] == fresh["np.fft.rfft"] == fresh["ag.special.erf"] == "yes"


def test_the_trial_finds_what_is_so():
    assert support_table.status("twice", lambda x: x * 2) == "yes"
    assert support_table.status("lost", lambda x: x.detach() * 2) == "none"
    assert support_table.status("flat", lambda x: x * 0) == "zero"
    assert support_table.status("write", lambda x: np.put(x, [0], [1.0])) == "refused"
    with pytest.raises(LookupError, match="odd takes none of the arguments"):
        support_table.status("odd", lambda: ag.tensor(1.0))
