{# A Debian or Ubuntu image as builder: the kernel's headers come from its linux-headers package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
{% set family = 0 %}
# The {% if steps %}kernel's headers, and the {% endif %}programs that this build calls, where the image has none.
RUN missing=; \
    for pair in
{%- if steps %} "/lib/modules/${KERNEL_VERSION}/build/Makefile:linux-headers-${KERNEL_VERSION} gcc make"
{%- endif %}
{%- if install.link_in_tree %} \
        "/lib/modules/${KERNEL_VERSION}/kernel:linux-image-${KERNEL_VERSION}"
{%- endif %} \
       {%+ include "kmodgen/programs" %}; do \
      test -e "${pair%:*}" || command -v "${pair%:*}" >/dev/null || missing="${missing} ${pair##*:}"; \
    done; \
    test -z "${missing}" \
 || { apt-get update \
   && DEBIAN_FRONTEND=noninteractive INITRD=No apt-get install -y --no-install-recommends ca-certificates ${missing}; }

{% endblock %}
