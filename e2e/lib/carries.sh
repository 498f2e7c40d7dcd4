# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, stable, dtk, root: of ../run
# Sources of every kind, every build step, and all that an image can carry. Sourced by ../run.

tools=quay.io/e2e/driver-toolkit-tools:1 # the Driver Toolkit, with what archives, packages and steps need
in_tree=quay.io/e2e/driver-toolkit-tree:1 # the Driver Toolkit, with kmm_ci_b as one of the kernel's own
twins=quay.io/e2e/driver-toolkit-twins:1 # the Driver Toolkit, with both kmods as the kernel's own
twins_first=quay.io/e2e/driver-toolkit-twins-first:1 # the same, with a depmod that prefers those

# make_files: archives and packages of ../source and ../carried, which builds see below /srv/git, and
# the repositories that belong together. Sets archive_sum, zip_sum, rpm_sum, deb_sum and super_commit.
make_files() {
  local tree=$work/carried files=$work/git/files
  rm -rf "$tree" && mkdir -p "$tree/driver-1.2" "$files"
  cp -r "$here/source/driver/." "$here/carried/." "$tree/driver-1.2/"
  tar -C "$tree" -cJf "$files/driver-1.2.tar.xz" driver-1.2
  (cd "$tree" && python3 -m zipfile -c "$files/driver-1.2.zip" driver-1.2)
  mkdir -p "$tree/deb/DEBIAN" "$tree/deb/usr/src/driver-1.2"
  cp -r "$tree/driver-1.2/." "$tree/deb/usr/src/driver-1.2/"
  printf 'Package: driver\nVersion: 1.2\nArchitecture: all\nMaintainer: e2e <e2e@example.com>\nDescription: a source\n' \
    > "$tree/deb/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$tree/deb" "$files/driver.deb" > /dev/null
  archive_sum=$(sum "$files/driver-1.2.tar.xz")
  zip_sum=$(sum "$files/driver-1.2.zip")
  deb_sum=$(sum "$files/driver.deb")
  # A repository whose submodule has the code.
  local inner super=$work/super
  inner=$(commit_all "$tree/driver-1.2" inner.git sha1 'The code')
  rm -rf "$super" && mkdir -p "$super/driver" && git -C "$super" init -q
  printf '[submodule "driver"]\n\tpath = driver\n\turl = ../inner.git\n' > "$super/.gitmodules"
  git -C "$super" update-index --add --cacheinfo "160000,$inner,driver"
  super_commit=$(commit_all "$super" super.git sha1 'What it is part of')
}

sum() { sha256sum "$1" | cut -d ' ' -f 1; }

# make_tools: the builders.
make_tools() {
  derive "$dtk" "$tools" '
    apt-get update -q
    apt-get install -qy --no-install-recommends curl unzip cpio xz-utils zstd rpm bash patch'
}

# make_tree: kmm_ci_b, as by-dtk built it, becomes one of the kernel's own.
make_tree() {
  look_into by-dtk "$stable" || return
  local container modules=/lib/modules/$stable/kernel/drivers/kmm_ci
  container=$(buildah from --pull-never "$dtk")
  buildah add --quiet "$container" "$root/opt/lib/modules/$stable/extra/kmm_ci_b.ko" "$modules/kmm_ci_b.ko" > /dev/null
  buildah commit --quiet --rm "$container" "$in_tree" > /dev/null
}

# make_twins: what by-dtk built becomes the kernel's own, one compressed and under the other spelling of
# its name. Then a depmod that searches as it likes.
make_twins() {
  look_into by-dtk "$stable" || return
  local container built=$root/opt/lib/modules/$stable/extra modules=/lib/modules/$stable/kernel/drivers/kmm_ci
  xz --check=crc32 --stdout "$built/kmm_ci_a.ko" > "$work/kmm-ci-a.ko.xz" || return
  container=$(buildah from --pull-never "$dtk")
  buildah add --quiet "$container" "$work/kmm-ci-a.ko.xz" "$modules/kmm-ci-a.ko.xz" > /dev/null
  buildah add --quiet "$container" "$built/kmm_ci_b.ko" "$modules/kmm_ci_b.ko" > /dev/null
  buildah commit --quiet --rm "$container" "$twins" > /dev/null
  # shellcheck disable=SC2016 # for the stand-in's shell
  derive "$twins" "$twins_first" '
    printf "search host built-in extra\n" > /etc/host-first.conf
    printf "%s\n" "#!/bin/sh" "[ \"\$1\" != -C ] || { shift 2; set -- -C /etc/host-first.conf \"\$@\"; }" \
      "exec $(command -v depmod) \"\$@\"" > /usr/local/sbin/depmod
    chmod 755 /usr/local/sbin/depmod'
}

