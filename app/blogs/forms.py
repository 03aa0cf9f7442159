"""What a person may write into a blog: one set of rules for the pages and the API."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.blogs.tags import MAX_TYPED_TAGS, tags_in
from app.db import MAX_ID
from app.web.validation import REQUIRED

MAX_TITLE, MAX_CONTENT = 200, 100_000


def _one_newline(value: object) -> object:
    # Browsers send the line ends of a text area as CRLF, which would count double.
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _storable(text: str) -> str:
    # Separators, controls and zero-width marks leave nothing to see.
    if all(unicodedata.category(character)[0] in "ZC" for character in text):
        raise ValueError(REQUIRED)
    if "\0" in text:
        raise ValueError("Remove the NUL character: it cannot be stored")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())


Text = Annotated[str, BeforeValidator(_one_newline), AfterValidator(_storable)]
Title = Annotated[Text, AfterValidator(_one_line), StringConstraints(max_length=MAX_TITLE)]
Content = Annotated[Text, StringConstraints(max_length=MAX_CONTENT)]
Tags = Annotated[list[str], AfterValidator(tags_in)]
MAX_TYPED_TITLE, MAX_TYPED = 1_000, 200_000


def _without_nul(text: str) -> str:
    # It cannot be stored, and nobody can see it.
    return text.replace("\0", "")


TypedText = Annotated[str, BeforeValidator(_one_newline), AfterValidator(_without_nul)]
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


class Draft(BaseModel):
    """A blog before it is saved."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Title
    content: Content
    tags: Tags = []
    attachment_id: RowId | None = None


class Change(BaseModel):
    """What is to become different; what is left out stays. `version` is what the writer has seen, if they say so."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Title = ""
    content: Content = ""
    tags: Tags = []
    attachment_id: RowId | None = None
    version: RowId | None = None


class Typed(BaseModel):
    """What stands in a form, however far it is. `revision` is the draft's that it goes on from, 0 for a new one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[TypedText, StringConstraints(max_length=MAX_TYPED_TITLE)] = ""
    content: Annotated[TypedText, StringConstraints(max_length=MAX_TYPED)] = ""
    tags: Annotated[TypedText, StringConstraints(max_length=MAX_TYPED_TAGS)] = ""
    attachment_id: RowId | None = None
    blog_id: RowId | None = None
    version: RowId | None = None
    revision: Annotated[int, Field(ge=0, lt=MAX_ID)] = 0
