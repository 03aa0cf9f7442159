"""Reading and writing blogs, always on behalf of somebody."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from pydantic_core import from_json
from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.attachments.models import Attachment, file_document, fingerprint
from app.attachments.queries import attach, files_for_text, place_in_text, ready_file
from app.auth.models import User
from app.auth.queries import lock_user
from app.blogs import versions
from app.blogs.documents import BlogDocument, BlogFields, ListedBlog, OwnBlog
from app.blogs.drafts import remove_draft
from app.blogs.forms import Change, Draft
from app.blogs.markdown import Text
from app.blogs.models import Blog, pictures_of
from app.blogs.tags import BlogTag, stored, tags_of
from app.cache import BoundQuery, CacheableQuery, Page, PagedQuery, Scope, keys_of
from app.errors import Changed, KeyReused, NotFound
from app.sharing.models import Share
from app.sharing.queries import ARRIVES, NO_SUCH_BLOG, Reader, as_reader, people_shared_with, shared

_owner: BindParameter[int] = bindparam("owner_id")
# How many letters of a text the API's list has. One more is read, to know that there is more.
EXCERPT = 500

_ANY = (Blog.id, Blog.title, Blog.tags, Blog.version, Blog.created_at, Blog.updated_at)
_BLOG = (*_ANY, Blog.content, Blog.html, Blog.files, Blog.words)
_LISTED = (*_ANY, func.substr(Blog.content, 1, EXCERPT + 1).label("content"))
_CARD = (Blog.id, Blog.title, Blog.tags, Blog.excerpt, Blog.words, Blog.created_at)
_ATTACHED = (Attachment.filename, Attachment.content_type, Attachment.size, Attachment.width, Attachment.height)


def _document(row: Any) -> BlogFields:
    return {
        "id": row.id,
        "title": row.title,
        "content": row.content,
        "tags": tags_of(row.tags) if row.tags else [],
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "attachment": row.attachment_id and file_document(row.attachment_id, row),
    }


def _whole(row: Any) -> BlogDocument:
    return {**_document(row), "html": row.html, "files": from_json(row.files), "words": row.words}


def _own_whole(row: Any) -> OwnBlog:
    return {**_whole(row), "older": row.older, "newer": row.newer}


def _listed(row: Any) -> ListedBlog:
    truncated = len(row.content) > EXCERPT
    return {**_document(row), "content": row.content[:EXCERPT], "content_truncated": truncated}


def _card(row: Any) -> dict[str, Any]:
    thumb = row.width and {"id": row.attachment_id, "fingerprint": fingerprint(row.sha256)}
    return {
        "id": row.id,
        "title": row.title,
        "tags": tags_of(row.tags) if row.tags else [],
        "excerpt": row.excerpt,
        "words": row.words,
        "created_at": row.created_at,
        "thumb": thumb,
    }


def _own_card(row: Any) -> dict[str, Any]:
    return {**_card(row), "people": row.people}


def _with_owner(shape: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda row: {**shape(row), "owner": {"name": row.owner_name}}


_FILE = (Attachment.id.label("attachment_id"), Attachment.sha256, *_ATTACHED)
# One row for each blog: the files in its text stand in its own row.
_AT_THE_TOP = (Attachment.blog_id == Blog.id) & ~Attachment.in_text
# A card shows that one, or else the first that was put in the text.
_picture = aliased(Attachment)
_THUMB = Attachment.id == (
    select(_picture.id)
    .where(_picture.blog_id == Blog.id, _picture.width.is_not(None))
    .order_by(_picture.in_text, _picture.id)
    .limit(1)
    .correlate(Blog)
    .scalar_subquery()
)


def _own_with(file: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    files = select(*_FILE).select_from(Blog).outerjoin(Attachment, file & (Attachment.uploader_id == _owner))
    return files.where(Blog.owner_id == _owner)


_OWN = _own_with(_AT_THE_TOP)
_OWN_IDS = keys_of(Blog.owner_id, "owner_id", Blog.id)
BLOGS_BY = PagedQuery("blogs_by", _OWN.add_columns(*_LISTED), Blog.id, _OWN_IDS, _listed)
_OWN_CARDS = _own_with(_THUMB).add_columns(*_CARD, people_shared_with(Blog.id))
CARDS_BY = PagedQuery("cards_by", _OWN_CARDS, Blog.id, _OWN_IDS, _own_card)
_TAGGED_IDS = keys_of(BlogTag.owner_id, "owner_id", BlogTag.blog_id, (BlogTag.name, "tag"))
_TAGGED_IDS = _TAGGED_IDS.where(BlogTag.owner_id == _owner)
BLOGS_TAGGED = PagedQuery("blogs_tagged", _OWN.add_columns(*_LISTED), Blog.id, _TAGGED_IDS, _listed)
CARDS_TAGGED = PagedQuery("cards_tagged", _OWN_CARDS, Blog.id, _TAGGED_IDS, _own_card)
_beside = aliased(Blog)
_theirs = _beside.owner_id == _owner
_BESIDE = (
    select(func.max(_beside.id)).where(_theirs, _beside.id < bindparam("id")).scalar_subquery().label("older"),
    select(func.min(_beside.id)).where(_theirs, _beside.id > bindparam("id")).scalar_subquery().label("newer"),
)
BLOG_BY = CacheableQuery(
    "blog_by", _OWN.add_columns(*_BLOG, *_BESIDE).where(Blog.id == bindparam("id")), _own_whole, one=True
)

# Never cached: what others write and share does not move the reader's version.
_ANYBODYS = select(User.name.label("owner_name")).select_from(Blog).join(User, User.id == Blog.owner_id)
_ANYBODYS_WITH_FILE = _ANYBODYS.add_columns(*_FILE).outerjoin(Attachment, _AT_THE_TOP)
_VISIBLE = or_(Blog.owner_id == bindparam("reader_id"), shared(Blog.id))
BLOG_VISIBLE = CacheableQuery(
    "blog_visible",
    _ANYBODYS_WITH_FILE.add_columns(*_BLOG).where(_VISIBLE, Blog.id == bindparam("id")),
    _with_owner(_whole),
    one=True,
)
_others = Share.owner_id != bindparam("reader_id")
_SHARED_IDS = keys_of(Share.email, "reader_email", Share.blog_id).where(_others, ARRIVES)
BLOGS_SHARED = PagedQuery(
    "blogs_shared", _ANYBODYS_WITH_FILE.add_columns(*_LISTED), Blog.id, _SHARED_IDS, _with_owner(_listed)
)
CARDS_SHARED = PagedQuery(
    "cards_shared",
    _ANYBODYS.add_columns(*_FILE, *_CARD).outerjoin(Attachment, _THUMB),
    Blog.id,
    _SHARED_IDS,
    _with_owner(_card),
)


def blogs_by(owner: Scope, page: Page) -> BoundQuery:
    """A page of that person's blogs, newest first, with at most EXCERPT letters of each text."""
    return BLOGS_BY.at(page, owner_id=owner.id).cached(owner)


