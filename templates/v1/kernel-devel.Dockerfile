{# An entitled UBI or another RPM system as builder: the kernel's headers come from its kernel-devel package. -#}
{% extends "kmodgen/skeleton" %}
{% block builder_prepare %}
# UBI finds its entitlement under /run/secrets, where the build mounts it; no key enters a layer.
RUN test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
 || { dnf install -y --setopt=install_weak_deps=False {{ kernel.devel_package }} gcc make git-core kmod findutils elfutils-libelf-devel \
   && mkdir -p "/lib/modules/${KERNEL_VERSION}" \
   && ln -sfn "/usr/src/kernels/${KERNEL_VERSION}" "/lib/modules/${KERNEL_VERSION}/build"; }

{% endblock %}
