"""What is measured on a network in one step, one file per family of quantities."""
