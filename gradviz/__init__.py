"""gradviz: see why deep networks stop learning."""

__version__ = "0.1.0"
