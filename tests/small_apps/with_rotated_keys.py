"""An app whose cookie has another name and salt, and whose key was changed."""

from flask import Flask, abort, session
from flask.sessions import SecureCookieSessionInterface

FALLBACK = "small-app-before-the-change"
RETIRED = "small-app-before-that"


class Salted(SecureCookieSessionInterface):
    salt = "small-app"


app = Flask(__name__)
app.session_interface = Salted()
app.config.update(
    SECRET_KEY="small-app-after-the-change", SECRET_KEY_FALLBACKS=[FALLBACK], SESSION_COOKIE_NAME="small_app"
)


@app.get("/")
def home() -> str:
    return f"<h1>Hello {session['user']}</h1>" if "user" in session else abort(401)
