"""BatchNorm folded into the convolution before it: the same numbers with fewer passes over the pixels."""

from __future__ import annotations

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module) -> int:
    """Folds, in place and for inference, every BatchNorm that alone reads the output of a convolution.

    A network whose way of computing cannot be traced stays as it is.

    Args:
        network: In evaluation mode; its state dict changes.

    Returns:
        How many were folded.
    """
    try:
        graph = _Tracer().trace(network)
    except Exception:  # a network may compute in ways that tracing refuses with any exception
        return 0
    calls = [node for node in graph.nodes if node.op == "call_module"]
    targets = [node.target for node in calls]
    folded = 0
    for node in calls:
        before = node.args[0]
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) != 1:
            continue
        name, norm = str(node.target), network.get_submodule(str(node.target))
        convolution = network.get_submodule(str(before.target))
        once = targets.count(node.target) == targets.count(before.target) == 1
        if once and isinstance(norm, nn.BatchNorm2d) and isinstance(convolution, nn.Conv2d):
            merged = fuse_conv_bn_eval(convolution, norm)
            convolution.weight, convolution.bias = merged.weight, merged.bias
            # timm's BatchNorm brings its activation along.
            network.set_submodule(name, getattr(norm, "act", nn.Identity()))
            folded += 1
    return folded


class _Tracer(fx.Tracer):
    """Takes convolutions and BatchNorms of any class, timm's too, as one step each."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.Conv2d | nn.BatchNorm2d) or super().is_leaf_module(m, module_qualified_name)
