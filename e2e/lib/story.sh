# shellcheck shell=bash
# shellcheck disable=SC2154 # work, stable, plus, dtk, commit, KMODGEN: of ../run
# kmodgen's own verbs on the same kernels: build, verify, push to a registry with a password, and
# skip what is there. Sourced by ../run.

# Builds have neither network nor the repositories: this stands before the engine on PATH, and adds
# what ./run's own builds have. It changes nothing about the Dockerfile or the build arguments.
wrap_engine() {
  mkdir "$work/bin"
  cat > "$work/bin/buildah" <<WRAP
#!/bin/sh
if [ "\$1" = build ]; then
  shift
  PATH='$PATH' exec bash -c '. "$here/lib/engine.sh" && engine_build "\$@"' build --volume "$work/git:/srv/git:ro" "\$@"
fi
exec $(type -P buildah) "\$@"
WRAP
  chmod 755 "$work/bin/buildah"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_registry() {
  apt-get install -qy --no-install-recommends apache2-utils docker-registry >/dev/null
  port=$(free_port)
  htpasswd -Bbn e2e secret > "$work/htpasswd" 2>/dev/null
  cat > "$work/registry.yml" <<CONFIG
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: 127.0.0.1:$port}
auth: {htpasswd: {realm: e2e, path: $work/htpasswd}}
CONFIG
  docker-registry serve "$work/registry.yml" > "$work/log/registry" 2>&1 &
  registry=$!
  for _ in $(seq 100); do
    if (: > "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.1
  done
  die "the registry does not start: $(tail -n 1 "$work/log/registry")"
}

# kmodgen VERB ARGUMENT...: on the story's manifest, with the engine above.
story() {
  PATH=$work/bin:$PATH REGISTRY_AUTH_FILE=$work/auth.json "$KMODGEN" "$1" -f "$work/story/kmodgen.yaml" "${@:2}"
}

# ends CODE TEXT COMMAND...: the command ends with this code, and says the text.
ends() {
  local code=0 said
  said=$("${@:3}" 2>&1) || code=$?
  if [ "$code" = "$1" ] && grep -qF -- "$2" <<< "$said"; then return; fi
  printf 'it ended with %s, and should with %s saying: %s\n%s\n' "$code" "$1" "$2" "$said"
  return 1
}

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
    patches: [{file: patches/0001-hostile-text.patch, when: {release: '$(pattern "$plus")'}}]
images: {builder: dtk, runtime: "registry.redhat.io/ubi9/ubi-minimal:9.4"}
kernels: [$stable, $plus]
modules:
  - name: story
    image: 127.0.0.1:$port/kmods/story
    source: kmm-ci
    kmods: [kmm_ci_a, sub/dir/kmm_ci_b]
    build: {kbuild: {vars: {FLAVOUR: one}, env: {NOTE: "a note"}}}
    kmm:
      selector: {node-role.kubernetes.io/worker: ""}
      modprobe: {moduleName: kmm_ci_a}
      registryTLS: {insecure: true}
MANIFEST
}

# planned RELEASE: the image that the manifest now asks for.
planned() {
  story plan --offline --format json 2>/dev/null | python3 -c '
import json, sys
print(next(row["image"] for row in json.load(sys.stdin) if row["release"] == sys.argv[1] and row["state"] != "removed"))' "$1"
}

is_an_image() { grep -qxF -- "$1" <<< "$(buildah images --format '{{.Name}}:{{.Tag}}')"; }
is_no_image() { ! is_an_image "$1"; }

tell_story() {
  start_registry
  wrap_engine
  write_story
  story generate >/dev/null
  local build=(story build --engine buildah --dtk "$dtk")
  check 'a push without a password is refused, and the build is not' \
    ends 1 '1 failed, 1 cancelled' "${build[@]}" --push
  printf '{"auths": {"127.0.0.1:%s": {"auth": "%s"}}}' "$port" "$(printf e2e:wrong | base64)" > "$work/auth.json"
  # shellcheck disable=SC2016 # The quotes of a message.
  check 'a wrong password is named' ends 1 'refuses the password that is kept for `e2e`' "${build[@]}" --push
  rm "$work/auth.json"
  check 'nothing is left to build, but not all was' ends 0 '1 built, 0 pushed, 1 skipped' "${build[@]}" --offline --jobs 2
  check 'the engine logs in' \
    buildah login --authfile "$work/auth.json" --tls-verify=false -u e2e -p secret "127.0.0.1:$port"
  check 'what was built has its name' is_an_image "$(planned "$stable")"
  check 'what is here is pushed' ends 0 '2 pushed, 0 skipped, 0 failed' "${build[@]}" --push --verify
  check 'a second run builds and pushes nothing' ends 0 '0 built, 0 pushed, 2 skipped' "${build[@]}" --push
  check 'what is in the registry is not handed on' ends 0 '"include": []' story plan --format github
  check 'the registry has both tags' ends 0 "$(planned "$plus" | sed 's/.*://')" \
    skopeo list-tags --authfile "$work/auth.json" --tls-verify=false "docker://127.0.0.1:$port/kmods/story"
  check 'an image holds what KMM relies on' \
    ends 0 '0 findings' "$KMODGEN" verify --engine buildah --release "$stable" "$(planned "$stable")"
  check 'an image of one kernel is none of another' \
    ends 1 "$plus" "$KMODGEN" verify --engine buildah --release "$plus" "$(planned "$stable")"
  check 'an image without modules is told so' ends 1 'finding' "$KMODGEN" verify --engine buildah "$runtime"

  printf 'diff --git a/more b/more\nnew file mode 100644\n--- /dev/null\n+++ b/more\n@@ -0,0 +1 @@\n+more\n' \
    >> "$work/story/patches/0001-hostile-text.patch"
  check 'one patch changed: its kernel alone is built and pushed' \
    ends 0 '1 pushed, 1 skipped, 0 failed' "${build[@]}" --push --verify
  sed -i 's/kmods: \[kmm_ci_a, /kmods: [kmm_ci_c, kmm_ci_a, /' "$work/story/kmodgen.yaml"
  check 'a build that fails shows why, and others go on' \
    ends 1 'the build must leave one kmm_ci_c.ko, and left: none' "${build[@]}" --keep-going
  check 'no image has the name of a build that failed' is_no_image "$(planned "$stable")"
  kill "$registry"
  wait "$registry" || true
  registry=
  check 'a registry that is down is named' ends 0 "cannot ask 127.0.0.1:$port" story plan --format github
}
