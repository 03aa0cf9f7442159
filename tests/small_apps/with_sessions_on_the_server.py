"""An app that keeps its sessions on the server, by Flask-Session."""

import os
import tempfile

from cachelib import FileSystemCache
from flask import Flask, abort, session
from flask_session import Session

TEMPORARY = tempfile.TemporaryDirectory()
FOLDER = os.environ.get("SESSION_FOLDER") or TEMPORARY.name

app = Flask(__name__)
app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(FOLDER))
Session(app)


@app.get("/")
def home() -> str:
    return f"<h1>Hello {session['user']}</h1>" if "user" in session else abort(401)
