# shellcheck shell=bash
# Building without a network. Sourced by ../run and by the wrapper in story.sh.

# engine_build OPTION...: `buildah build`, cut off from the network unless `online` is set. Under
# load buildah's copy of itself in memory is at times still open for writing when it seals it; such
# a build says nothing about the Dockerfile and is done once more.
engine_build() {
  local cut=(unshare -n) said code
  if [ -n "${online:-}" ]; then cut=(); fi
  for _ in 1 2 3; do
    code=0
    said=$("${cut[@]}" /usr/bin/buildah build --pull-never "$@" 2>&1) || code=$?
    grep -qF 'sealing memfd copy' <<< "$said" || break
  done
  printf '%s\n' "$said"
  return "$code"
}
