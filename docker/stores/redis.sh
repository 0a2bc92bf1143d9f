#!/bin/sh
# Starts Redis with its password in a private file, not on a command line that every process can read.
set -eu
umask 077
{
    printf 'requirepass %s\n' "$REDIS_PASSWORD"
    printf '%s\n' 'dir /data' 'save ""' 'appendonly yes' 'maxmemory 256mb' 'maxmemory-policy noeviction'
} > /tmp/redis.conf
exec redis-server /tmp/redis.conf
