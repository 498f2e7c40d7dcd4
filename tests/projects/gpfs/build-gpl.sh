#!/bin/sh -e
# mmbuildgpl works in /usr/lpp/mmfs, asks uname for the kernel, and installs to /lib/modules.
mkdir -p /usr/lpp "$PWD/tools"
ln -s "$PWD" /usr/lpp/mmfs
cat > tools/uname <<'END'
#!/bin/sh
case "$*" in
-r) echo "$KERNEL_VERSION" ;;
*) exec /usr/bin/uname "$@" ;;
esac
END
chmod +x tools/uname
PATH="$PWD/tools:$PATH" /usr/lpp/mmfs/bin/mmbuildgpl