def blogs_tagged(owner: Scope, tag: str, page: Page) -> BoundQuery:
    """Those of them with that tag."""
    return BLOGS_TAGGED.at(page, owner_id=owner.id, tag=tag).cached(owner)


def cards_by(owner: Scope, page: Page) -> BoundQuery:
    """The same blogs as a person's page shows them: id, title, excerpt, words, created_at, picture, how many read."""
    return CARDS_BY.at(page, owner_id=owner.id).cached(owner)


def cards_tagged(owner: Scope, tag: str, page: Page) -> BoundQuery:
    """Those of them with that tag."""
    return CARDS_TAGGED.at(page, owner_id=owner.id, tag=tag).cached(owner)


def blog_by(owner: Scope, blog_id: int) -> BoundQuery:
    """That person's blog; null for another's just as for none."""
    return BLOG_BY(owner_id=owner.id, id=blog_id).cached(owner)


def blog_as_saved(owner: Scope, blog_id: int) -> BoundQuery:
    """That person's blog as it is by now, which may be later than when the request began."""
    return BLOG_BY(owner_id=owner.id, id=blog_id)


def blogs_shared_with(reader: Reader, page: Page) -> BoundQuery:
    """A page of the blogs that others share with that person, newest first, with their owners' names."""
    return BLOGS_SHARED.at(page, **as_reader(reader))


def cards_shared_with(reader: Reader, page: Page) -> BoundQuery:
    """The same blogs as a person's page shows them, with their owners' names."""
    return CARDS_SHARED.at(page, **as_reader(reader))


def blog_visible_to(reader: Reader, blog_id: int) -> BoundQuery:
    """That blog with its owner's name; null unless that person owns it or it is shared with them."""
    return BLOG_VISIBLE(**as_reader(reader), id=blog_id)


