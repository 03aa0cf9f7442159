"""A harness for browser tests of any Flask app behind a login, without the login page. README.md says how to begin."""
