"""The blog as a WSGI application: `gunicorn wsgi:app`."""

import sys

from app.config import SettingsError, load_settings
from app.factory import create_app

# gunicorn stops for good when a worker ends with this code, instead of starting it anew for ever.
APP_LOAD_ERROR = 4

try:
    app = create_app(load_settings())
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(APP_LOAD_ERROR)
