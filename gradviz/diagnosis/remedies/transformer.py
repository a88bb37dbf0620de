"""What to try against each finding about a Transformer, best first.

What is offered first is what the presets that learn have, whose accuracy is measured:
tests/diagnosis/test_tokens_alike.py.
"""

from __future__ import annotations

from gradviz.diagnosis.finding import Remedy
from gradviz.diagnosis.remedies import changes
from gradviz.diagnosis.remedies.choosing import OF_TRAINING, Case, Choices, Tried
from gradviz.experiment import Training
from gradviz.experiment.networks.transformer import Transformer

Of = Case[Transformer]

# with the normalisation on the shortcut a warm-up is enough up to so many blocks
DEEPEST_WARMED_UP = 12
WARMUP_STEPS = 150


def _shortcuts(network: Transformer) -> Remedy | None:
    return changes.setting("token_shortcuts", shortcut="identity") if network.shortcut == "none" else None


def _norm_before(network: Transformer) -> Remedy | None:
    if network.norm == "before" or network.shortcut in ("none", "deepnorm"):
        return None
    return changes.setting("norm_before", norm="before")


def _deepnorm(network: Transformer) -> Remedy | None:
    if network.norm != "after" or network.shortcut != "identity" or network.depth <= DEEPEST_WARMED_UP:
        return None
    return changes.setting("deepnorm", shortcut="deepnorm")


def _warmup(network: Transformer, training: Training) -> Remedy | None:
    if network.shortcut == "none" or network.depth > DEEPEST_WARMED_UP or training.warmup_steps >= WARMUP_STEPS:
        return None
    return changes.setting("warmup", warmup_steps=WARMUP_STEPS)


def _against_alike_tokens(case: Of) -> Tried:
    network, training = case.network, case.training
    return (
        _shortcuts(network),
        _norm_before(network),
        _deepnorm(network),
        _warmup(network, training),
        changes.lower_rate(training, 10.0) if case.trained else None,
    )


BY_KIND: Choices[Transformer] = {
    **OF_TRAINING,
    "tokens_alike": _against_alike_tokens,
    "not_learning": _against_alike_tokens,
    "vanishing": _against_alike_tokens,
}
