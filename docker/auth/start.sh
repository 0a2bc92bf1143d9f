#!/bin/sh
# Starts the auth service in its container. Where PROVIDER_ADDRESS (host:port of the issuer's URL) and PROVIDER_SERVICE
# (host:port that this container can reach) are set, what is said to the first goes to the second.
set -eu
if [ -n "${PROVIDER_ADDRESS:-}" ]; then
    # In parentheses: no child of the service, whose children and open files are counted.
    (socat "TCP-LISTEN:${PROVIDER_ADDRESS##*:},bind=${PROVIDER_ADDRESS%:*},fork,reuseaddr" "TCP:${PROVIDER_SERVICE}" &)
fi
exec python -m chat_auth
