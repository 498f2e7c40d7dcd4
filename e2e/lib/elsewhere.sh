# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the sums, names and ports are of ../run, as are work, here, stable and more
# Sources in packages, in images, behind a login and beside the manifest, and images that carry what
# packages bring. Sourced by ../run.

sles_builder=registry.suse.com/suse/sle15:15.5 # headers only after the right calls of zypper

# make_elsewhere: a package with a source, an image with one, a folder beside the manifest, and a server
# that wants a login. Sets rpm_sum, image_source and port_of_files. The archives are there already.
make_elsewhere() {
  local tree=$work/carried
  cat > "$tree/source.spec" <<SPEC
Name: driver-source
Version: 1.2
Release: 1
BuildArch: noarch
Summary: A source
License: GPL-2.0-only
%description
A source.
%install
mkdir -p %{buildroot}/usr/src %{buildroot}/usr/share/driver
cp -r $tree/driver-1.2 %{buildroot}/usr/src/
cp $work/git/files/driver-1.2.tar.xz $work/git/files/driver.deb %{buildroot}/usr/share/driver/
%files
/usr/src/driver-1.2
/usr/share/driver
SPEC
  rpmbuild -bb --quiet --define "_topdir $tree/rpm" "$tree/source.spec" || return
  cp "$tree/rpm/RPMS/noarch/driver-source-1.2-1.noarch.rpm" "$work/git/files/driver-source.rpm"
  rpm_sum=$(sum "$work/git/files/driver-source.rpm")

  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$tree/driver-1.2" /usr/share/driver > /dev/null
  buildah commit --quiet --rm "$container" quay.io/e2e/driver-source:1 > /dev/null
  image_source=quay.io/e2e/driver-source@$(buildah images --digests --format '{{.Digest}}' quay.io/e2e/driver-source:1)

  cp -r "$here/source/driver" "$work/project/beside"
  git -C "$work/git/kmm-ci.git" update-server-info || return
  mkdir -p "$work/secrets/e2e-login"
  printf e2e > "$work/secrets/e2e-login/username"
  # shellcheck disable=SC1003 # printf reads the backslashes.
  printf 'pass"word\\' > "$work/secrets/e2e-login/password"
  python3 "$here/lib/files_with_login.py" "$work/git" "$work/secrets/e2e-login" "$work/port-of-files" &
  services+=("$!")
  local tries=100
  until [ -s "$work/port-of-files" ] || [ "$((tries -= 1))" = 0 ]; do sleep 0.1; done
  port_of_files=$(cat "$work/port-of-files")
}

# make_sles: a builder whose headers zypper brings, to where SUSE's packages put them.
make_sles() {
  derive "$dtk" "$sles_builder" "
    rm -r /lib/modules/*
    cat > /usr/local/bin/zypper <<'STAND_IN'
#!/bin/sh
package=kernel-${stable##*-}-devel
case \"\$*\" in
  '--non-interactive --gpg-auto-import-keys refresh') ;;
  \"--quiet search --details --match-exact --type package \$package\")
    printf 'S | Name | Type | Version | Arch | Repository\n  | %s | package | %s | x86_64 | Updates\n' \"\$package\" 1.0-1 \"\$package\" ${stable%-*}.1 ;;
  \"--non-interactive install --no-recommends \$package=${stable%-*}.1\")
    mkdir -p /usr/src/linux-${stable%-*}-obj/\$(uname -m)
    ln -s ../../linux-headers-$stable /usr/src/linux-${stable%-*}-obj/\$(uname -m)/${stable##*-} ;;
  *) echo \"zypper is not to be called with: \$*\" >&2; exit 64 ;;
esac
STAND_IN
    chmod 755 /usr/local/bin/zypper"
}

try_elsewhere() {
  check 'a builder that zypper completes' make_sles
  builds by-zypper "$stable"
  holds by-zypper "$stable" extra kmm_ci_a kmm_ci_b
  local module
  for module in from-rpm from-image; do
    builds "$module" "$stable"
    holds "$module" "$stable" extra kmm_ci_a kmm_ci_b
  done
  try_packages
  try_inside
  try_logins
  try_beside
}

try_packages() {
  builds by-packages "$stable"
  holds by-packages "$stable" extra kmm_ci_a kmm_ci_b
  look_into by-packages "$stable" || return 0
  check 'what else a package has is at its place' has_payload
  check 'kmodgen verify finds nothing' ends 0 '0 findings' \
    "$KMODGEN" verify --engine buildah --release "$stable" "$(image_of by-packages "$stable")"
  refuses no-package "$stable" 'no package is driver-missing; there are: driver'
}

has_payload() {
  diff <(printf 'options kmm_ci_a\n') "$root/usr/lib/modprobe.d/driver.conf" || return
  diff <(printf 'firmware\n') "$root/opt/lib/firmware/driver.bin" || return
  "$root/usr/bin/driver-status" || return
  [ ! -e "$root/usr/lib/firmware/driver.bin" ] && [ ! -e "$root/usr/lib/modules/$stable" ]
}

try_inside() {
  builds from-inside "$stable"
  holds from-inside "$stable" extra kmm_ci_a kmm_ci_b
  look_into from-inside "$stable" || return 0
  check 'a package that a step made is installed' "$root/usr/bin/driver-tools"
  check 'a file of a package in a package is at its place' cmp "$root/usr/libexec/driver/prepare.sh" "$here/carried/prepare.sh"
  check 'kmodgen verify finds nothing' ends 0 '0 findings' \
    "$KMODGEN" verify --engine buildah --release "$stable" "$(image_of from-inside "$stable")"
}

try_logins() {
  local login=(--volume "$work/secrets/e2e-login:/run/secrets/e2e-login:ro") target
  for target in login-archive login-repository; do
    online=1 builds "$target" "$stable" "${login[@]}"
    holds "$target" "$stable" extra kmm_ci_a kmm_ci_b
    online=1 refuses "$target" "$stable" 'the build mounts no secret e2e-login with a password'
  done
  check 'the password is in no layer' lacks_password
  mkdir "$work/secrets/wrong"
  printf e2e | tee "$work/secrets/wrong/username" > "$work/secrets/wrong/password"
  online=1 refuses login-archive "$stable" "cannot get http://127.0.0.1:$port_of_files/files/driver-1.2.tar.xz" \
    --no-cache --volume "$work/secrets/wrong:/run/secrets/e2e-login:ro"
}

lacks_password() {
  local layers=$work/layers
  for target in login-archive login-repository; do
    rm -rf "$layers"
    buildah push --quiet --disable-compression "$(image_of "$target" "$stable")" "dir:$layers" || return
    ! grep -rlF 'pass"word' "$layers" || return
  done
}

try_beside() {
  context=$work/project builds from-folder "$stable"
  holds from-folder "$stable" extra kmm_ci_a kmm_ci_b
  # As KMM would build it.
  refuses from-folder "$stable" 'beside'
  echo '/* later */' >> "$work/project/beside/kmm_ci_a.c"
  context=$work/project refuses from-folder "$stable" 'beside is not as it was when this Dockerfile was generated'
  cp "$here/source/driver/kmm_ci_a.c" "$work/project/beside/"
}

# try_beside_by_kmodgen: needs the engine of wrap_engine.
try_beside_by_kmodgen() {
  check 'kmodgen build gives a build the folder' ends 0 '1 built' \
    kmodgen_in project build --engine buildah --offline --only from-folder
}
