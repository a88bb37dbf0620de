"""The fused engine: a stack of layers as an axis of one tensor, with a backward pass written by hand."""
