"""Networks by architecture: how each is built, and what it offers to the training loop."""
