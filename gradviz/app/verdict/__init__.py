"""What is wrong with a run, and the thresholds that decide it."""
