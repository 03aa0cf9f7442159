"""What a failing test leaves behind, so that its folder alone tells what happened; and no secret in it."""
