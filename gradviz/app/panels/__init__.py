"""The panels around the plots, and what plays a run back."""
