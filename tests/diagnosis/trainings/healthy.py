"""Trainings with nothing wrong with them, though some do what a careless rule takes for a defect."""

from __future__ import annotations

from collections.abc import Callable

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
    Mixture,
    Recurrent,
    ResNet,
    Transformer,
    TwoHeads,
    UNet,
    convolutional,
    kaiming,
    low_rank,
    multilayer,
)  # fmt: skip

HEALTHY: dict[str, Callable[[], History]] = {}


def healthy(run: Callable[[], History]) -> Callable[[], History]:
    """Enter a training under its name."""
    HEALTHY[run.__name__] = run
    return run


@healthy
def mlp_sgd() -> History:
    model = kaiming(multilayer())
    return train(model, sgd(model), classify(model))


@healthy
def mlp_adam_validated() -> History:
    model = multilayer()
    return train(model, adam(model), classify(model), 150, further=validated(model, points))


@healthy
def mlp_nothing_logged_but_the_loss() -> History:
    model = multilayer(6)
    return train(model, adamw(model), classify(model, told=False))


@healthy
def mlp_gelu_layer_norm() -> History:
    parts = [part for _ in range(3) for part in (nn.Linear(32, 32), nn.LayerNorm(32), nn.GELU())]
    model = nn.Sequential(nn.Linear(16, 32), *parts, nn.Linear(32, 10))
    return train(model, adamw(model), classify(model))


@healthy
def mlp_tanh_sgd() -> History:
    model = multilayer(activation=nn.Tanh)
    return train(model, sgd(model, 0.1), classify(model))


@healthy
def mlp_wide_dropout() -> History:
    model = nn.Sequential(nn.Linear(16, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10))
    return train(model, adam(model), classify(model))


@healthy
def mlp_learnt_to_the_end() -> History:
    model = kaiming(multilayer())
    return train(model, adam(model, 3e-3), classify(model, lambda: points(noise=0.05)), 250)


@healthy
def mlp_balanced_by_chance_in_small_batches() -> History:
    model = multilayer()
    return train(model, sgd(model, 0.02), classify(model, lambda: points(8)), 150)


@healthy
def cnn_adam() -> History:
    model = convolutional()
    return train(model, adam(model), classify(model, pictures), 80)


@healthy
def cnn_sgd_weight_decay() -> History:
    model = convolutional()
    return train(model, sgd(model, weight_decay=5e-4), classify(model, pictures), 80)


@healthy
def resnet_sgd() -> History:
    model = ResNet()
    return train(model, sgd(model), classify(model, pictures), 60)


@healthy
def resnet_adam_with_branches_that_begin_at_zero() -> History:
    model = ResNet()
    for block in model.blocks:
        nn.init.zeros_(block.bn2.weight)
    return train(model, adam(model), classify(model, pictures), 60)


def segment(model: nn.Module) -> Callable[[], Logged]:
    def once() -> Logged:
        inputs = torch.randn(4, 1, 16, 16)
        wanted = (functional.avg_pool2d(inputs, 3, 1, 1) > 0).float()
        outputs = model(inputs)
        return {
            "loss": functional.binary_cross_entropy_with_logits(outputs, wanted), "inputs": inputs, "outputs": outputs,
            "targets": wanted,
        }  # fmt: skip

    return once


@healthy
def unet_adam() -> History:
    model = UNet()
    return train(model, adam(model), segment(model), 80)


@healthy
def unet_sgd() -> History:
    model = UNet()
    return train(model, sgd(model), segment(model), 80)


@healthy
def lstm_adam() -> History:
    model = Recurrent()
    return train(model, adam(model, 3e-3), classify(model, signals), 100)


@healthy
def gru_clipped_now_and_then() -> History:
    model = Recurrent("GRU")
    return train(
        model, sgd(model, 0.1), classify(model, signals), 100,
        before_step=lambda: nn.utils.clip_grad_norm_(model.parameters(), 0.5),
    )  # fmt: skip


@healthy
def transformer_adamw() -> History:
    model = Transformer()
    return train(model, adamw(model, 3e-3), classify(model, tokens), 80)


