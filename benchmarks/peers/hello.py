"""The floor under every other figure: an answer without any work, by Flask and by WSGI alone."""

from flask import Flask

BODY = b"Hello, World!"

app = Flask(__name__)


@app.get("/")
def hello():
    return BODY


def raw(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(BODY)))])
    return [BODY]
