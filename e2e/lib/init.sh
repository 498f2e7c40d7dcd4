# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, plus, dtk, runtime, KMODGEN: of ../run
# Manifests that `kmodgen init` writes for repositories of eleven layouts, built as they are. Sourced by ../run.

layouts=(kbuild kdir kerneldir kversion subfolder several dkms configure kconfig separate includes)

# make_nodes RELEASE...: nodes of OpenShift that run these kernels, as `oc get nodes -o json` prints them.
make_nodes() {
  python3 - "$@" <<'NODES'
import json, sys
print(json.dumps({"kind": "List", "items": [
    {"kind": "Node", "metadata": {"name": f"worker-{at}"}, "status": {"nodeInfo": {
        "architecture": "amd64", "kernelVersion": release,
        "osImage": "Red Hat Enterprise Linux CoreOS 416.94.202407081958-0"}}}
    for at, release in enumerate(sys.argv[1:])]}))
NODES
}

# init_layout LAYOUT: a manifest in a folder of its own, for the layout's repository.
init_layout() {
  local url=https://github.com/example/layout-$1.git
  cp -r "$here/layouts/$1" "$work/init/$1.tree" &&
    commit_all "$work/init/$1.tree" "layout-$1.git" sha1 "The layout $1" > "$work/init/$1.commit" || return
  GIT_CONFIG_GLOBAL=$work/init/gitconfig "$KMODGEN" init "$url" --nodes "$work/init/nodes.json" -o "$work/init/$1" &&
    GIT_CONFIG_GLOBAL=$work/init/gitconfig "$KMODGEN" lock -f "$work/init/$1/kmodgen.yaml"
}

# build_layout LAYOUT: the images of all its modules and kernels, verified.
build_layout() {
  PATH=$work/bin:$PATH "$KMODGEN" build -f "$work/init/$1/kmodgen.yaml" --engine buildah --dtk "$dtk" --offline --jobs 2 --verify \
    --logs "$work/log/init-$1"
}

try_init() {
  local layout modules
  mkdir -p "$work/init"
  make_nodes "$plus" > "$work/init/nodes.json"
  printf '[url "file://%s/git/"]\n\tinsteadOf = https://github.com/example/\n' "$work" > "$work/init/gitconfig"
  # The runtime image that a new manifest has.
  buildah tag "$runtime" registry.access.redhat.com/ubi9/ubi-minimal:9.4
  for layout in "${layouts[@]}"; do
    check "init writes a manifest for the layout $layout" init_layout "$layout"
    modules=1
    if [ "$layout" = separate ]; then modules=2; fi
    check "the layout $layout is built from it, without an edit" \
      ends 0 "$modules built, 0 pushed, 0 skipped" build_layout "$layout"
  done
}
