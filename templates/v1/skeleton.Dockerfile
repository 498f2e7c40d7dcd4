{#
  The skeleton of every built-in template: what is the same for all, and the blocks that differ. What is the same
  for all kernels comes before `ARG KERNEL_VERSION`, since engines build everything after it for each kernel.
  A template that extends one of kmodgen's may replace any block.
#}
{% from "kmodgen/packages" import branches, install_command, install_packages %}
{% from "kmodgen/repositories" import add, key %}
{% if not builder %}
ARG DTK_AUTO
{% endif %}
{% if fetch %}
{% include "kmodgen/source/stage" %}
{{ self.sources() }}
{{ self.patches() }}

{% endif %}
{% block builder_from %}
FROM {% if builder %}{{ builder }}{% else %}${DTK_AUTO}{% endif %} AS builder
{% endblock %}

{% block builder_prepare %}
{% endblock %}
{% for repository in repositories %}
{{ key(repository) }}
{% if repository.for_builder %}
{{ add(repository) }}
{% endif %}
{% endfor %}
{% if builder_packages %}
# What else the build needs.
{{ install_packages(builder_packages, "builder") }}

{% endif %}
{% if fetch %}
COPY --from=sources /usr/src/kmodgen/ /usr/src/kmodgen/
{% for folder in folders | reject("startingwith", "/usr/src/kmodgen/") %}
COPY --from=sources {{ folder }}/ {{ folder }}/
{% endfor %}
{% if install.rpms and sources | selectattr("form", "defined") | selectattr("form", "eq", "rpm") | list %}
COPY --from=sources /usr/src/kmodgen-packages/ /usr/src/kmodgen-packages/
{% endif %}
{% else %}
{% block sources %}
{% if folders | reject("startingwith", "/usr/src/kmodgen/") | list %}
RUN mkdir -p /usr/src/kmodgen

{% endif %}
{% for source in sources | sort(attribute="order") %}
{% include "kmodgen/source/" ~ source.kind %}
{% endfor %}
{% endblock %}
{% block patches %}
{% for source in sources %}
{% include "kmodgen/source/patches" %}
{% endfor %}
{% endblock %}
{% endif %}

{% block environment %}
# What a build records of its time and place is the same wherever and whenever it runs.
ENV SOURCE_DATE_EPOCH={{ source_date_epoch }} \
    KBUILD_BUILD_TIMESTAMP={{ date }} \
    KBUILD_BUILD_USER=kmodgen \
    KBUILD_BUILD_HOST=kmodgen
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

{% block kernel_prepare %}
{% endblock %}
{% if kernel_packages %}
# What else the build needs of this kernel.
{{ install_packages(kernel_packages, "builder") }}

{% endif %}
{% if steps %}
# Stop here when the builder has no headers of the kernel.
RUN test -e "/lib/modules/${KERNEL_VERSION}/build/Makefile" \
 || { echo "kmodgen: the builder image has no headers of kernel ${KERNEL_VERSION}; it has: $(ls /lib/modules/*/build/Makefile 2>/dev/null || echo none)" >&2; exit 1; }

{% endif %}
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
# Each kmod that must come out, checked against the kernel and put where KMM looks for it
{%- if install.strip %}, without debugging symbols
# unless it is signed, which stripping would undo{% endif %}.
RUN mkdir -p "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" \
 && for kmod in{% for kmod in kmods %} {{ kmod }}{% endfor %}; do \
{% if kmod_folders %}
{% include "kmodgen/install/kmod-folders" %}
{% endif %}
{% if install.rpms %}
      built="$(find /usr/src/kmodgen-packages/root -type f -path "*/${kmod}.ko")"; \
      test -n "${built}" \
        || built="$(find{% for folder in folders %} {{ folder }}{% endfor %} -type f -path "*/${kmod}.ko")"; \
{% else %}
      built="$(find{% for folder in folders %} {{ folder }}{% endfor %} -type f -path "*/${kmod}.ko")"; \
{% endif %}
{% if kmod_folders %}
      fi; \
{% endif %}
      test -f "${built}" \
        || { echo "kmodgen: the build must leave one ${kmod}.ko, and left: ${built:-none}" >&2; exit 1; }; \
      vermagic="$(modinfo -F vermagic "${built}")"; \
      test "${vermagic%% *}" = "${KERNEL_VERSION}" \
        || { echo "kmodgen: ${kmod}.ko is for kernel ${vermagic%% *}, not for ${KERNEL_VERSION}" >&2; exit 1; }; \
{% if install.strip %}
      tail -c 28 "${built}" | grep -qx '~Module signature appended~' || strip --strip-debug "${built}" \
        || { echo "kmodgen: cannot strip ${kmod}.ko: give the builder a strip for its architecture, or write install: {strip: false}" >&2; exit 1; }; \
{% endif %}
      cp "${built}" "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}/" || exit 1; \
{% if install.rpms %}
      rm "${built}"; \
{% endif %}
    done

{% if install.rpms %}
{% include "kmodgen/install/rpms-rest" %}
{% endif %}
{% if install.compress == "xz" %}
# As the kernel reads it: a CRC32 for a checksum, and a dictionary that fits its buffer.
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec xz -T1 --check=crc32 --lzma2=dict=1MiB {} +

{% elif install.compress == "gz" %}
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec gzip -9 -n {} +

{% elif install.compress == "zstd" %}
RUN find "/opt/lib/modules/${KERNEL_VERSION}/{{ install.mod_dir }}" -name '*.ko' -exec zstd -q -T1 -19 --rm {} +

{% endif %}
{% if install.firmware or install.licenses or install.files %}
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

{% block runtime_prepare %}
{% for repository in repositories if repository.for_runtime %}
COPY --from=builder {{ repository.key.file }} {{ repository.key.file }}
{{ add(repository) }}
{% endfor %}
{% if runtime_packages %}
# What else the image has.
{{ install_packages(runtime_packages, "runtime") }}

{% endif %}
{% if lean %}
# What KMM runs in the image.
RUN for tool in sh mkdir cp; do \
{% else %}
{% if busybox %}
# kmod's modprobe, since KMM 1 calls it with -d, which busybox's does not have; and what else KMM runs in the image.
{% else %}
# modprobe, where the image has none, and what else KMM runs in the image.
{% endif %}
{% if modprobe_packages | length == 1 %}
RUN if ! {% if busybox %}modprobe --version 2>/dev/null | grep -q kmod{% else %}command -v modprobe >/dev/null{% endif %}; then {{ install_command(modprobe_packages[0]) }}; fi \
{% else %}
RUN if {% if busybox %}modprobe --version 2>/dev/null | grep -q kmod{% else %}command -v modprobe >/dev/null{% endif %}; then :; \
{% if modprobe_packages %}
{{ branches(modprobe_packages, false) }}    else echo "kmodgen: the runtime image has no modprobe, and no package manager to get it with" >&2; exit 1; fi \
{% else %}
    else echo "kmodgen: the runtime image has busybox's modprobe, which KMM 1 cannot use, and no package manager to get kmod with; where KMM 2 runs, say so in the manifest's platform" >&2; exit 1; fi \
{% endif %}
{% endif %}
 && for tool in modprobe sleep sh mkdir cp; do \
{% endif %}
      command -v "${tool}" >/dev/null || { echo "kmodgen: the runtime image has no ${tool}" >&2; exit 1; }; \
    done

{% endblock %}
{{ self.args() }}
{% if runtime_kernel_packages %}

# What else the image has for this kernel.
{{ install_packages(runtime_kernel_packages, "runtime") }}
{% endif %}

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
{% for place in install.places %}
COPY --from=builder /usr/src/kmodgen-files{{ place }} {{ place }}
{% endfor %}

{% endblock %}
{% block labels %}
{% for label in image_labels %}
{% if loop.first %}LABEL {% else %}      {% endif %}{{ label.name }}={{ label.value | arg }}{% if not loop.last %} \{% endif %}

{% endfor %}
{% endblock %}
{% block runtime_end %}
{% if user is not none %}
USER {{ user }}
{% endif %}
{% endblock %}
