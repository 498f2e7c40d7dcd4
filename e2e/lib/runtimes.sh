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
  derive localhost/base registry.redhat.io/ubi9/ubi-micro:9.4 'dpkg --purge kmod && rm /usr/bin/apt-get /bin/sleep'
}

try_runtimes() {
  local target runtime tree=$work/project/gitops/runtimes
  check 'runtime images of every kind' make_runtimes
  mkdir -p "$work/runtimes"
  sed -e "s/@COMMIT@/$commit/; s/@STABLE@/$stable/" "$here/runtimes.yaml.in" > "$work/runtimes/kmodgen.yaml"
  check 'a manifest with two targets' "$KMODGEN" generate -f "$work/runtimes/kmodgen.yaml" -o "$tree"
  for target in any two; do
    for runtime in busybox micro; do
      cp "$tree/$target/on-$runtime/$stable/Dockerfile" "$tree/$target/on-$runtime/$stable/from-configmap"
      mkdir -p "$work/log/runtimes/$target"
    done
  done
  refuses runtimes/any/on-micro "$stable" 'the runtime image has no modprobe, and no package manager to get it with'
  builds runtimes/any/on-busybox "$stable"
  check 'kmodgen verify knows that no KMM 1 can load from busybox' verifies any on-busybox any \
    1 'it is busybox, whose modprobe cannot load from /opt'
  for runtime in busybox micro; do
    builds "runtimes/two/on-$runtime" "$stable"
    look_into "runtimes/two/on-$runtime" "$stable" || continue
    check 'it holds only the kmods' has_only "$stable" extra kmm_ci_a kmm_ci_b
    check 'kmodgen verify finds all that KMM 2 relies on' verifies two "on-$runtime" kmm2 0 '0 findings'
  done
  check 'KMM 2 needs no package manager' lacks_packages "$tree/two/on-micro/$stable/Dockerfile"
}

# verifies TARGET MODULE CONTRACT CODE TEXT
verifies() {
  ends "$4" "$5" "$KMODGEN" verify --engine buildah --contract "$3" --release "$stable" \
    "$(image_of "runtimes/$1/$2" "$stable")"
}

lacks_packages() { ! grep -E 'apk|dnf|apt-get' "$1"; }
