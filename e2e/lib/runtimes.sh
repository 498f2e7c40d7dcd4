# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, stable, commit, root, KMODGEN: of ../run
# Runtime images of every kind, each meeting the contract of its clusters in its own way. Sourced by
# ../run.

# make_runtimes: what has busybox for everything, as busybox's own image and alpine's have, and what has
# neither modprobe nor a package manager.
make_runtimes() {
  unpack "$work/busybox" busybox-static || return
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/busybox/bin/busybox" /bin/busybox > /dev/null
  buildah config --env PATH=/usr/local/bin:/sbin:/bin "$container"
  buildah run "$container" -- /bin/busybox sh -euc '/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin /usr/local/bin /tmp && /bin/busybox --install -s'
  buildah commit --quiet --rm "$container" docker.io/library/busybox:e2e > /dev/null
  make_alpine || return
  derive localhost/base registry.redhat.io/ubi9/ubi-micro:9.4 'dpkg --purge kmod && rm /usr/bin/apt-get /bin/sleep'
}

# make_alpine: the same, and an apk that brings kmod, with the libraries that ours needs.
make_alpine() {
  look_at localhost/base || return
  local container needed
  mapfile -t needed < <(chroot "$root" ldd /usr/bin/kmod | grep -o '/[^ ]*')
  mkdir -p "$work/alpine/kmod"
  (cd "$root" && cp --parents -L usr/bin/kmod "${needed[@]#/}" "$work/alpine/kmod/") || return
  cat > "$work/alpine/apk" <<'STAND_IN'
#!/bin/sh
case "$*" in
  'add --no-cache kmod') cp -R /kmod/. / && ln -sf /usr/bin/kmod /sbin/modprobe ;;
  *) echo "apk is not to be called with: $*" >&2; exit 64 ;;
esac
STAND_IN
  chmod 755 "$work/alpine/apk"
  container=$(buildah from --pull-never docker.io/library/busybox:e2e)
  buildah add --quiet "$container" "$work/alpine/kmod" /kmod > /dev/null
  buildah add --quiet "$container" "$work/alpine/apk" /usr/local/bin/apk > /dev/null
  buildah commit --quiet --rm "$container" docker.io/library/alpine:e2e > /dev/null
}

try_runtimes() {
  local cluster runtime tree=$work/project/gitops/runtimes
  check 'runtime images of every kind' make_runtimes
  mkdir -p "$work/runtimes"
  sed -e "s/@COMMIT@/$commit/; s/@STABLE@/$stable/" "$here/runtimes.yaml.in" > "$work/runtimes/kmodgen.yaml"
  check 'a manifest with two clusters' "$KMODGEN" generate -f "$work/runtimes/kmodgen.yaml" -o "$tree"
  for cluster in any two; do
    for runtime in busybox alpine micro; do
      cp "$tree/$cluster/on-$runtime/$stable/Dockerfile" "$tree/$cluster/on-$runtime/$stable/from-configmap"
      mkdir -p "$work/log/runtimes/$cluster"
    done
  done
  refuses runtimes/any/on-micro "$stable" 'the runtime image has no modprobe, and no package manager to get it with'
  refuses runtimes/any/on-busybox "$stable" "the runtime image has busybox's modprobe, which KMM 1 cannot use"
  builds runtimes/any/on-alpine "$stable"
  check 'kmodgen verify finds all that any KMM relies on' verifies any on-alpine any 0 '0 findings'
  for runtime in busybox alpine micro; do
    builds "runtimes/two/on-$runtime" "$stable"
    look_into "runtimes/two/on-$runtime" "$stable" || continue
    check 'it holds only the kmods' has_only "$stable" extra kmm_ci_a kmm_ci_b
    check 'kmodgen verify finds all that KMM 2 relies on' verifies two "on-$runtime" kmm2 0 '0 findings'
  done
  check 'kmodgen verify knows that no KMM 1 can load from busybox' verifies two on-busybox any \
    1 'it is busybox, whose modprobe cannot load from /opt'
  check 'KMM 2 needs no package manager' lacks_packages "$tree/two/on-micro/$stable/Dockerfile"
}

# verifies CLUSTER MODULE CONTRACT CODE TEXT
verifies() {
  ends "$4" "$5" "$KMODGEN" verify --engine buildah --contract "$3" --release "$stable" \
    "$(image_of "runtimes/$1/$2" "$stable")"
}

lacks_packages() { ! grep -E 'apk|dnf|apt-get' "$1"; }
