# shellcheck shell=bash
# shellcheck disable=SC2154 # work, stable, plus, commit, dtk, debian_ready, runtime: of ../run
# What images of several kernels share: the engine builds the layers that do not depend on the kernel
# once. Sourced by ../run.

other_dtk=quay.io/e2e/driver-toolkit:other # of another kernel, so another image

try_layers() {
  local kernel
  derive "$dtk" "$other_dtk" 'touch /etc/another-toolkit'
  mkdir "$work/shared-layers"
  start_git_server
  cat > "$work/shared-layers/kmodgen.yaml" <<MANIFEST
apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  kmm-ci: {git: "http://127.0.0.1:$git_port/kmm-ci.git", ref: $commit, dir: driver}
baseImages: {builder: $debian_ready, runtime: "$runtime", pin: false}
kernels:
  - {release: $stable, dtk: "$(by_digest "$dtk")"}
  - {release: $plus, dtk: "$(by_digest "$other_dtk")"}
modules:
$(module_item one-builder quay.io/e2e)
$(module_item another-builder quay.io/e2e "baseImages: {builder: dtk, fetch: $debian_ready, pin: false}")
MANIFEST
  local module
  for module in one-builder another-builder; do
    check "$module: the first kernel builds" builds_and_fetches "$module" "$stable" any
    check "$module: the second does not" builds_and_fetches "$module" "$plus" none
  done
  check 'one builder: the second kernel shares the fetch and the runtime' \
    shares "$work/log/layers/one-builder/$plus.log" 'RUN mkdir -p /usr/src/kmodgen/kmm-ci' 'RUN if ! command -v modprobe'
  check 'a builder for each kernel: it shares the stage of the sources' \
    shares "$work/log/layers/another-builder/$plus.log" 'RUN mkdir -p /usr/src/kmodgen/kmm-ci' 'RUN if ! command -v modprobe'
  for kernel in one-builder another-builder; do
    check "$kernel: each kernel has kmods of its own" compiles "$work/log/layers/$kernel/$plus.log"
  done
}

# start_git_server: of the repositories, with a log of what it is asked for.
start_git_server() {
  git_port=$(free_port)
  python3 -u -m http.server --bind 127.0.0.1 --directory "$work/git" "$git_port" > "$work/log/git-server" 2>&1 &
  services+=("$!")
  until (: > "/dev/tcp/127.0.0.1/$git_port") 2>/dev/null; do sleep 0.1; done
}

# builds_and_fetches MODULE RELEASE any|none: it builds, and asks the server for the repository as often.
builds_and_fetches() {
  local before after
  before=$(wc -l < "$work/log/git-server")
  online=1 kmodgen_in shared-layers build --offline --engine buildah --logs "$work/log/layers" \
    --only "$1/$(pattern "$2")" || return
  after=$(tail -n "+$((before + 1))" "$work/log/git-server" | grep -c 'GET /kmm-ci.git/')
  echo "$after requests"
  # The first build of all has to ask, or nothing is shown.
  if [ "$3" = none ]; then [ "$after" = 0 ]; else grep -qF 'GET /kmm-ci.git/' "$work/log/git-server"; fi
}

# by_digest IMAGE: the same image without its tag.
by_digest() {
  echo "${1%:*}@$(buildah images --digests --format '{{.Digest}}' "$1" | head -n 1)"
}

# cached LOG: the steps that the engine took from its cache.
cached() {
  awk '/STEP [0-9]+\/[0-9]+: / { step = $0 } /^--> Using cache / { print step }' "$1"
}

# shares LOG TEXT...: for each text there is such a step, and it came from the cache.
shares() {
  local text
  for text in "${@:2}"; do
    cached "$1" | grep -F -- "$text" || { echo "not from the cache: $text"; return 1; }
  done
}

# compiles LOG: the step that compiles did not come from the cache.
compiles() {
  grep -qE 'STEP .* make -C ' "$1" && ! cached "$1" | grep -E ' make -C '
}
