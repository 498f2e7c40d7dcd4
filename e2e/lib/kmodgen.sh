# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, KMODGEN: of ../run
# kmodgen as a user calls it, with an engine whose builds are cut off. Sourced by ../run and ../fleet.

# wrap_engine: builds have neither network nor the repositories: this stands before the engine on PATH, and adds
# what our own builds have. It changes nothing about the Dockerfile or the build arguments.
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

# pattern RELEASE: an expression that matches it alone.
pattern() { printf '%s\n' "$1" | sed 's/[.+]/[&]/g'; }

# kmodgen_in FOLDER VERB ARGUMENT...: on the manifest in that folder of the work folder, with the engine above.
kmodgen_in() {
  PATH=$work/bin:$PATH REGISTRY_AUTH_FILE=$work/auth.json "$KMODGEN" "$2" -f "$work/$1/kmodgen.yaml" "${@:3}"
}

# ends CODE TEXT COMMAND...: the command ends with this code, and says the text.
ends() {
  local code=0 said
  said=$("${@:3}" 2>&1) || code=$?
  if [ "$code" = "$1" ] && grep -qF -- "$2" <<< "$said"; then return; fi
  printf 'it ended with %s, and should with %s saying: %s\n%s\n' "$code" "$1" "$2" "$said"
  return 1
}
