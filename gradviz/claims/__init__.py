"""What gradviz claims about deep networks, each claim measured again on this machine."""
