"""The numbers of a recording for other programs: CSV, NPZ, Parquet, TensorBoard."""
