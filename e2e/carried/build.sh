#!/bin/sh
# A vendor's own script.
set -eu
make KDIR="/lib/modules/$1/build" NOTE="$NOTE for $2"