@healthy
def transformer_warmed_up_and_clipped() -> History:
    model = Transformer()
    optimizer = adamw(model, 3e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 60))
    return train(
        model, optimizer, classify(model, tokens), 100, scheduler=schedule,
        before_step=lambda: nn.utils.clip_grad_norm_(model.parameters(), 1.0),
    )  # fmt: skip


@healthy
def cosine_down_to_nothing() -> History:
    model = multilayer()
    optimizer = sgd(model)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 120)
    return train(model, optimizer, classify(model), 120, scheduler=schedule)


@healthy
def mixture_with_all_experts_busy() -> History:
    model = Mixture()
    return train(model, adam(model, 3e-3), classify(model, lambda: points(256)), 80)


@healthy
def adapters_beside_frozen_layers() -> History:
    model = low_rank()
    held = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], 3e-3)
    return train(model, held, classify(model))


@healthy
def fine_tuning_the_head() -> History:
    model = convolutional()
    model[:6].requires_grad_(False)
    return train(model, torch.optim.Adam(model[8].parameters(), 1e-2), classify(model, pictures), 80)


@healthy
def autoencoder_adam() -> History:
    model = Autoencoder()

    def once() -> Logged:
        inputs, _ = points()
        outputs = model(inputs)
        return {"loss": functional.mse_loss(outputs, inputs), "inputs": inputs, "outputs": outputs, "targets": inputs}

    return train(model, adam(model), once, 150)


@healthy
def two_heads_two_groups() -> History:
    model = TwoHeads()
    groups = [{"params": model.trunk.parameters(), "lr": 1e-3}, {"params": [*model.first.parameters(),
              *model.second.parameters()], "lr": 3e-3}]  # fmt: skip

    def once() -> Logged:
        inputs, labels = points()
        first, second = model(inputs)
        loss = functional.cross_entropy(first, labels) + functional.mse_loss(second[:, 0], inputs.mean(1))
        return {"loss": loss, "inputs": inputs, "outputs": first, "targets": labels}

    return train(model, torch.optim.Adam(groups), once)


@healthy
def gan_in_turns() -> History:
    generator, critic = multilayer(3, inputs=4, outputs=16), multilayer(3, outputs=1)
    both = nn.ModuleDict({"generator": generator, "critic": critic})
    of_generator, of_critic = adam(generator), adam(critic)
    with gradviz.watch(both, None, max_overhead=None) as recorder:
        for _ in range(80):
            real, noise = points()[0], torch.randn(64, 4)
            fake = critic(generator(noise).detach())
            loss = functional.softplus(-critic(real)).mean() + functional.softplus(fake).mean()
            of_critic.zero_grad()
            loss.backward()
            of_critic.step()
            fooled = functional.softplus(-critic(generator(noise))).mean()
            of_generator.zero_grad()
            fooled.backward()
            of_generator.step()
            recorder.log(loss=loss, generator_loss=fooled)
    assert recorder.history is not None
    return recorder.history


@healthy
def critic_five_times_for_each_step_of_the_generator() -> History:
    generator, critic = multilayer(3, inputs=4, outputs=16), multilayer(3, outputs=1)
    both = nn.ModuleDict({"generator": generator, "critic": critic})
    of_generator, of_critic = adam(generator), adam(critic)
    with gradviz.watch(both, None, max_overhead=None) as recorder:
        for step in range(100):
            with torch.no_grad():
                fake = generator(torch.randn(64, 4))
            loss = functional.softplus(-critic(points()[0])).mean() + functional.softplus(critic(fake)).mean()
            of_critic.zero_grad()
            loss.backward()
            of_critic.step()
            recorder.log(loss=loss)
            if step % 5 == 4:
                fooled = functional.softplus(-critic(generator(torch.randn(64, 4)))).mean()
                of_generator.zero_grad()
                fooled.backward()
                of_generator.step()
    assert recorder.history is not None
    return recorder.history


@healthy
def scales_that_begin_near_zero() -> History:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 32))
            self.scale = nn.Parameter(torch.full((32,), 1e-5))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.scale * self.inner(x)

    model = nn.Sequential(nn.Linear(16, 32), *(Scaled() for _ in range(3)), nn.Linear(32, 10))
    return train(model, adamw(model, 3e-3), classify(model))


