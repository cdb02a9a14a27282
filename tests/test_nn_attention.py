"""Attention and transformers: values by hand, masks, shapes, replays, training, errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(8)


def normal(*shape):
    return RNG.standard_normal(shape)


def near(a, b, tolerance=1e-12):
    a, b = (getattr(x, "_data", x) for x in (a, b))
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def by_loops(q, k, v, visible=None, scale=None):
    """One query after the other."""
    out = np.zeros((len(q), v.shape[1]))
    for i, query in enumerate(q):
        keys = [j for j in range(len(k)) if visible is None or visible[i, j]]
        if keys:
            scores = np.array([query @ k[j] for j in keys]) * (q.shape[1] ** -0.5 if scale is None else scale)
            out[i] = softmax(scores) @ v[keys]
    return out


# -- scaled dot-product attention --------------------------------------------------------------------


def test_equal_scores_give_the_mean_and_a_large_score_its_value():
    v = ag.Tensor([[1.0], [3.0], [8.0]])
    near(F.scaled_dot_product_attention(ag.zeros((1, 2)), ag.Tensor(normal(3, 2)), v), [[4.0]])
    k = ag.Tensor([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    near(F.scaled_dot_product_attention(ag.Tensor([[0.0, 1e5]]), k, v), [[3.0]])


def test_against_loops():
    q, k, v = normal(4, 3), normal(5, 3), normal(5, 2)
    visible = RNG.random((4, 5)) < 0.5
    visible[1] = False
    tensors = [ag.Tensor(x) for x in (q, k, v)]
    near(F.scaled_dot_product_attention(*tensors), by_loops(q, k, v))
    near(F.scaled_dot_product_attention(*tensors, scale=-2.0), by_loops(q, k, v, scale=-2.0))
    near(F.scaled_dot_product_attention(*tensors, visible), by_loops(q, k, v, visible))
    near(F.scaled_dot_product_attention(*tensors, visible.tolist()), by_loops(q, k, v, visible))
    near(F.scaled_dot_product_attention(*tensors, is_causal=True), by_loops(q, k, v, np.tril(np.ones((4, 5)))))


def test_masks_of_numbers_and_of_booleans_say_the_same():
    inputs = [ag.Tensor(normal(2, *shape)) for shape in ((4, 3), (5, 3), (5, 2))]
    visible = RNG.random((2, 4, 5)) < 0.5
    visible[0, 2] = False
    numbers = np.where(visible, 0.0, -np.inf)
    expected = F.scaled_dot_product_attention(*inputs, visible)
    assert np.all(expected._data[0, 2] == 0)
    near(F.scaled_dot_product_attention(*inputs, numbers), expected)
    near(F.scaled_dot_product_attention(*inputs, ag.Tensor(numbers)), expected)
    near(F.scaled_dot_product_attention(*inputs, ag.Tensor(visible)), expected)
    # A constant mask of 0 and -inf is used as booleans, which is faster.
    q, k, v = (ag.Tensor(x._data, requires_grad=True) for x in inputs)
    node = ag.Graph(F.scaled_dot_product_attention(q, k, v, numbers)).operations[0]
    assert node.inputs[3].dtype == bool
    # The same through the additive way, which a mask that requires a gradient takes.
    mask = ag.Tensor(numbers, requires_grad=True)
    out = F.scaled_dot_product_attention(*inputs, mask)
    near(out, expected)
    out.sum().backward()
    assert np.all(mask.grad._data[~visible] == 0)


def test_the_gradient_of_a_mask_of_numbers_is_summed_over_what_it_was_broadcast_to():
    inputs = [ag.Tensor(normal(3, 2, *shape)) for shape in ((4, 3), (5, 3), (5, 2))]
    mask = normal(2, 1, 5)
    g = normal(3, 2, 4, 2)

    def gradient(mask):
        tensor = ag.Tensor(mask, requires_grad=True)
        out = F.scaled_dot_product_attention(*inputs, tensor)
        return ag.gradients(out, tensor, g)[0]._data

    near(gradient(mask), gradient(np.broadcast_to(mask, (3, 2, 4, 5))).sum(axis=(0, 2))[:, None])


def test_grouped_queries_share_keys():
    q, k, v = (ag.Tensor(normal(2, heads, 4, 3)) for heads in (6, 2, 3))
    out = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)._data
    for h in range(6):
        near(out[:, h], F.scaled_dot_product_attention(q[:, h], k[:, h // 3], v[:, h // 2]))


@pytest.mark.parametrize("factor", [1.0, 1e3, 1e30])
@pytest.mark.parametrize("masked", [False, True])
def test_scores_of_any_size(factor, masked):
    q, k, v = (normal(*shape).astype(np.float32) for shape in ((4, 3), (5, 3), (5, 2)))
    visible = RNG.random((4, 5)) < 0.6 if masked else None
    if masked:
        visible[:, 0] = True
    k *= np.float32(factor)
    q, k, v = (ag.Tensor(x, requires_grad=True) for x in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, visible)
    near(out, by_loops(q._data.astype(float), k._data.astype(float), v._data.astype(float), visible), 1e-4)
    out.sum().backward()
    assert all(np.isfinite(x.grad._data).all() for x in (q, k, v))


def test_a_hidden_key_changes_nothing_whatever_it_is():
    q, k, v = normal(4, 3), normal(5, 3), normal(5, 2)
    visible = np.ones((4, 5), dtype=bool)
    visible[:, 2] = False
    expected = F.scaled_dot_product_attention(ag.Tensor(q), ag.Tensor(k), ag.Tensor(v), visible)
    for value in (1e200, -1e200, 1e4):
        k[2] = value
        near(F.scaled_dot_product_attention(ag.Tensor(q), ag.Tensor(k), ag.Tensor(v), visible), expected)


def test_no_keys_and_no_queries():
    assert F.scaled_dot_product_attention(ag.ones((0, 3)), ag.ones((5, 3)), ag.ones((5, 2))).shape == (0, 2)
    near(F.scaled_dot_product_attention(ag.ones((2, 3)), ag.ones((0, 3)), ag.ones((0, 2))), np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dtypes_stay(dtype):
    inputs = [ag.Tensor((8 * normal(3, 4, 5)).astype(dtype), requires_grad=True) for _ in range(3)]
    out = F.scaled_dot_product_attention(*inputs, is_causal=True)
    out.backward(np.ones_like(out._data))
    assert all(x.dtype == dtype for x in (out, *(x.grad for x in inputs)))
    assert np.isfinite(out._data).all()


def test_dropout_keeps_the_expected_value_and_its_gradient_the_mask():
    q, k, v = ag.zeros((1, 4)), ag.Tensor(normal(1000, 4)), ag.Tensor(np.eye(1000), requires_grad=True)
    nn.manual_seed(3)
    out = F.scaled_dot_product_attention(q, k, v, dropout_p=0.25)
    kept = out._data[0] > 0
    assert 0.68 < kept.mean() < 0.82
    near(out._data[0][kept], np.full(kept.sum(), 1 / 750))
    out.sum().backward()
    near(v.grad._data[:, 0], np.where(kept, 1 / 750, 0.0))
    near(F.scaled_dot_product_attention(q, k, v, dropout_p=1.0), np.zeros((1, 1000)))


# -- multi-head attention ----------------------------------------------------------------------------


def heads_by_hand(layer, query, key, value, visible=None):
    """Every head of every example, from the layer's state."""
    state = {name: x.astype(float) for name, x in layer.state_dict().items()}
    bias = np.split(state.get("in_proj_bias", np.zeros(3 * layer.embed_dim)), 3)
    if "in_proj_weight" in state:
        weights = np.split(state["in_proj_weight"], 3)
    else:
        weights = [state[f"{name}_proj_weight"] for name in "qkv"]
    q, k, v = (x @ w.T + b for x, w, b in zip((query, key, value), weights, bias))
    d = layer.head_dim
    parts = [np.s_[..., h * d : (h + 1) * d] for h in range(layer.num_heads)]
    joined = [
        np.concatenate([by_loops(q[n][p], k[n][p], v[n][p], visible) for p in parts], axis=-1) for n in range(len(q))
    ]
    return np.stack(joined) @ state["out_proj.weight"].T + state.get("out_proj.bias", 0)


