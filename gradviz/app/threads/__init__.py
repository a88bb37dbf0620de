"""What works beside the window, each in a thread of its own."""
