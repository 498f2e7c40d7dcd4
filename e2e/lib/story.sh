# shellcheck shell=bash
# shellcheck disable=SC2154 # work, stable, plus, dtk, commit, KMODGEN, port: of ../run
# kmodgen's own verbs on the same kernels: build, verify, push to a registry with a password, and
# skip what is there. Sourced by ../run.

story() { kmodgen_in story "$@"; }

write_story() {
  mkdir -p "$work/story/patches"
  cp "$here/patches/0001-hostile-text.patch" "$work/story/patches/"
  cat > "$work/story/kmodgen.yaml" <<MANIFEST
apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  kmm-ci:
    git: https://github.com/example/kmm-ci.git
    ref: $commit
    dir: driver
    patches: [{file: patches/0001-hostile-text.patch, when: {kernel: '$(pattern "$plus")'}}]
baseImages: {builder: dtk, runtime: "registry.redhat.io/ubi9/ubi-minimal:9.4", pin: false}
kernels: [$stable, $plus]
modules:
$(module_item story "127.0.0.1:$port/kmods")
MANIFEST
}

planned() { planned_in story story "$1"; }
is_an_image() { grep -qxF -- "$1" <<< "$(buildah images --format '{{.Name}}:{{.Tag}}')"; }
is_no_image() { ! is_an_image "$1"; }

tags() { skopeo list-tags --authfile "$work/auth.json" --tls-verify=false "docker://127.0.0.1:$port/kmods/story"; }
unnamed() { buildah images --all --filter dangling=true --format '{{.ID}}' | sort; }
same() { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2"); }

# tell_failed_verification: an image that is here already, and one that is built, with what `verify` finds.
tell_failed_verification() {
  local build=(story build --engine buildah --dtk "$dtk" --push --verify --only "story/$(pattern "$plus")") pushed loose image
  pushed=$(tags) loose=$(unnamed)
  mkdir -p "$work/story/templates"
  # shellcheck disable=SC2016 # for the Dockerfile's shell
  printf '{%% extends "kmodgen/dtk" %%}\n{%% block runtime_copy %%}{{ super() }}%s\n{%% endblock %%}\n' \
    'RUN rm /opt/lib/modules/${KERNEL_VERSION}/modules.dep.bin' > "$work/story/templates/broken.Dockerfile"
  sed -i 's/^    source: kmm-ci$/&\n    template: templates\/broken.Dockerfile/' "$work/story/kmodgen.yaml"
  image=$(planned "$plus")
  check 'a built image that fails its verification is not pushed, and why' \
    ends 1 "depmod: /opt/lib/modules/$plus/modules.dep.bin is missing" "${build[@]}"
  check 'it has no name' is_no_image "$image"
  check 'it leaves no image without a name' same "$loose" "$(unnamed)"
  buildah tag "$runtime" "$image"
  check 'an image that is here and fails its verification is not pushed' ends 1 'no-modules' "${build[@]}"
  check 'and what helps' ends 1 'help: copy the .ko files' "${build[@]}"
  # Only the name goes, since the image has another one.
  buildah rmi "$image" >/dev/null
  check 'the registry is as it was' same "$pushed" "$(tags)"
  sed -i '/^    template: /d' "$work/story/kmodgen.yaml"
}

tell_story() {
  start_registry
  write_story
  story generate >/dev/null
  local build=(story build --engine buildah --dtk "$dtk")
  check 'a push without a password is refused, and the build is not' \
    ends 1 '1 failed, 1 cancelled' "${build[@]}" --push
  printf '{"auths": {"127.0.0.1:%s": {"auth": "%s"}}}' "$port" "$(printf e2e:wrong | base64)" > "$work/auth.json"
  # shellcheck disable=SC2016 # The quotes of a message.
  check 'a wrong password is named' ends 1 'rejected the stored password of `e2e`' "${build[@]}" --push
  rm "$work/auth.json"
  check 'nothing is left to build, but not all was' ends 0 '1 built, 0 pushed, 1 skipped' "${build[@]}" --offline --jobs 2
  check 'the engine logs in' log_in
  check 'what was built has its name' is_an_image "$(planned "$stable")"
  check 'what is here is pushed' ends 0 '2 pushed, 0 skipped, 0 failed' "${build[@]}" --push --verify
  check 'a second run builds and pushes nothing' ends 0 '0 built, 0 pushed, 2 skipped' "${build[@]}" --push
  check 'what is in the registry is not handed on' ends 0 '"include": []' story plan --format github
  check 'the registry has both tags' ends 0 "$(planned "$plus" | sed 's/.*://')" \
    skopeo list-tags --authfile "$work/auth.json" --tls-verify=false "docker://127.0.0.1:$port/kmods/story"
  check 'an image holds what KMM relies on' \
    ends 0 '0 findings' "$KMODGEN" verify --engine buildah --release "$stable" "$(planned "$stable")"
  check 'its symbols are ranked for another kernel' ends 1 'story' story preflight --symvers \
    "$work/symbols/$stable/Module.symvers" "$work/symbols/$plus/Module.symvers" "$stable"
  check 'an image of one kernel is none of another' \
    ends 1 "$plus" "$KMODGEN" verify --engine buildah --release "$plus" "$(planned "$stable")"
  check 'an image without modules is told so' ends 1 'finding' "$KMODGEN" verify --engine buildah "$runtime"

  printf 'diff --git a/more b/more\nnew file mode 100644\n--- /dev/null\n+++ b/more\n@@ -0,0 +1 @@\n+more\n' \
    >> "$work/story/patches/0001-hostile-text.patch"
  check 'one patch changed: its kernel alone is built and pushed' \
    ends 0 '1 pushed, 1 skipped, 0 failed' "${build[@]}" --push --verify
  tell_failed_verification
  sed -i 's/kmods: \[kmm_ci_a, /kmods: [kmm_ci_c, kmm_ci_a, /' "$work/story/kmodgen.yaml"
  check 'a build that fails shows why, and others go on' \
    ends 1 'the build must leave one kmm_ci_c.ko, and left: none' "${build[@]}" --keep-going
  check 'no image has the name of a build that failed' is_no_image "$(planned "$stable")"
  try_pushed
  stop_registry
  check 'a registry that is down is named' ends 0 "cannot access 127.0.0.1:$port" story plan --format github
}
