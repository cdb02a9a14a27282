"""Every argument of every module of ``nn`` with values that make no sense: refused, and in clear words."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

import nn

from .nn_modules import CONTAINERS, MODELS, MODULES, arguments, classes

BAD = {
    "None": None,
    "string": "abc",
    "float": 2.5,
    "true": True,
    "negative": -3,
    "zero": 0,
    "empty": [],
    "long": (1,) * 9,
    "nan": float("nan"),
}

# Where such a value means something. Everything else has to be refused.
FLAGS = (
    "_freeze add_bias_kv add_zero_attn affine batch_first bias bidirectional ceil_mode count_include_pad "
    "elementwise_affine enable_nested_tensor full head_bias include_last_offset inplace keepdim log_input log_target "
    "mask_check norm_first recompute_scale_factor return_indices scale_grad_by_freq sparse swap track_running_stats "
    "zero_infinity"
)
MEANINGFUL = {
    "None": "*.device *.dtype *._weight *.weight *.pos_weight *.stride *.output_ratio *.size *._random_samples "
    "*.padding_idx *.max_norm *.kdim *.vdim Transformer*.norm Transformer.custom_* *.divisor_override "
    "Upsample.align_corners Upsample.recompute_scale_factor *Norm?d.momentum RMSNorm.eps "
    "Adaptive???Pool?d.output_size *.distance_function LinearCrossEntropyLoss.ignore_index",
    "string": "",
    "float": "*.alpha *.beta *.delta *.div_value *.eps *.init *.k *.lambd *.layer_norm_eps *.margin *.max_norm "
    "*.max_val *.negative_slope *.norm_type PairwiseDistance.p TripletMarginLoss.p *.scale_factor *.threshold "
    "RReLU.upper *.value BCE*Loss.weight *.pos_weight MultiLabelSoftMarginLoss.weight",
    "true": " ".join(f"*.{name}" for name in FLAGS.split()),
    "negative": "*ELU.alpha LocalResponseNorm.alpha LocalResponseNorm.beta LocalResponseNorm.k Softplus.beta "
    "*.divisor_override RadialBasis.eps PairwiseDistance.eps TripletMarginLoss.eps *.ignore_index PReLU.init "
    "Hardshrink.lambd RReLU.lower *EmbeddingLoss.margin MarginRankingLoss.margin MultiMarginLoss.margin "
    "Hardtanh.min_val *.negative_slope LPPool?d.norm_type PairwiseDistance.p TripletMarginLoss.p *Pad?d.padding "
    "Embedding*.padding_idx Flatten.start_dim *.threshold *.value BCE*Loss.weight *.pos_weight "
    "MultiLabelSoftMarginLoss.weight",
    "zero": " ".join(f"*.{name}" for name in FLAGS.split())
    + " ELU.alpha LocalResponseNorm.* SmoothL1Loss.beta CTCLoss.blank *.dim *.dim_feedforward *.dropout *.p "
    "Embedding*.embedding_dim *.eps *.ignore_index PReLU.init RNNCellBase.input_size *.label_smoothing *.lambd "
    "*.layer_norm_eps RReLU.lower *EmbeddingLoss.margin MarginRankingLoss.margin MultiMarginLoss.margin *.max_norm "
    "Hardtanh.max_val Hardtanh.min_val *Norm?d.momentum *.negative_slope *inear.out_features "
    "*.output_padding *.padding *.padding_idx *.proj_size Adaptive???Pool?d.output_size Flatten.start_dim *.threshold "
    "*.value BCE*Loss.weight *.pos_weight MultiLabelSoftMarginLoss.weight",
    "empty": "LinearCrossEntropyLoss.out_features",
    "long": "",
    "nan": "",
}
CASES = [(name, argument, kind) for name in MODULES for argument in arguments(name) for kind in BAD]


def means_something(name: str, argument: str, kind: str) -> bool:
    return any(fnmatchcase(f"{name}.{argument}", pattern) for pattern in MEANINGFUL[kind].split())


def test_there_is_an_example_of_every_module():
    assert set(MODULES) | set(CONTAINERS) | set(MODELS) == set(classes())
    assert not set(MODULES) & (set(CONTAINERS) | set(MODELS))


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = getattr(nn, name)(**MODULES[name].arguments)
    if type(module).forward is not nn.Module.forward:
        module(*MODULES[name].inputs)


def outcome(name: str, argument: str, value: object) -> tuple[str, BaseException | None]:
    """Where a module raises: when it is made, when it is called, or nowhere."""
    try:
        module = getattr(nn, name)(**{**MODULES[name].arguments, argument: value})
    except Exception as error:
        return "made", error
    try:
        if type(module).forward is not nn.Module.forward:
            module(*MODULES[name].inputs)
    except Exception as error:
        return "called", error
    return "nowhere", None


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore")
def test_bad_arguments_are_refused_in_clear_words(name):
    wrong = []
    for argument in arguments(name):
        for kind, value in BAD.items():
            where, error = outcome(name, argument, value)
            case = f"{argument}={value!r}"
            text = str(error)
            if error is None:
                if not means_something(name, argument, kind):
                    wrong.append(f"{case} is accepted")
            elif not isinstance(error, TypeError | ValueError | IndexError) or "To mend it" not in text:
                wrong.append(f"{case} raises {type(error).__name__}: {text}")
            elif where == "made" and argument not in text:
                wrong.append(f"{case} raises without the argument's name: {text}")
    assert not wrong, "\n".join(wrong)


def test_the_list_of_what_means_something_is_up_to_date():
    """Every pattern fits an argument that there is."""
    everything = {f"{name}.{argument}" for name in MODULES for argument in arguments(name)}
    for kind, patterns in MEANINGFUL.items():
        unused = [p for p in patterns.split() if not any(fnmatchcase(argument, p) for argument in everything)]
        assert not unused, (kind, unused)
