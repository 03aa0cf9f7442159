"""Limits that nothing in a test or a benchmark meets, unless it is about them."""

from typing import Any

from app.limit_settings import Limits

RAISED: dict[str, Any] = dict.fromkeys(Limits.model_fields, 10**15) | {"quota_shares_of_blog": 100}
