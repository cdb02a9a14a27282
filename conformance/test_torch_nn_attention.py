"""Attention and transformers beside PyTorch: values, first and second derivatives, masks, state dicts, errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare
from .modules_beside_torch import ModuleCase, compare_modules

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:Support for mismatched")
RNG = np.random.default_rng(21)
NEG = -np.inf


@pytest.fixture(autouse=True)
def kernel_with_second_derivatives():
    """PyTorch's faster kernels have none."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


def normal(*shape):
    return RNG.standard_normal(shape)


def booleans(*shape, first=True):
    """Random booleans, with ``first`` in the first column, so that no row is all the other."""
    mask = RNG.random(shape) < 0.5
    mask[..., 0] = first
    return mask


# -- scaled dot-product attention --------------------------------------------------------------------


def dot_product(label, q, k, v, mask=None, order=2, constant_mask=False, **options):
    inputs = [normal(*q), normal(*k), normal(*v)] + ([] if mask is None else [mask])
    return Case(
        label,
        lambda *x: torch.nn.functional.scaled_dot_product_attention(*x, **options),
        inputs,
        lambda *x: F.scaled_dot_product_attention(*x, **options),
        order=order,
        constants=(3,) if constant_mask else (),
    )


HIDDEN_ROW = booleans(4, 6)
HIDDEN_ROW[2] = False
WITH_INFINITY = np.where(booleans(4, 6), normal(4, 6), NEG)
FUNCTIONS = [
    dot_product("plain", (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2)),
    dot_product("one head", (4, 5), (6, 5), (6, 2)),
    dot_product("scale", (2, 4, 5), (2, 6, 5), (2, 6, 2), scale=0.3),
    dot_product("negative scale", (2, 4, 5), (2, 6, 5), (2, 6, 2), scale=-2.0),
    dot_product("broadcast", (2, 3, 4, 5), (3, 6, 5), (2, 1, 6, 2)),
    dot_product("boolean mask", (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2), booleans(4, 6)),
    dot_product("boolean mask for each", (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2), booleans(2, 3, 4, 6)),
    dot_product("hidden row", (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2), HIDDEN_ROW),
    dot_product("hidden row, numbers", (3, 4, 5), (3, 6, 5), (3, 6, 2), np.where(HIDDEN_ROW, 0.0, NEG), 1, True),
    dot_product("numbers as a mask", (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2), normal(3, 1, 6)),
    dot_product("numbers and infinities", (2, 4, 5), (2, 6, 5), (2, 6, 2), WITH_INFINITY, 2, True),
    dot_product("causal", (2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 2), is_causal=True),
    dot_product("causal, more keys", (2, 3, 5), (2, 6, 5), (2, 6, 2), is_causal=True),
    dot_product("causal, fewer keys", (2, 6, 5), (2, 3, 5), (2, 3, 2), is_causal=True),
    dot_product("grouped queries", (2, 6, 4, 5), (2, 2, 6, 5), (2, 2, 6, 2), enable_gqa=True),
    dot_product("grouped queries, other groups", (2, 6, 4, 5), (2, 2, 6, 5), (2, 3, 6, 2), enable_gqa=True),
    dot_product("grouped queries, mask", (2, 6, 4, 5), (2, 2, 6, 5), (2, 2, 6, 2), booleans(6, 4, 6), enable_gqa=True),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", FUNCTIONS, ids=str)
def test_scaled_dot_product_attention(case, dtype):
    compare(case, dtype)


@pytest.mark.parametrize("factor", [1e-3, 30.0, 1e4])
def test_scores_of_any_size(factor):
    """Also where exponentials of the scores would overflow."""
    for mask in (None, booleans(4, 6)):
        compare(dot_product("large", (3, 4, 5), (3, 6, 5), (3, 6, 2), mask, order=1, scale=factor), "float64")


def test_dropout_has_the_distribution_of_pytorchs():
    q, k, v = normal(1, 8, 4), normal(1, 400, 4), np.ones((1, 400, 1))
    ours = F.scaled_dot_product_attention(ag.Tensor(q), ag.Tensor(k), ag.Tensor(v), dropout_p=0.3)
    theirs = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), dropout_p=0.3)
    for out in (ours.numpy(), theirs.numpy()):
        assert abs(out.mean() - 1) < 0.1
        assert 0.005 < out.std() < 0.2


# -- multi-head attention ----------------------------------------------------------------------------


def attention(*, shapes, options=None, same=None, **arguments):
    """``same``: how many of query, key and value are one object."""
    options = options or {}
    kinds = {1: "all different", 2: "key is value", 3: "all the same"}[same or 1]

    def ours():
        return Caller(nn.MultiheadAttention(6, 2, **arguments), same)

    def theirs():
        return TorchCaller(torch.nn.MultiheadAttention(6, 2, **arguments), same)

    inputs = [normal(*shape) for shape in shapes]
    text = ", ".join(f"{k}={getattr(v, 'shape', v)}" for k, v in {**arguments, **options}.items())
    return ModuleCase(ours, theirs, inputs, options=options, label=f"{kinds} {shapes} {text}")


