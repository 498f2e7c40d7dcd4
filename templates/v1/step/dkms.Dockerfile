# What dkms does with dkms.conf: the patches for this kernel, PRE_BUILD, and the command for it.
RUN cd {{ step.folder | sh }} \
 && test -f dkms.conf || { echo "there is no dkms.conf in ${PWD}" >&2; exit 1; }; \
    {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
bash -ec 'kernelver="${KERNEL_VERSION}"; arch="$(uname -m)"; \
      kernel_source_dir="/lib/modules/${kernelver}/build"; source_tree=/usr/src; dkms_tree=/var/lib/dkms; \
      . ./dkms.conf; \
      mkdir -p "${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}"; \
      ln -sfn "${PWD}" "${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build"; \
      for at in "${!PATCH[@]}"; do \
        if [[ -z "${PATCH_MATCH[at]:-}" || "${kernelver}" =~ ${PATCH_MATCH[at]} ]]; then \
          patch -p1 < "patches/${PATCH[at]}"; \
        fi; \
      done; \
      if [[ -n "${PRE_BUILD:-}" ]]; then eval "./${PRE_BUILD}"; fi; \
      command="${MAKE[0]:-make -C \"${kernel_source_dir}\" M=\"${PWD}\"}"; \
      for at in "${!MAKE[@]}"; do \
        if [[ -n "${MAKE_MATCH[at]:-}" && "${kernelver}" =~ ${MAKE_MATCH[at]} ]]; then command="${MAKE[at]}"; fi; \
      done; \
      eval "${command/#make/make KERNELRELEASE=${kernelver}}"'


