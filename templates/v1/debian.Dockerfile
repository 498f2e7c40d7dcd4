{# A Debian or Ubuntu image as builder: the kernel's headers come from its linux-headers package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
# The kernel's headers and what compiles against them, where the image has none.
RUN test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
 || { apt-get update \
   && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "linux-headers-${KERNEL_VERSION}" gcc make git ca-certificates kmod; }

{% endblock %}
