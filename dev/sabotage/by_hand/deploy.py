"""Defences of what is put in front of the blog."""

from dev.sabotage.entry import Sabotage

OF_PROXIES = ("tests/unit/deploy/test_proxies.py",)

SABOTAGES = [
    Sabotage(
        "nginx passes a body on as it comes",
        rule=33,
        file="deploy/nginx.conf",
        take_out="    proxy_request_buffering on;\n",
        put="    proxy_request_buffering off;\n",
        tests=OF_PROXIES,
    ),
    Sabotage(
        "Caddy passes a body on as it comes",
        rule=33,
        file="deploy/Caddyfile",
        take_out="\t\trequest_buffers 17MiB\n",
        put="",
        tests=OF_PROXIES,
    ),
    Sabotage(
        "the image runs as root",
        rule=45,
        file="deploy/Dockerfile",
        take_out="USER 10001:10001\n",
        put="",
        tests=("tests/unit/deploy/test_files.py",),
    ),
]
