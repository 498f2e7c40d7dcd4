# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, KMODGEN: of ../run
# The image of ../../Containerfile, and what pipelines do in it. Sourced by ../run.

# make_image_for_ci: by the Containerfile as it is, from a stand-in base, with the program that is tested.
make_image_for_ci() {
  local file=$here/../Containerfile context=$work/image-for-ci program
  buildah tag localhost/base "$(sed -n 's/^FROM //p' "$file")" || return
  program=$(sed -nE 's/^COPY ([^ ]+) .*/\1/p' "$file")
  mkdir -p "$context/${program%/*}"
  cp "$KMODGEN" "$context/$program" && cp "$file" "$context" || return
  online=1 engine_build --quiet --tag localhost/kmodgen "$context"
}

# in_image COMMAND...: in a container of the image, with the project at /work, as pipelines have it.
in_image() {
  local container
  container=$(buildah from --pull-never localhost/kmodgen) || return
  buildah run --volume "$work/ci-project:/work" --volume "$work/ci-fleet.git:/fleet.git" "$container" -- "$@"
}

try_image_for_ci() {
  check 'the Containerfile builds' make_image_for_ci
  cp -r "$here/../examples/kmm-ci" "$work/ci-project"
  git init -q --bare -b main "$work/ci-fleet.git"
  # Whose the checkout is: not root's.
  chown -R 1000:1000 "$work/ci-project"
  check 'its command is kmodgen' diff <(echo '[kmodgen]') \
    <(echo "$(buildah inspect --type image --format '{{.OCIv1.Config.Entrypoint}}' localhost/kmodgen)")
  check 'kmodgen --version' ends 0 'kmodgen ' in_image kmodgen --version
  check 'kmodgen doctor misses nothing' ends 0 'buildah' in_image kmodgen doctor
  check 'kmodgen generate --check' ends 0 '0 created, 0 updated' in_image kmodgen generate --check
  check 'kmodgen lock --locked' in_image kmodgen lock --locked --offline
  check 'kmodgen publish' ends 0 '/fleet.git' in_image env GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@example.com \
    GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@example.com kmodgen publish --repo /fleet.git --branch main --path clusters
  rm "$work"/ci-project/gitops/*/module.yaml
  check 'a forgotten file fails the pipeline' ends 1 '1 created' in_image kmodgen generate --check
  check 'kmodgen generate writes it' ends 0 '1 created' in_image kmodgen generate
}
