# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here: of ../run
# The kmods' repositories, and the patch that is too large to keep. Sourced by ../run and ../fleet.

# make_repository NAME FORMAT: a bare repository of ../source; prints its only commit.
make_repository() {
  local tree=$work/tree
  rm -rf "$tree"
  cp -r "$here/source" "$tree"
  commit_all "$tree" "$1" "$2" 'Two kmods, one of which needs the other'
}

# commit_all FOLDER NAME FORMAT MESSAGE: a bare repository of all its files; prints its only commit.
commit_all() {
  (
    cd "$1" || exit
    # Neither the machine's configuration nor the clock decide anything.
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
    export GIT_AUTHOR_NAME=e2e GIT_AUTHOR_EMAIL=e2e@example.com GIT_AUTHOR_DATE='2026-01-01T00:00:00Z'
    export GIT_COMMITTER_NAME=e2e GIT_COMMITTER_EMAIL=e2e@example.com GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
    git -c init.defaultBranch=main init -q --object-format="$3" || exit
    git add --all && git commit -q -m "$4" && git clone -q --bare . "$work/git/$2" && git rev-parse HEAD
  )
}

# make_large_patch: applies after the others only, and is more than a RUN can carry.
make_large_patch() {
  local lines=2500
  printf 'diff --git a/driver/table.h b/driver/table.h\nnew file mode 100644\n'
  printf -- '--- /dev/null\n+++ b/driver/table.h\n@@ -0,0 +1,%d @@\n' "$lines"
  # shellcheck disable=SC2016 # to be taken as it is
  seq "$lines" | sed 's/.*/+\t{ &, "it'\''s entry & of \\"many\\", \\n ${KERNEL_VERSION} #" }, \\/'
  cat <<'PATCH'
--- a/driver/kmm_ci_a.c
+++ b/driver/kmm_ci_a.c
@@ -18,4 +18,4 @@
 MODULE_LICENSE("GPL");
 MODULE_DESCRIPTION("Proves that an image holds what its Dockerfile says");
-MODULE_VERSION("2");
+MODULE_VERSION("3");
 MODULE_INFO(flavour, KMM_CI_FLAVOUR);
PATCH
}
