# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, KMODGEN: of ../run
# kmodgen as a user calls it, with an engine whose builds are cut off. Sourced by ../run and ../fleet.

# wrap_engine NAME: builds have neither network nor the repositories. This stands before the engine on
# PATH, and adds what our own builds have. It changes nothing about the Dockerfile or the build arguments.
wrap_engine() {
  mkdir -p "$work/bin"
  cat > "$work/bin/$1" <<WRAP
#!/bin/sh
if [ "\$1" = build ]; then
  shift
  PATH='$PATH' engine=$1 exec bash -c '. "$here/lib/engine.sh" && engine_build "\$@"' build --volume "$work/git:/srv/git:ro" "\$@"
fi
exec $(type -P "$1") "\$@"
WRAP
  chmod 755 "$work/bin/$1"
}

# pattern RELEASE: an expression that matches it alone.
pattern() { printf '%s\n' "$1" | sed 's/[.+]/[&]/g'; }

# module_item NAME REPOSITORY [LINE...]: an item of a manifest's modules, of the kmods in ../source, with these lines.
module_item() {
  local line
  cat <<MODULE
  - name: $1
    image: $2/$1
    source: kmm-ci
    kmods: [kmm_ci_a, sub/dir/kmm_ci_b]
    steps: [{kbuild: {vars: {FLAVOUR: one}, env: {NOTE: "a note"}}}]
    moduleSpec:
      selector: {driver: $1}
      moduleLoader:
        container:
          modprobe: {moduleName: kmm_ci_a}
          registryTLS: {insecure: true}
MODULE
  for line in "${@:3}"; do printf '    %s\n' "$line"; done
}

# kmodgen_in FOLDER VERB ARGUMENT...: on the manifest in that folder of the work folder, with the engine above.
kmodgen_in() {
  PATH=$work/bin:$PATH REGISTRY_AUTH_FILE=$work/auth.json "$KMODGEN" "$2" -f "$work/$1/kmodgen.yaml" "${@:3}"
}

# planned_in FOLDER MODULE RELEASE: the image that the manifest now asks for.
planned_in() {
  kmodgen_in "$1" plan --offline --format json 2>/dev/null | python3 -c '
import json, sys
print(next(row["image"] for row in json.load(sys.stdin)
           if [row["module"], row["release"]] == sys.argv[1:] and row["state"] != "removed"))' "$2" "$3"
}

# ends CODE TEXT COMMAND...: the command ends with this code, and says the text.
ends() {
  local code=0 said
  said=$("${@:3}" 2>&1) || code=$?
  if [ "$code" = "$1" ] && grep -qF -- "$2" <<< "$said"; then return; fi
  printf 'it ended with %s, and should with %s saying: %s\n%s\n' "$code" "$1" "$2" "$said"
  return 1
}