try_twins() {
  check "a builder whose kernel has modules of our names" make_twins
  builds with-twins "$stable"
  look_into with-twins "$stable" || return 0
  check 'ours win over those of the kernel' wins
  check 'kmodgen verify finds nothing' ends 0 '0 findings' \
    "$KMODGEN" verify --engine buildah --release "$stable" "$(image_of with-twins "$stable")"
  refuses no-win "$stable" 'modules.dep lists host/kernel/drivers/kmm_ci/kmm-ci-a.ko.xz for kmm_ci_a, not extra/kmm_ci_a.ko'
}

wins() {
  diff <(printf '%s\n' 'extra/kmm_ci_a.ko: extra/kmm_ci_b.ko' 'extra/kmm_ci_b.ko:') \
    <(grep 'kmm.ci' "$root/opt/lib/modules/$stable/modules.dep" | sort)
}

# An image that is not there has failed its check already.
try_carrying() {
  make_tools
  check 'a builder with modules of its own' make_tree
  local module
  for module in from-archive from-zip from-deb from-submodule by-dkms by-rpmbuild by-script with-host; do
    builds "$module" "$stable"
  done
  look_into from-archive "$stable" || return 0
  check 'an archive is built, stripped and compressed' is_compressed
  check 'firmware is in the image, files and folders' has_firmware
  check 'licences are in the image' cmp "$root/licenses/COPYING" "$here/carried/COPYING"
  check 'other files are where they belong' has_files
  check 'the image has its labels and its user' has_labels
  check 'kmodgen verify finds nothing' ends 0 '0 findings' \
    "$KMODGEN" verify --engine buildah --release "$stable" "$(image_of from-archive "$stable")"
  for module in from-zip from-deb from-submodule by-dkms by-rpmbuild by-script; do
    holds "$module" "$stable" extra kmm_ci_a kmm_ci_b
  done
  look_into by-script "$stable" || return 0
  says "$stable" note "by script for $stable"
  look_into by-dkms "$stable" || return 0
  says "$stable" version dkms
  look_into with-host "$stable" || return 0
  check 'a dependency on a module of the kernel is known by its link' finds_host
  refuses no-option "$stable" 'kconfig does not take: CONFIG_MISSING=y'
  refuses no-checksum "$stable" 'cannot get file:///srv/git/files/driver-1.2.tar.xz'
}

is_compressed() {
  local tree=$root/opt/lib/modules/$stable
  diff <(printf '%s\n' kmm_ci_a.ko.xz kmm_ci_b.ko.xz) <(ls "$tree/updates") || return
  xz -lv "$tree/updates/kmm_ci_a.ko.xz" | grep -F CRC32 || return
  xz -dc "$tree/updates/kmm_ci_a.ko.xz" > "$work/plain.ko" || return
  ! readelf -S "$work/plain.ko" | grep -F .debug_info || { echo 'not stripped'; return 1; }
  grep -xF 'updates/kmm_ci_a.ko.xz: updates/kmm_ci_b.ko.xz' "$tree/modules.dep"
}

has_firmware() {
  diff <(printf '%s\n' board/a.bin board/b.bin vendor/single.bin) \
    <(cd "$root/opt/lib/firmware" && find . -type f -printf '%P\n' | sort)
}

# has_files: with one in a folder that is a link, and the contents of two folders of the other source.
has_files() {
  local share=$root/usr/share/driver tree=$here/carried
  cmp "$root/licenses/submodule/Makefile" "$here/source/driver/Makefile" || return
  cmp "$root/usr/sbin/prepare.sh" "$tree/prepare.sh" && test -L "$root/sbin" && test -x "$root/usr/sbin/prepare.sh" || return
  cmp "$share/$stable.conf" "$tree/dkms.conf" || return
  diff <(printf '%s\n' "$stable.conf" driver.spec version.patch prepare.sh | sort) <(ls "$share")
}

has_labels() {
  diff <(printf '%s\n' 'Ex "ample" $HOME' 201:0) \
    <(echo "$(buildah inspect --type image --format '{{index .OCIv1.Config.Labels "org.opencontainers.image.vendor"}}
{{.OCIv1.Config.User}}' "$(image_of from-archive "$stable")")")
}

finds_host() {
  local tree=$root/opt/lib/modules/$stable
  diff <(printf '/lib/modules/%s\n' "$stable") <(readlink "$tree/host") || return
  grep -xF 'extra/kmm_ci_a.ko: host/kernel/drivers/kmm_ci/kmm_ci_b.ko' "$tree/modules.dep" || cat "$tree/modules.dep"
}
