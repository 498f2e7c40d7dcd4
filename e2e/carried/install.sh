#!/bin/sh
# A vendor's installer: a kmod goes where the kernel looks for it, and tools into a package. It leaves copies behind that
# only a whole path tells from the right one.
set -eu
test "$PWD" = /opt/vendor/driver
mkdir -p "/lib/modules/$1/vendor" old/sub/dir
mv kmm_ci_a.ko "/lib/modules/$1/vendor/"
cp sub/dir/kmm_ci_b.ko old/sub/dir/
rpmbuild -bb --quiet --define '_topdir /root/rpmbuild' tools.spec
