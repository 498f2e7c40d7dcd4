# shellcheck shell=bash
# shellcheck disable=SC2154 # work, dtk: of ../run
# Building, and looking into what came out. Sourced by ../run and ../fleet.

generated() { printf '%s/project/gitops/%s/%s' "$work" "$1" "$2"; }
image_of() { printf 'localhost/built/%s:%s' "$1" "${2//+/_}"; }
log_of() { printf '%s/log/%s-%s' "$work" "$1" "$2"; }

# extract_all: the Dockerfile out of every ConfigMap, as KMM reads it.
extract_all() {
  local map folder
  for map in "$work"/project/gitops/*/*/configmap.yaml; do
    folder=$(dirname "$map")
    python3 -c 'import sys, yaml; sys.stdout.write(yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["data"]["dockerfile"])' \
      "$map" > "$folder/from-configmap"
    cmp -s "$folder/from-configmap" "$folder/Dockerfile" || fail "$map does not hold its Dockerfile"
  done
  pass 'every ConfigMap holds its Dockerfile, byte for byte'
}

# carries_patches MODULE RELEASE: the builder checks the bytes of each of our patches, in order.
carries_patches() {
  diff <(sha256sum "$work"/project/patches/* | cut -d ' ' -f 1) \
    <(sed -nE 's/^ && echo "([0-9a-f]{64})  .*\.patch" .*sha256sum -c.*/\1/p' "$(generated "$1" "$2")/from-configmap")
}

# continues_cleanly FILE: no empty line after a backslash, which newer builders refuse.
continues_cleanly() {
  awk 'continued && !NF { print FILENAME ":" FNR ": an empty line in an instruction"; bad = 1 }
    { continued = /\\$/ } END { exit bad }' "$@"
}

# build MODULE RELEASE [OPTION...]: cut off from the network unless `online` is set, and without a context
# unless `context` is.
build() {
  engine_build --quiet --volume "$work/git:/srv/git:ro" "${@:3}" \
    --tag "$(image_of "$1" "$2")" --file "$(generated "$1" "$2")/from-configmap" "${context:-$work/empty}"
}

builds() { check "$1 for $2 builds" build "$@"; }

# refuses MODULE RELEASE MESSAGE [OPTION...]
refuses() {
  local log
  log=$(log_of "$1" "$2")
  if build "$1" "$2" "${@:4}" > "$log" 2>&1; then
    fail "$1 for $2 builds, and must not"
  elif grep -qF -- "$3" "$log"; then
    pass "$1: $(grep -F -m 1 -- "$3" "$log")"
  else
    fail "$1 stops without saying: $3"
    tail -n 15 "$log" | sed 's/^/        | /'
  fi
}

# look_at IMAGE: $root is the image's files until the next call.
look_at() {
  local container
  container=$(buildah from --pull-never "$1") && root=$(buildah mount "$container")
}
look_into() { look_at "$(image_of "$1" "$2")"; }

# holds MODULE RELEASE FOLDER KMOD...: the image is what KMM and the kernel need.
holds() {
  root=
  if ! look_into "$1" "$2" 2>/dev/null; then
    fail "$1 for $2 cannot be looked into"
    return
  fi
  check "$1 for $2 holds only ${*:4} below $3" has_only "${@:2}"
  check "$1 for $2 has indexes that modprobe reads" loads "$2" "$3"
  check "$1 for $2 has what KMM runs" has_tools
}

# says RELEASE FIELD VALUE: kmm_ci_a, in the image that is looked into.
says() { check "its kmm_ci_a has $2: $3" modinfo_is "$@"; }

has_only() {
  local kmod folder=$root/opt/lib/modules/$1/$2
  diff <(printf "%s.ko\n" "${@:3}" | sort) <(cd "$folder" && find . -type f -printf '%P\n' | sort) || return
  diff <(printf '%s\n' "$1") <(ls "$root/opt/lib/modules") || return
  diff <(find "$folder" -name '*.ko' | sort) <(find "$root" -xdev -name '*.ko' | sort) || return
  for kmod in "${@:3}"; do
    diff <(printf '%s\n' "$1") <(modinfo -F vermagic "$folder/$kmod.ko" | cut -d ' ' -f 1) || return
  done
}

loads() {
  local tree=$root/opt/lib/modules/$1 index
  for index in modules.dep modules.alias modules.symbols; do
    [ -s "$tree/$index.bin" ] || { echo "no $index.bin"; return 1; }
  done
  grep -qxF "$2/kmm_ci_a.ko: $2/kmm_ci_b.ko" "$tree/modules.dep" || { cat "$tree/modules.dep"; return 1; }
  # Paths are told from the folder asked for: the order is what a node would load.
  diff <(printf 'insmod %s\n' "$tree/$2/kmm_ci_b.ko" "$tree/$2/kmm_ci_a.ko") \
    <(modprobe -d "$root/opt" -S "$1" --show-depends kmm_ci_a | sed 's/ *$//')
}

has_tools() {
  # shellcheck disable=SC2016 # for the image's shell
  chroot "$root" /bin/sh -ec 'for tool in modprobe sleep sh mkdir cp; do command -v "$tool"; done; modprobe --version'
}

modinfo_is() {
  diff <(printf '%s\n' "$3") <(modinfo -F "$2" "$(find "$root/opt/lib/modules/$1" -name kmm_ci_a.ko)")
}

vermagic() { modinfo -F vermagic "$(find "$root/opt/lib/modules/$1" -name kmm_ci_a.ko)"; }

# is_for_realtime RELEASE: the builder's headers are of a real-time kernel, and vermagic says so in
# the word of its line.
is_for_realtime() {
  local words
  words=$(vermagic "$1")
  look_at "$dtk" && grep -x CONFIG_PREEMPT_RT=y "$root/usr/src/linux-headers-$1/.config" &&
    grep -E "^$(pattern "$1") .*\\<preempt(_rt)?\\>" <<< "$words"
}
