      from=; \
      case "${kmod}" in \
{% for place in kmod_folders %}
        {{ place.kmod }}) from={{ place.folder | expand }}; {% if place.anchored %}top="${from}"{% else %}top='*'{% endif %} ;; \
{% endfor %}
      esac; \
      if test -n "${from}"; then \
        built="$(find -H "${from}" -type f \( -path "${top}/${kmod}.ko" -o -path "${top}/${kmod}.ko.[gxz]*" \))"; \
        if test -f "${built}"; then \
          mkdir -p /usr/src/kmodgen-kmods && cp "${built}" /usr/src/kmodgen-kmods/ || exit 1; \
          built="/usr/src/kmodgen-kmods/${built##*/}"; \
          case "${built}" in \
            *.gz) gzip -d "${built}" ;; *.xz) xz -d "${built}" ;; *.zst) zstd -q -d --rm "${built}" ;; \
          esac || exit 1; \
          built="${built%.ko*}.ko"; \
        else built="${built:-none in ${from}}"; fi; \
      else \
