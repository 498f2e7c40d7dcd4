{#
  What the steps of the build call, each with the package that has it: PROGRAM:PACKAGE. `family` chooses the
  package: 0 Debian's, 1 Red Hat's, 2 SUSE's.
-#}
{% set kinds = sources | map(attribute="kind") | list %}
{% set files = sources | selectattr("kind", "eq", "file") | list %}
{% set forms = files | map(attribute="form") | list %}
{% set compressions = files | map(attribute="compression") | list %}
{% set logins = sources | selectattr("kind", "eq", "git") | rejectattr("url", "startingwith", "http") | rejectattr("url", "startingwith", "git:") | rejectattr("url", "startingwith", "file:") | list %}
{% set patches = sources | selectattr("patches") | list %}
{% set tools = steps | map(attribute="tool") | list %}
{% set packaged = "rpm" in forms or "rpmbuild" in tools or install.rpms %}
{% for needed, program, packages in [
  [true, "depmod", ["kmod", "kmod", "kmod"]],
  [true, "find", ["findutils", "findutils", "findutils"]],
  ["git" in kinds or patches, "git", ["git", "git-core", "git-core"]],
  [logins, "ssh", ["openssh-client", "openssh-clients", "openssh-clients"]],
  [files, "curl", ["curl", "curl", "curl"]],
  ["tar" in forms, "tar", ["tar", "tar", "tar"]],
  ["gzip" in compressions or install.compress == "gz" or install.rpms, "gzip", ["gzip", "gzip", "gzip"]],
  ["xz" in compressions or install.compress == "xz" or install.rpms, "xz", ["xz-utils", "xz", "xz"]],
  ["bzip2" in compressions, "bzip2", ["bzip2", "bzip2", "bzip2"]],
  ["zstd" in compressions or install.compress == "zstd" or install.rpms, "zstd", ["zstd", "zstd", "zstd"]],
  ["zip" in forms, "unzip", ["unzip", "unzip", "unzip"]],
  ["deb" in forms, "dpkg-deb", ["dpkg", "dpkg", "dpkg"]],
  [packaged, "rpm2cpio", ["rpm2cpio", "rpm", "rpm"]],
  [packaged, "cpio", ["cpio", "cpio", "cpio"]],
  ["rpmbuild" in tools, "rpmbuild", ["rpm", "rpm-build", "rpm-build"]],
  ["dkms" in tools, "bash", ["bash", "bash", "bash"]],
  ["dkms" in tools, "patch", ["patch", "patch", "patch"]],
  ["kconfig" in tools, "flex", ["flex", "flex", "flex"]],
  ["kconfig" in tools, "bison", ["bison", "bison", "bison"]],
  [steps | selectattr("tool", "eq", "configure") | selectattr("autoreconf") | list, "autoreconf", ["autoconf", "autoconf", "autoconf"]],
  [steps | selectattr("tool", "eq", "configure") | selectattr("autoreconf") | list, "automake", ["automake", "automake", "automake"]],
  [steps | selectattr("tool", "eq", "configure") | selectattr("autoreconf") | list, "libtoolize", ["libtool", "libtool", "libtool"]],
  [install.strip, "strip", ["binutils", "binutils", "binutils"]],
] if needed %} {{ program }}:{{ packages[family] }}{% endfor %}