def test_against_heads_by_hand():
    x, y, z = normal(2, 4, 6), normal(2, 5, 6), normal(2, 5, 6)
    layer = nn.MultiheadAttention(6, 3, batch_first=True, dtype="float64")
    near(layer(x, y, z)[0], heads_by_hand(layer, x, y, z))
    near(layer(x, x, x)[0], heads_by_hand(layer, x, x, x))
    near(layer(x, y, y)[0], heads_by_hand(layer, x, y, y))
    first = nn.MultiheadAttention(6, 3, dtype="float64")
    first.load_state_dict(layer.state_dict())
    near(first(*(np.swapaxes(a, 0, 1) for a in (x, y, z)))[0], np.swapaxes(heads_by_hand(layer, x, y, z), 0, 1))
    near(layer(x[0], y[0], z[0])[0], heads_by_hand(layer, x, y, z)[0])
    hidden = np.triu(np.ones((4, 4), dtype=bool), 1)
    near(layer(x, x, x, attn_mask=hidden)[0], heads_by_hand(layer, x, x, x, ~hidden))
    near(
        layer(x, x, x, attn_mask=hidden, is_causal=True, need_weights=False)[0], heads_by_hand(layer, x, x, x, ~hidden)
    )
    other = nn.MultiheadAttention(6, 3, batch_first=True, kdim=2, vdim=4, bias=False, dtype="float64")
    key, value = normal(2, 5, 2), normal(2, 5, 4)
    near(other(x, key, value)[0], heads_by_hand(other, x, key, value))


