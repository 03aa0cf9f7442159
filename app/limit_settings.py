"""How much a person may have, and how often they may ask: the settings."""

from pydantic import BaseModel, Field

MEGABYTE, GIGABYTE = 1024**2, 1024**3


class Limits(BaseModel):
    """The settings that keep one person's use of the blog from being everybody's loss."""

    quota_blogs: int = Field(10_000, ge=1, description="how many blogs a person may have")
    quota_text_bytes: int = Field(100 * MEGABYTE, ge=1, description="how much text a person's blogs may hold")
    quota_file_bytes: int = Field(
        5 * GIGABYTE, ge=1, description="how much a person's files may take, with those on their way"
    )
    quota_pending_uploads: int = Field(
        50, ge=1, description="how many uploads a person may have begun and not finished"
    )
    quota_shares_of_blog: int = Field(100, ge=1, description="with how many people a blog may be shared")
    quota_shares_with_person: int = Field(
        500, ge=1, description="how many blogs a person may share with the same person"
    )
    rate_reads: int = Field(
        1200, ge=1, description="how often a person may read, a minute and worker; an address five times as often"
    )
    rate_writes: int = Field(
        600, ge=1, description="how often a person may write, a minute; an address five times as often"
    )
    rate_logins: int = Field(
        60, ge=1, description="how many steps of logins an address may take, a minute; each has two"
    )
