"""With whom a person may share a blog."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from app.auth.addresses import comparable
from app.web.validation import REQUIRED

MAX_EMAIL = 320


def _address(text: str) -> str:
    # What surrounds it came with the typing or the pasting.
    email = comparable(text.strip().removeprefix("mailto:"))
    if not email:
        raise ValueError(REQUIRED)
    # Anything stricter refuses addresses that exist; nothing is sent to them.
    if not (email.isprintable() and re.fullmatch("[^@ ]+@[^@ ]+", email) and len(email) <= MAX_EMAIL):
        raise ValueError("Enter an e-mail address")
    return email


class Invitation(BaseModel):
    """Whom a blog is to be shared with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: Annotated[str, AfterValidator(_address)]