def test_one_product_projects_queries_keys_and_values_that_are_one_object():
    layer = nn.MultiheadAttention(6, 3)
    x, y = ag.Tensor(normal(4, 2, 6).astype(np.float32)), ag.Tensor(normal(4, 2, 6).astype(np.float32))

    def count(*inputs):
        out = layer(*inputs, need_weights=False)[0]
        return sum(node.primitive.name == "linear" for node in ag.Graph(out).operations)

    assert count(x, x, x) == 2
    assert count(x, y, y) == 3
    assert count(x, y, x) == 4


def test_the_weights_are_those_that_were_used():
    layer = nn.MultiheadAttention(6, 2, dropout=0.5, batch_first=True, dtype="float64")
    x = normal(3, 4, 6)
    out, weights = layer(x, x, x, average_attn_weights=False)
    assert weights.shape == (3, 2, 4, 4)
    assert np.any(weights._data == 0)
    state = layer.state_dict()
    values = (x @ state["in_proj_weight"][12:].T + state["in_proj_bias"][12:]).reshape(3, 4, 2, 3).swapaxes(1, 2)
    joined = (weights._data @ values).swapaxes(1, 2).reshape(3, 4, 6)
    near(out, joined @ state["out_proj.weight"].T + state["out_proj.bias"])
    layer.eval()
    _, weights = layer(x, x, x)
    near(weights._data.sum(axis=-1), np.ones((3, 4)))
    assert layer(x, x, x, need_weights=False)[1] is None


