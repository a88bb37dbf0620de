"""C7, C8, C10, C11, C12e and C12f: whether a network learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradviz.claims.claim import Outcome, Progress, accuracy_of, recorded_preset
from gradviz.recording.history import History

CHANCE_AT_MOST = 0.2
MUCH_WORSE = 0.3
RESIDUAL_LEARNT_AT_LEAST = 0.9
# decades of the gradient
SIGMOID_FALL = 12.0
LEARNT_AT_LEAST = 0.95
MANY_DEAD = 0.5
# of Transformers on patches of the digits
TRANSFORMER_LEARNT_AT_LEAST, ALIKE = 0.75, 0.99
FIRST_BLOCK_ALIKE = 3


def units_that_die(progress: Progress) -> Outcome:
    """Compare the final fraction of dead units with ReLU and with leaky ReLU."""
    shares = {}
    for name, history in _recorded(("dying-relu", "leaky-relu-rescue"), progress):
        row = history.row("dead_fraction", history.frames - 1)
        assert row is not None, "measured at the last step"
        shares[name] = float(np.mean(row))
    relu, leaky = shares.values()
    numbers = {"relu": relu, "leaky_relu": leaky}
    return Outcome(f"ReLU {relu:.0%} dead, leaky ReLU {leaky:.0%}", relu >= MANY_DEAD and leaky == 0.0, numbers)


def relu_alone(progress: Progress) -> Outcome:
    """Train plain ReLU networks of increasing depth."""
    found = _accuracies(("relu-20", "relu-100", "relu-1000"), progress)
    holds = found["relu-20"] >= LEARNT_AT_LEAST and max(found["relu-100"], found["relu-1000"]) <= CHANCE_AT_MOST
    return Outcome(_in_words(found), holds, found)


def residual_depth(progress: Progress) -> Outcome:
    """Train residual networks of 152 and 1000 layers."""
    found = _accuracies(("residual-152", "residual-1000"), progress)
    return Outcome(_in_words(found), min(found.values()) > LEARNT_AT_LEAST, found)


def deeper_is_worse(progress: Progress) -> Outcome:
    """Train the same plain sigmoid network with 3 layers, with 10 and with 20."""
    found = _accuracies(("sigmoid-3", "sigmoid-10", "sigmoid-20"), progress)
    shallow, *deeper = found.values()
    return Outcome(_in_words(found), all(accuracy < shallow - 0.1 for accuracy in deeper), found)


def deeper_convolutions(progress: Progress) -> Outcome:
    """Train the same plain convolutional network with 20, 56 and 110 layers, and its residual twins."""
    found = _accuracies(("plain-conv-20", "plain-conv-56", "plain-conv-110", "resnet-56", "resnet-110"), progress)
    shallow, deep, deepest, *residual = found.values()
    holds = deep < shallow - MUCH_WORSE and deepest <= CHANCE_AT_MOST and min(residual) > RESIDUAL_LEARNT_AT_LEAST
    return Outcome(_in_words(found), holds, found)


def deep_convolutions(progress: Progress) -> Outcome:
    """Train ResNets of 152 and 1202 layers."""
    found = _accuracies(("resnet-152", "resnet-1202"), progress)
    holds = found["resnet-152"] > LEARNT_AT_LEAST and found["resnet-1202"] > RESIDUAL_LEARNT_AT_LEAST
    return Outcome(_in_words(found), holds, found)


def sigmoid_convolutions(progress: Progress) -> Outcome:
    """Train a plain convolutional network of sigmoids, and look at its gradient before the first step."""
    [(name, history)] = _recorded(("conv-sigmoid-20",), progress)
    row = history.row("activation_grad_rms", 0)
    assert row is not None, "measured at step 0"
    fall, accuracy = float(row[-1] - row[0]), accuracy_of(history)
    words = f"{accuracy:.1%} right; the gradient falls by {fall:.1f} decades"
    return Outcome(words, accuracy <= CHANCE_AT_MOST and fall > SIGMOID_FALL, {name: accuracy, "decades": fall})


def post_norm(progress: Progress) -> Outcome:
    """Train post-norm Transformers of 12 and 24 blocks, one of them with warm-up, and a pre-norm one of 24."""
    names = ("post-norm-12", "post-norm-12-warmup", "post-norm-24", "pre-norm-24")
    found = _accuracies([f"transformer-{name}" for name in names], progress)
    plain, warmed, deep, pre_norm = found.values()
    holds = max(plain, deep) <= CHANCE_AT_MOST and min(warmed, pre_norm) >= TRANSFORMER_LEARNT_AT_LEAST
    return Outcome(_in_words(found), holds, found)


def tokens_alike(progress: Progress) -> Outcome:
    """Train a Transformer without shortcuts, and look at its tokens and its gradient before the first step."""
    [(name, history)] = _recorded(("transformer-no-shortcut",), progress)
    cosine, gradient = history.row("token_cosine", 0), history.row("activation_grad_rms", 0)
    assert cosine is not None, "measured at step 0"
    assert gradient is not None, "measured at step 0"
    # a block ends with its second row
    blocks = cosine[1::2]
    smallest = float(blocks[FIRST_BLOCK_ALIKE - 1 :].min())
    numbers = {name: accuracy_of(history), "cosine": smallest, "decades": float(np.ptp(gradient))}
    holds = numbers[name] <= CHANCE_AT_MOST and smallest >= ALIKE
    words = (
        f"{numbers[name]:.1%} right; cosine {blocks[0]:.2f} after block 1, {smallest:.3f} or more from block "
        f"{FIRST_BLOCK_ALIKE} on, while the gradient differs by {numbers['decades']:.1f} decades"
    )
    return Outcome(words, holds, numbers)


def _accuracies(names: Sequence[str], progress: Progress) -> dict[str, float]:
    return {name: accuracy_of(history) for name, history in _recorded(names, progress)}


def _recorded(names: Sequence[str], progress: Progress) -> Iterator[tuple[str, History]]:
    """Train the presets one after the other; progress counts them as one measurement."""
    for number, name in enumerate(names):

        def tell(share: float, number: int = number) -> None:
            progress((number + share) / len(names))

        yield name, recorded_preset(name, tell)


def _in_words(accuracies: dict[str, float]) -> str:
    return ", ".join(f"{name} {accuracy:.1%}" for name, accuracy in accuracies.items())
