"""An app that asks a database and another server (itself), logs and breaks: for what is recorded of it."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import requests
from flask import Flask, Response, abort, redirect, request
from sqlalchemy import create_engine, text
from werkzeug.wsgi import wrap_file

app = Flask(__name__)
engine = create_engine("sqlite://")
both_are_here = Barrier(2, timeout=10)


@app.after_request
def answered(response: Response) -> Response:
    response.headers |= {"X-Request-ID": "an-id", "X-Cache": "hit", "Server-Timing": "blogs;dur=1"}
    return response


@app.get("/query")
def query() -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT :name, :age"), {"name": "Ada Lovelace", "age": 36}).scalar())


@app.get("/wrong-query")
def wrong_query() -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT nothing")))


@app.get("/late")
def late() -> Response:
    def rows() -> Iterator[str]:
        with engine.connect() as connection:
            yield str(connection.execute(text("SELECT 'late'")).scalar())

    return Response(rows())


@app.get("/call")
def call() -> str:
    return requests.get(f"{request.host_url}missing?token=a-secret-value", timeout=5).text


@app.get("/call-in-a-thread")
def call_in_a_thread() -> str:
    with ThreadPoolExecutor() as threads:
        return threads.submit(requests.get, f"{request.host_url}missing", timeout=5).result().text


@app.get("/cookie")
def cookie() -> Response:
    answer = Response()
    answer.set_cookie("theme", "a-secret-value", path="/blogs")
    return answer


@app.get("/call-nobody")
def call_nobody() -> str:
    return requests.get("http://127.0.0.1:9/", timeout=5).text


@app.get("/beside/<name>")
def beside(name: str) -> str:
    both_are_here.wait()
    logging.getLogger("small").warning("this is %s", name)
    both_are_here.wait()
    return name


@app.get("/logged")
def logged() -> str:
    try:
        app.config["mislaid"]
    except KeyError:
        app.logger.exception("looked for it")
    return "all the same"


@app.get("/broken")
def broken() -> str:
    raise ValueError("spilt")


@app.get("/missing")
def missing() -> str:
    abort(404)


@app.get("/moved")
def moved() -> Any:
    return redirect("/callback?code=a-secret-value&page=2")


@app.get("/file")
def file() -> Response:
    return Response(wrap_file(request.environ, Path(__file__).open("rb")), direct_passthrough=True)
