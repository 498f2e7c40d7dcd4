# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, stable, plus, dtk, root, KMODGEN: of ../run and verify.sh
# `verify --symvers` beside real kernels: what it finds is what they refuse. Sourced by ../run.

# The findings by which a kernel refuses a kmod.
refusals='unknown-symbol|symbol-version|gpl-symbol|symbol-namespace|duplicate-symbol|vermagic|vermagic-flags'

try_symbols() {
  local release
  for release in "$stable" "$plus"; do
    get_kmods "$release" || return
  done
  compare_with_kernel "$stable" "$plus"
  compare_with_kernel "$plus" "$stable"
}

# get_kmods RELEASE: those of the image, and the kernel's symbols.
get_kmods() {
  local folder=$work/symbols/$1
  mkdir -p "$folder"
  look_into by-dtk "$1" && find "$root/opt/lib/modules/$1" -name '*.ko' -exec cp {} "$folder/" \; &&
    look_at "$dtk" && cp "$root/usr/src/linux-headers-$1/Module.symvers" "$folder/"
}

# compare_with_kernel RELEASE OTHER: every variant is accepted by both or refused by both.
compare_with_kernel() {
  local folder=$work/symbols/$1
  python3 "$here/lib/variants.py" "$folder/variants" "$1" "$2" "$folder" "$work/symbols/$2"
  check "kmods of $1 import what it exports" verified "$1" both accepted
  check "kmods of $2 are refused for $1" verified "$1" other-kernel refused
  if [ "$(uname -m)" != x86_64 ]; then
    skip "inserting kmods in a real kernel $1" "the emulated machine is an x86_64, and this one is $(uname -m)"
  elif ! get_machine "$1" 2> "$work/log/machine-$1"; then
    missing "inserting kmods in a real kernel $1" "no emulator or linux-image-$1 to be had: $(tail -n 1 "$work/log/machine-$1")"
  else
    check "kmodgen verify and a real kernel $1 agree on each" agrees "$1"
    check "kernel $1 says that a GPL-only symbol and one of a proprietary kmod do not mix" \
      grep -F 'kmm_ci_a: module using GPL-only symbols uses symbols kmm_ci_b_answer from proprietary module kmm_ci_b' "$work/log/insert-$1"
  fi
}

# answer RELEASE VARIANT: what `verify` makes of it.
answer() {
  local found
  found=$("$KMODGEN" verify --release "$1" --symvers "$work/symbols/$1/Module.symvers" --format json \
    "$work/symbols/$1/variants/$2") || true
  python3 -c 'import json, re, sys
codes = {finding["code"] for finding in json.load(sys.stdin)["findings"]}
print("refused" if any(re.fullmatch(sys.argv[1], code) for code in codes) else "accepted")' "$refusals" <<< "$found"
}

verified() { diff <(echo "$3") <(answer "$1" "$2"); }

# agrees RELEASE: the same answer for each variant, and both answers occur.
agrees() {
  local variant
  for variant in "$work/symbols/$1/variants"/*; do
    printf '%s %s\n' "$(basename "$variant")" "$(answer "$1" "$(basename "$variant")")"
  done > "$work/symbols/$1/verified"
  insert_all "$1" > "$work/symbols/$1/inserted"
  diff "$work/symbols/$1/inserted" "$work/symbols/$1/verified" &&
    [ "$(grep -c refused "$work/symbols/$1/verified")" -ge 3 ] && grep -q accepted "$work/symbols/$1/verified"
}

# insert_all RELEASE: NAME and the answer of each variant, whose kmods that kernel is given one after the other.
insert_all() {
  local tree=$work/symbols/$1/tree
  mkdir -p "$tree"/{bin,proc,sys,dev}
  cp "$work/machine/bin/busybox" "$tree/bin/"
  cp -r "$work/symbols/$1/variants" "$tree/"
  cat > "$tree/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin 2>/dev/null
mount -t proc proc /proc
for variant in /variants/*; do
  answer=accepted
  for name in kmm_ci_b kmm_ci_a; do
    kmod=$(find "$variant" -name "$name.ko")
    [ -z "$kmod" ] || insmod "$kmod" 2>/dev/null || answer=refused
  done
  echo "e2e $(basename "$variant") $answer"
  rmmod kmm_ci_a 2>/dev/null
  rmmod kmm_ci_b 2>/dev/null
done
dmesg | grep 'proprietary module'
poweroff -f
INIT
  chmod 755 "$tree/init"
  start_machine "$1" "$tree" "$work/log/insert-$1"
  tr -d '\r' < "$work/log/insert-$1" | sed -nE 's/.*e2e ([a-z-]+ (accepted|refused))$/\1/p'
}
