"""What to try, in words: for a recipe what would change, for a script advice."""

from __future__ import annotations

from collections.abc import Callable

from gradviz.diagnosis.finding import Remedy
from gradviz.diagnosis.words.cause_remedies import CAUSES
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, fold, listed, plain
from gradviz.experiment import NETWORKS, RecipeField, fields, value_in_words

Words = Callable[[Remedy, Names], str]

_INITIALISATIONS = {"he_normal": "He", "glorot_normal": "Glorot", "orthogonal": "orthogonal", "lecun_normal": "LeCun"}
_ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "silu": "SiLU", "gelu": "GELU",
                "mish": "Mish", "selu": "SELU"}  # fmt: skip


def _fixed(sentence: str) -> Words:
    return lambda _remedy, _names: sentence


def _about_row(sentence: str) -> Words:
    """Say a sentence with the name of the row in it, at {row}."""
    return lambda remedy, names: sentence.format(row=names.row(remedy.row))


def _new(remedy: Remedy, field: str) -> object:
    return dict(remedy.changes)[field]


def _number(remedy: Remedy, field: str) -> str:
    value = _new(remedy, field)
    assert isinstance(value, (int, float))
    return plain(value)


def _scale(remedy: Remedy) -> str:
    return "depth" if _new(remedy, "shortcut_scale") else "√depth"


def _shortcut(remedy: Remedy, _names: Names) -> str:
    return f"Add a shortcut past every layer: x + F(x)/{_scale(remedy)} has a path on which the gradient arrives whole."


def _scale_branches(remedy: Remedy, _names: Names) -> str:
    return f"Scale the residual branches by 1/{_scale(remedy)}, so that their sum stays level."


def _initialization(remedy: Remedy, _names: Names) -> str:
    activation = str(remedy.detail("activation"))
    start = _INITIALISATIONS[str(_new(remedy, "initialization"))]
    through = _ACTIVATIONS.get(activation, activation)
    return f"Start with {start} initialisation, which keeps the signal level through {through}."


def _smaller_weights(remedy: Remedy, _names: Names) -> str:
    return f"Lower the weight scale σ_w to {_number(remedy, 'sigma_w')}."


def _steeper_activation(remedy: Remedy, _names: Names) -> str:
    activation, start = str(_new(remedy, "activation")), str(_new(remedy, "initialization"))
    return (
        f"Use an activation whose slope reaches 1: {_ACTIVATIONS.get(activation, activation)} with "
        f"{_INITIALISATIONS[start]} initialisation."
    )


def _fewer_layers(remedy: Remedy, _names: Names) -> str:
    depth, allowed = _new(remedy, "depth"), remedy.detail("allowed_decades")
    assert isinstance(depth, int)
    assert isinstance(allowed, float)
    they_stay = "it stays" if depth == 1 else "they stay"
    return f"Use {counted(depth, 'layer')}: at this rate {they_stay} within {plain(allowed)} decades."


def _rate(verb: str) -> Words:
    def words(remedy: Remedy, _names: Names) -> str:
        factor = remedy.detail("factor")
        assert isinstance(factor, float)
        return f"{verb} the learning rate {fold(factor)}, to {_number(remedy, 'learning_rate')}."

    return words


def _adam(remedy: Remedy, _names: Names) -> str:
    rate = _number(remedy, "learning_rate")
    return f"Use Adam, which divides the gradient by its own size, with a learning rate of {rate}."


def _set_to(sentence: str, field: str) -> Words:
    """Say a sentence with the new value of a field in it, at {value}."""
    return lambda remedy, _names: sentence.format(value=_number(remedy, field))


def _bend(remedy: Remedy, _names: Names) -> str:
    activation, start = str(_new(remedy, "activation")), str(_new(remedy, "initialization"))
    bends = _ACTIVATIONS.get(activation, activation)
    return f"Use an activation that bends: {bends} with {_INITIALISATIONS[start]} initialisation."


def _together(remedy: Remedy, _names: Names) -> str:
    known = [(_field_called(name), value) for name, value in remedy.changes]
    changes = listed([f"{field.label} {value_in_words(field, value)}" for field, value in known])
    return f"Change all at once, since one alone may not be enough: {changes}."


def _field_called(name: str) -> RecipeField:
    """Return the field of the first architecture that has it: they call the same thing the same."""
    return next(known[name] for known in map(fields, NETWORKS) if name in known)


