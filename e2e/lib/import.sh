# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, plus, dtk, KMODGEN: of ../run
# Images of hand-written Dockerfiles, and of the manifests that `kmodgen import --convert` makes of them. Sourced by
# ../run, after init.sh, whose repositories they name.

# write_by_hand PROJECT: what a team has in its repository.
write_by_hand() {
  local commit
  commit=$(git -C "$work/git/layout-$1.git" rev-parse HEAD) || return
  mkdir -p "$work/import"
  cp -r "$here/handwritten/$1" "$work/import/$1" && sed -i "s/@COMMIT@/$commit/" "$work/import/$1/Dockerfile"
}

build_by_hand() {
  engine_build --quiet --volume "$work/git:/srv/git:ro" --build-arg "DTK_AUTO=$dtk" \
    --build-arg "KERNEL_VERSION=$plus" --build-arg "KERNEL_FULL_VERSION=$plus" \
    --tag "localhost/by-hand/$1" --file "$work/import/$1/Dockerfile" "$work/empty"
}

convert() {
  printf '%s\n' "$plus" > "$work/import/kernels.txt"
  "$KMODGEN" import "$work/import/$1" --convert "$1" --kernels "$work/import/kernels.txt" -o "$work/import/new-$1" &&
    GIT_CONFIG_GLOBAL=$work/init/gitconfig "$KMODGEN" lock -f "$work/import/new-$1/kmodgen.yaml"
}

build_converted() {
  PATH=$work/bin:$PATH "$KMODGEN" build -f "$work/import/new-$1/kmodgen.yaml" --engine buildah --dtk "$dtk" --offline --verify \
    --logs "$work/log/import-$1"
}

# opt_of IMAGE: names of all files below /opt, and what each kmod says of itself. The kmods' own folder may be another one.
opt_of() {
  local kmod
  look_at "$1" || return
  find "$root/opt" ! -type d ! -name '*.ko' -printf 'opt/%P\n' | sort
  while read -r kmod; do
    echo "${kmod##*/}"
    modinfo "$kmod" | grep -v '^filename:'
  done < <(find "$root/opt" -name '*.ko' -printf '%f %p\n' | sort | cut -d ' ' -f 2-)
}

holds_the_same() {
  local image
  image=$("$KMODGEN" plan -f "$work/import/new-$1/kmodgen.yaml" --offline --format json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["image"])') || return
  opt_of "localhost/by-hand/$1" > "$work/import/$1.before" && opt_of "$image" > "$work/import/$1.after" &&
    grep -q '\.ko' "$work/import/$1.before" && diff "$work/import/$1.before" "$work/import/$1.after"
}

try_import() {
  local project
  for project in kdir several; do
    check "a hand-written Dockerfile for the layout $project" write_by_hand "$project"
    check 'it builds as KMM builds it' build_by_hand "$project"
    check 'import converts it to a manifest' convert "$project"
    check 'the manifest builds without an edit' ends 0 '1 built, 0 pushed, 0 skipped' build_converted "$project"
    check 'both images have the same kmods, and the same other files below /opt' holds_the_same "$project"
  done
}
