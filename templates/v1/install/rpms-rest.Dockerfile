# What else the packages have: kmods that come along, and files for the image at their own places, which are
# below /usr in every image that has such a link.
RUN cd /usr/src/kmodgen-packages/root \
 && for tree in lib usr/lib; do \
      if test -d "${tree}/modules/${KERNEL_VERSION}"; then \
        ( cd "${tree}/modules/${KERNEL_VERSION}" \
          && find . -type f -name '*.ko' | cpio -pdmu --quiet "/opt/lib/modules/${KERNEL_VERSION}" ) || exit 1; \
      fi; \
      rm -rf "${tree}/modules" "${tree}/.build-id"; \
{% if install.has_firmware %}
      if test -d "${tree}/firmware"; then \
        mkdir -p /opt/lib/firmware && cp -R "${tree}/firmware/." /opt/lib/firmware/ && rm -rf "${tree}/firmware" || exit 1; \
      fi; \
{% endif %}
    done \
 && for folder in bin sbin lib lib64; do \
      if test -d "${folder}"; then \
        mkdir -p "usr/${folder}" && cp -a "${folder}/." "usr/${folder}/" && rm -rf "${folder}" || exit 1; \
      fi; \
    done

