"""Data, devices and the loop that turns an experiment into frames."""
