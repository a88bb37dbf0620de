"""The form on which a person sets up an experiment."""
