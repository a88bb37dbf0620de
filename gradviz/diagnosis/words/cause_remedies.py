"""What to try against causes in one's own script, in words: where to look, and what to write there."""

from __future__ import annotations

from collections.abc import Callable

from gradviz.diagnosis.finding import Remedy
from gradviz.diagnosis.words.names import Names


def _fixed(sentence: str) -> Callable[[Remedy, Names], str]:
    return lambda _remedy, _names: sentence


def _about_row(sentence: str) -> Callable[[Remedy, Names], str]:
    """Say a sentence with the name of the row in it, at {row}."""
    return lambda remedy, names: sentence.format(row=names.row(remedy.row))


def _named(sentence: str) -> Callable[[Remedy, Names], str]:
    """Say a sentence with the rows that it speaks of, at {rows}."""

    def words(remedy: Remedy, names: Names) -> str:
        rows = [int(number) for _, number in remedy.details]
        return sentence.format(rows=names.several(rows) if rows else "these parameters")

    return words


CAUSES: dict[str, Callable[[Remedy, Names], str]] = {
    "pass_parameters": _named(
        "Pass {rows} to the optimiser: torch.optim.Adam(model.parameters(), ...), made after all modules are."
    ),
    "add_group": _named(
        "Or add a group for what was made later: optimizer.add_param_group({{'params': [...]}}) with {rows}."
    ),
    "remove_detach": _named(
        "Remove what cuts {rows} off on the way to the loss: .detach(), .item(), .numpy(), .data, argmax or "
        "torch.tensor(...)."
    ),
    "remove_no_grad": _named("Call {rows} outside of torch.no_grad(), which belongs around validation only."),
    "call_in_forward": _named("Call {rows} in forward(), or delete what is not needed."),
    "balance_experts": _fixed(
        "Add a loss that balances the load of the experts, or noise to the gate's logits, and check that all "
        "experts start with as much of the routing."
    ),
    "call_backward": _fixed(
        "Call loss.backward() before optimizer.step(), and zero_grad() after step() or before backward(), "
        "never between the two."
    ),
    "clear_gradients": _fixed("Call optimizer.zero_grad() once for each step, before backward() or after step()."),
    "stable_loss": _fixed(
        "Use the loss that takes logits: cross_entropy or binary_cross_entropy_with_logits instead of "
        "log(softmax(x)), and add a small number under each division, logarithm and root."
    ),
    "check_sign": _fixed(
        "Check the sign of the loss: what is to grow, such as a likelihood or a reward, enters with a minus."
    ),
    "drop_softmax": _fixed("Hand logits to cross_entropy: remove the softmax at the end of the network."),
    "clean_inputs": _fixed(
        "Look for the samples: torch.isfinite(inputs).all() for each batch; drop or fill what is missing "
        "before training."
    ),
    "check_loading": _fixed(
        "Look at one batch as it arrives: a constant one comes from loading, a mask or a scale of zero."
    ),
    "scale_inputs": _fixed(
        "Scale the inputs: subtract the mean and divide by the standard deviation of each feature over the "
        "training samples."
    ),
    "check_labels": _fixed(
        "Let the labels count from 0 to the number of outputs less one; ignore_index leaves some out on purpose."
    ),
    "weigh_classes": _fixed("Weigh the classes in the loss (cross_entropy(weight=...)), or draw them equally often."),
    "batch_or_group_norm": _fixed("Use larger batches, or a norm that needs no batch: nn.GroupNorm or nn.LayerNorm."),
    "raise_clip": _fixed(
        "Clip at the usual length of the gradient, often 1.0, and look at the norm that clip_grad_norm_ returns."
    ),
    "lower_decay": _fixed("Lower the weight decay: 1e-4 for SGD and 0.01 for AdamW are usual."),
    "raise_rate_in_code": _fixed("Raise the learning rate, tenfold at a time."),
    "default_initialisation": _about_row(
        "Let {row} start as torch has it, or with nn.init.kaiming_normal_; scale nothing by hand."
    ),
    "random_weights": _fixed(
        "Start with random weights: of weights that are all zero, or all alike, units never come to differ."
    ),
    "regularise": _fixed(
        "Stop where the validation loss is lowest, or use more samples, augmentation, dropout or weight decay."
    ),
    "check_pairs": _fixed(
        "Check that inputs and labels belong together: shuffle both by the same order, and look at a few."
    ),
    "widen_in_code": _about_row("Let {row} put out more numbers, at least as many as there are classes."),
    "desaturate": _fixed(
        "Start with smaller weights and biases of zero, normalise before the activation, or use ReLU or GELU."
    ),
}