def spread(inputs, same):
    return inputs * 3 if same == 3 else (inputs[0], inputs[1], inputs[1]) if same == 2 else inputs


class Caller(nn.Module):
    def __init__(self, inner, same):
        super().__init__()
        self.inner, self.same = inner, same

    def forward(self, *inputs, **options):
        return self.inner(*spread(inputs, self.same), **options)


class TorchCaller(torch.nn.Module):
    def __init__(self, inner, same):
        super().__init__()
        self.inner, self.same = inner, same

    def forward(self, *inputs, **options):
        return self.inner(*spread(inputs, self.same), **options)


L, S, N = 4, 5, 3
SELF, CROSS, THREE = [(L, N, 6)], [(L, N, 6), (S, N, 6)], [(L, N, 6), (S, N, 6), (S, N, 6)]
FIRST = [(N, L, 6), (N, S, 6), (N, S, 6)]
ALONE = [(L, 6), (S, 6), (S, 6)]
WIDTHS = [(L, N, 6), (S, N, 3), (S, N, 4)]
CAUSAL = np.triu(np.ones((L, L), dtype=bool), 1)
EARLY = booleans(N, L, first=False)
ATTENTIONS = [
    attention(shapes=SELF, same=3),
    attention(shapes=CROSS, same=2),
    attention(shapes=THREE),
    attention(shapes=FIRST, batch_first=True),
    attention(shapes=FIRST[:1], batch_first=True, same=3),
    attention(shapes=FIRST[:2], batch_first=True, same=2, bias=False),
    attention(shapes=ALONE),
    attention(shapes=ALONE[:1], same=3, batch_first=True),
    attention(shapes=WIDTHS, kdim=3, vdim=4),
    attention(shapes=WIDTHS, kdim=3, vdim=4, bias=False, add_bias_kv=True),
    attention(shapes=SELF, same=3, bias=False),
    attention(shapes=SELF, same=3, add_bias_kv=True),
    attention(shapes=FIRST, batch_first=True, add_zero_attn=True),
    attention(shapes=THREE, add_bias_kv=True, add_zero_attn=True, bias=False),
    attention(shapes=ALONE, add_bias_kv=True, add_zero_attn=True),
    attention(shapes=SELF, same=3, options={"need_weights": False}),
    attention(shapes=THREE, options={"need_weights": False}),
    attention(shapes=THREE, options={"average_attn_weights": False}),
    attention(shapes=ALONE, options={"average_attn_weights": False}),
    attention(shapes=THREE, options={"attn_mask": booleans(L, S, first=False)}),
    attention(shapes=THREE, options={"attn_mask": booleans(N * 2, L, S, first=False)}),
    attention(shapes=THREE, options={"attn_mask": normal(L, S)}),
    attention(shapes=ALONE, options={"attn_mask": normal(2, L, S)}),
    attention(shapes=THREE, options={"key_padding_mask": booleans(N, S, first=False)}),
    attention(shapes=FIRST, batch_first=True, options={"key_padding_mask": normal(N, S), "need_weights": False}),
    attention(shapes=ALONE, options={"key_padding_mask": booleans(S, first=False)}),
    attention(
        shapes=THREE,
        options={"attn_mask": booleans(L, S, first=False), "key_padding_mask": booleans(N, S, first=False)},
    ),
    attention(shapes=THREE, options={"attn_mask": normal(L, S), "key_padding_mask": normal(N, S)}),
    attention(
        shapes=THREE,
        add_bias_kv=True,
        add_zero_attn=True,
        options={"attn_mask": booleans(L, S), "key_padding_mask": booleans(N, S), "need_weights": False},
    ),
    attention(shapes=SELF, same=3, options={"attn_mask": CAUSAL, "is_causal": True, "need_weights": False}),
    attention(shapes=SELF, same=3, options={"attn_mask": CAUSAL, "is_causal": True}),
    attention(
        shapes=SELF,
        same=3,
        options={
            "attn_mask": np.where(CAUSAL, NEG, 0.0),
            "is_causal": True,
            "key_padding_mask": booleans(N, L, first=False),
        },
    ),
]


def in_dtype(case, dtype):
    """Masks of numbers have the dtype of the inputs."""
    options = {
        key: x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for key, x in case.options.items()
    }
    return ModuleCase(case.ours, case.theirs, case.inputs, options=options, label=case.label)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", ATTENTIONS, ids=str)
