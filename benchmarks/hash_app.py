"""The app of the experiments: cheap requests, and requests that cost half a second of a core."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from hashlib import sha256

from flask import Flask

app = Flask(__name__)
ROUNDS = int(os.environ.get("HASH_ROUNDS", "1_000_000"))


def work() -> str:
    # In small steps, each of which holds the interpreter's lock.
    digest = b"a password"
    for _ in range(ROUNDS):
        digest = sha256(digest).digest()
    return digest.hex()


@cache
def pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1)


app.add_url_rule("/cheap", view_func=lambda: "cheap", endpoint="cheap")
app.add_url_rule("/hash", view_func=work)
app.add_url_rule("/hash/pool", view_func=lambda: pool().submit(work).result(), endpoint="pool")
