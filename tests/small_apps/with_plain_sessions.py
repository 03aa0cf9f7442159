"""An app with nothing but Flask's own session."""

from flask import Flask, Response, abort, redirect, session

app = Flask(__name__)
app.secret_key = "small-app-with-plain-sessions"


@app.get("/")
def home() -> str:
    return f"<h1>Hello {session['user']}</h1>" if "user" in session else abort(401)


@app.get("/moved")
def moved() -> Response:
    return redirect("/new-home")  # type: ignore[return-value]  # Werkzeug's response is one to Flask


@app.get("/new-home")
def new_home() -> str:
    return "<h1>The new home</h1>"


@app.get("/broken")
def broken() -> str:
    raise ValueError("spilt")
