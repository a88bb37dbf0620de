"""Which modules all of the signal from input to loss passes through, as the graph of one forward pass has it.

Modules are called one after the other, but a network may branch and join: what runs in between two ends of a shortcut
is passed by. A gradient that is smaller there than behind it has not faded on its way to the input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import Node

from gradviz.probes.modules.hooks import Guard, TrainingHook, first_tensor, in_backward_pass

# a graph of more nodes than this, of a network that is unrolled over many steps, is not walked
MOST_NODES = 100_000
# nodes of activations that would be measured if they were modules, and what people call these
ACTIVATION_NODES = {
    "ReluBackward0": "relu",
    "SigmoidBackward0": "sigmoid",
    "TanhBackward0": "tanh",
    "HardtanhBackward0": "hardtanh",
    "HardsigmoidBackward0": "hardsigmoid",
}
# of the modules that are given something from outside, the first so many are tried as the beginning
MOST_BEGINNINGS = 8


class SignalPath:
    """Looks at the first training pass of `model` as a whole, until it is told to stop.

    Where several modules are given something from outside, such as the time in a diffusion network, the path begins at
    the one from which it has the most modules. Modules whose outputs are not in the graph, because they are frozen or
    checkpointed, are not judged.
    """

    def __init__(self, model: nn.Module, modules: Iterable[nn.Module], guard: Guard) -> None:
        self._nodes: dict[Node, list[nn.Module]] = {}
        self._off: frozenset[nn.Module] | None = None
        # what hides activations of its own in a module that is no activation
        self._hidden = any(isinstance(module, (nn.RNNBase, nn.RNNCellBase)) for module in model.modules())
        self.functions: dict[str, int] = {}
        leave, end = TrainingHook(guard, self._leave), TrainingHook(guard, self._end)
        self._handles = [module.register_forward_hook(leave) for module in modules]
        self._handles.append(model.register_forward_hook(end))

    def stop(self) -> frozenset[nn.Module]:
        """Take the hooks away, and return the modules that part of the signal passes by."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._nodes = [], {}
        return self._off or frozenset()

    def _leave(self, module: nn.Module, _args: Any, output: Any) -> None:
        x = first_tensor(output)
        if self._off is None and x is not None and x.grad_fn is not None and not in_backward_pass():
            self._nodes.setdefault(x.grad_fn, []).append(module)

    def _end(self, _model: nn.Module, _args: Any, output: Any) -> None:
        if self._off is not None or in_backward_pass():
            return
        ends = [x.grad_fn for x in _tensors(output) if x.grad_fn is not None]
        judged = {module for modules in self._nodes.values() for module in modules}
        on_path = _passed_by_all(ends, self._nodes)
        self._off = frozenset(judged - on_path) if on_path is not None else frozenset()
        if not self._hidden:
            self.functions = _functions(ends, self._nodes)
        # the graph is the training's, and is not kept
        self._nodes = {}


def _passed_by_all(ends: Sequence[Node], outputs: dict[Node, list[nn.Module]]) -> set[nn.Module] | None:
    """Return the modules that all of the signal passes through; None if that cannot be told."""
    graph = _graph(ends)
    if graph is None:
        return None
    ordered, before = graph
    # what a node is made of, among the outputs of modules: none of them where it begins
    made_of_others: dict[Node, bool] = {}
    beginnings: list[Node] = []
    for node in reversed(ordered):
        inner = any(made_of_others[each] or each in outputs for each in before[node])
        made_of_others[node] = inner
        if node in outputs and not inner:
            beginnings.append(node)
    # in the order in which they were called
    place = {node: number for number, node in enumerate(outputs)}
    beginnings.sort(key=place.__getitem__)
    paths = [_path(ends, ordered, before, beginning) for beginning in beginnings[:MOST_BEGINNINGS]]
    found = [{module for node in path for module in outputs.get(node, ())} for path in paths]
    return max(found, key=len, default=None)


def _functions(ends: Sequence[Node], outputs: dict[Node, list[nn.Module]]) -> dict[str, int]:
    """Return how many activations, by name, are in the graph that are no module's output: called as functions."""
    graph = _graph(ends)
    called = Counter(
        ACTIVATION_NODES[node.name()]
        for node in (graph[0] if graph is not None else ())
        if node.name() in ACTIVATION_NODES and not any(map(_is_activation, outputs.get(node, ())))
    )
    return dict(called)


def _is_activation(module: nn.Module) -> bool:
    return type(module).__module__ == nn.ReLU.__module__ or not any(module.parameters())


def _graph(ends: Sequence[Node]) -> tuple[list[Node], dict[Node, list[Node]]] | None:
    """Return all nodes behind `ends`, each before those that it is made of, and what each is made of."""
    before: dict[Node, list[Node]] = {}
    ordered: list[Node] = []
    stack: list[tuple[Node, bool]] = [(node, False) for node in ends]
    while stack:
        node, done = stack.pop()
        if done:
            ordered.append(node)
            continue
        if node in before:
            continue
        before[node] = [each for each, _ in node.next_functions if each is not None]
        if len(before) > MOST_NODES:
            return None
        stack.append((node, True))
        stack += [(each, False) for each in before[node] if each not in before]
    ordered.reverse()
    return ordered, before


def _path(ends: Sequence[Node], ordered: list[Node], before: dict[Node, list[Node]], beginning: Node) -> list[Node]:
    """Return the nodes that are on every way from `ends` back to `beginning`.

    The nodes are gone through in order. A node is on every way if all ways on from those gone through lead to it.
    """
    leads: set[Node] = {beginning}
    for node in reversed(ordered):
        if not leads.isdisjoint(before[node]):
            leads.add(node)
    arriving = Counter(node for node in ends if node in leads)
    underway = arriving.total()
    path = []
    for node in ordered:
        if node not in leads:
            continue
        if arriving[node] == underway:
            path.append(node)
        if node is beginning:
            break
        onwards = [each for each in before[node] if each in leads]
        arriving.update(onwards)
        underway += len(onwards) - arriving[node]
    return path


def _tensors(tree: Any) -> list[Tensor]:
    if isinstance(tree, Tensor):
        return [tree]
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [x for part in tree for x in _tensors(part)] if isinstance(tree, (tuple, list)) else []
