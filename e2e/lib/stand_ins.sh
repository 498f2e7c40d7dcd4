# shellcheck shell=bash
# shellcheck disable=SC2154 # work, suite, stable, plus: of ../run
# Base images made of Debian packages, under the names that Dockerfiles use. Sourced by ../run
# and ../fleet.
#
# Red Hat's images cannot be fetched without an account. What these have in common with them is
# what matters to a Dockerfile: headers where a Driver Toolkit has them, kmod, and a package
# manager of the same name that refuses any call that we did not mean to make.

dtk=quay.io/e2e/driver-toolkit:1            # headers of all kernels, as DTK_AUTO would name it
debian_bare=docker.io/library/debian:e2e    # neither headers nor compiler: apt must get them
debian_ready=quay.io/e2e/debian-headers:1   # a Debian builder with headers
rpm_builder=registry.redhat.io/ubi9/ubi:9.4 # headers only after the right call of dnf
runtime=registry.redhat.io/ubi9/ubi-minimal:9.4

make_base() {
  local sources=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    if [ -s "$file" ]; then sources+=("$file"); fi
  done
  TMPDIR=$work mmdebstrap --quiet --variant=apt --mode=root --include=kmod \
    --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$work/base.tar" "${sources[@]}"
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/base.tar" / >/dev/null
  # Sources come from a folder that builds see as /srv/git, whatever the Dockerfile says.
  printf '[url "file:///srv/git/"]\n\tinsteadOf = https://github.com/example/\n[safe]\n\tdirectory = *\n[protocol "file"]\n\tallow = always\n' > "$work/gitconfig"
  buildah add --quiet "$container" "$work/gitconfig" /etc/gitconfig >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --rm "$container" localhost/base >/dev/null
  rm "$work/base.tar"
}

# derive FROM TO SCRIPT: an image that differs by what a script does in it.
derive() {
  local container
  container=$(buildah from --pull-never "$1")
  if ! buildah run "$container" -- sh -euc "$3" > "$work/log/derive" 2>&1; then
    tail -n 20 "$work/log/derive" >&2
    die "cannot make $2"
  fi
  buildah commit --quiet --rm "$container" "$2" >/dev/null
}

# make_dtk RELEASE...: the first with all that its headers depend on, the others with headers alone.
make_dtk() {
  derive localhost/base "$dtk" "
    apt-get update -q
    apt-get install -qy --no-install-recommends gcc make git ca-certificates pahole linux-headers-$1
    $(unpack_headers "${@:2}")
    printf '{\"KERNEL_VERSION\":\"%s\",\"RT_KERNEL_VERSION\":\"\",\"RHEL_VERSION\":\"\"}\n' $1 \
      > /etc/driver-toolkit-release.json"
}

# unpack_headers RELEASE...: shell for it. The newest headers depend on a whole kernel image, which
# no build needs: they are unpacked alone, without other architectures' and without the thousands
# of empty files by which kbuild knows what to build again.
unpack_headers() {
  local release needed packages=()
  for release; do
    read -ra needed < <(headers_needed "$release")
    packages+=("linux-headers-$release" "${needed[@]}")
  done
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  printf '%s' "
    cd /var/tmp
    apt-get download -q ${packages[*]} >/dev/null
    printf '%s\\n' ./*.deb | xargs -P 2 -I '{}' env LC_ALL=C sh -euc 'dpkg-deb --fsys-tarfile {} > {}.tar
      tar -x -C / --keep-directory-symlink -f {}.tar \\
        --exclude=\"./usr/src/*/arch/[a-wyz]*/*\" --exclude=\"./usr/src/*/include/config/[A-Z0-9]*\"
      rm {} {}.tar'"
}

make_runtime() {
  derive localhost/base "$runtime" "
    mv /usr/bin/kmod /usr/lib/kmod.held
    $(stand_in microdnf 'install -y kmod' 'mv /usr/lib/kmod.held /usr/bin/kmod')"
}

# make_images RELEASE...: builders have the headers of all these, the first of which apt can install.
make_images() {
  make_dtk "$@"
  buildah tag "$dtk" "$debian_ready"

  derive localhost/base "$debian_bare" 'dpkg --purge kmod'

  # /usr/src/kernels is where kernel-devel puts headers, and it makes no /lib/modules.
  derive "$dtk" "$rpm_builder" "
    rm -r /lib/modules/*
    $(stand_in dnf "install -y --setopt=install_weak_deps=False kernel-devel-$stable elfutils-libelf-devel" \
      "mkdir -p /usr/src/kernels && ln -s ../linux-headers-$stable /usr/src/kernels/$stable")"

  make_runtime
}

# stand_in NAME ARGUMENTS ACTION: shell that writes a package manager which takes `clean all` and
# these arguments, and refuses any others.
stand_in() {
  printf "%s" "cat > /usr/local/bin/$1 <<'STAND_IN'
#!/bin/sh
case \"\$*\" in
  '$2') $3 ;;
  'clean all') ;;
  *) echo \"$1 is not to be called with: \$*\" >&2; exit 64 ;;
esac
STAND_IN
chmod 755 /usr/local/bin/$1"
}

# headers_needed RELEASE: the packages of headers that the ones of this release are made of.
headers_needed() {
  apt-cache depends "linux-headers-$1" | sed -nE 's/^ *Depends: (linux-(headers|kbuild)-.*)/\1/p' | tr '\n' ' '
}
