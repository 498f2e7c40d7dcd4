{# A SUSE image as builder: the kernel's headers come from its kernel-<flavour>-devel package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
{% set family = 2 %}
# The {% if steps %}kernel's headers, and the {% endif %}programs that this build calls, where the image has none. The version of a
# kernel's package is the release without its flavour, and one number more.
RUN flavour="${KERNEL_VERSION##*-}"; release="${KERNEL_VERSION%-*}"; missing=; \
    for pair in
{%- if steps %} "/lib/modules/${KERNEL_VERSION}/build/Makefile:kernel-${flavour}-devel gcc make"
{%- endif %}
{%- if install.link_in_tree %} \
        "/lib/modules/${KERNEL_VERSION}/kernel:kernel-${flavour}"
{%- endif %} \
       {%+ include "kmodgen/programs" %}; do \
      test -e "${pair%:*}" || command -v "${pair%:*}" >/dev/null || missing="${missing} ${pair##*:}"; \
    done; \
    test -z "${missing}" || zypper --non-interactive --gpg-auto-import-keys refresh; \
    packages=; \
    for package in ${missing}; do \
      case "${package}" in "kernel-${flavour}" | "kernel-${flavour}-devel") \
        version="$(zypper --quiet search --details --match-exact --type package "${package}" \
          | awk -F'|' -v release="${release}" '{ gsub(/ /, "", $4); if ($4 == release || index($4, release ".") == 1) print $4 }' \
          | head -n 1)"; \
        test -n "${version}" || { echo "kmodgen: no repository has ${package} ${release}" >&2; exit 1; }; \
        package="${package}=${version}" ;; \
      esac; \
      packages="${packages} ${package}"; \
    done; \
    { test -z "${packages}" || zypper --non-interactive install --no-recommends ${packages}; }
{%- if steps %} \
 && { test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
   || { mkdir -p "/lib/modules/${KERNEL_VERSION}" \
     && ln -sfn "/usr/src/linux-${release}-obj/$(uname -m)/${flavour}" "/lib/modules/${KERNEL_VERSION}/build"; }; }
{%- endif %}


{% endblock %}
