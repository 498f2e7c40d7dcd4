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
 || { echo "kmodgen: this Dockerfile is for kernel {{ kernel.release }}, not for ${KERNEL_VERSION} (${KERNEL_FULL_VERSION})" >&2; exit 1; }

{% block builder_prepare %}
{% endblock %}
{% if packages %}
# What else the build needs.
RUN if command -v dnf >/dev/null; then {% if packages.rpm %}dnf install -y --setopt=install_weak_deps=False{% for name in packages.rpm %} {{ name | expand }}{% endfor %} && dnf clean all{% else %}:{% endif %}; \
    elif command -v microdnf >/dev/null; then {% if packages.rpm %}microdnf install -y{% for name in packages.rpm %} {{ name | expand }}{% endfor %} && microdnf clean all{% else %}:{% endif %}; \
    elif command -v apt-get >/dev/null; then {% if packages.deb %}apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends{% for name in packages.deb %} {{ name | expand }}{% endfor %} && rm -rf /var/lib/apt/lists/*{% else %}:{% endif %}; \
    elif command -v zypper >/dev/null; then {% if packages.zypper %}zypper --non-interactive install --no-recommends{% for name in packages.zypper %} {{ name | expand }}{% endfor %} && zypper clean --all{% else %}:{% endif %}; \
    elif command -v apk >/dev/null; then {% if packages.apk %}apk add --no-cache{% for name in packages.apk %} {{ name | expand }}{% endfor %}{% else %}:{% endif %}; \
    else echo "kmodgen: the builder image has no package manager" >&2; exit 1; fi

{% endif %}
{% if steps %}
# Stop here when the builder has no headers of the kernel.
RUN test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
 || { echo "kmodgen: the builder image has no headers of kernel ${KERNEL_VERSION}; it has: $(ls /lib/modules/*/build/Makefile 2>/dev/null || echo none)" >&2; exit 1; }

{% endif %}
{% block sources %}
{% for source in sources %}
{% include "kmodgen/source/" ~ source.kind %}
{% endfor %}
{% endblock %}
{% block patches %}
{% for source in sources %}
{% include "kmodgen/source/patches" %}
{% endfor %}
{% endblock %}
{% block build %}
{% for step in steps %}
{% if step.tool == "kbuild" %}
{% include "kmodgen/step/make" %}
{% else %}
{% include "kmodgen/step/" ~ step.tool %}
{% endif %}
{% endfor %}
{% endblock %}
{% block install %}
{% if install.rpms %}
{% include "kmodgen/install/rpms" %}
{% endif %}
# Each kmod that must come out, checked against the kernel and put where KMM looks for it.
RUN mkdir -p "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" \
 && for kmod in{% for kmod in kmods %} {{ kmod }}{% endfor %}; do \
{% if install.rpms %}
      built="$(find /usr/src/kmodgen-packages/root -type f -path "*/${kmod}.ko")"; \
      test -n "${built}" \
        || built="$(find{% for folder in folders %} {{ folder }}{% endfor %} -type f -path "*/${kmod}.ko")"; \
{% else %}
      built="$(find{% for folder in folders %} {{ folder }}{% endfor %} -type f -path "*/${kmod}.ko")"; \
{% endif %}
      test -f "${built}" \
        || { echo "kmodgen: the build must leave one ${kmod}.ko, and left: ${built:-none}" >&2; exit 1; }; \
      vermagic="$(modinfo -F vermagic "${built}")"; \
      test "${vermagic%% *}" = "${KERNEL_VERSION}" \
        || { echo "kmodgen: ${kmod}.ko is for kernel ${vermagic%% *}, not for ${KERNEL_VERSION}" >&2; exit 1; }; \
      cp "${built}" "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}/" || exit 1; \
{% if install.rpms %}
      rm "${built}"; \
{% endif %}
    done

{% if install.rpms %}
{% include "kmodgen/install/rpms-rest" %}
{% endif %}
{% if install.strip %}
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec strip --strip-debug {} +

{% endif %}
{% if install.compress == "xz" %}
# As the kernel reads it: a CRC32 for a checksum, and a dictionary that fits its buffer.
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec xz --check=crc32 --lzma2=dict=1MiB {} +

{% elif install.compress == "gz" %}
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec gzip -9 -n {} +

{% elif install.compress == "zstd" %}
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec zstd -q -19 --rm {} +

{% endif %}
{% if install.firmware or install.licenses %}
{% include "kmodgen/install/files" %}
{% endif %}
{% if install.has_firmware and not install.firmware %}
# KMM copies firmware on every kernel, and fails where the folder has no file.
RUN mkdir -p /opt/lib/firmware \
 && if test -z "$(ls /opt/lib/firmware)"; then : > /opt/lib/firmware/kmodgen-no-firmware; fi

