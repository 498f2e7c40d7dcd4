{# An entitled UBI or another RPM system as builder: the kernel's headers come from its kernel-devel package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
{% set family = 1 %}
# The {% if steps %}kernel's headers, and the {% endif %}programs that this build calls, where the image has none. UBI finds its
# entitlement under /run/secrets, where the build mounts it; no key enters a layer.
RUN devel={{ kernel.devel_package }}; missing=; \
    for pair in
{%- if steps %} "/lib/modules/${KERNEL_VERSION}/build/Makefile:${devel} gcc make elfutils-libelf-devel"
{%- endif %}
{%- if install.link_in_tree %} \
        "/lib/modules/${KERNEL_VERSION}/kernel:${devel%-devel-*}-${devel##*-devel-}"
{%- endif %} \
       {%+ include "kmodgen/programs" %}; do \
      test -e "${pair%:*}" || command -v "${pair%:*}" >/dev/null || missing="${missing} ${pair##*:}"; \
    done; \
    { test -z "${missing}" \
   || KERNEL_INSTALL_BYPASS=1 dnf install -y --setopt=install_weak_deps=False ${missing}; }
{%- if steps %} \
 && { test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
   || { mkdir -p "/lib/modules/${KERNEL_VERSION}" \
     && ln -sfn "/usr/src/kernels/${KERNEL_VERSION}" "/lib/modules/${KERNEL_VERSION}/build"; }; }
{%- endif %}


{% endblock %}
