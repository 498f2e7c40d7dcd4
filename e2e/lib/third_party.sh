# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, suite, stable, plus, plus_full, dtk, KMODGEN: of ../run
# shellcheck disable=SC2154 # root: of verify.sh
# Kmods that others wrote, from the sources that Debian packages for dkms: built, verified and looked
# into. Sourced by ../run.

# The manifest's ceiling and patch are for the versions that are in this one.
third_party_suite=bookworm

# get_third_party: the sources, as bare repositories, and the manifest.
get_third_party() {
  unpack "$work/dkms" v4l2loopback-dkms jool-dkms dpdk-kmods-dkms lime-forensics-dkms || return
  local jool v4l2loopback igb_uio lime
  jool=$(commit_all "$work"/dkms/usr/src/jool-dkms-* jool.git sha1 'Jool') &&
    v4l2loopback=$(commit_all "$work"/dkms/usr/src/v4l2loopback-* v4l2loopback.git sha1 'v4l2loopback') &&
    igb_uio=$(commit_all "$work"/dkms/usr/src/dpdk-kmods-* igb-uio.git sha1 'igb_uio') &&
    lime=$(commit_all "$work"/dkms/usr/src/lime-forensics-* lime.git sha1 'LiME') || return
  mkdir -p "$work/third-party/patches"
  cp "$here/../examples/debian-fleet/patches/strlcpy.patch" "$work/third-party/patches/"
  sed -e "s/@JOOL@/$jool/; s/@V4L2LOOPBACK@/$v4l2loopback/; s/@IGB_UIO@/$igb_uio/; s/@LIME@/$lime/" \
    -e "s/@STABLE@/$stable/; s/@PLUS@/$plus/; s/@PLUS_FULL@/$plus_full/; s/@PLUS_LINE@/$(line "$plus")/" \
    "$here/third-party.yaml.in" > "$work/third-party/kmodgen.yaml"
}

# line RELEASE: a pattern for all kernels of its first two numbers.
line() { sed -E 's/^([0-9]+)\.([0-9]+)\..*/\1[.]\2[.].*/' <<< "$1"; }

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
v4l2loopback $stable
v4l2loopback $plus_full
igb-uio $stable
igb-uio $plus_full
igb-uio $plus
lime $stable
lime $plus_full
lime $plus
MAPPINGS
  local release build=(third_party build --engine buildah --dtk "$dtk" --offline --logs "$work/log/third-party-builds")
  check 'all of them build and are verified' ends 0 '9 built, 0 pushed, 0 skipped' "${build[@]}" --jobs 2 --verify
  check 'nothing is left to build' ends 0 '0 built, 0 pushed, 9 skipped' "${build[@]}"

  contains jool "$stable" extra jool_common jool jool_siit
  check "jool needs one of its own and some of the kernel's" \
    depends_on "$stable" extra jool 'jool_common nf_defrag_ipv4 nf_defrag_ipv6 x_tables'
  check 'modprobe loads what jool needs before it' inserts "$stable" jool extra/jool_common extra/jool
  check 'modprobe loads what jool_siit needs before it' inserts "$stable" jool_siit extra/jool_common extra/jool_siit
  for release in "$stable" "$plus_full"; do
    contains v4l2loopback "$release" extra v4l2loopback
    check 'it needs videodev' depends_on "$release" extra v4l2loopback videodev
  done
  check "kmodgen verify says that videodev is the kernel's" ends 0 'v4l2loopback.ko needs videodev, which is not in the image' \
    "$KMODGEN" verify --engine buildah --release "$release" "$(image v4l2loopback "$release")"
  for release in "$stable" "$plus_full" "$plus"; do
    contains igb-uio "$release" updates igb_uio
    check 'it needs uio' depends_on "$release" updates igb_uio uio
    contains lime "$release" extra lime
    check 'modprobe finds it' inserts "$release" lime extra/lime
  done

  sed -i '/^ *patches: /d' "$work/third-party/kmodgen.yaml"
  check 'v4l2loopback does not build without its patch, and its log says why' \
    ends 1 "implicit declaration of function 'strlcpy'" "${build[@]}" --only "v4l2loopback/$(line "$plus")"
}
