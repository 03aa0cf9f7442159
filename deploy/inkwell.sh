#!/bin/sh
# /usr/local/bin/inkwell: the command, with the user, the settings and the folder of the service.
cd /var/lib/inkwell || exit 1
exec runuser -u inkwell -- \
    env ENV_FILE=/etc/inkwell/env INSTANCE_DIR=/var/lib/inkwell /opt/inkwell/bin/inkwell "$@"