def test_multi_head_attention(case, dtype, mode):
    compare_modules(in_dtype(case, dtype), dtype, mode)


@pytest.mark.parametrize("need_weights", [True, False])
def test_a_query_that_may_look_at_nothing(need_weights):
    ours, theirs = nn.MultiheadAttention(6, 2, dtype="float64"), torch.nn.MultiheadAttention(6, 2, dtype=torch.float64)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    x, mask = normal(L, N, 6), booleans(L, L, first=False)
    mask[1] = True
    a, its = ag.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, weights = ours(a, a, a, attn_mask=mask, need_weights=need_weights)
    its_out, its_weights = theirs(its, its, its, attn_mask=torch.tensor(mask), need_weights=need_weights)
    np.testing.assert_allclose(out._data, its_out.detach().numpy(), rtol=1e-10, atol=1e-12)
    if need_weights:
        np.testing.assert_allclose(weights._data, its_weights.detach().numpy(), rtol=1e-10, atol=1e-12)
    else:
        out.sum().backward()
        its_out.sum().backward()
        np.testing.assert_allclose(a.grad._data, its.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_the_functional_form_with_static_keys():
    shapes = {
        "x": (L, N, 6),
        "w": (18, 6),
        "b": (18,),
        "ow": (6, 6),
        "ob": (6,),
        "k": (N * 2, S, 3),
        "v": (N * 2, S, 3),
    }
    drawn = {key: normal(*shape) for key, shape in shapes.items()}
    ours = {key: ag.Tensor(x, requires_grad=True) for key, x in drawn.items()}
    theirs = {key: torch.tensor(x, requires_grad=True) for key, x in drawn.items()}
    results = []
    for function, t in (
        (F.multi_head_attention_forward, ours),
        (torch.nn.functional.multi_head_attention_forward, theirs),
    ):
        x = t["x"]
        results.append(
            function(
                x, x, x, 6, 2, t["w"], t["b"], None, None, True, 0.0, t["ow"], t["ob"], static_k=t["k"], static_v=t["v"]
            )
        )
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a._data, b.detach().numpy(), rtol=1e-10)
    results[0][0].sum().backward()
    results[1][0].sum().backward()
    for key in ("x", "k", "v", "ow"):
        np.testing.assert_allclose(ours[key].grad._data, theirs[key].grad.numpy(), rtol=1e-9, atol=1e-12)


# -- layers and stacks -------------------------------------------------------------------------------


def layer(name, shapes, options=None, constructor=(6, 2, 5), **arguments):
    options = options or {}
    arguments = {"dropout": 0.0, **arguments}
    theirs = {**arguments}
    if arguments.get("activation") in ACTIVATIONS:
        arguments["activation"], theirs["activation"] = ACTIVATIONS[arguments["activation"]]
    given = {k: getattr(v, "__name__", getattr(v, "shape", v)) for k, v in {**arguments, **options}.items()}
    text = ", ".join(f"{k}={v}" for k, v in given.items())
    return ModuleCase(
        lambda: getattr(nn, name)(*constructor, **arguments),
        lambda: getattr(torch.nn, name)(*constructor, **theirs),
        [normal(*shape) for shape in shapes],
        options=options,
        tolerance=10.0,
        label=f"{name} {shapes} {text}",
    )


ACTIVATIONS = {
    "silu": (F.silu, torch.nn.functional.silu),
    "tanh": (F.tanh, torch.tanh),
}
TARGET, MEMORY = (L, N, 6), (S, N, 6)
LAYERS = [
    layer("TransformerEncoderLayer", [TARGET]),
    layer("TransformerEncoderLayer", [TARGET], norm_first=True, activation="gelu"),
    layer("TransformerEncoderLayer", [(N, L, 6)], batch_first=True, activation="silu", layer_norm_eps=0.1),
    layer("TransformerEncoderLayer", [(L, 6)], bias=False, norm_first=True),
    layer("TransformerEncoderLayer", [TARGET], {"src_mask": CAUSAL, "is_causal": True}, activation="tanh"),
    layer(
        "TransformerEncoderLayer",
        [TARGET],
        {"src_mask": CAUSAL, "src_key_padding_mask": booleans(N, L, first=False)},
        activation="tanh",
    ),
    layer("TransformerDecoderLayer", [TARGET, MEMORY]),
    layer("TransformerDecoderLayer", [TARGET, MEMORY], norm_first=True, activation="gelu"),
    layer("TransformerDecoderLayer", [(N, L, 6), (N, S, 6)], batch_first=True, bias=False),
    layer("TransformerDecoderLayer", [(L, 6), (S, 6)], activation="tanh"),
    layer(
        "TransformerDecoderLayer",
        [TARGET, MEMORY],
        {
            "tgt_mask": CAUSAL,
            "memory_mask": booleans(L, S, first=False),
            "tgt_key_padding_mask": booleans(N, L, first=False),
            "memory_key_padding_mask": booleans(N, S, first=False),
        },
        activation="tanh",
    ),
    layer("TransformerDecoderLayer", [TARGET, MEMORY], {"tgt_mask": CAUSAL, "tgt_is_causal": True}, norm_first=True),
    layer("Transformer", [MEMORY, TARGET], constructor=(6, 2, 2, 1, 5), activation="tanh"),
    layer(
        "Transformer",
        [(N, S, 6), (N, L, 6)],
        {
            "tgt_mask": CAUSAL,
            "src_key_padding_mask": booleans(N, S, first=False),
            "memory_key_padding_mask": booleans(N, S, first=False),
        },
        constructor=(6, 3, 1, 2, 5),
        batch_first=True,
        norm_first=True,
        bias=False,
        activation="gelu",
    ),
    layer("Transformer", [(S, 6), (L, 6)], {"tgt_mask": CAUSAL, "tgt_is_causal": True}, constructor=(6, 2, 1, 1, 5)),
]


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_layers(case, dtype, mode):
    compare_modules(case, dtype, mode)


