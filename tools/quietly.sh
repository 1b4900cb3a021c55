#!/bin/sh
# quietly.sh COMMAND...: runs it; prints the command, and what it printed only if it failed.
echo "$ $*" >&2
output=$("$@" 2>&1) && exit 0
status=$?
printf '%s\n\nfailed; repeat with: %s\n' "$output" "$*" >&2
exit "$status"
