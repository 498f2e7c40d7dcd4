#!/bin/sh -e
# RHEL 9.4 has the const signatures that the driver expects of 9.5 and later.
from='RHEL_RELEASE_VERSION(9, 5)'
to='RHEL_RELEASE_VERSION(9, 4)'
grep -qF "$from" neuron_cdev.c
sed -i "s/$from/$to/g" neuron_cdev.c
