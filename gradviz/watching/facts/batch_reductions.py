"""A batch as a few numbers: reduced on its device without waiting for it, and nothing of it is kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gradviz.probes.norms import wide_dtype

# what cross_entropy leaves out unless it is told otherwise
IGNORED_LABEL = -100
# of more classes than this, frequencies are not counted
MOST_CLASSES = 1 << 16
# inputs [INPUT_NUMBERS]
INPUT_NUMBERS = ("lowest", "highest", "mean", "std", "not_finite", "constant_features", "features", "numbers")
# predictions [PREDICTION_NUMBERS], and the counts of classes after them
PREDICTION_NUMBERS = ("right", "compared", "probabilities", "cross_entropy", "log_loss")
# how far the shares of a soft label may be from adding up to 1
SLACK = 1e-3


def reduce_inputs(inputs: Tensor) -> Tensor:
    """Return `INPUT_NUMBERS` of a batch [samples, ...], of its finite numbers where that matters."""
    x = inputs.detach()
    if x.is_complex():
        x = torch.view_as_real(x.resolve_conj())
    x = x.to(torch.float32 if x.is_floating_point() and x.dtype != torch.float64 else wide_dtype(x))
    wide = wide_dtype(x)
    finite = x.isfinite()
    count = finite.sum().to(wide)
    inside = torch.where(finite, x, torch.zeros_like(x)).to(wide)
    mean = inside.sum() / count
    # an overflowing square is no overflow of the input
    scale = inside.abs().amax().clamp_min(torch.finfo(torch.float32).tiny)
    spread = torch.where(finite, (inside - mean) / scale, torch.zeros_like(inside)).square().sum() / count
    rows = x.reshape(x.shape[0], -1) if x.dim() > 1 else x.reshape(-1, 1)
    constant = (rows == rows[:1]).all(0).sum() if len(rows) > 1 else torch.zeros((), device=x.device)
    lowest = torch.where(finite, x, torch.full_like(x, math.inf)).amin()
    highest = torch.where(finite, x, torch.full_like(x, -math.inf)).amax()
    numbers = (lowest, highest, mean, spread.sqrt() * scale, x.numel() - count, constant)
    known = torch.tensor([rows.shape[1], x.numel()], dtype=wide, device=x.device)
    return torch.cat([torch.stack([one.to(wide) for one in numbers]), known])


def reduce_targets(targets: Tensor, outputs: Tensor | None) -> Tensor:
    """Return [lowest, highest, not finite, numbers] of targets, and after them how often each class is among them.

    The classes are as many as `outputs` are wide. There are none where targets are no classes: the numbers of a
    regression. Of targets that are whole numbers without outputs, the classes are those up to the highest.
    """
    t = targets.detach()
    wide = wide_dtype(t)
    whole = not t.is_floating_point() and not t.is_complex()
    numbers = t.reshape(-1).to(wide)
    counted = numbers != IGNORED_LABEL if whole else torch.ones_like(numbers, dtype=torch.bool)
    finite = numbers.isfinite()
    edges = [
        torch.where(finite & counted, numbers, torch.full_like(numbers, math.inf)).amin(),
        torch.where(finite & counted, numbers, torch.full_like(numbers, -math.inf)).amax(),
        (~finite).sum().to(wide),
        counted.sum().to(wide),
    ]
    return torch.cat([torch.stack(edges), _class_counts(t, outputs, wide)])


def reduce_predictions(outputs: Tensor, targets: Tensor | None) -> Tensor:
    """Return `PREDICTION_NUMBERS`, and after them how often each class is the one that `outputs` say.

    `right` of `compared` samples are said rightly, both 0 without targets. `probabilities` is 1 where the scores of
    each sample add up to 1, as after a softmax; `cross_entropy` is what torch's function makes of them as they are, and
    `log_loss` what it should make of probabilities; both NaN without labels. Nothing is in it where outputs are no
    scores of classes.
    """
    scores = _scores(outputs.detach(), targets)
    wide = wide_dtype(outputs)
    if scores is None or not scores.numel():
        return torch.zeros(0, dtype=wide, device=outputs.device)
    if scores.shape[1] == 1:
        only = scores[:, 0].float()
        # probabilities, or their logits
        middle = torch.where((only.amin() >= 0) & (only.amax() <= 1), 0.5, 0.0)
        said, width = (only > middle).long(), 2
    else:
        said, width = scores.argmax(1), scores.shape[1]
    right = torch.zeros((), dtype=wide, device=outputs.device)
    compared = torch.zeros_like(right)
    entropy = log_loss = torch.full_like(right, math.nan)
    if targets is not None and (true := _labels(targets.detach().to(outputs.device), scores)) is not None:
        counted = true != IGNORED_LABEL
        right, compared = ((said == true) & counted).sum().to(wide), counted.sum().to(wide)
        # what is said of padding does not count
        said = torch.where(counted, said, -1)
        if scores.shape[1] > 1:
            inside = counted & (true >= 0) & (true < width)
            entropy = _log_loss(scores.float().log_softmax(1), true, inside).to(wide)
            log_loss = _log_loss(scores.float().log(), true, inside).to(wide)
    sums = (scores.sum(1) - 1).abs().amax() < SLACK
    probabilities = (sums & (scores.amin() >= 0)).to(wide) if scores.shape[1] > 1 else torch.zeros_like(right)
    return torch.cat([torch.stack([right, compared, probabilities, entropy, log_loss]), _counts(said, width).to(wide)])


def _log_loss(logs: Tensor, labels: Tensor, counted: Tensor) -> Tensor:
    """Return the mean of what `logs` [samples, classes] cost at their labels, over the samples that are counted."""
    picked = logs.gather(1, labels.clamp(0, logs.shape[1] - 1)[:, None]).squeeze(1)
    return -torch.where(counted, picked, torch.zeros_like(picked)).sum() / counted.sum()


def _class_counts(t: Tensor, outputs: Tensor | None, wide: torch.dtype) -> Tensor:
    none = torch.zeros(0, dtype=wide, device=t.device)
    scores = _scores(outputs.detach(), t) if outputs is not None else None
    if scores is not None:
        labels = _labels(t, scores)
        if labels is None or scores.shape[1] > MOST_CLASSES:
            return none
        return _counts(labels, max(scores.shape[1], 2)).to(wide)
    if outputs is None and t.dtype in (torch.int64, torch.int32, torch.uint8, torch.bool) and t.device.type == "cpu":
        highest = int(t.max()) if t.numel() else -1
        if 0 <= highest < MOST_CLASSES:
            return _counts(t.reshape(-1).long(), highest + 1).to(wide)
    return none


def _scores(outputs: Tensor, targets: Tensor | None) -> Tensor | None:
    """Return the scores [samples, classes], whichever dimension the classes are in; None if they are none."""
    if not outputs.is_floating_point() or outputs.dim() == 0:
        return None
    shape = tuple(targets.shape) if targets is not None else None
    if shape is not None and targets is not None and not targets.is_floating_point():
        if outputs.dim() >= 2 and tuple(outputs.shape[:1] + outputs.shape[2:]) == shape:
            return outputs.movedim(1, -1).reshape(-1, outputs.shape[1])
        if tuple(outputs.shape[:-1]) == shape:
            return outputs.reshape(-1, outputs.shape[-1])
        # one score for each of two classes, or several labels at a time
        return outputs.reshape(-1, 1) if tuple(outputs.shape) == shape else None
    if targets is None:
        return outputs if outputs.dim() == 2 and outputs.shape[1] > 1 else None
    if targets.numel() == outputs.numel() and (outputs.dim() == 1 or outputs.shape[-1] == 1):
        return outputs.reshape(-1, 1) if _all_of(targets, (targets == 0) | (targets == 1)) else None
    if tuple(outputs.shape) == shape and outputs.dim() == 2:
        return outputs if _all_of(targets, (targets.sum(1) - 1).abs() < SLACK) else None
    return None


def _all_of(targets: Tensor, holds: Tensor) -> bool:
    """Whether targets that are no whole numbers stand for classes; on the CPU only, where nothing is waited for."""
    return targets.device.type == "cpu" and bool(holds.all())


def _labels(targets: Tensor, scores: Tensor) -> Tensor | None:
    """Return the class of each sample [samples]; None if there are not as many."""
    if targets.is_floating_point() and targets.dim() == 2 and targets.shape[1] == scores.shape[1] > 1:
        return targets.argmax(1)
    labels = targets.reshape(-1).long()
    return labels if len(labels) == len(scores) else None


def _counts(labels: Tensor, width: int) -> Tensor:
    """Return how often each of `width` classes is among `labels`; others are not counted."""
    # by sorting: what counts faster waits for the device, or adds up in no fixed order
    ordered = labels.sort().values
    edges = torch.arange(width + 1, device=labels.device, dtype=labels.dtype)
    return torch.searchsorted(ordered, edges).diff()
