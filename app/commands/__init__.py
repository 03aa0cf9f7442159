"""What an operator can ask of the blog: `flask cache`, `flask images` and `flask store`."""
