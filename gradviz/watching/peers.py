"""What others measure on a network in training, as they document it, to lay its cost beside ours.

Each is made for a model, and is called after the backward pass and before the optimiser's step. Those of libraries are
there only where the library is.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

AfterBackward = Callable[[int, Tensor], None]
End = Callable[[], None]
Peer = tuple[AfterBackward, End]


def hook_snippet(model: nn.Module) -> Peer:
    """Return the snippet that is found everywhere: hooks on every module, and a number of each taken at once."""
    found: dict[str, float] = {}

    def forward_hook(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            found[f"{name} mean"] = output.mean().item()
            found[f"{name} std"] = output.std().item()

        return hook

    def backward_hook(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _grad_input: Any, grad_output: Any) -> None:
            found[f"{name} gradient"] = grad_output[0].norm().item()

        return hook

    handles = []
    for name, module in model.named_modules():
        if not list(module.children()):
            handles.append(module.register_forward_hook(forward_hook(name)))
            handles.append(module.register_full_backward_hook(backward_hook(name)))

    def end() -> None:
        for handle in handles:
            handle.remove()

    return _nothing, end


def lightning_grad_norm(model: nn.Module) -> Peer:
    """Return what Lightning's `grad_norm` does: the norm of every parameter's gradient, and one of them all."""

    def after_backward(_step: int, _loss: Tensor) -> None:
        norms = {
            name: parameter.grad.data.norm(2.0)
            for name, parameter in model.named_parameters()
            if parameter.grad is not None
        }
        norms["total"] = torch.tensor(list(norms.values())).norm(2.0)

    return after_backward, lambda: None


def tensorboard_scalars(model: nn.Module) -> Peer:
    """Return a norm of each parameter's gradient as a scalar in TensorBoard."""
    writer, end = _summary_writer()

    def after_backward(step: int, loss: Tensor) -> None:
        writer.add_scalar("loss", loss.item(), step)
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                writer.add_scalar(name, parameter.grad.norm().item(), step)

    return after_backward, end


def tensorboard_histograms(model: nn.Module) -> Peer:
    """Return a histogram of each parameter's gradient in TensorBoard."""
    writer, end = _summary_writer()

    def after_backward(step: int, _loss: Tensor) -> None:
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                writer.add_histogram(name, parameter.grad, step)

    return after_backward, end


def wandb_watch(model: nn.Module) -> Peer:
    """Return `wandb.watch` of the gradients at every step, offline."""
    os.environ["WANDB_SILENT"] = "true"
    import wandb

    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with contextlib.redirect_stderr(io.StringIO()):
        run = wandb.init(mode="offline", dir=folder.name, settings=wandb.Settings(console="off"))
        run.watch(model, log="gradients", log_freq=1)

    def end() -> None:
        run.unwatch(model)
        run.finish()
        folder.cleanup()

    return lambda step, loss: run.log({"loss": loss.item()}, step=step), end


def available() -> dict[str, Callable[[nn.Module], Peer]]:
    """Return the peers that can be measured here, by name."""
    peers: dict[str, Callable[[nn.Module], Peer]] = {
        "hooks and .item()": hook_snippet,
        "Lightning grad_norm": lightning_grad_norm,
    }
    if find_spec("tensorboard") is not None:
        peers |= {"TensorBoard scalars": tensorboard_scalars, "TensorBoard histograms": tensorboard_histograms}
    if find_spec("wandb") is not None:
        peers["wandb.watch"] = wandb_watch
    return peers


def _summary_writer() -> tuple[Any, End]:
    from torch.utils.tensorboard import SummaryWriter

    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    writer = SummaryWriter(Path(folder.name))

    def end() -> None:
        writer.close()
        folder.cleanup()

    return writer, end


def _nothing(_step: int, _loss: Tensor) -> None:
    pass
