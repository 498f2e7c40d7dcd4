{# A SUSE image as builder: the kernel's headers come from its kernel-<flavour>-devel package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
# The kernel's headers and what compiles against them, where the image has none. A package's version
# is the release without its flavour, and one number more.
RUN test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
 || { flavour="${KERNEL_VERSION##*-}"; release="${KERNEL_VERSION%-*}"; package="kernel-${flavour}-devel"; \
      zypper --non-interactive --gpg-auto-import-keys refresh; \
      version="$(zypper --quiet search --details --match-exact --type package "${package}" \
        | awk -F'|' -v release="${release}" '{ gsub(/ /, "", $4); if ($4 == release || index($4, release ".") == 1) print $4 }' \
        | head -n 1)"; \
      test -n "${version}" || { echo "no repository has ${package} ${release}" >&2; exit 1; }; \
      zypper --non-interactive install --no-recommends "${package}=${version}" gcc make git-core kmod \
   && mkdir -p "/lib/modules/${KERNEL_VERSION}" \
   && ln -sfn "/usr/src/linux-${release}-obj/$(uname -m)/${flavour}" "/lib/modules/${KERNEL_VERSION}/build"; }

{% endblock %}
