{#
  What the steps of the build call: PROGRAM alone, or PROGRAM:PACKAGE if `family` chooses the package: 0 Debian's,
  1 Red Hat's, 2 SUSE's. `for_fetch` are those that get the sources, `for_build` the others.
-#}
{% set kinds = sources | map(attribute="kind") | list %}
{% set files = sources | selectattr("kind", "eq", "file") | list %}
{% set unpacked = sources | selectattr("form", "defined") | list %}
{% set forms = unpacked | map(attribute="form") | list %}
{% set compressions = unpacked | map(attribute="compression") | list %}
{% set logins = sources | selectattr("kind", "eq", "git") | rejectattr("url", "startingwith", "http") | rejectattr("url", "startingwith", "git:") | rejectattr("url", "startingwith", "file:") | list %}
{% set keys = repositories | map(attribute="key") | selectattr("url", "defined") | list %}
{% set patches = sources | selectattr("patches") | list %}
{% set tools = steps | map(attribute="tool") | list %}
{% set autoreconf = steps | selectattr("tool", "eq", "configure") | selectattr("autoreconf") | list %}
{% set installed = kmod_folders | selectattr("in_builder") | list %}
{% set unpacks = "rpmbuild" in tools or install.rpms %}
{% for fetches, builds, program, packages in [
  [false, true, "depmod", ["kmod", "kmod", "kmod"]],
  [false, true, "find", ["findutils", "findutils", "findutils"]],
  [false, steps, "gcc", ["gcc", "gcc", "gcc"]],
  [false, steps, "make", ["make", "make", "make"]],
  ["git" in kinds or patches, false, "git", ["git", "git-core", "git-core"]],
  [logins, false, "ssh", ["openssh-client", "openssh-clients", "openssh-clients"]],
  [files, keys, "curl", ["curl", "curl", "curl"]],
  ["tar" in forms, false, "tar", ["tar", "tar", "tar"]],
  ["gzip" in compressions, install.compress == "gz" or install.rpms or installed, "gzip", ["gzip", "gzip", "gzip"]],
  ["xz" in compressions, install.compress == "xz" or install.rpms or installed, "xz", ["xz-utils", "xz", "xz"]],
  ["bzip2" in compressions, false, "bzip2", ["bzip2", "bzip2", "bzip2"]],
  ["zstd" in compressions, install.compress == "zstd" or install.rpms or installed, "zstd", ["zstd", "zstd", "zstd"]],
  ["zip" in forms, false, "unzip", ["unzip", "unzip", "unzip"]],
  ["deb" in forms, false, "dpkg-deb", ["dpkg", "dpkg", "dpkg"]],
  ["rpm" in forms, unpacks, "rpm2cpio", ["rpm2cpio", "rpm", "rpm"]],
  ["rpm" in forms, unpacks, "cpio", ["cpio", "cpio", "cpio"]],
  [false, "rpmbuild" in tools, "rpmbuild", ["rpm", "rpm-build", "rpm-build"]],
  [false, "dkms" in tools, "bash", ["bash", "bash", "bash"]],
  [false, "dkms" in tools, "patch", ["patch", "patch", "patch"]],
  [false, "kconfig" in tools, "flex", ["flex", "flex", "flex"]],
  [false, "kconfig" in tools, "bison", ["bison", "bison", "bison"]],
  [false, autoreconf, "autoreconf", ["autoconf", "autoconf", "autoconf"]],
  [false, autoreconf, "automake", ["automake", "automake", "automake"]],
  [false, autoreconf, "libtoolize", ["libtool", "libtool", "libtool"]],
  [false, install.strip, "strip", ["binutils", "binutils", "binutils"]],
] if (fetches and for_fetch) or (builds and for_build) %} {{ program }}{% if family is not none %}:{{ packages[family] }}{% endif %}{% endfor %}
