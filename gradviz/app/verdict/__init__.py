"""What is the matter with a run, in words, and from where on."""
