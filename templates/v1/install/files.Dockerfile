# Firmware, which KMM copies to where the kernel looks for it, and licenses. Nothing is overwritten.
RUN put() { \
      to="$1"; shift; mkdir -p "${to}" || return 1; \
      for from in "$@"; do \
        test -e "${from}" || { echo "kmodgen: the source has no ${from}" >&2; return 1; }; \
        folder="${from}" names=.; \
        test -d "${from}" || { folder="${from%/*}" names="${from##*/}"; }; \
        ( cd "${folder}" && find "${names}" ! -type d ) | while IFS= read -r name; do \
          if test -e "${to}/${name}" || test -L "${to}/${name}"; then \
            echo "kmodgen: ${folder}/${name} would overwrite ${to}/${name}" >&2; exit 1; \
          fi; \
        done && cp -RH "${folder}/${names}" "${to}/" || return 1; \
      done; \
    } \
 && mkdir -p{% if install.has_firmware %} /opt/lib/firmware{% endif %}{% if install.licenses %} /licenses{% endif %}
{%- for file in install.firmware + install.licenses %} \
 && put {{ file.to | expand }} {{ (source.build_folder ~ "/" ~ file.from) | paths }}
{%- endfor %}


