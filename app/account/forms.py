"""What a person may say of themselves."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.blogs.forms import Title

MAX_NAME = 100


class ChosenName(BaseModel):
    """The name that others see."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[Title, StringConstraints(max_length=MAX_NAME)]