@healthy
def probabilities_of_a_sigmoid_at_the_end() -> History:
    model = nn.Sequential(*multilayer(3, outputs=1), nn.Sigmoid())

    def once() -> Logged:
        inputs = torch.randn(64, 16)
        wanted = (inputs[:, :1] > 0).float()
        outputs = model(inputs)
        return {
            "loss": functional.binary_cross_entropy(outputs, wanted), "inputs": inputs, "outputs": outputs,
            "targets": wanted,
        }  # fmt: skip

    return train(model, adam(model, 1e-2), once, 150)


@healthy
def policy_gradient_with_a_baseline() -> History:
    agent = nn.ModuleDict({
        "trunk": multilayer(3, inputs=4, outputs=32), "policy": nn.Linear(32, 2), "value": nn.Linear(32, 1)
    })  # fmt: skip
    optimizer = adam(agent, 3e-3)
    with gradviz.watch(agent, None, max_overhead=None) as recorder:
        for _ in range(100):
            states = torch.randn(64, 4)
            inner = functional.relu(agent["trunk"](states))
            chances = agent["policy"](inner).log_softmax(1)
            actions = torch.multinomial(chances.detach().exp(), 1)[:, 0]
            rewards = (actions == (states[:, 0] > 0)).float()
            guess = agent["value"](inner)[:, 0]
            chosen = chances.gather(1, actions[:, None])[:, 0]
            loss = -(chosen * (rewards - guess.detach())).mean() + functional.mse_loss(guess, rewards)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.log(loss=loss, reward=rewards.mean())
    assert recorder.history is not None
    return recorder.history


@healthy
def accumulated_over_four_batches() -> History:
    model = multilayer()
    optimizer = adam(model)
    with gradviz.watch(model, None, max_overhead=None) as recorder:
        for _ in range(80):
            for _ in range(4):
                inputs, labels = points(16)
                loss = functional.cross_entropy(model(inputs), labels) / 4
                loss.backward()
                recorder.log(loss=4 * loss)
            optimizer.step()
            optimizer.zero_grad()
    assert recorder.history is not None
    return recorder.history


@healthy
def student_of_a_frozen_teacher() -> History:
    both = nn.ModuleDict({"teacher": kaiming(multilayer()), "student": multilayer()})
    teacher, student = both["teacher"].requires_grad_(False), both["student"]

    def once() -> Logged:
        inputs, _ = points()
        with torch.no_grad():
            wanted = teacher(inputs)
        return {"loss": functional.mse_loss(student(inputs), wanted)}

    return train(both, adam(student), once, 100)


@healthy
def value_network_with_a_target_that_follows() -> History:
    both = nn.ModuleDict({"online": multilayer(3, inputs=4, outputs=2), "target": multilayer(3, inputs=4, outputs=2)})
    both["target"].load_state_dict(both["online"].state_dict())

    def once() -> Logged:
        states, actions, coming = torch.randn(64, 4), torch.randint(2, (64, 1)), torch.randn(64, 4)
        rewards = (actions[:, 0] == (states[:, 0] > 0)).float()
        wanted = rewards + 0.5 * both["target"](coming).max(1).values.detach()
        with torch.no_grad():
            for old, new in zip(both["target"].parameters(), both["online"].parameters(), strict=True):
                old.lerp_(new, 0.05)
        return {"loss": functional.smooth_l1_loss(both["online"](states).gather(1, actions)[:, 0], wanted)}

    return train(both, adam(both["online"]), once, 100)


@healthy
def regression_with_large_targets() -> History:
    model = multilayer(outputs=1)

    def once() -> Logged:
        inputs, _ = points()
        outputs: Tensor = model(inputs)[:, 0]
        wanted = 10.0 * inputs.sum(1) + 5.0
        return {"loss": functional.mse_loss(outputs, wanted), "inputs": inputs, "outputs": outputs, "targets": wanted}

    return train(model, adam(model, 3e-3), once, 150)
