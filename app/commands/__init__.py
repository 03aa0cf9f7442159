"""What an operator can ask of the blog: `flask cache`, `flask images`, `flask store` and `flask restore-check`."""
