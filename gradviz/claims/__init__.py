"""What gradviz says about deep networks, each statement measured anew on the machine at hand."""
