# shellcheck shell=bash
# shellcheck disable=SC2154 # work, root: of ../run and verify.sh
# The proof of the pudding: a real kernel loads what the image holds. Sourced by ../run.

get_machine() {
  local emulator=()
  if ! command -v qemu-system-x86_64 >/dev/null; then
    mapfile -t emulator < <(apt-get -s install --no-install-recommends qemu-system-x86 | sed -nE 's/^Inst ([^ ]+) .*/\1/p')
    [ "${#emulator[@]}" -gt 0 ] || return
  fi
  unpack "$work/machine" "${emulator[@]}" busybox-static "linux-image-$1"
}

# boot RELEASE: the image that is looked into, in a machine with that kernel and busybox.
boot() {
  local machine=$work/machine tree=$work/initramfs library libraries
  mkdir -p "$tree"/{bin,image,proc,sys,dev}
  cp "$machine/bin/busybox" "$tree/bin/"
  cp -r "$root/opt" "$tree/"
  cp "$root/usr/bin/kmod" "$tree/image/modprobe"
  libraries=$(chroot "$root" ldd /usr/bin/kmod | grep -oE '/[^ ]+')
  for library in $libraries; do
    mkdir -p "$tree$(dirname "$library")"
    cp -L "$root$library" "$tree$library"
  done
  cat > "$tree/init" <<'INIT'
#!/bin/busybox sh
# Not the modprobe of busybox, which comes first in $PATH: the one of the image.
export PATH=/bin
/bin/busybox --install -s /bin 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo "e2e kernel $(uname -r)"
/image/modprobe -d /opt kmm_ci_a; echo "e2e modprobe $?"
lsmod | sed 's/^/e2e lsmod /'
dmesg | grep -o 'kmm_ci_a: .*' | sed 's/^/e2e said /'
/image/modprobe -d /opt -r kmm_ci_a; echo "e2e remove $?"
echo "e2e left $(lsmod | grep -c kmm_ci)"
poweroff -f
INIT
  chmod 755 "$tree/init"
  start_machine "$1" "$tree" "$work/log/boot"
  tr -d '\r' < "$work/log/boot" | sed -n 's/.*e2e /e2e /p' > "$work/log/booted"
}

# start_machine RELEASE TREE LOG: a machine with that kernel runs /init of the tree, and ends.
start_machine() {
  local machine=$work/machine
  (cd "$2" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/initramfs.gz"
  PATH=$PATH:$machine/usr/bin LD_LIBRARY_PATH=$machine/usr/lib/x86_64-linux-gnu:$machine/lib/x86_64-linux-gnu \
    timeout 120 qemu-system-x86_64 -accel tcg -m 512 -nographic -no-reboot \
    -L "$machine/usr/share/qemu" -L "$machine/usr/share/seabios" -L "$machine/usr/lib/ipxe/qemu" -L /usr/share/qemu \
    -nic none -kernel "$machine/boot/vmlinuz-$1" -initrd "$work/initramfs.gz" \
    -append 'console=ttyS0 rdinit=/init panic=-1 quiet loglevel=0' < /dev/null > "$3" 2>&1 || true
}

# loads_in_kernel RELEASE
loads_in_kernel() {
  boot "$1"
  cat "$work/log/booted"
  tail -n 5 "$work/log/boot"
  grep -qxF "e2e kernel $1" "$work/log/booted" &&
    grep -qxF 'e2e modprobe 0' "$work/log/booted" &&
    grep -qE '^e2e lsmod kmm_ci_b .* kmm_ci_a' "$work/log/booted" &&
    grep -qxF 'e2e said kmm_ci_a: the answer is 42' "$work/log/booted" &&
    grep -qxF 'e2e remove 0' "$work/log/booted" &&
    grep -qxF 'e2e left 0' "$work/log/booted"
}

# try_load RELEASE: the image that is looked into.
try_load() {
  if [ "$(uname -m)" != x86_64 ]; then
    skip 'loading in a real kernel' "the emulated machine is an x86_64, and this one is $(uname -m)"
  elif ! get_machine "$1" 2> "$work/log/machine"; then
    missing 'loading in a real kernel' "no emulator, busybox or linux-image-$1 to be had: $(tail -n 1 "$work/log/machine")"
  else
    check "a real kernel $1 loads and unloads them" loads_in_kernel "$1"
  fi
}
