"""Convolutional networks of residual blocks, built from their recipe and differentiated by autograd."""
