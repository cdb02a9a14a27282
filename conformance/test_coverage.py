"""No function is forgotten: each is compared with PyTorch's, or stands in a list of those PyTorch has not."""

from __future__ import annotations

import re
from pathlib import Path

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


def compared() -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("test_torch_*.py")))
    return set(re.findall(r"\w+", text))


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
