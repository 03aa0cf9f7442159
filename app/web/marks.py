"""Every view is for people who are logged in, unless it is marked as public."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view as open to anybody."""
    setattr(view, "is_public", True)  # noqa: B010  functions take any attribute; their type does not say so
    return view


def signed(view: View) -> View:
    """Mark a view as open to whoever brings an address that we signed: that is its only check."""
    setattr(view, "is_signed", True)  # noqa: B010
    return public(view)


def is_signed(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_signed", False)


def is_public(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_public", False)
