#!/bin/sh
# Called by dkms.conf before the build.
test "$1" = now && grep -q 'MODULE_VERSION("dkms")' kmm_ci_a.c