def test_the_weights_have_gradients():
    layer = nn.MultiheadAttention(4, 2, dtype="float64")
    x = ag.Tensor(normal(3, 2, 4), requires_grad=True)
    g = normal(2, 3, 3)

    def loss(x):
        return (layer(x, x, x)[1] * g).sum()

    loss(x).backward()
    step = 1e-6
    for index in np.ndindex(x.shape):
        moved = [x._data.copy(), x._data.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        difference = (loss(ag.Tensor(moved[0]))._data - loss(ag.Tensor(moved[1]))._data) / (2 * step)
        assert x.grad._data[index] == pytest.approx(difference, abs=1e-8)


@pytest.mark.parametrize("need_weights", [True, False])
def test_padding_hides_keys_from_all_queries(need_weights):
    layer = nn.MultiheadAttention(6, 2, batch_first=True, dtype="float64")
    x = normal(2, 5, 6)
    hidden = np.zeros((2, 5), dtype=bool)
    hidden[0, 3:] = True
    out, weights = layer(x, x, x, key_padding_mask=hidden, need_weights=need_weights)
    near(out._data[0, :3], layer(x[:1, :3], x[:1, :3], x[:1, :3])[0]._data[0])
    near(out._data[1], layer(x[1:], x[1:], x[1:])[0]._data[0])
    for form in (hidden.tolist(), ag.Tensor(hidden), np.where(hidden, -np.inf, 0.0)):
        near(layer(x, x, x, key_padding_mask=form)[0], out)
    if need_weights:
        assert np.all(weights._data[0, :, 3:] == 0)


def test_padding_and_a_mask_together():
    layer = nn.MultiheadAttention(6, 2, batch_first=True, dtype="float64")
    x = normal(2, 4, 6)
    later, padding = np.triu(np.ones((4, 4), dtype=bool), 1), np.zeros((2, 4), dtype=bool)
    padding[0, 0:2] = padding[1, 3] = True
    # Whatever the two are made of, a key is hidden if one of them hides it.
    both = np.repeat(later | padding[:, None], 2, axis=0)
    expected = layer(x, x, x, attn_mask=both, need_weights=False)[0]
    for form in (later, np.where(later, -np.inf, 0.0), np.where(later, -1e9, 0.0)):
        for other in (padding, np.where(padding, -np.inf, 0.0)):
            found = layer(x, x, x, attn_mask=form, key_padding_mask=other, need_weights=False)[0]
            near(found._data[1], expected._data[1])
            near(found._data[0, 2:], expected._data[0, 2:])
    causal = layer(x, x, x, attn_mask=later, key_padding_mask=padding, is_causal=True, need_weights=False)[0]
    near(causal, expected)


def test_where_all_keys_are_hidden():
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    x = normal(1, 3, 4)
    hidden = np.zeros((3, 3), dtype=bool)
    hidden[1] = True
    with_weights, weights = layer(x, x, x, attn_mask=hidden)
    assert np.isnan(with_weights._data[0, 1]).all()
    assert np.isnan(weights._data[0, 1]).all()
    assert np.isfinite(np.delete(with_weights._data, 1, axis=1)).all()
    without, _ = layer(x, x, x, attn_mask=hidden, need_weights=False)
    near(without._data[0, 1], layer.out_proj.bias._data)


def test_appended_keys_get_weights_of_their_own():
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True)
    x = normal(3, 2, 4)
    hidden = np.ones((3, 3), dtype=bool)
    out, weights = layer(x, x, x, attn_mask=hidden)
    assert weights.shape == (2, 3, 5)
    assert np.all(weights._data[..., :3] == 0)
    near(weights._data.sum(axis=-1), np.ones((2, 3)), 1e-6)
    out.sum().backward()
    assert layer.bias_k.grad is not None


def test_state_dict_keys():
    def keys(*arguments, **options):
        return {key: value.shape for key, value in nn.MultiheadAttention(*arguments, **options).state_dict().items()}

    joint = {"in_proj_weight": (18, 6), "in_proj_bias": (18,), "out_proj.weight": (6, 6), "out_proj.bias": (6,)}
    assert keys(6, 2) == joint
    assert list(keys(6, 2)) == list(joint)
    assert keys(6, 2, bias=False) == {"in_proj_weight": (18, 6), "out_proj.weight": (6, 6)}
    separate = keys(6, 2, kdim=3, add_bias_kv=True)
    assert list(separate) == [
        "q_proj_weight",
        "k_proj_weight",
        "v_proj_weight",
        "in_proj_bias",
        "bias_k",
        "bias_v",
        "out_proj.weight",
        "out_proj.bias",
    ]
    assert separate["k_proj_weight"] == (6, 3)


# -- graphs ------------------------------------------------------------------------------------------


def test_one_node_that_can_be_written_out():
    x = ag.Tensor(normal(3, 2, 4), requires_grad=True)
    layer = nn.MultiheadAttention(4, 2, dtype="float64")

    def names():
        out = layer(x, x, x, need_weights=False)[0]
        return [node.primitive.name for node in ag.Graph(out).operations]

    assert names() == ["linear", "attention", "output", "linear"]
    with nn.explicit():
        written_out = names()
    assert "attention" not in written_out
    assert {"exp", "matmul", "divide"} <= set(written_out)


def test_a_replay_with_other_inputs():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, dtype="float64")
    x = ag.Tensor(normal(3, 2, 4), requires_grad=True, name="x")
    graph = ag.Graph(layer(x))
    other = normal(3, 2, 4)
    near(graph.forward(x=other), layer(other))


def test_a_traced_attention_renews_its_mask():
    q, k, v = (normal(3, 4) for _ in range(3))
    masks = [RNG.random((3, 3)) < 0.7 for _ in range(2)]
    graph = ag.Graph.trace(F.scaled_dot_product_attention, q, k, v, masks[0])
    for mask in masks:
        near(graph.forward(q, k, v, mask), by_loops(q, k, v, mask))


def test_checkpoint_draws_the_same_mask_again():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, dtype="float64")
    x, g = normal(3, 2, 4), normal(3, 2, 4)
    found = []
    for function in (layer, ag.checkpoint(layer)):
        nn.manual_seed(5)
        tensor = ag.Tensor(x, requires_grad=True)
        function(tensor).backward(g)
        found.append(tensor.grad)
    near(*found)


