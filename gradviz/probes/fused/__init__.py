"""Probes of the fused stack: each reads all layers at once, one file per family of quantities."""
