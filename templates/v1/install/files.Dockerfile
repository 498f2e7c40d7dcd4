# Files of the sources: firmware, which KMM copies to where the kernel looks for it, licenses and others. Nothing is
# overwritten.
RUN put() { \
      to="$1"; shift; \
      for from in "$@"; do \
        test -e "${from}" || { echo "kmodgen: the source has no ${from}" >&2; return 1; }; \
        place="${to%/}" names=.; \
        if test -d "${from}"; then names="$(cd "${from}" && find . ! -type d)"; \
        elif test "${to}" != "${place}"; then place="${to}${from##*/}"; fi; \
        printf '%s\n' "${names}" | while IFS= read -r name; do \
          if test -n "${name}" && { test -e "${place}${name#.}" || test -L "${place}${name#.}"; }; then \
            echo "kmodgen: ${from}${name#.} would overwrite ${place}${name#.}" >&2; exit 1; \
          fi; \
        done || return 1; \
        if test -d "${from}"; then mkdir -p "${place}" && cp -RH "${from}/." "${place}/"; \
        else mkdir -p "${place%/*}" && cp "${from}" "${place}"; fi || return 1; \
      done; \
    } \
 && mkdir -p{% if install.has_firmware %} /opt/lib/firmware{% endif %}{% if install.licenses %} /licenses{% endif %}{% if install.files %} /usr/src/kmodgen-files{% endif %}
{%- for file in install.firmware + install.licenses %} \
 && put {{ file.to | expand }} {{ file.from | paths }}
{%- endfor %}
{%- for file in install.files %} \
 && put {{ ("/usr/src/kmodgen-files" ~ file.to) | expand }} {{ file.from | paths }}
{%- endfor %}


