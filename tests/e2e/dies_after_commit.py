"""The blog, whose workers die by SIGKILL between the commit of a write and the clean-up of the cache."""

import os
import signal

from flask import Response
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.cache.versions import OUTDATED
from app.config import load_settings
from app.factory import create_app

app = create_app(load_settings())


def die(session: Session) -> None:
    if session.info.get(OUTDATED):
        os.kill(os.getpid(), signal.SIGKILL)


# Before the cache's own listener, which is there already.
event.listen(app.extensions["database"].sessions, "after_commit", die, insert=True)


@app.after_request
def name_worker(response: Response) -> Response:
    response.headers["X-Worker"] = str(os.getpid())
    return response
