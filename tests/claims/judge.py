"""How many held-out digits an ordinary network gets right that was trained by autograd, module by module."""

from __future__ import annotations

import torch
from sklearn.metrics import accuracy_score
from torch import nn

from gradviz.experiment import load_preset
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.training.run import TrainingRun


def right_answers(preset: str) -> float:
    """Train the preset's network as an `nn.Sequential`, on the same batches, and let scikit-learn judge it."""
    run = TrainingRun(load_preset(preset).changed(device="cpu"))
    e = run.experiment
    plain = reference_network(e, run.data.features, run.data.classes)
    copy_weights(run.network, plain)
    rule = torch.optim.Adam(plain.parameters(), lr=e.training.learning_rate, weight_decay=e.training.weight_decay)
    generator = torch.Generator().manual_seed(e.training.seed)
    inputs, labels = torch.from_numpy(run.data.train_inputs).float(), torch.from_numpy(run.data.train_labels)
    step = 0
    while step < e.training.steps:
        order = torch.randperm(len(labels), generator=generator)
        for first in range(0, len(labels) - e.training.batch_size + 1, e.training.batch_size):
            if step == e.training.steps:
                break
            chosen = order[first : first + e.training.batch_size]
            rule.zero_grad()
            nn.functional.cross_entropy(plain(inputs[chosen]), labels[chosen]).backward()
            rule.step()
            step += 1
    with torch.no_grad():
        predicted = plain(torch.from_numpy(run.data.test_inputs).float()).argmax(1)
    return float(accuracy_score(run.data.held_out.labels, predicted.numpy()))
