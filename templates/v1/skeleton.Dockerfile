{#
  The skeleton of every built-in template: what is the same for all, and the blocks that differ.
  A template that extends one of kmodgen's may replace any block.
-#}
{% block builder_from %}
{% if builder %}
FROM {{ builder }} AS builder
{% else %}
ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
{% endif %}
{% endblock %}
{% block args %}
ARG KERNEL_VERSION={{ kernel.release }}
ARG KERNEL_FULL_VERSION={{ kernel.release }}
{% for argument in build_args %}
ARG {{ argument.name }}={{ argument.value | arg }}
{% endfor %}
{% endblock %}

# Stop here when asked for a kernel that this Dockerfile is not for.
RUN test "${KERNEL_VERSION}" = {{ kernel.release }} && test "${KERNEL_FULL_VERSION}" = {{ kernel.release }} \
 || { echo "this Dockerfile is for kernel {{ kernel.release }}, not for ${KERNEL_VERSION} (${KERNEL_FULL_VERSION})" >&2; exit 1; }

{% block builder_prepare %}
{% endblock %}
# Stop here when the builder has no headers of the kernel.
RUN test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
 || { echo "the builder image has no headers of kernel ${KERNEL_VERSION}; it has: $(ls /lib/modules/*/build/Makefile 2>/dev/null || echo none)" >&2; exit 1; }

{% block sources %}
# The source, at exactly the commit that the lock pins.
RUN mkdir -p {{ source.folder }} \
 && cd {{ source.folder }} \
 && git init -q{% if source.commit | length == 64 %} --object-format=sha256{% endif %} \
 && git remote add origin {{ source.url | sh }} \
 && { git -c protocol.version=2 fetch -q --depth 1 origin {{ source.commit }} \
   || git fetch -q origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'; } \
 && git checkout -q --detach {{ source.commit }} \
 && test "$(git rev-parse HEAD)" = {{ source.commit }} \
 || { echo cannot get commit {{ source.commit }} of {{ source.url | sh }} >&2; exit 1; }

{% endblock %}
{% block patches %}
{% for patch in source.patches %}
# Patch {{ patch.name }}
{% for command in patch.write %}
RUN {{ command }}
{% endfor %}
RUN echo "{{ patch.sha256 }}  {{ patch.file }}" | sha256sum -c - \
 && git -C {{ source.folder }} apply --verbose --whitespace=nowarn {{ patch.file }} \
 || { echo patch {{ patch.name | sh }} does not apply to {{ source.commit }} >&2; exit 1; }

{% endfor %}
{% endblock %}
{% block build %}
{% for step in steps %}
RUN cd {{ step.folder | sh }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
make
{%- if step.tool == "kbuild" %} -C "/lib/modules/${KERNEL_VERSION}/build" M="$PWD"{% endif %}
{% for variable in step.vars %} {{ variable.name }}={{ variable.value | expand }}{% endfor %}
{% for target in step.targets %} {{ target | sh }}{% endfor %}


{% endfor %}
{% endblock %}
{% block install %}
# Each kmod that must come out, checked against the kernel and put where KMM looks for it.
RUN mkdir -p "/opt/lib/modules/${KERNEL_VERSION}/{{ install.dir }}" \
 && for kmod in{% for kmod in kmods %} {{ kmod }}{% endfor %}; do \
      built="$(find {{ source.folder }} -type f -path "*/${kmod}.ko")"; \
      test -f "${built}" \
        || { echo "the build must leave one ${kmod}.ko, and left: ${built:-none}" >&2; exit 1; }; \
      vermagic="$(modinfo -F vermagic "${built}")"; \
      test "${vermagic%% *}" = "${KERNEL_VERSION}" \
        || { echo "${kmod}.ko is for kernel ${vermagic%% *}, not for ${KERNEL_VERSION}" >&2; exit 1; }; \
      cp "${built}" "/opt/lib/modules/${KERNEL_VERSION}/{{ install.dir }}/" || exit 1; \
    done

{% endblock %}
{% block depmod %}
# The indexes that modprobe reads. busybox's depmod would leave out the .bin files.
RUN depmod -b /opt "${KERNEL_VERSION}" \
 && test -s "/opt/lib/modules/${KERNEL_VERSION}/modules.dep.bin" \
 || { echo "depmod of the builder image is not kmod's" >&2; exit 1; }

{% endblock %}
{% block runtime_from %}
FROM {{ runtime }}
{% endblock %}
{{ self.args() }}

{% block runtime_prepare %}
# modprobe, where the image has none.
RUN command -v modprobe >/dev/null \
 || if command -v microdnf >/dev/null; then microdnf install -y kmod && rm -rf /var/cache/yum /var/cache/dnf; \
    elif command -v dnf >/dev/null; then dnf install -y kmod && rm -rf /var/cache/dnf; \
    elif command -v apt-get >/dev/null; then \
      apt-get update && apt-get install -y --no-install-recommends kmod && rm -rf /var/lib/apt/lists/*; \
    elif command -v apk >/dev/null; then apk add --no-cache kmod; \
    else echo "the runtime image has no modprobe, and no package manager to get it with" >&2; exit 1; fi

{% endblock %}
{% block runtime_copy %}
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}

{% endblock %}
# What KMM runs in the image.
RUN for tool in modprobe sleep sh mkdir cp; do \
      command -v "${tool}" >/dev/null || { echo "the runtime image has no ${tool}" >&2; exit 1; }; \
    done

{% block labels %}
{% endblock %}
{% block runtime_end %}
{% endblock %}
