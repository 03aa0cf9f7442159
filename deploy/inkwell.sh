#!/bin/sh
# /usr/local/bin/inkwell: the command, as the service runs it: its user, its settings, its folder.
exec systemd-run --quiet --wait --pipe --collect \
    --property=DynamicUser=yes --property=User=inkwell --property=StateDirectory=inkwell \
    --property=EnvironmentFile=/etc/inkwell/env \
    --setenv=ENV_FILE=/dev/null --setenv=INSTANCE_DIR=/var/lib/inkwell \
    /opt/inkwell/bin/inkwell "$@"
