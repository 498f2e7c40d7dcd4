{# An entitled UBI or another RPM system as builder: the kernel's headers come from its kernel-devel package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
{% set family = 1 %}
{% set for_fetch, for_build = not fetch, true %}
# The programs that this build calls, where the image has none. UBI finds its entitlement under /run/secrets, where
# the build mounts it; no key enters a layer.
RUN missing=; \
    for pair in{% include "kmodgen/programs" %}; do \
      command -v "${pair%:*}" >/dev/null || missing="${missing} ${pair#*:}"; \
    done; \
    test -z "${missing}" || dnf install -y --setopt=install_weak_deps=False ${missing}

{% endblock %}
{% block kernel_prepare %}
{% if steps or install.link_in_tree %}
# What the build needs of the kernel, where the image has none.
RUN devel={{ kernel.devel_package }}; missing=; \
{% if steps %}
    test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" || missing="${missing} ${devel} elfutils-libelf-devel"; \
{% endif %}
{% if install.link_in_tree %}
    test -e "/lib/modules/${KERNEL_VERSION}/kernel" || missing="${missing} ${devel%-devel-*}-${devel##*-devel-}"; \
{% endif %}
    { test -z "${missing}" \
   || KERNEL_INSTALL_BYPASS=1 dnf install -y --setopt=install_weak_deps=False ${missing}; }
{%- if steps %} \
 && { test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
   || { mkdir -p "/lib/modules/${KERNEL_VERSION}" \
     && ln -sfn "/usr/src/kernels/${KERNEL_VERSION}" "/lib/modules/${KERNEL_VERSION}/build"; }; }
{%- endif %}


{% endif %}
{% endblock %}
