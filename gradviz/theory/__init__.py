"""What theory expects of a network before it is trained: numpy alone, no torch and no window."""
