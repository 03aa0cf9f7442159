"""What is asked of whom: the rows that `bin/bench` takes, and the lines of each. Standard library only."""

from dataclasses import dataclass
from typing import Literal

Check = Literal["status", "list", "text"]
Caller = Literal["reader", "writer", "nobody"]

# The rows that are measured by load, and those that are measured in ways of their own.
LOADED = {
    "cached": "The list of 20 blogs as JSON, from the cache",
    "uncached": "The same list, read from the database each time",
    "page": "The list as a page",
    "blog": "One blog",
    "post": "A new blog",
    "image": "An image",
    "static": "The style sheet",
    "healthz": "The health check",
}
OTHERS = {
    "start": "From the start of the program to its first answer",
    "memory": "Memory of a worker that has served the list",
    "blogs": "One person with more and more blogs",
    "people": "More and more people",
}
ROWS = LOADED | OTHERS
# What the peers answer too.
COMPARED = ("cached", "uncached")

FLOOR = "Flask hello"


@dataclass(frozen=True)
class Line:
    """One request to one server. `{names}` in a path stand for what the blog's data has; `check` says what must come.

    With `revalidates` the request names the version that it has, and the answer must be a 304.
    """

    row: str
    title: str
    server: str
    path: str
    check: Check = "status"
    status: int = 200
    cache: str = ""
    revalidates: bool = False
    writes: bool = False
    by: Caller = "reader"


LIST = "/api/blogs"

# Measured in every run: the ratios are to the first.
FLOORS = (
    Line("floor", FLOOR, "flask-hello", "/", by="nobody"),
    Line("floor", "raw WSGI hello", "wsgi-hello", "/", by="nobody"),
)
LINES = (
    Line("cached", "Inkwell, SQLite", "inkwell", LIST, "list", cache="hit"),
    Line("cached", "Inkwell, PostgreSQL", "inkwell-postgres", LIST, "list", cache="hit"),
    Line("cached", "Inkwell, its 304", "inkwell", LIST, revalidates=True),
    Line("cached", "Flask-Caching, user by ORM", "flask-caching", "/cached", "list"),
    Line("cached", "Django, django-redis", "django", "/cached", "list"),
    Line("cached", "FastAPI, Redis", "fastapi", "/cached", "list"),
    Line("cached", "Express, as the origin", "express", "/cached", "list"),
    Line("cached", "Express, raw bytes", "express", "/raw", "list"),
    Line("uncached", "Inkwell, SQLite", "inkwell-uncached", LIST, "list", cache="bypass"),
    Line("uncached", "Inkwell, PostgreSQL", "inkwell-postgres-uncached", LIST, "list", cache="bypass"),
    Line("uncached", "Flask, user by ORM", "flask-caching", "/uncached", "list"),
    Line("uncached", "Django", "django", "/uncached", "list"),
    Line("uncached", "FastAPI", "fastapi", "/uncached", "list"),
    Line("uncached", "Express, raw rows", "express", "/uncached", "list"),
    Line("page", "SQLite", "inkwell", "/blogs", "text"),
    Line("page", "PostgreSQL", "inkwell-postgres", "/blogs", "text"),
    Line("page", "its 304", "inkwell", "/blogs", revalidates=True),
    Line("blog", "as a page", "inkwell", "/blogs/{blog}", "text"),
    Line("blog", "as JSON", "inkwell", "/api/blogs/{blog}", "text"),
    Line("post", "SQLite", "inkwell", LIST, status=201, writes=True, by="writer"),
    Line("post", "PostgreSQL", "inkwell-postgres", LIST, status=201, writes=True, by="writer"),
    Line("image", "138 kB, as uploaded", "inkwell", "/attachments/{image}", by="writer"),
    Line("image", "640 pixels wide", "inkwell", "/attachments/{image}?w=640", by="writer"),
    Line("image", "its 304", "inkwell", "/attachments/{image}", revalidates=True, by="writer"),
    Line("static", "", "inkwell", "{style}"),
    Line("static", "its 304", "inkwell", "{style}", revalidates=True),
    Line("healthz", "", "inkwell", "/healthz", by="nobody"),
)
# What is started and weighed.
PROGRAMS = ("flask-hello", "inkwell", "flask-caching", "django", "fastapi", "express")


def is_ours(server: str) -> bool:
    return server.startswith("inkwell")


def lines_of(rows: set[str]) -> list[Line]:
    return [*FLOORS, *(line for line in LINES if line.row in rows)]
