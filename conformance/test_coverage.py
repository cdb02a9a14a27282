"""No function is forgotten: each is compared with PyTorch's, or stands in a list of those PyTorch has not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import nn
from tests.test_docs import public_names

# Functions without a counterpart in PyTorch, and what is not a function of arrays. Their values are compared
# with NumPy's and SciPy's by ``make test``, their derivatives with finite differences.
WITHOUT_COUNTERPART_TEXT = """
apply_along_axis apply_over_axes argpartition array_equal array_equiv ascontiguousarray asfortranarray betainc
bitwise_count block broadcast_shapes can_cast check_derivation checkpoint choose dawsn detect_anomaly digitize ediff1d
empty empty_like enable_grad erfcinv exp1 expi exprel finfo from_dlpack full_like gammasgn geomspace get_default_dtype
gradcheck gradgradcheck histogram2d histogram_bin_edges histogramdd hvp identity iinfo index_set insert interp
is_grad_enabled iscomplex iscomplexobj isdtype isrealobj iv ive jv kv kve lexsort linearize logspace nanargmax
nanargmin nancumprod nanpercentile nanstd nanvar no_grad ones ones_like operation piecewise polyadd polyder polyint
polysub put_along_axis real_if_close record_all release_memory remat replay_generator resize result_type rollaxis
select set_default_dtype set_grad_enabled sort_complex spacing tri trim_zeros unique_all unique_counts unique_inverse
unique_values unwrap yv zeros_like
"""
WITHOUT_COUNTERPART = set(WITHOUT_COUNTERPART_TEXT.split())

HERE = Path(__file__).parent


def words(*patterns: str) -> set[str]:
    """The words of the test files whose names fit."""
    texts = [path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(HERE.glob(pattern))]
    return {word for text in texts for word in re.findall(r"[\w{}]+", text)}


def compared() -> set[str]:
    """What the tests of array functions speak of."""
    others = (f"test_torch_{name}.py" for name in ("conventions", "linalg", "transforms", "vmap"))
    return words("test_torch_[ae]*.py", *others)


def functions() -> set[str]:
    """The public functions of arrays; classes, contexts and transforms are compared elsewhere."""
    return {
        name
        for namespace, name in public_names()
        if (namespace.startswith("autograd_core") and name.islower()) or name in ("matrix_transpose",)
    }


def test_every_function_is_compared_or_listed():
    assert not sorted(functions() - compared() - WITHOUT_COUNTERPART)


def test_the_list_holds_only_what_is_not_compared():
    assert not sorted(WITHOUT_COUNTERPART & compared())
    assert not sorted(WITHOUT_COUNTERPART - functions())


def layers_of_both() -> list[str]:
    """The classes of ``nn`` that PyTorch has under the same name."""
    torch = pytest.importorskip("torch")
    return [name for name in dir(nn) if isinstance(getattr(nn, name), type) and hasattr(torch.nn, name)]


def test_every_layer_and_loss_is_compared():
    spoken_of = words("test_torch_nn_*.py", "test_networks_torch.py", "test_torch_weights.py")
    # A test goes through dimensions and kinds by putting them together to a name: f"{kind}Pad{axes}d".
    composed = [re.sub(r"\{\w+\}", r"\\w+", word) for word in spoken_of if re.search(r"\{\w+\}", word)]
    composed = [pattern for pattern in composed if len(pattern.replace(r"\w+", "")) > 3]
    spoken_of |= {"RNNCellBase"}  # what the three cells have in common
    missing = [name for name in layers_of_both() if name not in spoken_of]
    assert [name for name in missing if not any(re.fullmatch(pattern, name) for pattern in composed)] == []


# Classes of ``torch.nn`` that are left out, and why.
LEFT_OUT = {
    "Container|NLLLoss2d": "deprecated in PyTorch",
    "DataParallel|SyncBatchNorm": "for several devices",
    "CrossMapLRN2d": "LocalResponseNorm computes the same",
    "LinearCrossEntropyOptions": "settings of an implementation",
}


# Functions of ``torch.nn.functional`` that are left out, and why.
FUNCTIONS_LEFT_OUT = {
    "boolean_dispatch|handle_torch_function|has_torch_function.*|assert_int_or_pair": "part of its implementation",
    "DType|ScalingType|SwizzleType|(scaled_)?(grouped_)?mm": "products in eight bits, on a GPU",
    "conv_tbc": "for another package of its makers",
}


def test_no_function_of_pytorch_is_forgotten():
    torch = pytest.importorskip("torch")
    theirs = {name for name in dir(torch.nn.functional) if not name.startswith("_")}
    functions = {name for name in theirs if callable(getattr(torch.nn.functional, name))}
    missing = {name for name in functions if not hasattr(nn.functional, name)}
    missing -= {"Callable", "Optional", "TYPE_CHECKING", "Tensor", "Union", "Any", "Literal", "Sequence"}
    left_out = re.compile("|".join(f"(?:{pattern})" for pattern in FUNCTIONS_LEFT_OUT))
    assert [name for name in sorted(missing) if not left_out.fullmatch(name)] == []


def test_no_layer_of_pytorch_is_forgotten():
    torch = pytest.importorskip("torch")
    theirs = [name for name in dir(torch.nn) if isinstance(getattr(torch.nn, name), type)]
    missing = [name for name in theirs if not hasattr(nn, name)]
    assert [name for name in missing if not any(re.fullmatch(pattern, name) for pattern in LEFT_OUT)] == []
