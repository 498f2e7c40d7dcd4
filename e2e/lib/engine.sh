# shellcheck shell=bash
# The engine, and its one flake: under load buildah's copy of itself in memory is at times still
# open for writing when it seals it, before it did anything. Such a call says nothing about what
# it was asked, and is made once more. Sourced by ../run, ../fleet and the wrapper in kmodgen.sh.

flaked() { grep -qF 'sealing memfd copy' <<< "$1"; }

buildah() {
  local said code
  for _ in 1 2 3; do
    code=0
    { said=$(command buildah "$@" 2>&1 >&3 3>&-); } 3>&1 || code=$?
    if [ "$code" = 0 ] || ! flaked "$said"; then break; fi
  done
  [ -z "$said" ] || printf '%s\n' "$said" >&2
  return "$code"
}

# engine_build OPTION...: by $engine, else by buildah; cut off from the network unless `online` is set.
engine_build() {
  local cut=(unshare -n) said code
  if [ -n "${online:-}" ]; then cut=(); fi
  for _ in 1 2 3; do
    code=0
    said=$("${cut[@]}" "$(type -P "${engine:-buildah}")" build --pull-never "$@" 2>&1) || code=$?
    if [ "$code" = 0 ] || ! flaked "$said"; then break; fi
  done
  printf '%s\n' "$said"
  return "$code"
}
