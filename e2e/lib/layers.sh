# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, stable, plus, commit, runtime: of ../run
# What images of several kernels share: the engine builds the layers that do not depend on the kernel
# once. Sourced by ../run.

# try_layers ENGINE TOOLKIT: with builders made of TOOLKIT, of which the engine has no layers yet.
try_layers() {
  local engine=$1 module image
  start_git_server
  mkdir "$work/layers-$engine"
  for image in first second fetch; do
    image_of_its_own "$2" "$(layers_image $image)"
  done
  image_of_its_own "$runtime" "$(layers_image runtime)"
  cat > "$work/layers-$engine/kmodgen.yaml" <<MANIFEST
apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  kmm-ci: {git: "http://127.0.0.1:$git_port/kmm-ci.git", ref: $commit, dir: driver}
baseImages: {builder: "$(layers_image first)", runtime: "$(layers_image runtime)", pin: false}
kernels: [$stable, $plus]
modules:
$(module_item one-builder quay.io/e2e)
$(module_item builders quay.io/e2e "baseImages: {builder: dtk, fetch: \"$(layers_image fetch)\", pin: false}")
MANIFEST
  kmodgen_in "layers-$engine" generate > "$work/log/layers-$engine-generate" 2>&1
  for module in one-builder builders; do
    check "$engine, $module: the first kernel builds" builds_and_fetches "$module" "$stable" first some
    check "$engine, $module: the second does, and fetches nothing" builds_and_fetches "$module" "$plus" second no
    check "$engine, $module: it has kmods of its own" compiles "$module"
    check "$engine, $module: the sources are fetched once" makes_once "$module" ' git init '
    check "$engine, $module: it shares what the runtime image has" shares "$module" last
  done
  check "$engine, one-builder: what the runtime image has is installed once" makes_once one-builder ' microdnf install -y kmod '
  check "$engine, one-builder: the second kernel shares all before its own part" shares one-builder builder
  check "$engine, builders: it shares the stage of the sources" shares builders sources
}

layers_image() { echo "quay.io/e2e/layers-$1:$engine"; }

# image_of_its_own FROM TO: another image for the engine, with the same programs.
image_of_its_own() {
  printf 'FROM %s\nRUN echo %s > /etc/image-of-its-own\n' "$1" "$2" > "$work/layers-$engine/Dockerfile"
  "$work/bin/$engine" build --tag "$2" --file "$work/layers-$engine/Dockerfile" "$work/empty" > "$work/log/layers-image" 2>&1 ||
    die "cannot make $2: $(tail -n 1 "$work/log/layers-image")"
}

# start_git_server: of the repositories, with a log of what it is asked for.
start_git_server() {
  [ -z "${git_port:-}" ] || return 0
  git_port=$(free_port)
  python3 -u -m http.server --bind 127.0.0.1 --directory "$work/git" "$git_port" > "$work/log/git-server" 2>&1 &
  services+=("$!")
  until (: > "/dev/tcp/127.0.0.1/$git_port") 2>/dev/null; do sleep 0.1; done
}

# builds_and_fetches MODULE RELEASE TOOLKIT some|no: it builds, and asks the server for the repository or does not.
builds_and_fetches() {
  local before requests
  before=$(wc -l < "$work/log/git-server")
  online=1 kmodgen_in "layers-$engine" build --offline --engine "$engine" --dtk "$(layers_image "$3")" \
    --logs "$work/log/layers-$engine" --only "$1/$(pattern "$2")" || return
  requests=$(tail -n "+$((before + 1))" "$work/log/git-server" | grep -c 'GET /kmm-ci.git/')
  echo "$requests requests"
  if [ "$4" = no ]; then [ "$requests" = 0 ]; else [ "$requests" -gt 0 ]; fi
}

# steps MODULE RELEASE: what became of each step.
steps() { python3 "$here/lib/steps.py" "$work/layers-$engine/gitops/$1/$2/Dockerfile" "$work/log/layers-$engine/$1/$2.log"; }

# shares MODULE STAGE: the second kernel has steps there before its own part, and all came from the cache.
shares() {
  local found
  found=$(steps "$1" "$plus" | grep "^$2 shared ") && echo "$found" && ! grep -v "^$2 shared cached " <<< "$found"
}

# makes_once MODULE TEXT: one of the kernels builds the shared step.
makes_once() {
  local found
  found=$(steps "$1" "$stable" && steps "$1" "$plus") && echo "$found" &&
    [ "$(grep ' shared built ' <<< "$found" | grep -cF -- "$2")" = 1 ]
}

# compiles MODULE: the second kernel does not take the step that compiles from the cache.
compiles() { steps "$1" "$plus" | grep ' own built RUN .* make -C '; }
