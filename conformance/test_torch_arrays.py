"""Reductions, cumulative functions, shapes, indexing and sorting beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag

from .beside_torch import Case, compare, generator

RNG = generator("arrays")
X = RNG.permutation(np.linspace(-2.13, 2.31, 24)).reshape(2, 3, 4)
Y = RNG.permutation(np.linspace(0.87, 2.57, 24)).reshape(2, 3, 4)
POSITIVE = np.abs(X) + 0.2
M = RNG.permutation(np.linspace(-1.9, 2.1, 12)).reshape(3, 4)
V = np.array([0.5, -1.5, 2.5, 1.25, -0.25])
WITH_NAN = np.where(X > 1.5, np.nan, X)
INDEX = np.array([2, 0, 0, 1])
BOTH = ("float64", "float32", "complex128", "complex64")


def axes(name, theirs=None, *, inputs=X, both=False, order=2, keep="keepdims", several=True, **options):
    """The function over all axes, one axis, a negative axis and two axes, with and without keepdims."""
    theirs = theirs or getattr(torch, name)
    function = getattr(ag, name)
    dtypes = BOTH if both else ("float64", "float32")
    cases = [Case(name, theirs, (inputs,), ours=function, dtypes=dtypes, order=order, label=name, **options)]
    for axis in (0, -1, *([(0, 2)] if several else [])):
        for keepdims in (False, True):
            cases.append(
                Case(
                    name,
                    lambda x, a=axis, k=keepdims: _values(theirs(x, dim=a, keepdim=k)),
                    (inputs,),
                    ours=lambda x, a=axis, k=keepdims: function(x, axis=a, keepdims=k),
                    dtypes=dtypes,
                    order=order,
                    label=f"{name} axis={axis} keepdims={keepdims}",
                    **options,
                )
            )
    return cases


def _values(result):
    """PyTorch returns (values, indices) from some functions."""
    return result[0] if isinstance(result, tuple) else result


def pair(label, ours, theirs, *inputs, **options):
    return Case(label.split("(")[0], theirs, inputs, ours=ours, label=label, **options)


def reductions():
    return [
        *axes("sum", both=True),
        *axes("mean", both=True),
        *axes("prod", both=True, several=False, order=2),
        *axes("max", torch.amax),
        *axes("min", torch.amin),
        *axes("amax"),
        *axes("amin"),
        *axes("nansum", inputs=WITH_NAN),
        *axes("nanmean", inputs=WITH_NAN),
        *axes("all", inputs=X > -1.5, several=False),
        *axes("any", inputs=X > 1.5, several=False),
        *axes("argmax", several=False),
        *axes("argmin", several=False),
        *axes("count_nonzero", inputs=X > 0)[:1],
        pair("var(x)", ag.var, lambda x: torch.var(x, correction=0), X),
        pair("var(axis, correction)", lambda x: ag.var(x, axis=1, correction=1), lambda x: torch.var(x, 1), X),
        pair("std(x)", ag.std, lambda x: torch.std(x, correction=0), X),
        pair("std(axis)", lambda x: ag.std(x, axis=(0, 2)), lambda x: torch.std(x, (0, 2), correction=0), X),
        pair("median(odd)", ag.median, torch.median, V),
        pair("median(axis)", lambda x: ag.median(x, axis=1), lambda x: torch.median(x, 1)[0], X),
        pair("nanmedian(x)", ag.nanmedian, torch.nanmedian, np.array([1.0, np.nan, 3.0, 7.0])),
        pair("quantile(q)", lambda x: ag.quantile(x, 0.3), lambda x: torch.quantile(x, 0.3), X),
        pair(
            "quantile(several, axis)",
            lambda x: ag.quantile(x, np.array([0.25, 0.6]), axis=1),
            lambda x: torch.quantile(x, torch.tensor([0.25, 0.6], dtype=x.dtype), dim=1),
            X,
        ),
        pair("cumsum(axis)", lambda x: ag.cumsum(x, axis=1), lambda x: torch.cumsum(x, 1), X, dtypes=BOTH),
        pair("cumprod(axis)", lambda x: ag.cumprod(x, axis=2), lambda x: torch.cumprod(x, 2), X, dtypes=BOTH),
        pair("cummax(axis)", lambda x: ag.cummax(x, axis=1), lambda x: torch.cummax(x, 1)[0], X),
        pair("cummin(axis)", lambda x: ag.cummin(x, axis=1), lambda x: torch.cummin(x, 1)[0], X),
        pair("logcumsumexp", lambda x: ag.logcumsumexp(x, axis=1), lambda x: torch.logcumsumexp(x, 1), X),
        pair("logsumexp", lambda x: ag.logsumexp(x, axis=1), lambda x: torch.logsumexp(x, 1), X),
        pair("diff", lambda x: ag.diff(x, n=2, axis=2), lambda x: torch.diff(x, n=2, dim=2), X, dtypes=BOTH),
        pair("trapezoid", lambda x: ag.trapezoid(x, dx=0.5, axis=1), lambda x: torch.trapezoid(x, dx=0.5, dim=1), X),
        pair("trapezoid(x)", lambda y, x: ag.trapezoid(y, x), lambda y, x: torch.trapezoid(y, x), X, np.sort(M[0])),
        pair("cov", ag.cov, torch.cov, M),
        pair("corrcoef", ag.corrcoef, torch.corrcoef, M),
        pair("nanmax", ag.nanmax, lambda x: torch.amax(torch.nan_to_num(x, nan=-torch.inf)), WITH_NAN),
        pair("nanmin", ag.nanmin, lambda x: torch.amin(torch.nan_to_num(x, nan=torch.inf)), WITH_NAN),
        pair("nanprod", ag.nanprod, lambda x: torch.prod(torch.where(torch.isnan(x), 1.0, x)), WITH_NAN),
        pair("nancumsum", lambda x: ag.nancumsum(x, axis=1), lambda x: torch.cumsum(x.nan_to_num(), 1), WITH_NAN),
        pair("nanquantile", lambda x: ag.nanquantile(x, 0.4), lambda x: torch.nanquantile(x, 0.4), WITH_NAN),
        pair("percentile", lambda x: ag.percentile(x, 40), lambda x: torch.quantile(x, 0.4), X),
        pair("ptp", lambda x: ag.ptp(x, axis=1), lambda x: torch.amax(x, 1) - torch.amin(x, 1), X),
        pair("average", lambda x, w: ag.average(x, weights=w), lambda x, w: (x * w).sum() / w.sum(), X, POSITIVE),
        pair("cumulative_sum", lambda x: ag.cumulative_sum(x, axis=1), lambda x: torch.cumsum(x, 1), X),
        pair("cumulative_prod", lambda x: ag.cumulative_prod(x, axis=1), lambda x: torch.cumprod(x, 1), X),
        pair(
            "bincount",
            lambda w: ag.bincount(np.array([0, 2, 2, 1, 0]), weights=w),
            lambda w: torch.zeros(3, dtype=w.dtype).index_add(0, torch.tensor([0, 2, 2, 1, 0]), w),
            V,
            dtypes=("float64",),
        ),
        pair(
            "histogram",
            lambda x: ag.histogram(x, bins=4, range=(-2, 2))[0],
            lambda x: torch.histc(x, bins=4, min=-2, max=2).to(torch.int64),
            X,
            order=0,
            constants=(0,),
        ),
        pair("gradient", lambda x: ag.gradient(x)[0], lambda x: torch.gradient(x)[0], M),
    ]


def shapes():
    return [
        pair("reshape", lambda x: ag.reshape(x, (4, -1)), lambda x: torch.reshape(x, (4, -1)), X, dtypes=BOTH),
        pair("ravel", ag.ravel, torch.ravel, X),
        pair("permute_dims", lambda x: ag.permute_dims(x, (2, 0, 1)), lambda x: torch.permute(x, (2, 0, 1)), X),
        pair("transpose", lambda x: ag.transpose(x), lambda x: x.permute(2, 1, 0), X),
        pair("matrix_transpose", ag.matrix_transpose, lambda x: x.mT, X),
        pair("moveaxis", lambda x: ag.moveaxis(x, 0, -1), lambda x: torch.moveaxis(x, 0, -1), X),
        pair("swapaxes", lambda x: ag.swapaxes(x, 0, 2), lambda x: torch.swapaxes(x, 0, 2), X),
        pair("expand_dims", lambda x: ag.expand_dims(x, 1), lambda x: torch.unsqueeze(x, 1), X),
        pair("squeeze", lambda x: ag.squeeze(x, 0), lambda x: torch.squeeze(x, 0), X[:1]),
        pair("broadcast_to", lambda x: ag.broadcast_to(x, (5, 3, 4)), lambda x: torch.broadcast_to(x, (5, 3, 4)), M),
        pair("concat", lambda x, y: ag.concat([x, y], axis=1), lambda x, y: torch.cat([x, y], 1), X, Y, dtypes=BOTH),
        pair("concatenate", lambda x, y: ag.concatenate([x, y]), lambda x, y: torch.concatenate([x, y]), X, Y),
        pair("stack", lambda x, y: ag.stack([x, y], axis=-1), lambda x, y: torch.stack([x, y], -1), X, Y),
        pair("hstack", lambda x, y: ag.hstack([x, y]), lambda x, y: torch.hstack([x, y]), X, Y),
        pair("vstack", lambda x, y: ag.vstack([x, y]), lambda x, y: torch.vstack([x, y]), X, Y),
        pair("dstack", lambda x, y: ag.dstack([x, y]), lambda x, y: torch.dstack([x, y]), X, Y),
        pair("column_stack", lambda x, y: ag.column_stack([x, y]), lambda x, y: torch.column_stack([x, y]), M, M + 1),
        pair("split", lambda x: ag.split(x, 2, axis=2), lambda x: torch.tensor_split(x, 2, 2), X),
        pair("array_split", lambda x: ag.array_split(x, 3, axis=2), lambda x: torch.tensor_split(x, 3, 2), X),
        pair("unstack", lambda x: ag.unstack(x, axis=1), lambda x: torch.unbind(x, 1), X),
        pair("tile", lambda x: ag.tile(x, (2, 3)), lambda x: torch.tile(x, (2, 3)), X),
        pair("repeat", lambda x: ag.repeat(x, 3, axis=1), lambda x: torch.repeat_interleave(x, 3, 1), X),
        pair(
            "repeat(array)",
            lambda x: ag.repeat(x, np.array([2, 0, 3]), axis=1),
            lambda x: torch.repeat_interleave(x, torch.tensor([2, 0, 3]), 1),
            X,
        ),
        pair("flip", lambda x: ag.flip(x, axis=1), lambda x: torch.flip(x, (1,)), X, dtypes=BOTH),
        pair("roll", lambda x: ag.roll(x, (1, -2), axis=(0, 2)), lambda x: torch.roll(x, (1, -2), (0, 2)), X),
        pair("rot90", lambda x: ag.rot90(x, 3), lambda x: torch.rot90(x, 3), M),
        pair("tril", lambda x: ag.tril(x, k=1), lambda x: torch.tril(x, 1), X),
        pair("triu", lambda x: ag.triu(x, k=-1), lambda x: torch.triu(x, -1), X),
        pair("diag", ag.diag, torch.diag, V),
        pair("diag(matrix)", lambda x: ag.diag(x, k=1), lambda x: torch.diag(x, 1), M),
        pair("diagonal", lambda x: ag.diagonal(x, 1, 1, 2), lambda x: torch.diagonal(x, 1, 1, 2), X),
        pair("kron", ag.kron, torch.kron, M, M[:2, :2], dtypes=BOTH),
        pair(
            "meshgrid",
            lambda x, y: tuple(ag.meshgrid(x, y, indexing="ij")),
            lambda x, y: torch.meshgrid(x, y, indexing="ij"),
            V,
            M[0],
        ),
        pair("clone", ag.clone, torch.clone, X),
        pair("diagflat", lambda x: ag.diagflat(x, 1), lambda x: torch.diagflat(x, 1), V),
        pair("fliplr", ag.fliplr, torch.fliplr, M),
        pair("flipud", ag.flipud, torch.flipud, M),
        pair("hsplit", lambda x: ag.hsplit(x, 2), lambda x: torch.hsplit(x, 2), M),
        pair("vsplit", lambda x: ag.vsplit(x, 3), lambda x: torch.vsplit(x, 3), M),
        pair("dsplit", lambda x: ag.dsplit(x, 2), lambda x: torch.dsplit(x, 2), X),
        pair("vander", lambda x: ag.vander(x, 4), lambda x: torch.stack([x**3, x**2, x, x**0], -1), V),
        pair("sliding_window_view", lambda x: ag.sliding_window_view(x, 3), lambda x: x.unfold(0, 3, 1), V),
        pair("broadcast_arrays", lambda x, y: ag.broadcast_arrays(x, y), torch.broadcast_tensors, X, M[0]),
        pair("atleast_1d", ag.atleast_1d, torch.atleast_1d, V[0]),
        pair("atleast_3d", ag.atleast_3d, torch.atleast_3d, M),
        pair("convolve", ag.convolve, lambda x, y: _convolved(x, y), V, M[0]),
        pair("correlate", lambda x, y: ag.correlate(x, y, "full"), lambda x, y: _convolved(x, y.flip(0)), V, M[0]),
        pair("polyval", lambda p, x: ag.polyval(p, x), lambda p, x: (p[0] * x + p[1]) * x + p[2], M[0, :3], V),
        pair("polymul", ag.polymul, lambda x, y: _convolved(x, y), V, M[0]),
        pair("atleast_2d", ag.atleast_2d, torch.atleast_2d, V),
        pair(
            "pad(constant)",
            lambda x: ag.pad(x, ((0, 0), (1, 2), (3, 1))),
            lambda x: torch.nn.functional.pad(x, (3, 1, 1, 2)),
            X,
        ),
        pair(
            "pad(reflect)",
            lambda x: ag.pad(x, ((0, 0), (1, 2), (2, 1)), mode="reflect"),
            lambda x: torch.nn.functional.pad(x, (2, 1, 1, 2), mode="reflect"),
            X[:, :, :],
        ),
        pair(
            "pad(edge)",
            lambda x: ag.pad(x, ((0, 0), (0, 0), (2, 3)), mode="edge"),
            lambda x: torch.nn.functional.pad(x, (2, 3), mode="replicate"),
            X,
        ),
    ]


def indexing():
    index, rows = INDEX, np.array([[1, 0, 2, 2], [0, 0, 1, 2], [2, 1, 1, 0]])
    mask = X > 0
    i, r = torch.tensor(index), torch.tensor(rows)
    return [
        pair("x[1]", lambda x: x[1], lambda x: x[1], X, dtypes=BOTH),
        pair("x[..., ::2]", lambda x: x[..., ::2], lambda x: x[..., ::2], X),
        pair("x[:, None, 1:]", lambda x: x[:, None, 1:], lambda x: x[:, None, 1:], X),
        pair("x[:, index]", lambda x: x[:, index], lambda x: x[:, i], X),
        pair("x[index, 1:, index]", lambda x: x[index % 2, 1:, index], lambda x: x[i % 2, 1:, i], X),
        pair("x[mask]", lambda x: x[mask], lambda x: x[torch.tensor(mask)], X),
        pair("take", lambda x: ag.take(x, index, axis=1), lambda x: torch.index_select(x, 1, i), X),
        pair("take_along_axis", lambda x: ag.take_along_axis(x, rows, axis=1), lambda x: torch.gather(x, 1, r), M),
        pair("gather", lambda x: ag.gather(x, 1, rows), lambda x: torch.gather(x, 1, r), M),
        pair(
            "scatter_add",
            lambda x, y: ag.scatter_add(x, 0, rows % 3, y),
            lambda x, y: torch.scatter_add(x, 0, r % 3, y),
            M,
            M + 1,
        ),
        pair("masked_fill", lambda x: ag.masked_fill(x, mask, 2), lambda x: x.masked_fill(torch.tensor(mask), 2), X),
        pair("masked_select", lambda x: ag.masked_select(x, mask), lambda x: x.masked_select(torch.tensor(mask)), X),
        pair("extract", lambda x: ag.extract(mask, x), lambda x: x.masked_select(torch.tensor(mask)), X),
        pair("compress", lambda x: ag.compress([True, False, True], x, axis=1), lambda x: x[:, [0, 2]], X),
        pair("delete", lambda x: ag.delete(x, 1, axis=1), lambda x: x[:, [0, 2]], X),
        pair("argwhere", lambda x: ag.argwhere(x > 0), lambda x: torch.argwhere(x > 0), X),
        pair("flatnonzero", lambda x: ag.flatnonzero(x > 0), lambda x: torch.nonzero(x.ravel() > 0)[:, 0], X),
        pair("partition", lambda x: ag.sort(ag.partition(x, 2)[..., :3]), lambda x: torch.sort(x, -1)[0][..., :3], X),
        pair("unique", lambda x: ag.unique(x), lambda x: torch.unique(x), np.array([3, 1, 3, 2])),
        pair("x.at[].set", lambda x, y: x.at[1].set(y), lambda x, y: x.index_put((torch.tensor(1),), y), M, M[0] * 2),
        pair(
            "x.at[].add",
            lambda x, y: x.at[np.array([0, 0, 2])].add(y),
            lambda x, y: x.index_add(0, torch.tensor([0, 0, 2]), y),
            M,
            M * 2,
        ),
        pair("sort", lambda x: ag.sort(x, axis=1), lambda x: torch.sort(x, 1)[0], X),
        pair("sort(descending)", lambda x: ag.sort(x, descending=True), lambda x: torch.sort(x, descending=True)[0], X),
        pair("argsort", lambda x: ag.argsort(x, axis=1), lambda x: torch.argsort(x, 1), X),
        pair("topk", lambda x: ag.topk(x, 2), lambda x: tuple(torch.topk(x, 2)), X),
        pair("searchsorted", lambda x: ag.searchsorted(np.sort(V), x), lambda x: torch.searchsorted(
            torch.tensor(np.sort(V)).to(x.dtype), x), V * 0.9, dtypes=("float64",)),
        pair("nonzero", lambda x: ag.nonzero(x > 0), lambda x: torch.nonzero(x > 0, as_tuple=True), X),
    ]  # fmt: skip


def _convolved(x, y):
    """PyTorch's convolution turns nothing over, so the kernel is turned here."""
    return torch.nn.functional.conv1d(x[None, None], y.flip(0)[None, None], padding=len(y) - 1)[0, 0]


def all_cases():
    """Made one by one, so that a name that is missing here fails its own test and not the collection."""
    return reductions() + shapes() + indexing()


CASES = all_cases()


@pytest.mark.parametrize(("case", "dtype"), [(case, dtype) for case in CASES for dtype in case.dtypes], ids=str)
def test_beside_torch(case, dtype):
    compare(case, dtype)
