"""Trainings with one defect each, by name, and the cause that the first finding has to name.

A cause is the kind of a finding or the name of a fact; several where each would tell a person what to mend.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional

import gradviz
from gradviz.recording.history import History
from trainings.loops import (
    Logged,
    adam,
    adamw,
    classify,
    one_batch,
    pictures,
    points,
    sgd,
    signals,
    tokens,
    train,
    validated,
)  # fmt: skip
from trainings.models import (
    Autoencoder,
    Branches,
    Forgotten,
    Mixture,
    Recurrent,
    ResNet,
    Transformer,
    UNet,
    Unrolled,
    convolutional,
    kaiming,
    low_rank,
    multilayer,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """A training and what is wrong with it."""

    causes: frozenset[str]
    run: Callable[[], History]


BROKEN: dict[str, Broken] = {}


def broken(*causes: str) -> Callable[[Callable[[], History]], Callable[[], History]]:
    """Enter a training under its name."""

    def enter(run: Callable[[], History]) -> Callable[[], History]:
        BROKEN[run.__name__] = Broken(frozenset(causes), run)
        return run

    return enter


# parameters


@broken("in_no_optimizer")
def mlp_middle_in_no_optimizer() -> History:
    model = kaiming(multilayer(6))
    held = torch.optim.Adam([*model[:2].parameters(), *model[8:].parameters()], 1e-3)
    return train(model, held, classify(model), 60)


@broken("in_no_optimizer")
def cnn_head_replaced_after_the_optimizer() -> History:
    model = convolutional()
    optimizer = sgd(model)
    model[8] = nn.Linear(64, 10)
    return train(model, optimizer, classify(model, pictures), 60)


@broken("frozen")
def mlp_frozen_by_accident() -> History:
    model = multilayer(6)
    model[2:8].requires_grad_(False)
    held = torch.optim.Adam([each for each in model.parameters() if each.requires_grad], 1e-3)
    return train(model, held, classify(model), 60)


@broken("never_called")
def mlp_layer_forgotten_in_forward() -> History:
    model = Forgotten()
    return train(model, adam(model), classify(model), 60)


@broken("cut_off")
def branch_detached() -> History:
    model = Branches("detach")
    return train(model, adam(model), classify(model), 60)


@broken("cut_off")
def branch_detached_sgd_nothing_logged() -> History:
    model = Branches("detach")
    return train(model, sgd(model), classify(model, told=False), 60)


@broken("cut_off")
def branch_through_numpy() -> History:
    model = Branches("numpy")
    return train(model, adam(model), classify(model), 60)


@broken("cut_off")
def branch_in_no_grad() -> History:
    model = Branches("no_grad")
    return train(model, adamw(model), classify(model), 60)


@broken("dead_experts")
def mixture_with_experts_nobody_asks() -> History:
    model = Mixture(only=1)
    return train(model, adamw(model), classify(model), 80)


# the loop


@broken("no_gradient")
def no_backward() -> History:
    model = multilayer()
    optimizer = adam(model)
    with gradviz.watch(model, None, max_overhead=None) as recorder:
        for _ in range(60):
            inputs, targets = points()
            loss = functional.cross_entropy(model(inputs), targets)
            optimizer.step()
            optimizer.zero_grad()
            recorder.log(loss=loss)
    assert recorder.history is not None
    return recorder.history


@broken("no_gradient")
def cleared_before_the_step() -> History:
    model = convolutional()
    optimizer = adamw(model)
    return train(model, optimizer, classify(model, pictures), 60, before_step=optimizer.zero_grad)


@broken("no_gradient")
def cleared_to_zeros_before_the_step() -> History:
    model = multilayer()
    optimizer = sgd(model)
    return train(model, optimizer, classify(model), 60, before_step=lambda: optimizer.zero_grad(set_to_none=False))


@broken("gradients_kept")
def gradients_pile_up_sgd() -> History:
    model = kaiming(multilayer())
    return train(model, sgd(model), classify(model), 60, clear=False)


@broken("gradients_kept")
def gradients_pile_up_adam() -> History:
    model = convolutional()
    return train(model, adam(model), classify(model, pictures), 60, clear=False)


# the loss


def log_of_softmax(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.nll_loss(torch.log((outputs * 30).softmax(1)), targets)


@broken("loss_function")
def log_of_a_softmax() -> History:
    model = kaiming(multilayer())
    return train(model, adam(model), classify(model, loss=log_of_softmax), 40)


@broken("loss_function")
def loss_divided_by_zero() -> History:
    model = multilayer()

    def weighted(outputs: Tensor, targets: Tensor) -> Tensor:
        mask = (targets > 20).float()
        return (functional.cross_entropy(outputs, targets, reduction="none") * mask).sum() / mask.sum()

    return train(model, adam(model), classify(model, loss=weighted), 40)


@broken("loss_function", "half_precision_overflow", "diverged")
def loss_overflows_in_float16() -> History:
    model = Autoencoder()

    def once() -> Logged:
        inputs, _ = points()
        return {"loss": ((300.0 * (model(inputs) - inputs)).half() ** 2).mean().float(), "inputs": inputs}

    return train(model, adam(model), once, 40)


@broken("loss_unbounded")
def wrong_sign_of_the_loss() -> History:
    model = multilayer()
    return train(model, adam(model, 3e-3), classify(model, loss=lambda out, y: -functional.cross_entropy(out, y)), 150)


@broken("loss_unbounded")
def wrong_sign_until_the_numbers_end() -> History:
    model = multilayer(outputs=1)

    def once() -> Logged:
        inputs, _ = points()
        return {"loss": -functional.mse_loss(model(inputs)[:, 0], inputs.sum(1))}

    return train(model, sgd(model, 0.01), once, 60)


@broken("probabilities_as_logits")
def softmax_before_cross_entropy() -> History:
    model = nn.Sequential(*multilayer(), nn.Softmax(1))
    return train(model, sgd(model), classify(model), 150)


# the optimiser


@broken("too_much")
def mlp_adam_rate_x1000() -> History:
    model = kaiming(multilayer(6))
    return train(model, adam(model, 1.0), classify(model), 60)


@broken("too_much")
def transformer_adam_rate_x1000() -> History:
    model = Transformer()
    return train(model, adam(model, 1.0), classify(model, tokens), 40)


@broken("too_much")
def resnet_sgd_rate_x1000() -> History:
    model = ResNet()
    return train(model, sgd(model, 50.0), classify(model, pictures), 40)


@broken("too_little")
def mlp_adam_rate_x0001() -> History:
    model = multilayer()
    return train(model, adam(model, 1e-6), classify(model), 120)


@broken("too_little")
def cnn_sgd_rate_x0001() -> History:
    model = convolutional()
    return train(model, sgd(model, 1e-5, momentum=0.0), classify(model, pictures), 120)


@broken("clipped")
def clipped_at_a_thousandth() -> History:
    model = multilayer()
    return train(
        model, sgd(model), classify(model), 120,
        before_step=lambda: nn.utils.clip_grad_norm_(model.parameters(), 1e-3),
    )  # fmt: skip


@broken("clipped")
def recurrent_clipped_at_a_thousandth() -> History:
    model = Recurrent()
    return train(
        model, sgd(model, 0.1), classify(model, signals), 120,
        before_step=lambda: nn.utils.clip_grad_norm_(model.parameters(), 1e-3),
    )  # fmt: skip


@broken("decay")
def weight_decay_outweighs_sgd() -> History:
    model = multilayer()
    return train(model, sgd(model, weight_decay=0.5), classify(model), 120)


@broken("decay")
def weight_decay_outweighs_adamw() -> History:
    model = Transformer()
    return train(model, adamw(model, weight_decay=100.0), classify(model, tokens), 100)


@broken("not_updating")
def bfloat16_rounds_updates_away() -> History:
    model = kaiming(multilayer(width=64)).bfloat16()

    def once() -> Logged:
        inputs, targets = points()
        return {"loss": functional.cross_entropy(model(inputs.bfloat16()).float(), targets)}

    return train(model, sgd(model, 3e-4, momentum=0.0), once, 120)


# the start


@broken("absurd_start")
def weights_x100_although_the_loss_falls() -> History:
    model = multilayer()
    with torch.no_grad():
        for part in model:
            if isinstance(part, nn.Linear):
                part.weight.mul_(100.0)
    return train(model, adam(model), classify(model), 100)


@broken("zero_weights")
def all_weights_zero() -> History:
    model = multilayer()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return train(model, sgd(model), classify(model), 100)


@broken("zero_weights")
def all_weights_zero_behind_sigmoids() -> History:
    model = multilayer(activation=nn.Sigmoid)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return train(model, adam(model), classify(model, told=False), 100)


@broken("absurd_start")
def one_layer_x100_nothing_logged() -> History:
    model = kaiming(multilayer())
    with torch.no_grad():
        model[2].weight.mul_(100.0)
    return train(model, adam(model), classify(model, told=False), 60)


@broken("absurd_start")
def head_x1000() -> History:
    model = convolutional()
    with torch.no_grad():
        model[8].weight.mul_(1000.0)
    return train(model, adam(model), classify(model, pictures), 60)


# the batch


@broken("small_batch")
def batch_norm_with_two_samples() -> History:
    model = convolutional()
    return train(model, adam(model), classify(model, lambda: pictures(2)), 100)


def unbalanced() -> tuple[Tensor, Tensor]:
    inputs, labels = points(noise=4.0)
    labels[torch.rand(labels.shape) < 0.95] = 0
    return inputs, labels


@broken("one_class")
def one_class_for_all() -> History:
    model = multilayer()
    return train(model, adam(model), classify(model, unbalanced), 150)


@broken("bad_inputs")
def nan_in_the_inputs() -> History:
    model = multilayer()

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        inputs[3, 5] = math.nan
        return inputs, labels

    return train(model, adam(model), classify(model, data), 40)


@broken("bad_inputs")
def inputs_constant() -> History:
    model = multilayer()

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        return torch.full_like(inputs, 0.5), labels

    return train(model, adam(model), classify(model, data), 120)


@broken("bad_inputs")
def inputs_huge() -> History:
    model = multilayer()

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        return inputs * 1e4, labels

    return train(model, sgd(model, 0.01), classify(model, data), 60)


@broken("labels_alike")
def labels_all_the_same() -> History:
    model = multilayer()

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        return inputs, torch.zeros_like(labels)

    return train(model, adam(model), classify(model, data), 60)


@broken("bad_labels")
def labels_out_of_range() -> History:
    model = multilayer()

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        # as a file with class numbers from 1 on gives them, with the last ones ignored in silence
        return inputs, labels + 3

    def cropped(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, torch.where(targets < 10, targets, -100))

    return train(model, adam(model), classify(model, data, cropped), 60)


@broken("not_learning", "validation_at_chance")
def labels_shuffled() -> History:
    model = multilayer()

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        return inputs, labels[torch.randperm(len(labels))]

    return train(model, adam(model), classify(model, data), 200, further=validated(model, data))


@broken("overfitting", "validation_at_chance")
def labels_shuffled_and_learnt_by_heart() -> History:
    model = multilayer(width=128)

    def data() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        return inputs, labels[torch.randperm(len(labels))]

    return train(model, adam(model, 3e-3), classify(model, one_batch(data)), 200, further=validated(model, data))


@broken("overfitting")
def overfitting() -> History:
    model = multilayer(width=128)

    def noisy() -> tuple[Tensor, Tensor]:
        return points(48, noise=3.0)

    seen = one_batch(noisy)
    further = validated(model, lambda: points(512, noise=3.0))
    return train(model, adam(model, 3e-3), classify(model, seen), 250, further=further)


# the network


@broken("narrow")
def width_of_one() -> History:
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1), nn.ReLU(), nn.Linear(1, 32), nn.ReLU(),
                          nn.Linear(32, 10))  # fmt: skip
    return train(model, adam(model), classify(model), 200)


@broken("dead")
def relu_units_dead_from_the_start() -> History:
    model = kaiming(multilayer())
    nn.init.constant_(model[2].bias, -100.0)
    return train(model, adam(model), classify(model), 60)


@broken("dead")
def cnn_relu_units_dead_at_a_share() -> History:
    model = convolutional(16)
    nn.init.constant_(model[4].bias[:28], -50.0)
    return train(model, adam(model), classify(model, pictures), 60)


@broken("saturated")
def sigmoid_saturated() -> History:
    model = multilayer(activation=nn.Sigmoid)
    with torch.no_grad():
        model[2].bias.fill_(30.0)
    return train(model, adam(model), classify(model), 60)


@broken("saturated")
def tanh_saturated_autoencoder() -> History:
    model = Autoencoder()
    with torch.no_grad():
        model[0].bias.uniform_(20.0, 40.0)

    def once() -> Logged:
        inputs, _ = points()
        return {"loss": functional.mse_loss(model(inputs), inputs), "inputs": inputs}

    return train(model, adam(model), once, 60)


@broken("vanishing")
def deep_sigmoid() -> History:
    model = multilayer(20, activation=nn.Sigmoid)
    return train(model, sgd(model), classify(model), 60)


@broken("vanishing")
def long_recurrence_of_sigmoids() -> History:
    model = Unrolled()

    def data() -> tuple[Tensor, Tensor]:
        return signals(length=40)

    return train(model, adam(model), classify(model, data), 60)


@broken("exploding", "absurd_start")
def deep_plain_network_explodes() -> History:
    model = multilayer(20)
    with torch.no_grad():
        for part in model:
            if isinstance(part, nn.Linear):
                nn.init.normal_(part.weight, std=3.0 / math.sqrt(part.in_features))
    return train(model, sgd(model, 1e-3), classify(model), 60)


@broken("vanishing")
def deep_tanh_without_shortcut() -> History:
    model = multilayer(40, activation=nn.Tanh)
    return train(model, sgd(model), classify(model), 60)


# several networks, adapters, rewards


@broken("in_no_optimizer")
def adapters_in_no_optimizer() -> History:
    model = low_rank()
    return train(model, torch.optim.AdamW(model[6].parameters(), 1e-3), classify(model), 60)


@broken("cut_off")
def generator_cut_off_in_a_gan() -> History:
    generator, critic = multilayer(3, inputs=4, outputs=16), multilayer(3, outputs=1)
    both = nn.ModuleDict({"generator": generator, "critic": critic})
    of_generator, of_critic = adam(generator), adam(critic)
    with gradviz.watch(both, None, max_overhead=None) as recorder:
        for _ in range(60):
            real, noise = points()[0], torch.randn(64, 4)
            of_critic.zero_grad()
            loss = (
                functional.softplus(-critic(real)).mean()
                + functional.softplus(critic(generator(noise).detach())).mean()
            )
            loss.backward()
            of_critic.step()
            of_generator.zero_grad()
            # the detach of the critic's turn, copied into the generator's
            fooled = functional.softplus(-critic(generator(noise).detach())).mean()
            fooled.backward()
            of_generator.step()
            recorder.log(loss=loss)
    assert recorder.history is not None
    return recorder.history


@broken("cut_off", "no_gradient")
def policy_gradient_through_detached_probabilities() -> History:
    trunk, policy, value = multilayer(3, inputs=4, outputs=32), nn.Linear(32, 2), nn.Linear(32, 1)
    agent = nn.ModuleDict({"trunk": trunk, "policy": policy, "value": value})
    optimizer = adam(agent, 3e-3)
    with gradviz.watch(agent, None, max_overhead=None) as recorder:
        for _ in range(80):
            states = torch.randn(64, 4)
            inner = trunk(states)
            chances = policy(inner).softmax(1)
            actions = torch.multinomial(chances, 1)[:, 0]
            rewards = (actions == (states[:, 0] > 0)).float()
            # sampled from a copy without a graph, and its probabilities taken from there, too
            chosen = chances.detach().gather(1, actions[:, None])[:, 0].log()
            guess = value(inner)[:, 0]
            loss = -(chosen * (rewards - guess.detach())).mean() + functional.mse_loss(guess, rewards)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.log(loss=loss, reward=rewards.mean())
    assert recorder.history is not None
    return recorder.history


@broken("cut_off")
def unet_decoder_fed_with_detached_features() -> History:
    class Cut(UNet):
        def forward(self, x: Tensor) -> Tensor:
            level = self.enter(x)
            below = self.up(self.down(functional.max_pool2d(level, 2))).detach()
            return self.leave(self.join(torch.cat([level, below], 1)))

    model = Cut()

    def once() -> Logged:
        inputs = torch.randn(4, 1, 16, 16)
        wanted = (functional.avg_pool2d(inputs, 3, 1, 1) > 0).float()
        return {"loss": functional.binary_cross_entropy_with_logits(model(inputs), wanted)}

    return train(model, adam(model), once, 60)


@broken("in_no_optimizer")
def generator_in_no_optimizer() -> History:
    generator, critic = multilayer(3, inputs=4, outputs=16), multilayer(3, outputs=1)
    both = nn.ModuleDict({"generator": generator, "critic": critic})
    of_critic = torch.optim.Adam(chain(critic.parameters(), generator[0].parameters()), 1e-3)
    with gradviz.watch(both, None, max_overhead=None) as recorder:
        for _ in range(60):
            of_critic.zero_grad()
            fake = critic(generator(torch.randn(64, 4)))
            loss = functional.softplus(-critic(points()[0])).mean() + functional.softplus(fake).mean()
            loss.backward()
            of_critic.step()
            recorder.log(loss=loss)
    assert recorder.history is not None
    return recorder.history
