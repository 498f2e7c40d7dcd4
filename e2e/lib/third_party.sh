# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, suite, stable, plus, plus_full, dtk, KMODGEN: of ../run
# shellcheck disable=SC2154 # root: of verify.sh
# Kmods that others wrote, from the sources that Debian packages for dkms: built, verified and looked
# into. Sourced by ../run.

# The manifest's ceiling and patch are for the versions that are in this one.
third_party_suite=bookworm

# get_third_party: the sources, as bare repositories, and the manifest.
get_third_party() {
  local name word words=() folders=(
    jool:jool-dkms v4l2loopback:v4l2loopback igb-uio:dpdk-kmods lime:lime-forensics
    acpi-call:acpi-call tp-smapi:tp_smapi nat-rtsp:nat-rtsp evdi:evdi
  )
  unpack "$work/dkms" {jool,v4l2loopback,dpdk-kmods,lime-forensics,acpi-call,tp-smapi,nat-rtsp,evdi}-dkms || return
  for name in "${folders[@]}"; do
    word=$(tr a-z- A-Z_ <<< "${name%:*}")
    words+=(-e "s/@$word@/$(commit_all "$work/dkms/usr/src/${name#*:}"-* "${name%:*}.git" sha1 "${name%:*}")/") || return
  done
  mkdir -p "$work/third-party/patches"
  cp "$here/../examples/debian-fleet/patches/strlcpy.patch" "$here"/third-party/*.patch "$work/third-party/patches/"
  sed "${words[@]}" -e "s/@STABLE@/$stable/; s/@PLUS@/$plus/; s/@PLUS_FULL@/$plus_full/" \
    "$here/third-party.yaml.in" > "$work/third-party/kmodgen.yaml"
}

# No registry has a part in this, and so no password.
third_party() { PATH=$work/bin:$PATH "$KMODGEN" "$1" -f "$work/third-party/kmodgen.yaml" "${@:2}"; }

# asked_for: MODULE RELEASE IMAGE of every mapping in the manifest.
asked_for() {
  third_party plan --offline --format json | python3 -c '
import json, sys
for row in json.load(sys.stdin): print(row["module"], row["release"], row["image"])'
}

# contains MODULE RELEASE FOLDER KMOD...: what was built, looked at without kmodgen.
contains() {
  root=
  if look_at "$(image "$1" "$2")" 2>/dev/null; then
    check "$1 for $2 holds only ${*:4} below $3" has_only "${@:2}"
  else
    fail "$1 for $2 cannot be looked into"
  fi
}
image() { awk -v of="$1 $2" '$1 " " $2 == of { print $3 }' "$work/third-party/asked-for"; }

# depends_on RELEASE FOLDER KMOD NAMES: what the kmod says that it needs.
depends_on() {
  diff <(tr ' ' '\n' <<< "$4" | sort) <(modinfo -F depends "$root/opt/lib/modules/$1/$2/$3.ko" | tr ',' '\n' | sort)
}

# inserts RELEASE KMOD PATH...: the modprobe of the image itself loads these, in this order.
inserts() {
  diff <(printf "insmod /opt/lib/modules/$1/%s.ko\n" "${@:3}") \
    <(chroot "$root" modprobe -d /opt -S "$1" --show-depends "$2" | sed 's/ *$//')
}

try_third_party() {
  if [ "$suite" != "$third_party_suite" ]; then
    skip 'third-party kmods' "their ceiling and patch are for the versions in Debian $third_party_suite, and this is $suite"
    return
  fi
  if ! get_third_party 2> "$work/log/third-party"; then
    missing 'third-party kmods' "no sources: $(tail -n 1 "$work/log/third-party")"
    return
  fi
  third_party generate | tail -n 1
  asked_for > "$work/third-party/asked-for"
  check 'a ceiling and a flavour leave kernels out' diff <(cut -d ' ' -f 1,2 "$work/third-party/asked-for") - <<MAPPINGS
jool $stable
evdi $stable
v4l2loopback $stable
v4l2loopback $plus_full
igb-uio $stable
igb-uio $plus_full
igb-uio $plus
lime $stable
lime $plus_full
lime $plus
acpi-call $stable
acpi-call $plus_full
acpi-call $plus
tp-smapi $stable
tp-smapi $plus_full
nat-rtsp $stable
nat-rtsp $plus_full
nat-rtsp $plus
evdi-symbols $stable
MAPPINGS
  local release build=(third_party build --engine buildah --dtk "$dtk" --offline --logs "$work/log/third-party-builds")
  check 'all of them build and are verified' ends 0 '19 built, 0 pushed, 0 skipped' "${build[@]}" --jobs 2 --verify
  check 'nothing is left to build' ends 0 '0 built, 0 pushed, 19 skipped' "${build[@]}"

  contains jool "$stable" extra jool_common jool jool_siit
  check "jool needs one of its own and some of the kernel's" \
    depends_on "$stable" extra jool 'jool_common nf_defrag_ipv4 nf_defrag_ipv6 x_tables'
  check 'modprobe loads what jool needs before it' inserts "$stable" jool extra/jool_common extra/jool
  check 'modprobe loads what jool_siit needs before it' inserts "$stable" jool_siit extra/jool_common extra/jool_siit
  for release in "$stable" "$plus_full"; do
    contains v4l2loopback "$release" extra v4l2loopback
    check 'it needs videodev' depends_on "$release" extra v4l2loopback videodev
  done
  check "kmodgen verify says that videodev is the kernel's" ends 0 'v4l2loopback.ko depends on videodev, which is not in the image' \
    "$KMODGEN" verify --engine buildah --release "$release" "$(image v4l2loopback "$release")"
  for release in "$stable" "$plus_full" "$plus"; do
    contains igb-uio "$release" updates igb_uio
    check 'it needs uio' depends_on "$release" updates igb_uio uio
    contains lime "$release" extra lime
    check 'modprobe finds it' inserts "$release" lime extra/lime
  done

  for release in "$stable" "$plus_full" "$plus"; do
    contains acpi-call "$release" extra acpi_call
    contains nat-rtsp "$release" extra nf_conntrack_rtsp nf_nat_rtsp
    check 'modprobe loads what it needs before it' inserts "$release" nf_nat_rtsp extra/nf_conntrack_rtsp extra/nf_nat_rtsp
  done
  for release in "$stable" "$plus_full"; do
    contains tp-smapi "$release" extra thinkpad_ec tp_smapi hdaps
    check 'modprobe loads what it needs before it' inserts "$release" tp_smapi extra/thinkpad_ec extra/tp_smapi
  done
  check 'their kernels export all that they import' imports_are_exported
  try_stripped
  try_without_help
}

# imports_are_exported: kmodgen verify finds nothing for any of the images and its kernel.
imports_are_exported() {
  local release image
  look_at "$dtk" || return
  while read -r _ release image; do
    ends 0 ' 0 findings, ' "$KMODGEN" verify --engine buildah --release "$release" \
      --symvers "$root/usr/src/linux-headers-$release/Module.symvers" "$image" || return
  done < "$work/third-party/asked-for"
}

# try_stripped: what debugging symbols weigh.
try_stripped() {
  local with without
  contains evdi-symbols "$stable" extra evdi
  with=$(weights) && contains evdi "$stable" extra evdi && without=$(weights)
  check 'without debugging symbols a kmod and its image are smaller' is_lighter "$without" "$with"
  echo "   evdi.ko and its image, in bytes: $with with debugging symbols, $without without"
}

# weights: bytes of evdi.ko, and of all files of the image that is looked into.
weights() { echo "$(stat -c %s "$root/opt/lib/modules/$stable/extra/evdi.ko") $(du -sb "$root" | cut -f 1)"; }

# is_lighter BYTES BYTES: both numbers of the first, and half of the kmod is gone at least.
is_lighter() {
  local light heavy
  read -ra light <<< "$1"
  read -ra heavy <<< "$2"
  [ "$((light[0] * 2))" -lt "${heavy[0]}" ] && [ "${light[1]}" -lt "${heavy[1]}" ]
}

# try_without_help: kmods that do not build on the newer line without their patches and ceilings.
try_without_help() {
  local row module text only=()
  local rows=(
    "v4l2loopback:implicit declaration of function 'strlcpy'" "nat-rtsp:implicit declaration of function 'strlcpy'"
    'tp-smapi:"DEFINE_SEMAPHORE" requires 2 arguments' 'evdi:incompatible pointer type'
  )
  for row in "${rows[@]}"; do only+=(--only "${row%%:*}/$(pattern "$plus_full")"); done
  sed -i -E '/^ *patches: /d; /^ *unless: .kernelVersion/d' "$work/third-party/kmodgen.yaml"
  check "without patches and ceilings, ${#rows[@]} of them do not build on $plus_full" \
    ends 1 "0 built, 0 pushed, 0 skipped, ${#rows[@]} failed" "${build[@]}" --jobs 2 --keep-going "${only[@]}"
  for row in "${rows[@]}"; do
    module=${row%%:*} text=${row#*:}
    check "the log of $module says why" grep -F -- "$text" "$work/log/third-party-builds/$module/$plus_full.log"
  done
}
