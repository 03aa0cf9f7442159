"""The audit trail: who did what, in lines of their own.

Each has what every line of its request has: the request, the client's address, the user and the session. An event of a
write is recorded after its commit: what is in the trail was done.
"""

import structlog

from app.web.metrics import audit_events

logger = structlog.get_logger("app.audit")


def record(event: str, **details: object) -> None:
    """Write that this has happened, and count it. The details are numbers and short texts, never a secret."""
    audit_events.labels(event).inc()
    logger.info(event, **details)
