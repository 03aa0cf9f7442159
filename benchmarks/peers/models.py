"""Inkwell's people and blogs as SQLAlchemy's ORM sees them, for the peers that use it."""

import os
from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(f"sqlite:///{os.environ['PEERS_DATABASE']}")
sessions = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class User(UserMixin, Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    disabled: Mapped[bool]
    session_epoch: Mapped[int]


class Blog(Base):
    __tablename__ = "blogs"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    title: Mapped[str]
    content: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


def blogs_by(owner_id: int):
    """Inkwell's own document of the list."""
    with sessions() as db:
        found = db.scalars(select(Blog).where(Blog.owner_id == owner_id).order_by(Blog.id.desc()))
        return [
            {
                "id": blog.id,
                "title": blog.title,
                "content": blog.content,
                "version": blog.version,
                "created_at": f"{blog.created_at.isoformat()}Z",
                "updated_at": f"{blog.updated_at.isoformat()}Z",
                "attachment": None,
            }
            for blog in found
        ]
