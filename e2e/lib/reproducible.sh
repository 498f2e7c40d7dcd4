# shellcheck shell=bash
# shellcheck disable=SC2154 # work, stable, dtk, runtime, KMODGEN: of ../run
# One mapping built in two storages, on machines of two names, one after the other: the same image. Sourced by ../run.

try_reproducible() {
  mkdir "$work/reproducible"
  cat > "$work/reproducible/kmodgen.yaml" <<MANIFEST
apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  kmm-ci: {git: https://github.com/example/kmm-ci.git, ref: main, dir: driver}
baseImages: {builder: dtk, runtime: "$runtime", pin: false}
kernels: [$stable]
modules:
$(module_item reproducible quay.io/e2e 'install: {compress: gz}')
MANIFEST
  # Debian's kmod may not read compressed modules.
  kmod --version | grep -qF -- +ZLIB || sed -i '/^    install:/d' "$work/reproducible/kmodgen.yaml"
  printf '[url "file://%s/"]\n\tinsteadOf = https://github.com/example/\n' "$work/git" > "$work/instead-of"
  check 'the lock learns the date of a commit' \
    env GIT_CONFIG_GLOBAL="$work/instead-of" "$KMODGEN" lock -f "$work/reproducible/kmodgen.yaml"
  check 'which is the date of the image' grep -qF 'date: "2026-01-01T00:00:00Z"' "$work/reproducible/kmodgen.lock"
  make_other_storage
  is_the_same_elsewhere buildah
  if [ -x "$work/bin/podman" ]; then is_the_same_elsewhere podman; else skip 'another storage of podman' 'podman did not run'; fi
}

# make_other_storage: with the same base images.
make_other_storage() {
  local image
  printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' \
    "$work/other-run" "$work/other-images" > "$work/other-storage.conf"
  for image in "$dtk" "$runtime"; do
    buildah push --quiet "$image" "oci-archive:$work/handed.tar:$image" >/dev/null
    elsewhere buildah pull --quiet "oci-archive:$work/handed.tar" >/dev/null
    rm "$work/handed.tar"
  done
}

# elsewhere COMMAND...: in the other storage, on a machine of another name.
elsewhere() {
  # shellcheck disable=SC2016 # to be expanded there
  CONTAINERS_STORAGE_CONF=$work/other-storage.conf PATH=$work/bin:$PATH \
    unshare --uts sh -c 'hostname elsewhere && exec "$@"' sh "$@"
}

# is_the_same_elsewhere ENGINE: an image that neither storage has.
is_the_same_elsewhere() {
  local image first other build=("$KMODGEN" build -f "$work/reproducible/kmodgen.yaml" --offline --engine "$1" --dtk "$dtk")
  image=$(planned_in reproducible reproducible "$stable")
  check "$1 builds the same image twice" \
    ends 0 '1 built, 0 pushed, 0 skipped, 0 failed' env PATH="$work/bin:$PATH" "${build[@]}" --twice
  check "$1 builds it elsewhere" ends 0 '1 built, 0 pushed, 0 skipped, 0 failed' elsewhere "${build[@]}"
  if [ "$failed" -gt 0 ]; then return; fi
  first=$(buildah inspect --type image --format '{{.FromImageID}}' "$image")
  other=$(elsewhere buildah inspect --type image --format '{{.FromImageID}}' "$image")
  check 'both are one image' same "$first" "$other"
  check 'its label has the date of its source' \
    same '2026-01-01T00:00:00Z' "$(buildah inspect --type image --format '{{index .OCIv1.Config.Labels "org.opencontainers.image.created"}}' "$image")"
  buildah rmi "$image" >/dev/null
  elsewhere buildah rmi "$image" >/dev/null
}
