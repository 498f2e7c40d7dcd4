# shellcheck shell=bash
# shellcheck disable=SC2034 # the kernels: of ../run and others
# Kernels that apt offers, and packages unpacked beside the machine's own. Sourced by ../run.

# ask_kernels: what the run is about, never written down, since Debian drops old ones.
ask_kernels() {
  local arch release
  arch=$(dpkg --print-architecture)
  stable=$(newest "$arch")
  plus=$(newest_plus "cloud-$arch")
  if [ -z "$stable" ] || [ -z "$plus" ]; then die "apt offers no two kernels: '$stable', '$plus'"; fi
  # Of the same line as the last one, with all drivers: cloud kernels have few.
  plus_full=${plus/-cloud-/-}
  # Both lines where there are two.
  mapfile -t realtime < <(printf '%s\n' "$(newest "rt-$arch")" "${plus/-cloud-/-rt-}" | sort -uV)
  mapfile -t kernels < <(printf '%s\n' "$stable" "$plus" "$plus_full" "${realtime[@]}" | awk '!seen[$0]++')
  for release in "${kernels[@]}"; do
    apt-cache show "linux-headers-$release" >/dev/null 2>&1 || die "apt offers no headers of kernel $release"
  done
}

# newest FLAVOUR: the release of its newest kernel.
newest() { apt-cache depends "linux-headers-$1" | sed -nE 's/^ *Depends: linux-headers-(.*)/\1/p' | head -n 1; }

# newest_plus FLAVOUR: the same of those whose release has a `+`, which is not legal in a tag.
newest_plus() {
  apt-cache search --names-only "^linux-headers-[0-9].*\\+.*-$1\$" \
    | sed -E 's/^linux-headers-([^ ]*) .*/\1/' | sort -V | tail -n 1
}

# unpack FOLDER PACKAGE...: without installing, which could remove what the machine has.
unpack() {
  local package
  mkdir -p "$1/debs"
  (
    cd "$1/debs" || exit
    apt-get download -q "${@:2}" >/dev/null || exit
    for package in ./*.deb; do dpkg -x "$package" .. || exit; done
  )
}
