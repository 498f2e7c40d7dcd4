{# A SUSE image as builder: the kernel's headers come from its kernel-<flavour>-devel package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
{% set family = 2 %}
{% set for_fetch, for_build = not fetch, true %}
# The programs that this build calls, where the image has none.
RUN missing=; \
    for pair in{% include "kmodgen/programs" %}; do \
      command -v "${pair%:*}" >/dev/null || missing="${missing} ${pair#*:}"; \
    done; \
    test -z "${missing}" \
 || { zypper --non-interactive --gpg-auto-import-keys refresh && zypper --non-interactive install --no-recommends ${missing}; }

{% endblock %}
{% block kernel_prepare %}
{% if steps or install.link_in_tree %}
# What the build needs of the kernel, where the image has none. The version of a kernel's package is the release
# without its flavour, and one number more.
RUN flavour="${KERNEL_VERSION##*-}"; release="${KERNEL_VERSION%-*}"; missing=; packages=; \
{% if steps %}
    test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" || missing="${missing} kernel-${flavour}-devel"; \
{% endif %}
{% if install.link_in_tree %}
    test -e "/lib/modules/${KERNEL_VERSION}/kernel" || missing="${missing} kernel-${flavour}"; \
{% endif %}
    test -z "${missing}" || zypper --non-interactive --gpg-auto-import-keys refresh; \
    for package in ${missing}; do \
      version="$(zypper --quiet search --details --match-exact --type package "${package}" \
        | awk -F'|' -v release="${release}" '{ gsub(/ /, "", $4); if ($4 == release || index($4, release ".") == 1) print $4 }' \
        | head -n 1)"; \
      test -n "${version}" || { echo "kmodgen: no repository has ${package} ${release}" >&2; exit 1; }; \
      packages="${packages} ${package}=${version}"; \
    done; \
    { test -z "${packages}" || zypper --non-interactive install --no-recommends ${packages}; }
{%- if steps %} \
 && { test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
   || { mkdir -p "/lib/modules/${KERNEL_VERSION}" \
     && ln -sfn "/usr/src/linux-${release}-obj/$(uname -m)/${flavour}" "/lib/modules/${KERNEL_VERSION}/build"; }; }
{%- endif %}


{% endif %}
{% endblock %}
