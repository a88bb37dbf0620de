"""What a script logs of its batches: inputs and labels out of range, and answers that are the same for everything."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.settling import SETTLED_STEPS
from gradviz.diagnosis.thresholds import Thresholds

# inputs of networks that learn well are of the order of 1; those of raw pictures reach 255
HUGE_INPUT = 1000.0
# targets that a loss function of torch leaves out, and that others use for the same
IGNORED_LABELS = (-100.0, -1.0)
ONE_CLASS_SHARE = 0.999
# labels of which so many are alike leave nothing else to say
NEARLY_ALL_LABELS = 0.99
# a mean and a spread of so few samples are no estimate
TOO_FEW_SAMPLES, FEW_SAMPLES = 2, 4
# the last batch of an epoch may be small
LASTING = 10


@rule("bad_inputs", rank=1)
def bad_inputs(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find batches with numbers that are not finite, with nothing but one number, or with huge ones."""
    held = readings.observed("inputs")
    if held is None:
        return None
    numbers = dict(held.observation.numbers)
    largest = max(abs(numbers.get("lowest", 0.0)), abs(numbers.get("highest", 0.0)))
    severity = Severity.WARNING
    if numbers.get("not_finite", 0.0) > 0.0:
        fact = "inputs_not_finite"
        severity = Severity.CRITICAL
    elif numbers.get("std", 1.0) == 0.0:
        fact = "inputs_constant"
        severity = Severity.CRITICAL
    elif not _counts(numbers) and largest >= HUGE_INPUT and numbers.get("std", 0.0) >= 0.1 * HUGE_INPUT:
        fact = "inputs_huge"
        late, first = readings.late_loss, readings.first_loss
        if late is None or first is None or late >= first:
            severity = Severity.CRITICAL
    else:
        return None
    return _finding(
        "bad_inputs", severity, held.since, Evidence(fact, "", held.since, numbers=held.observation.numbers)
    )


@rule("bad_labels", rank=1)
def bad_labels(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find labels that are no number of a class that the network has an output for."""
    held = readings.observed("labels")
    if held is None:
        return None
    numbers = dict(held.observation.numbers)
    # as many as the network has outputs for
    outputs = numbers.get("classes")
    lowest, highest = numbers.get("lowest", 0.0), numbers.get("highest", 0.0)
    negative = lowest < 0.0 and lowest not in IGNORED_LABELS
    if numbers.get("not_finite", 0.0) > 0.0:
        fact = "labels_not_finite"
    elif numbers.get("largest_share", 0.0) >= ONE_CLASS_SHARE and readings.asked_step >= SETTLED_STEPS:
        found = Evidence("labels_alike", "", held.since, numbers=held.observation.numbers)
        return _finding("bad_labels", Severity.WARNING, held.since, found)
    elif outputs is not None and (highest >= max(outputs, 2.0) or negative):
        fact = "labels_out_of_range"
    else:
        return None
    found = evidence(fact, "", held.since, lowest=lowest, highest=highest, outputs=outputs)
    return _finding("bad_labels", Severity.CRITICAL, held.since, found)


@rule("one_class", rank=85)
def one_class(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a network that says the same class for every sample, though not all labels are alike."""
    said, labels = readings.observed("predictions"), readings.observed("labels")
    if said is None or readings.asked_step < thresholds.patience_steps:
        return None
    numbers = dict(said.observation.numbers)
    of_labels = dict(labels.observation.numbers) if labels is not None else {}
    most = of_labels.get("largest_share", 0.0)
    if not numbers.get("largest_share", 0.0) >= ONE_CLASS_SHARE or most > NEARLY_ALL_LABELS:
        return None
    fact = evidence(
        "one_class_for_all",
        "",
        readings.asked_step,
        largest_share=most or None,
        accuracy=numbers.get("accuracy"),
        classes=of_labels.get("classes"),
    )
    return Finding("one_class", Severity.WARNING, readings.asked_step, (fact,), thresholds=("patience_steps",))


@rule("small_batch", rank=5)
def small_batch(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find batch norm that is trained on batches of next to no samples."""
    held = readings.observed("small_batch")
    if held is None or readings.asked_step - held.since < LASTING:
        return None
    samples = dict(held.observation.numbers).get("samples", 0.0)
    if samples > FEW_SAMPLES:
        return None
    severity = Severity.WARNING if samples <= TOO_FEW_SAMPLES else Severity.NOTICE
    rows = held.observation.rows
    fact = evidence("batch_norm_on_few_samples", "", held.since, rows, samples=samples)
    return _finding("small_batch", severity, held.since, fact, rows)


@rule("probabilities_as_logits", rank=9)
def probabilities_as_logits(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find probabilities that the loss function takes for logits, and puts through a softmax once more."""
    said = readings.observed("predictions")
    if said is None or dict(said.observation.numbers).get("softmax_twice") != 1.0:
        return None
    fact = evidence("softmax_twice", "", said.since)
    return _finding("probabilities_as_logits", Severity.WARNING, said.since, fact)


def _counts(numbers: dict[str, float]) -> bool:
    """Whether inputs may be numbers of tokens, which are as large as there are."""
    lowest, highest = numbers.get("lowest", 0.0), numbers.get("highest", 0.0)
    return lowest >= 0.0 and lowest.is_integer() and highest.is_integer()


def _finding(kind: str, severity: Severity, since: int, fact: Evidence, rows: tuple[int, ...] = ()) -> Finding:
    return Finding(
        kind, severity, since, (fact,), rows=rows, worst_row=rows[0] if rows else None, first_step=since, is_cause=True
    )