REMEDIES: dict[str, Words] = CAUSES | {
    "block_shortcuts": _fixed(
        "Lead a shortcut past every block: x + F(x) has a path on which the gradient arrives whole."
    ),
    "zero_factors": _fixed(
        "Multiply every branch by a learnt factor that starts at zero (SkipInit), and clip the gradient, so that the "
        "sum of all branches grows no faster than it learns."
    ),
    "group_norm": _fixed("Normalise over groups of channels, which needs no other samples."),
    "together": _together,
    "bend": _bend,
    "random_weights": _fixed("Start with random weights: of weights that are all zero no unit differs from another."),
    "token_shortcuts": _fixed(
        "Let a shortcut lead past attention and MLP: attention alone makes every token a mean of all."
    ),
    "token_shortcuts_in_code": _fixed(
        "Let a shortcut x + f(x) lead past attention, with the normalisation inside of the branch: attention alone "
        "makes every token a mean of all."
    ),
    "norm_before": _fixed("Normalise inside of the branches, before attention and MLP: the shortcuts stay free."),
    "deepnorm": _fixed("Strengthen the shortcuts with the depth, and begin with smaller weights (DeepNorm)."),
    "warmup": _set_to("Let the learning rate grow over the first {value} steps.", "warmup_steps"),
    "slower_schedule": _fixed(
        "Let the learning rate fall more slowly: a schedule that counts epochs must not be stepped with every batch."
    ),
    "different_weights": _fixed(
        "Start with random weights, as torch does by itself: units that begin alike never differ from each other."
    ),
    "more_units": _set_to("Use {value} units in each layer.", "width"),
    "larger_batch": _set_to("Train on batches of {value} samples.", "batch_size"),
    "standard_inputs": _fixed("Standardise the inputs: mean 0 and standard deviation 1 for each feature."),
    "open_input": _fixed("Start the input layer with random weights."),
    "no_clip": _fixed("Do not clip the gradient."),
    "looser_clip": _set_to("Clip only what is longer than usual: at {value}.", "gradient_clip"),
    "no_decay": _fixed("Train without weight decay."),
    "less_decay": _set_to("Lower the weight decay to {value}.", "weight_decay"),
    "some_decay": _set_to("Let the weights decay a little, by {value}.", "weight_decay"),
    "fewer_steps": _set_to("Stop at step {value}, where the validation loss was lowest.", "steps"),
    "more_samples": _set_to("Train on more samples: {value} points.", "samples"),
    "shortcut": _shortcut,
    "scale_branches": _scale_branches,
    "initialization": _initialization,
    "smaller_weights": _smaller_weights,
    "steeper_activation": _steeper_activation,
    "fewer_layers": _fewer_layers,
    "lower_rate": _rate("Lower"),
    "raise_rate": _rate("Raise"),
    "adam": _adam,
    "open_branches": _fixed("Let no branch start at zero: a ReLU has no slope there, nor does a product of two zeros."),
    "batch_norm": _fixed("Normalise what enters each activation over the batch."),
    "layer_norm": _fixed("Normalise what enters each activation over the units of its layer."),
    "leaky_relu": _fixed("Let units leak: leaky ReLU keeps a slope below zero."),
    "clip": _fixed(
        "Clip the gradient to a length of 1: then no step is too long, though the gradient grows as before."
    ),
    "no_bias_shift": _fixed("Set the bias shift back to 0."),
    "look_for_a_cut": _about_row(
        "Check the way from {row} to the loss: .detach(), .item(), torch.no_grad(), argmax or rounding cut it, and so "
        "does a factor of zero."
    ),
    "revive_relu": _fixed(
        "If its activation is ReLU, all its units may be off: use leaky ReLU or GELU, or a lower learning rate."
    ),
    "freeze_on_purpose": _fixed(
        "If it is meant to rest, freeze it: requires_grad_(False) saves its memory and time, too."
    ),
    "add_a_shortcut": _fixed(
        "Let the gradient pass by: a shortcut x + f(x) around the modules between it and the loss."
    ),
    "normalise": _about_row("Normalise before or after {row}: nn.LayerNorm, nn.BatchNorm2d or nn.GroupNorm."),
    "steeper_activations": _fixed(
        "Use activations whose slope reaches 1 (ReLU, GELU) instead of sigmoid or tanh, and check the initialisation: "
        "nn.init.kaiming_normal_ suits ReLU, nn.init.xavier_uniform_ suits tanh."
    ),
    "clip_in_code": _fixed(
        "Clip the gradient: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) between backward() and step(), "
        "after scaler.unscale_(optimizer) where a GradScaler is used."
    ),
    "lower_rate_in_code": _fixed("Lower the learning rate tenfold, or warm it up over the first steps."),
    "scale_branches_in_code": _fixed("Scale residual branches down, or normalise what enters them."),
    "detect_anomaly": _fixed(
        "Let torch.autograd.set_detect_anomaly(True) name the operation for a step or two: often it is a division by "
        "zero, log(0), or sqrt at 0."
    ),
    "mixed_precision": _fixed(
        "In half precision use torch.autocast with a GradScaler, or bfloat16, whose range is that of float32."
    ),
    "keep_float32_weights": _fixed(
        "Keep the weights in float32 and compute in half precision with torch.autocast: the updates round to nothing."
    ),
    "check_parameter_groups": _fixed(
        "Check that the optimiser has these parameters: those of modules made after it, or left out of a group, never "
        "move."
    ),
    "raise_group_rate": _fixed("Raise the learning rate of their group: optimizer.param_groups[i]['lr']."),
    "wake_relu": _fixed(
        "If its activation is ReLU, all its units are off: use leaky ReLU or GELU, a lower learning rate, or a bias "
        "that starts at 0."
    ),
    "check_inputs": _fixed(
        "Check its input: zeros, a mask that hides everything, or a branch whose last weights are zero."
    ),
    "overfit_one_batch": _fixed(
        "Train on one single batch: a network that cannot learn it by heart has another defect than its learning rate."
    ),
    "check_order_of_calls": _fixed(
        "Check that zero_grad(), backward() and step() come in this order, and that step() is called at all."
    ),
    "try_other_rates": _fixed("Try the learning rate ten times higher and ten times lower."),
}