def publish(session: Session, owner_id: int, draft: Draft, key: str | None = None) -> Blog:
    """The new blog, or the one that this draft became under that key before.

    Raises KeyReused when another draft did.
    """
    lock_user(session, owner_id)
    # First, so that its place is free for the blog.
    remove_draft(session, owner_id, key)
    # Without tags it is the same as before there were any.
    sent = draft.model_dump_json(exclude=set() if draft.tags else {"tags"})
    digest = blake2b(sent.encode(), digest_size=16).hexdigest()
    if key and (before := session.scalar(select(Blog).where(Blog.owner_id == owner_id, Blog.client_key == key))):
        if before.client_digest != digest:
            raise KeyReused
        return before
    blog = Blog(owner_id=owner_id, title=draft.title, client_key=key, client_digest=key and digest)
    shown = write_text(session, blog, draft.content)
    blog.label(draft.tags)
    session.add(blog)
    session.flush()
    attach(session, owner_id, blog.id, draft.attachment_id)
    place_in_text(session, owner_id, blog.id, shown)
    return blog


def write_text(session: Session, blog: Blog, content: str) -> list[Attachment]:
    """Let the blog, which may be a new one, hold that text. Returns the files that it shows."""
    text = Text(content)
    shown = files_for_text(session, blog.owner_id, blog.id, text.attachments)
    blog.write(text, shown)
    return shown


def shown(session: Session, owner_id: int, content: str) -> str:
    """That text of a new blog as it will be shown. Raises Invalid."""
    text = Text(content)
    return text.html(pictures_of(files_for_text(session, owner_id, None, text.attachments)))


def revise(session: Session, owner_id: int, blog_id: int, change: Change, key: str | None = None) -> Blog:
    """The blog after the change; the draft of that key is gone. Raises Changed when its newest version was not seen."""
    blog = _locked_blog(session, owner_id, blog_id)
    if change.version is not None and change.version != blog.version:
        raise Changed("This blog was changed since you opened it.")
    remove_draft(session, owner_id, key)
    changed = change.model_fields_set
    if _differs(blog, change):
        versions.keep_version(session, blog)
    if "title" in changed:
        blog.title = change.title
    if "tags" in changed:
        blog.label(change.tags)
    if "attachment_id" in change.model_fields_set:
        is_another = attach(session, owner_id, blog.id, change.attachment_id)
        # An image is part of the blog: whoever edits it elsewhere should hear of another one.
        blog.updated_at = datetime.now(UTC) if is_another else blog.updated_at
    if "content" in changed or ("attachment_id" in changed and blog.html is not None):
        shown = write_text(session, blog, change.content if "content" in changed else blog.content)
        place_in_text(session, owner_id, blog.id, shown)
    session.flush()
    return blog


def remove(session: Session, owner_id: int, blog_id: int) -> None:
    """Put that blog into the bin."""
    blog = _locked_blog(session, owner_id, blog_id)
    versions.put_into_bin(session, blog)


def restore(session: Session, owner_id: int, blog_id: int, number: int) -> Blog:
    """The blog as it was at that version; how it is now is kept as one more. Raises NotFound."""
    version = versions.version_of(session, owner_id, blog_id, number)
    attached = version.attachment_id and ready_file(session, owner_id, version.attachment_id)
    usable = attached and attached.blog_id in (None, blog_id) and not attached.in_text
    change = Change(
        title=version.title,
        content=version.content,
        tags=tags_of(version.tags),
        attachment_id=version.attachment_id if usable else None,
    )
    return revise(session, owner_id, blog_id, change)


def unbin(session: Session, owner_id: int, blog_id: int) -> Blog:
    """That blog back from the bin. Raises NotFound."""
    lock_user(session, owner_id)
    return versions.unbin(session, owner_id, blog_id)


def purge(session: Session, owner_id: int, blog_id: int) -> None:
    """Forget that blog in the bin, and all that it ever was. Raises NotFound."""
    lock_user(session, owner_id)
    versions.binned(session, owner_id, blog_id)
    versions.purge(session, owner_id, blog_id)


def _differs(blog: Blog, change: Change) -> bool:
    wanted = {"title": change.title, "content": change.content, "tags": stored(change.tags)}
    return any(getattr(blog, name) != wanted[name] for name in change.model_fields_set & wanted.keys())


def _locked_blog(session: Session, owner_id: int, blog_id: int) -> Blog:
    lock_user(session, owner_id)
    blog = session.scalar(select(Blog).where(Blog.owner_id == owner_id, Blog.id == blog_id))
    if blog is None:
        raise NotFound(NO_SUCH_BLOG)
    return blog