{% endif %}
{% if install.link_in_tree %}
# The kernel's own modules, at their place on the node: depmod sees those of the builder through it.
RUN test -d "/lib/modules/${KERNEL_VERSION}/kernel" \
 || { echo "kmodgen: the builder image has no modules of kernel ${KERNEL_VERSION}, which \`host\` is to lead to" >&2; exit 1; }; \
    ln -s "/lib/modules/${KERNEL_VERSION}" "/opt/lib/modules/${KERNEL_VERSION}/host" \
 && for list in modules.order modules.builtin modules.builtin.modinfo; do \
      test ! -e "/lib/modules/${KERNEL_VERSION}/${list}" \
        || cp "/lib/modules/${KERNEL_VERSION}/${list}" "/opt/lib/modules/${KERNEL_VERSION}/" || exit 1; \
    done

{% endif %}
{% endblock %}
{% block depmod %}
# The indexes that modprobe reads, in which each kmod has to be: depmod is silent about a file that it cannot
# read, and about one that it takes another one for. busybox's depmod would leave out the .bin files.
RUN cd "/opt/lib/modules/${KERNEL_VERSION}" \
{% if install.link_in_tree %}
 && printf 'search %s built-in\n' {{ install.mod_dir }} > /usr/src/kmodgen-depmod.conf \
 && depmod -C /usr/src/kmodgen-depmod.conf -b /opt "${KERNEL_VERSION}" && test -s modules.dep.bin \
{% else %}
 && depmod -b /opt "${KERNEL_VERSION}" && test -s modules.dep.bin \
{% endif %}
 || { echo "kmodgen: depmod of the builder image is not kmod's" >&2; exit 1; }; \
    for kmod in{% for kmod in kmods %} {{ kmod }}{% endfor %}; do \
      file="{{ install.mod_dir }}/${kmod##*/}{{ install.ending }}"; \
      name="$(echo "${kmod##*/}" | sed 's/[-_]/[-_]/g')"; \
      listed="$(cut -d: -f1 modules.dep | grep -E "(^|/)${name}\.ko(\.[a-z]+)?$")"; \
      test "${listed}" = "${file}" \
        || { echo "kmodgen: modules.dep lists ${listed:-nothing} for ${kmod##*/}, not ${file}; this depmod has $(depmod --version | tail -n 1)" >&2; exit 1; }; \
    done

{% endblock %}
{% block runtime_from %}
FROM {{ runtime }}
{% endblock %}
{{ self.args() }}

{% block runtime_prepare %}
{% if not lean and busybox %}
# kmod's modprobe: KMM 1 calls it with -d, which busybox's does not have.
RUN modprobe --version 2>/dev/null | grep -q kmod \
 || if command -v apk >/dev/null; then apk add --no-cache kmod; \
    else echo "kmodgen: the runtime image has busybox's modprobe, which KMM 1 cannot use, and no package manager to get kmod with; where KMM 2 runs, say so in the manifest's platform" >&2; exit 1; fi

{% elif not lean %}
# modprobe, where the image has none.
RUN command -v modprobe >/dev/null \
 || if command -v microdnf >/dev/null; then microdnf install -y kmod && rm -rf /var/cache/yum /var/cache/dnf; \
    elif command -v dnf >/dev/null; then dnf install -y kmod && rm -rf /var/cache/dnf; \
    elif command -v apt-get >/dev/null; then \
      apt-get update && apt-get install -y --no-install-recommends kmod && rm -rf /var/lib/apt/lists/*; \
    elif command -v apk >/dev/null; then apk add --no-cache kmod; \
    else echo "kmodgen: the runtime image has no modprobe, and no package manager to get it with" >&2; exit 1; fi

{% endif %}
{% endblock %}
{% block runtime_copy %}
COPY --from=builder /opt/lib/modules/${KERNEL_VERSION} /opt/lib/modules/${KERNEL_VERSION}
{% if install.has_firmware %}
COPY --from=builder /opt/lib/firmware /opt/lib/firmware
{% endif %}
{% if install.licenses %}
COPY --from=builder /licenses /licenses
{% endif %}
{% if install.rpms %}
COPY --from=builder /usr/src/kmodgen-packages/root/ /
{% endif %}

{% endblock %}
# What KMM runs in the image.
RUN for tool in {% if not lean %}modprobe sleep {% endif %}sh mkdir cp; do \
      command -v "${tool}" >/dev/null || { echo "kmodgen: the runtime image has no ${tool}" >&2; exit 1; }; \
    done

{% block labels %}
{% for label in image_labels %}
LABEL {{ label.name }}={{ label.value | arg }}
{% endfor %}
{% endblock %}
{% block runtime_end %}
{% if user is not none %}
USER {{ user }}
{% endif %}
{% endblock %}
