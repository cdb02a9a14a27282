"""``ag.set_default_dtype`` decides the dtype of the parameters and buffers of every module."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn

from .nn_modules import MODELS, MODULES, arguments, decoder_layer, encoder_layer

LAYERS = {"encoder_layer": encoder_layer, "decoder_layer": decoder_layer}  # to be made when the default is set
NETWORKS = {
    "Autoencoder": ([4, 2],),
    "BasicBlock": (2, 2),
    "CNN": (),
    "LeNet": (),
    "MLP": ([2, 3, 1],),
    "ResNet": (),
    "SequenceRNN": (3, 4),
    "TransformerLM": (5,),
    "TwoLayerCNN": (1, 2, 3, 8),
}


def make(name, **options):
    if name in NETWORKS:
        return getattr(nn, name)(*NETWORKS[name], **options)
    given = MODULES[name].arguments
    return getattr(nn, name)(**{key: LAYERS.get(key, lambda key=key: given[key])() for key in given}, **options)


def real_dtypes(module):
    tensors = [*module.parameters(), *module.buffers()]
    return {tensor.dtype.name for tensor in tensors if tensor.dtype.kind == "f"}


@pytest.fixture(params=["float32", "float64"])
def chosen(request):
    ag.set_default_dtype(request.param)
    yield request.param
    ag.set_default_dtype(None)


def test_every_network_is_here():
    assert set(NETWORKS) == set(MODELS)


@pytest.mark.parametrize("name", [*MODULES, *NETWORKS])
def test_parameters_and_buffers_follow_the_default(name, chosen):
    module = make(name)
    assert real_dtypes(module) <= {chosen}
    example = MODULES.get(name)
    if example is None or not example.inputs:
        return
    inputs = [ag.tensor(x.astype(chosen) if x.dtype.kind == "f" else x) for x in example.inputs]
    outputs = module(*inputs)
    for output in outputs if isinstance(outputs, tuple) else [outputs]:
        assert not isinstance(output, ag.Tensor) or output.dtype.kind != "f" or output.dtype == chosen
    assert real_dtypes(module) <= {chosen}  # those of lazy layers were made just now


@pytest.mark.parametrize("name", [*MODULES, *NETWORKS])
def test_a_dtype_that_is_given_counts_for_more(name, chosen):
    if "dtype" in arguments(name):
        assert real_dtypes(make(name, dtype="float16")) <= {"float16"}


@pytest.mark.parametrize("name", [*MODULES, *NETWORKS])
def test_float32_as_long_as_nothing_is_chosen(name):
    assert real_dtypes(make(name)) <= {"float32"}


def test_what_is_not_made_by_a_constructor(chosen):
    assert nn.Parameter([1.0]).dtype == chosen
    assert nn.Parameter(np.ones(1, np.float16)).dtype == "float16"
    assert nn.Embedding.from_pretrained([[1.0, 2.0]]).weight.dtype == chosen
    assert nn.CrossEntropyLoss(weight=[1.0, 2.0]).weight.dtype == chosen
    assert nn.Transformer.generate_square_subsequent_mask(2).dtype == chosen


def test_back_to_the_beginning(chosen):
    assert ag.get_default_dtype() == ag.tensor(1.0).dtype == chosen
    ag.set_default_dtype(None)
    assert ag.get_default_dtype() == ag.tensor(1.0).dtype == "float64"
    assert nn.Linear(1, 1).weight.dtype == "float32"
