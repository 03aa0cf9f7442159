"""Flask with Flask-Caching and Flask-Login, each as its own documentation shows it."""

import os

from flask import Flask, jsonify, session
from flask_caching import Cache
from flask_login import LoginManager, current_user, login_required, login_user
from models import User, blogs_by, sessions

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["PEERS_SECRET"],
    CACHE_TYPE="RedisCache",
    CACHE_REDIS_URL=os.environ["PEERS_REDIS"],
    CACHE_DEFAULT_TIMEOUT=3600,
)
cache = Cache(app)
login_manager = LoginManager(app)


@login_manager.user_loader
def load_user(user_id):
    with sessions() as db:
        user = db.get(User, int(user_id))
    return user if user and not user.disabled and user.session_epoch == session["epoch"] else None


@app.get("/login/<int:user_id>")
def login(user_id):
    with sessions() as db:
        user = db.get(User, user_id)
    session["epoch"] = user.session_epoch
    login_user(user)
    return ""


@app.get("/cached")
@login_required
@cache.cached(key_prefix=lambda: f"blogs/{current_user.id}")
def cached():
    return jsonify(blogs_by(current_user.id))


@app.get("/uncached")
@login_required
def uncached():
    return jsonify(blogs_by(current_user.id))
