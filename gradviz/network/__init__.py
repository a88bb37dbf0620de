"""The stack of layers that is trained: activations, initialisation, normalisation, shortcuts, the fused engine."""
