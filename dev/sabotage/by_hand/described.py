"""The API's description: that it is true (deliberately without a rule of its own: rule 26 asks for one boundary)."""
