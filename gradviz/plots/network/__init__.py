"""The network as people draw it: its layers in a row, its shortcuts as arcs, the gradient as colour and thickness."""
