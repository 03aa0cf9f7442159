"""Inkwell, a blog. `app.factory` puts it together."""
