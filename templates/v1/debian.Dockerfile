{# A Debian or Ubuntu image as builder: the kernel's headers come from its linux-headers package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
{% set family = 0 %}
{% set for_fetch, for_build = not fetch, true %}
# The programs that this build calls, where the image has none.
RUN missing=; \
    for pair in{% include "kmodgen/programs" %}; do \
      command -v "${pair%:*}" >/dev/null || missing="${missing} ${pair#*:}"; \
    done; \
    test -z "${missing}" \
 || { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates ${missing}; }

{% endblock %}
{% block kernel_prepare %}
{% if steps or install.link_in_tree %}
# What the build needs of the kernel, where the image has none.
RUN missing=; \
{% if steps %}
    test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" || missing="${missing} linux-headers-${KERNEL_VERSION}"; \
{% endif %}
{% if install.link_in_tree %}
    test -e "/lib/modules/${KERNEL_VERSION}/kernel" || missing="${missing} linux-image-${KERNEL_VERSION}"; \
{% endif %}
    test -z "${missing}" \
 || { apt-get update && DEBIAN_FRONTEND=noninteractive INITRD=No apt-get install -y --no-install-recommends ${missing}; }

{% endif %}
{% endblock %}
