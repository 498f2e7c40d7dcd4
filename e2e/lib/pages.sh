# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, stable, plus, dtk, runtime, KMODGEN: of ../run
# What pages of the documentation say that a reader can run, with stand-in images. Sourced by ../run.

# block FILE START: the first code block of a page that begins at or after the line START.
block() {
  awk -v start="$2" '
    $0 == start { found = 1 }
    inside && /^```/ { exit }
    inside
    found && /^```/ { inside = 1 }' "$here/../$1"
}

# make_page_sources: the repository that the README's manifest names, with kmods of ours. Prints its commit.
make_page_sources() {
  local tree=$work/page-sources
  mkdir -p "$tree/ci"
  cp -r "$here/source/driver" "$tree/ci/kmm-kmod" || return
  # shellcheck disable=SC2016 # for make
  printf 'all:\n\t$(MAKE) -C $(KERNEL_SRC_DIR) M=$(CURDIR) modules\n' > "$tree/ci/kmm-kmod/Makefile"
  commit_all "$tree" kernel-module-management.git sha1 'The kmods of the README'
}

# write_page_project: the README's manifest, for kernels, a commit and a digest that are here.
write_page_project() {
  local commit digest manifest=$work/pages/first/kmodgen.yaml
  commit=$(make_page_sources) || return
  digest=$(buildah inspect --type image --format '{{.FromImageDigest}}' "$runtime") || return
  mkdir -p "${manifest%/*}" "$work/pages/bin"
  # shellcheck disable=SC2016 # as the page has it
  block README.md '```yaml file=first/kmodgen.yaml' \
    | sed -e "s/$readme_kernel/$stable/; s/5.14.0-427.81.1.el9_4.x86_64+rt/$plus/; s/sha256:[0-9a-f]*/$digest/" \
      -e "s|https://github.com/rh-ecosystem-edge/|https://github.com/example/|; s/ref: [0-9a-f]*/ref: $commit/" > "$manifest"
  ln -s "$KMODGEN" "$work/pages/bin/kmodgen"
  cat > "$work/pages/bin/oc" <<OC
#!/bin/sh
case "\$*" in
  'extract secret/pull-secret -n openshift-config --keys=.dockerconfigjson --to=-') echo '{"auths":{}}' ;;
  'adm release info --image-for=driver-toolkit') echo '$dtk' ;;
  *) echo "oc is not to be called with: \$*" >&2; exit 64 ;;
esac
OC
  chmod 755 "$work/pages/bin/oc"
}

readme_kernel=5.14.0-427.28.1.el9_4.x86_64

# as_reader COMMANDS: in the folder of the README's project.
as_reader() { (cd "$work/pages" && PATH=$work/pages/bin:$work/bin:$PATH bash -euo pipefail -c "${1//$readme_kernel/$stable}"); }

# try_pages: needs podman, and its wrapper.
try_pages() {
  local command
  command=$(sed -n 's/^\$ \(kmodgen generate -f first\/kmodgen.yaml\)$/\1/p' "$here/../README.md")
  check "the README's manifest, for kernels that are here" write_page_project
  check "the README: $command" ends 0 '7 created' as_reader "$command"
  command=$(block docs/building.md '## Build without kmodgen')
  check "docs/building.md: $(grep -o 'podman build' <<< "$command")" as_reader "$command"
  check 'kmodgen verify finds nothing' ends 0 '0 findings' verify_by podman --release "$stable" localhost/kmm-ci:latest
  check 'the same with a Driver Toolkit of no kernel stops' ends 1 'the builder image has no headers' \
    as_reader "${command/\"\$toolkit\"/$rpm_builder}"
}
