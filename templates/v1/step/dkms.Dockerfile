# Build as dkms does: read dkms.conf in a shell of its own, check BUILD_EXCLUSIVE_*, apply the patches,
# then run PRE_BUILD, CLEAN, MAKE and POST_BUILD in a copy of the source.
RUN cd {{ step.folder | expand }} && \
    {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
bash -c 'parallel_jobs={% if step.jobs is integer %}{{ step.jobs }}{% else %}"$(nproc)"{% endif %}; \
{% raw %}
      shopt -s extglob; \
      say() { echo "kmodgen: $*" >&2; }; \
      stop() { say "${@:2}"; exit "$1"; }; \
      [[ -f dkms.conf ]] || stop 1 "there is no dkms.conf in ${PWD}; there is: $(find . -name dkms.conf | head -n 5 | xargs)"; \
      folder="${PWD}"; kernelver="${KERNEL_VERSION}"; arch="$(uname -m)"; \
      source_tree=/usr/src; dkms_tree=/var/lib/dkms; install_tree=/lib/modules; \
      kernel_source_dir="${install_tree}/${kernelver}/build"; kernel_config="${kernel_source_dir}/.config"; \
      directives="PACKAGE_NAME PACKAGE_VERSION CLEAN MAKE MAKE_MATCH PATCH PATCH_MATCH PRE_BUILD POST_BUILD build_exclude \
        BUILD_EXCLUSIVE_KERNEL BUILD_EXCLUSIVE_KERNEL_MIN BUILD_EXCLUSIVE_KERNEL_MAX BUILD_EXCLUSIVE_ARCH BUILD_EXCLUSIVE_CONFIG \
        BUILT_MODULE_NAME BUILT_MODULE_LOCATION DEST_MODULE_NAME DEST_MODULE_LOCATION"; \
      unset ${directives}; \
      assignments() { \
        . "$1" > /dev/null || true; \
        set +e -f; \
        for directive in ${directives}; do \
          declare -n all_values="${directive}"; \
          for at in "${!all_values[@]}"; do echo "${directive}[${at}]=\""${all_values[at]}"\""; done; \
        done; \
        echo true; \
      }; \
      eval "$(directives="PACKAGE_NAME PACKAGE_VERSION"; assignments "${folder}/dkms.conf" 2> /dev/null)"; \
      module="${PACKAGE_NAME}"; module_version="${PACKAGE_VERSION}"; \
      [[ -n ${module} && -n ${module_version} ]] || stop 8 "dkms.conf must set PACKAGE_NAME and PACKAGE_VERSION"; \
      source_dir="${source_tree}/${module}-${module_version}"; \
      build_dir="${dkms_tree}/${module}/${module_version}/build"; \
      rm -rf "${build_dir}" && mkdir -p "${build_dir%/*}" && cp -a "${folder}" "${build_dir}" || exit 1; \
      [[ -e ${source_dir} ]] || cp -a "${folder}" "${source_dir}" || exit 1; \
      ln -sfn "${source_dir}" "${build_dir%/*}/source"; \
      unset ${directives}; \
      eval "$(assignments "${build_dir}/dkms.conf")" || stop 8 "dkms.conf has a value that is broken shell when expanded again, as dkms does"; \
      padded() { \
        local rest="$1" digits result=; \
        while [[ ${rest} =~ ^([^0-9]*)([0-9]+)(.*)$ ]]; do \
          digits="${BASH_REMATCH[2]}"; \
          while ((${#digits} < 3)); do digits="0${digits}"; done; \
          result+="${BASH_REMATCH[1]}${digits}"; rest="${BASH_REMATCH[3]}"; \
        done; \
        echo "${result}${rest}"; \
      }; \
      reasons=(); \
      [[ -z ${BUILD_EXCLUSIVE_KERNEL} || ${kernelver} =~ ${BUILD_EXCLUSIVE_KERNEL} ]] \
        || reasons+=("BUILD_EXCLUSIVE_KERNEL is ${BUILD_EXCLUSIVE_KERNEL}"); \
      [[ -n ${BUILD_EXCLUSIVE_KERNEL_MIN} && "$(padded "${kernelver}")" < "$(padded "${BUILD_EXCLUSIVE_KERNEL_MIN}")" ]] \
        && reasons+=("BUILD_EXCLUSIVE_KERNEL_MIN is ${BUILD_EXCLUSIVE_KERNEL_MIN}"); \
      [[ -n ${BUILD_EXCLUSIVE_KERNEL_MAX} && "$(padded "${kernelver}")" > "$(padded "${BUILD_EXCLUSIVE_KERNEL_MAX}")" ]] \
        && reasons+=("BUILD_EXCLUSIVE_KERNEL_MAX is ${BUILD_EXCLUSIVE_KERNEL_MAX}"); \
      [[ -z ${BUILD_EXCLUSIVE_ARCH} || ${arch} =~ ${BUILD_EXCLUSIVE_ARCH} ]] \
        || reasons+=("BUILD_EXCLUSIVE_ARCH is ${BUILD_EXCLUSIVE_ARCH}, and this machine is ${arch}"); \
      if [[ -e ${kernel_config} ]]; then \
        for option in ${BUILD_EXCLUSIVE_CONFIG}; do \
          if grep -q "^${option#!}=[ym]" "${kernel_config}"; then is_set=1; else is_set=; fi; \
          [[ ${option} == !* && -n ${is_set} ]] && reasons+=("BUILD_EXCLUSIVE_CONFIG is ${BUILD_EXCLUSIVE_CONFIG}, and the kernel has ${option#!}"); \
          [[ ${option} != !* && -z ${is_set} ]] && reasons+=("BUILD_EXCLUSIVE_CONFIG is ${BUILD_EXCLUSIVE_CONFIG}, and the kernel lacks ${option}"); \
        done; \
      fi; \
      [[ -z ${build_exclude} ]] || reasons+=("it sets build_exclude"); \
      for reason in "${reasons[@]}"; do say "dkms.conf excludes kernel ${kernelver}: ${reason}"; done; \
      ((${#reasons[@]} == 0)) || exit 77; \
      make_command=; \
      [[ -n ${MAKE_MATCH[0]} ]] || make_command="${MAKE[0]}"; \
      for ((at = 0; at < ${#MAKE[@]}; at++)); do \
        [[ -n ${MAKE[at]} && -n ${MAKE_MATCH[at]} && ${kernelver} =~ ${MAKE_MATCH[at]} ]] && make_command="${MAKE[at]}"; \
      done; \
      kbuild="make -C ${kernel_source_dir} M=${build_dir}"; \
      make_command="${make_command:-${kbuild}}"; clean="${CLEAN:-${kbuild} clean}"; \
      if [[ -e ${kernel_source_dir}/vmlinux ]]; then readelf -p .comment "${kernel_source_dir}/vmlinux" 2> /dev/null | grep -q clang; \
      else grep -qs CONFIG_CC_IS_CLANG=y "${kernel_config}"; fi && make_command+=" LLVM=1"; \
      cd "${build_dir}" || exit 1; \
      for ((at = 0; at < ${#PATCH[@]}; at++)); do \
        [[ -n ${PATCH[at]} && ( -z ${PATCH_MATCH[at]} || ${kernelver} =~ ${PATCH_MATCH[at]} ) ]] || continue; \
        [[ -e patches/${PATCH[at]} ]] || stop 5 "dkms.conf names patches/${PATCH[at]}, which is not there"; \
        patch -p1 < "patches/${PATCH[at]}" || stop 6 "patches/${PATCH[at]} of dkms.conf does not apply"; \
      done; \
      if [[ -z ${CC} ]]; then \
        if [[ -f ${kernel_source_dir}/.kernelvariables ]]; then \
          export CC="$(printf "show:\n\t@echo \$(CC)\ninclude %s\n" "${kernel_source_dir}/.kernelvariables" | make -sf -)"; \
        fi; \
        compiler="$(grep -s "^CONFIG_CC_VERSION_TEXT=" "${kernel_config}")"; compiler="${compiler#*\"}"; compiler="${compiler%% *}"; \
        command -v "${compiler}" > /dev/null && export CC="${compiler}" KERNEL_CC="${compiler}"; \
        grep -qs CONFIG_CC_IS_CLANG=y "${kernel_config}" && command -v clang > /dev/null && export CC=clang KERNEL_CC=clang; \
        grep -qs CONFIG_LD_IS_LLD=y "${kernel_config}" && command -v ld.lld > /dev/null && export LD=ld.lld KERNEL_LD=ld.lld; \
      fi; \
      script() { \
        [[ -n $2 ]] || return 0; \
        local run="${build_dir}/$2"; \
        if [[ ! -x ${run%% *} ]]; then say "$1 of dkms.conf is not run, as dkms does not either: ${run%% *} is not executable"; return; fi; \
        (cd "${build_dir}" && exec ${run}) || say "$1 of dkms.conf ended with exit code $?, which dkms ignores"; \
      }; \
      script PRE_BUILD "${PRE_BUILD}"; \
      (eval "${clean}") > /dev/null 2>&1; \
      make_command="${make_command/#make/make -j${parallel_jobs} KERNELRELEASE=${kernelver}}"; \
      echo "${make_command}"; \
      (eval "${make_command}") || stop 10 "MAKE of dkms.conf failed: ${make_command}"; \
      count=0; \
      for length in ${#BUILT_MODULE_NAME[@]} ${#BUILT_MODULE_LOCATION[@]} ${#DEST_MODULE_NAME[@]} ${#DEST_MODULE_LOCATION[@]}; do \
        ((length <= count)) || count="${length}"; \
      done; \
      for ((at = 0; at < count; at++)); do \
        name="${BUILT_MODULE_NAME[at]}"; \
        ((count > 1)) || name="${name:-${PACKAGE_NAME}}"; \
        place="${BUILT_MODULE_LOCATION[at]:+${BUILT_MODULE_LOCATION[at]%/}/}"; \
        [[ -e ${place}${name}.ko ]] || stop 7 "MAKE of dkms.conf left no ${place}${name}.ko, which BUILT_MODULE_NAME[${at}] names"; \
        [[ ${DEST_MODULE_NAME[at]:-${name}} == "${name}" ]] || cp -p "${place}${name}.ko" "${place}${DEST_MODULE_NAME[at]}.ko" || exit 1; \
      done; \
      script POST_BUILD "${POST_BUILD}"; \
      cp -au "${build_dir}/." "${folder}/" && rm -rf "${build_dir}" && ln -s "${folder}" "${build_dir}"'
{% endraw %}