# -- layers and stacks -------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_layer_by_its_parts(norm_first):
    layer = nn.TransformerEncoderLayer(6, 2, 10, activation="gelu", norm_first=norm_first, dtype="float64").eval()
    x = ag.Tensor(normal(4, 2, 6))

    def attention(x):
        return layer.self_attn(x, x, x)[0]

    def network(x):
        return layer.linear2(F.gelu(layer.linear1(x)))

    if norm_first:
        y = x + attention(layer.norm1(x))
        y = y + network(layer.norm2(y))
    else:
        y = layer.norm1(x + attention(x))
        y = layer.norm2(y + network(y))
    near(layer(x), y)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_decoder_layer_by_its_parts(norm_first):
    layer = nn.TransformerDecoderLayer(6, 2, 10, norm_first=norm_first, dtype="float64").eval()
    x, memory = ag.Tensor(normal(4, 2, 6)), ag.Tensor(normal(5, 2, 6))
    steps = [
        (layer.norm1, lambda x: layer.self_attn(x, x, x)[0]),
        (layer.norm2, lambda x: layer.multihead_attn(x, memory, memory)[0]),
        (layer.norm3, lambda x: layer.linear2(F.relu(layer.linear1(x)))),
    ]
    y = x
    for norm, step in steps:
        y = y + step(norm(y)) if norm_first else norm(y + step(y))
    near(layer(x, memory), y)


def test_a_decoder_looks_back_and_at_the_memory_only():
    net = nn.Transformer(6, 2, 1, 2, 10, batch_first=True, dtype="float64").eval()
    source, target = normal(2, 5, 6), normal(2, 4, 6)
    mask = nn.Transformer.generate_square_subsequent_mask(4, dtype="float64")
    out = net(source, target, tgt_mask=mask, tgt_is_causal=True)._data
    later = target.copy()
    later[:, 3] += 1.0
    near(net(source, later, tgt_mask=mask, tgt_is_causal=True)._data[:, :3], out[:, :3])
    assert np.abs(net(source, later, tgt_mask=mask)._data[:, 3] - out[:, 3]).max() > 1e-3
    hidden = np.zeros((2, 5), dtype=bool)
    hidden[:, 4] = True
    padding = {"src_key_padding_mask": hidden, "memory_key_padding_mask": hidden}
    other = source.copy()
    other[:, 4] = 7.0
    near(net(source, target, **padding), net(other, target, **padding))


def test_stacks_are_copies():
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    stack = nn.TransformerEncoder(layer, 3, nn.LayerNorm(4))
    assert len(stack.layers) == 3
    parameters = list(stack.parameters())
    assert len({id(p) for p in parameters}) == len(parameters) == 3 * 12 + 2
    near(stack.layers[0].linear1.weight, stack.layers[2].linear1.weight)
    assert next(iter(stack.state_dict())) == "layers.0.self_attn.in_proj_weight"
    twin = copy.deepcopy(stack).eval()
    x = normal(3, 2, 4)
    near(twin(x), stack.eval()(x))


def test_dropout_only_in_training():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5)
    x = normal(3, 2, 4)
    assert not np.array_equal(layer(x)._data, layer(x)._data)
    layer.eval()
    assert np.array_equal(layer(x)._data, layer(x)._data)


def test_custom_parts():
    class Last(nn.Module):
        def forward(self, tgt, memory, **options):
            return memory

    net = nn.Transformer(4, 2, 1, 1, 8, custom_decoder=Last(), dropout=0.0)
    x = normal(3, 2, 4)
    near(net(x, x), net.encoder(x))


