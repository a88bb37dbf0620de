"""What to try in one's own code against each finding about a watched network."""

from __future__ import annotations

from gradviz.diagnosis.finding import Suggestion

Tried = tuple[Suggestion, ...]


def against_no_gradient(name: str) -> Tried:
    """Return what may cut a module off from the loss altogether."""
    return _words(
        f"Look along the way from {name} to the loss: .detach(), .item(), torch.no_grad(), argmax or rounding cut it, "
        "and so does a factor of zero.",
        "If its activation is ReLU, its units may all be off: take leaky ReLU or GELU, or a lower learning rate.",
        "If it is meant to rest, freeze it: requires_grad_(False) saves its memory and time, too.",
    )


def against_little_gradient(name: str) -> Tried:
    """Return what lets more of the gradient reach a module."""
    return _words(
        "Let the gradient pass by: a shortcut x + f(x) around the modules between it and the loss.",
        f"Normalise before or after {name}: nn.LayerNorm, nn.BatchNorm2d or nn.GroupNorm.",
        "Take activations whose slope reaches 1 (ReLU, GELU) for sigmoid or tanh, and look at how weights are "
        "initialised: nn.init.kaiming_normal_ suits ReLU, nn.init.xavier_uniform_ tanh.",
    )


def against_growth() -> Tried:
    """Return what keeps the gradient in bounds."""
    return _words(
        "Clip it: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) between backward() and step(), after "
        "scaler.unscale_(optimizer) where a GradScaler is used.",
        "Lower the learning rate tenfold, or warm it up over the first steps.",
        "Scale residual branches down, or normalise what enters them.",
    )


def against_broken() -> Tried:
    """Return where numbers that are none come from."""
    return _words(
        "Let torch.autograd.set_detect_anomaly(True) name the operation for a step or two: often a division by zero, "
        "log(0), or sqrt at 0.",
        "In half precision use torch.autocast with a GradScaler, or bfloat16, which reaches as far as float32.",
        *(suggestion.words for suggestion in against_growth()[:2]),
    )


def against_standing_still(*, rounded_away: bool) -> Tried:
    """Return what gets weights to move; `rounded_away` where updates are lost in the weights' precision."""
    rounding = (
        "Keep the weights in float32 and compute in half precision by torch.autocast: the updates round to nothing."
    )
    return _words(
        *([rounding] if rounded_away else []),
        "See whether the optimiser has these parameters: those of modules made after it, or left out of a group, never "
        "move.",
        "Raise the learning rate of their group: optimizer.param_groups[i]['lr'].",
    )


def against_long_steps() -> Tried:
    """Return what shortens the steps."""
    return _words(
        "Lower the learning rate tenfold, or warm it up over the first steps.",
        "Clip the gradient: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) before step().",
    )


def against_silence() -> Tried:
    """Return what lets a module put something out."""
    return _words(
        "If its activation is ReLU, its units are all off: take leaky ReLU or GELU, a lower learning rate, or a bias "
        "that starts at 0.",
        "Look at what it is given: zeros, a mask that hides everything, or a branch whose last weights are zero.",
    )


def against_no_progress() -> Tried:
    """Return what may get a loss to fall."""
    return _words(
        "Train on one single batch: a network that cannot learn it by heart has another defect than its learning rate.",
        "See whether zero_grad(), backward() and step() come in this order, and step() at all.",
        "Try the learning rate ten times higher and ten times lower.",
    )


def _words(*sentences: str) -> Tried:
    return tuple(Suggestion(sentence) for sentence in sentences)