def stack(library, kind, norm, **options):
    one = getattr(library, f"Transformer{kind}Layer")(6, 2, 5, dropout=0.0, activation=tanh(library), **options)
    return getattr(library, f"Transformer{kind}")(one, 2, library.LayerNorm(6) if norm else None)


def tanh(library):
    return F.tanh if library is nn else torch.tanh


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("kind", ["Encoder", "Decoder"])
def test_stacks(kind, norm, dtype):
    shapes = [TARGET] if kind == "Encoder" else [TARGET, MEMORY]
    options = {"mask": CAUSAL} if kind == "Encoder" else {"tgt_mask": CAUSAL, "tgt_is_causal": True}
    case = ModuleCase(
        lambda: stack(nn, kind, norm),
        lambda: stack(torch.nn, kind, norm),
        [normal(*shape) for shape in shapes],
        options=options,
        tolerance=10.0,
        label=f"{kind} {norm}",
    )
    compare_modules(case, dtype, "train")


def test_the_causal_mask():
    ours = nn.Transformer.generate_square_subsequent_mask(5)
    theirs = torch.nn.Transformer.generate_square_subsequent_mask(5)
    assert np.array_equal(ours.numpy(), theirs.numpy())
    assert ours.dtype == np.float32


def test_initial_values_have_pytorchs_distribution():
    ours = nn.MultiheadAttention(64, 4, add_bias_kv=True).state_dict()
    for key, theirs in torch.nn.MultiheadAttention(64, 4, add_bias_kv=True).state_dict().items():
        assert ours[key].std() == pytest.approx(theirs.numpy().std(), rel=0.3, abs=1e-8), key
        if key != "bias_k" and key != "bias_v":
            assert np.abs(ours[key]).max() == pytest.approx(np.abs(theirs.numpy()).max(), rel=0.1), key
    ours = nn.Transformer(16, 2, 1, 1, 32).state_dict()
    for key, theirs in torch.nn.Transformer(16, 2, 1, 1, 32).state_dict().items():
        assert ours[key].std() == pytest.approx(theirs.numpy().std(), rel=0.3, abs=0.1), key


@pytest.mark.parametrize(
    ("arguments", "shapes", "options"),
    [
        ((6, 4), [], {}),
        ((0, 1), [], {}),
        ((6, 2), [(L, N, 5)] * 3, {}),
        ((6, 2), [(L, N, 6), (S, N, 6), (L, N, 6)], {}),
        ((6, 2), [(L, N, 6), (L, 6), (L, 6)], {}),
        ((6, 2), [(L, N, 6)] * 3, {"attn_mask": np.ones((L, S), dtype=bool)}),
        ((6, 2), [(L, N, 6)] * 3, {"attn_mask": np.ones((N, L, L), dtype=bool)}),
        ((6, 2), [(L, N, 6)] * 3, {"key_padding_mask": np.ones((L, N), dtype=bool)}),
        ((6, 2), [(L, N, 6)] * 3, {"attn_mask": np.ones((L, L), dtype=int)}),
        ((6, 2), [(L, N, 6)] * 3, {"is_causal": True}),
    ],
)
def test_what_pytorch_refuses_is_refused(arguments, shapes, options):
    torch_options = {key: torch.tensor(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
    with pytest.raises((ValueError, RuntimeError, AssertionError)):
        torch.nn.MultiheadAttention(*arguments)(*(torch.ones(shape) for shape in shapes), **torch_options)
    with pytest.raises((ValueError, TypeError), match="MultiheadAttention"):
        nn.MultiheadAttention(*arguments)(*(np.ones(shape) for shape in shapes), **options)