def test_a_transformer_learns_to_reverse():
    """Reads a sequence of symbols and writes it backwards, which no position can do alone."""
    import optim

    nn.manual_seed(0)
    rng = np.random.default_rng(0)
    embedding, places = nn.Linear(4, 16), nn.Parameter(0.3 * rng.standard_normal((5, 16)), dtype="float32")
    block, head = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True), nn.Linear(16, 4)
    modules = (embedding, block, head)
    optimizer = optim.Adam([places, *(p for m in modules for p in m.parameters())], lr=0.01)
    for _ in range(120):
        symbols = rng.integers(0, 4, (32, 5))
        logits = head(block(embedding(np.eye(4)[symbols]) + places))
        loss = F.cross_entropy(logits.reshape(-1, 4), symbols[:, ::-1].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.mean(logits._data.argmax(axis=-1) == symbols[:, ::-1]) > 0.97


# -- errors ------------------------------------------------------------------------------------------

ONES = np.ones((2, 3, 4))
SDPA, MHA = F.scaled_dot_product_attention, nn.MultiheadAttention
WRONG = [
    (lambda: SDPA(np.ones(3), np.ones(3), np.ones(3)), "query .*L, E"),
    (lambda: SDPA(np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 3))), r"\(2, 4\)"),
    (lambda: SDPA(np.ones((2, 3)), np.ones((2, 3)), np.ones((4, 3))), r"\(4, 3\)"),
    (lambda: SDPA(ONES, ONES, ONES, dropout_p=1.5), "dropout_p between 0 and 1"),
    (lambda: SDPA(ONES, ONES, ONES, np.ones((3, 3), dtype=bool), is_causal=True), "attn_mask or is_causal"),
    (lambda: SDPA(ONES, np.ones((3, 3, 4)), ONES, enable_gqa=True), "heads of key"),
    (lambda: MHA(5, 2), "num_heads.*divides embed_dim.*embed_dim=5"),
    (lambda: MHA(0, 1), "embed_dim=0"),
    (lambda: MHA(4, 2, dropout=2.0), "dropout between 0 and 1"),
    (lambda: MHA(4, 2, device="cuda"), "device"),
    (lambda: MHA(4, 2)(*[np.ones((3, 2, 5))] * 3), "4 features"),
    (lambda: MHA(4, 2, kdim=3)(ONES, ONES, ONES), "key with 3 features"),
    (lambda: MHA(4, 2)(ONES, ONES, np.ones((2, 5, 4))), "one batch size"),
    (lambda: MHA(4, 2)(ONES, ONES, np.ones((4, 3, 4))), "as many keys as values"),
    (lambda: MHA(4, 2)(np.ones((3, 4)), ONES, ONES), "two axes"),
    (lambda: MHA(4, 2)(ONES, ONES, ONES, attn_mask=np.ones((3, 3), dtype=bool)), r"attn_mask of shape \(2, 2\)"),
    (lambda: MHA(4, 2)(ONES, ONES, ONES, key_padding_mask=np.ones((2, 3), dtype=bool)), r"key_padding_mask.*\(3, 2\)"),
    (lambda: MHA(4, 2)(ONES, ONES, ONES, is_causal=True), "attn_mask with is_causal=True"),
    (lambda: nn.TransformerEncoderLayer(4, 2, activation="swish"), "activation.*'swish'"),
    (lambda: nn.Transformer(4, 2, 1, 1, 8)(ONES, np.ones((2, 5, 4))), "d_model=4"),
    (lambda: nn.Transformer(4, 2, 1, 1, 8)(ONES, np.ones((2, 4))), "d_model=4"),
    (
        lambda: F.multi_head_attention_forward(ONES, ONES, ONES, 6, 2, None, None, None, None, False, 0.0, None, None),
        "embed_dim_to_check=6",
    ),
    (
        lambda: F.multi_head_attention_forward(
            ONES, ONES, ONES, 4, 3, np.ones((12, 4)), None, None, None, False, 0.0, np.ones((4, 4)), None
        ),
        "num_heads=3",
    ),
]


@pytest.mark.parametrize(("call", "text"), WRONG)
def test_errors_name_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text.replace(" ", r"\s+")):
        call()


def test_masks_of_integers_are_type_errors():
    with pytest.raises(TypeError, match="attn_mask of booleans"):
        F.scaled_dot_product_attention(ONES, ONES, ONES, np.ones((3, 3), dtype=int))
    with pytest.raises(TypeError, match="key_padding_mask of booleans"):
        nn.MultiheadAttention(4, 2)(ONES, ONES, ONES, key_padding_mask=[[0, 1]] * 3)


def test_a_tensor_of_another_dtype_is_a_type_error():
    with pytest.raises(TypeError, match="float32"):
        nn.MultiheadAttention(4, 2)(ag.Tensor(ONES), ag.Tensor(ONES), ag.Tensor(ONES))


@pytest.mark.parametrize("number", [0, -1, 2.5, True])
def test_a_stack_has_a_layer_at_least(number):
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    with pytest.raises((TypeError, ValueError), match="TransformerEncoder: expected num_layers"):
        nn.TransformerEncoder(layer, number)
