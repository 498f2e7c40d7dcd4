# shellcheck shell=bash
# shellcheck disable=SC2154 # work, stable, dtk, commit, port: of ../run
# An image that is built once, pulled by digest, and has an alias. Sourced by ../run.

pushed() { kmodgen_in pushed "$@"; }

write_pushed() {
  mkdir "$work/pushed"
  cat > "$work/pushed/kmodgen.yaml" <<MANIFEST
apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  kmm-ci: {git: https://github.com/example/kmm-ci.git, ref: $commit, dir: driver}
baseImages: {builder: dtk, runtime: "registry.redhat.io/ubi9/ubi-minimal:9.4", pin: false}
kernels: [$stable]
modules:
$(module_item pushed "127.0.0.1:$port/kmods" 'builtBy: ci' 'aliases: ["${KERNEL_FULL_VERSION}"]')
MANIFEST
}

# digest_of TAG: what the registry has under it.
digest_of() {
  skopeo inspect --authfile "$work/auth.json" --tls-verify=false --format '{{.Digest}}' "docker://127.0.0.1:$port/kmods/pushed:$1"
}

# names_image FILE: it has the image by the digest that the registry has under both tags.
names_image() {
  local tag digest
  tag=$(planned_in pushed pushed "$stable" | sed 's/.*://') && digest=$(digest_of "$tag") &&
    [ "$digest" = "$(digest_of "$stable")" ] && grep -F -- "$digest" "$1"
}

try_pushed() {
  write_pushed
  local build=(pushed build --engine buildah --dtk "$dtk" --push)
  check 'a Module waits for its images' ends 1 'is not pushed' pushed generate
  check 'an image is built, verified and pushed' ends 0 '1 pushed' "${build[@]}"
  check 'the lock has its digest, and the alias the same image' names_image "$work/pushed/kmodgen.lock"
  check 'the Module is written' ends 0 '1 mapping to load' pushed generate
  check 'it names the image by digest' names_image "$work/pushed/gitops/pushed/module.yaml"
  check 'nothing is left to do' ends 0 '0 pushed, 1 skipped' "${build[@]}"
  cp "$work/pushed/kmodgen.lock" "$work/pushed/before"
  sed -i '/^pushed:/,$d' "$work/pushed/kmodgen.lock"
  buildah rmi "$(planned_in pushed pushed "$stable")" "127.0.0.1:$port/kmods/pushed:$stable" >/dev/null
  check 'an image of another machine is pulled and verified' ends 0 '0 pushed, 1 skipped' "${build[@]}"
  check 'and its digest is known again' cmp "$work/pushed/before" "$work/pushed/kmodgen.lock"
}
