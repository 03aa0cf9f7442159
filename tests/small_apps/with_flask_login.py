"""An app with Flask-Login."""

from flask import Flask
from flask_login import LoginManager, UserMixin, current_user, login_required

app = Flask(__name__)
app.secret_key = "small-app-with-flask-login"
login_manager = LoginManager(app)
login_manager.login_view = "login"


class Person(UserMixin):
    def __init__(self, name: str) -> None:
        self.id = name


login_manager.user_loader(Person)


@app.get("/")
@login_required  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def home() -> str:
    return f"<h1>Hello {current_user.id}</h1>"


@app.get("/login")
def login() -> str:
    return "<h1>Please log in</h1>"
