"""Four apps of about twenty lines each, which show that the harness is nobody's in particular."""
