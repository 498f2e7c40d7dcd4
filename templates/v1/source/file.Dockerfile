# {{ source.name }}, checked by its checksum.
RUN mkdir -p {{ source.folder }} \
 && file=/usr/src/kmodgen/{{ source.name }}.download url={{ source.url | sh }} \
{% if source.secret is not none %}
 && login=/run/secrets/{{ source.secret }} \
 && { test -e "${login}/password" || { echo "kmodgen: the build mounts no secret {{ source.secret }} with a password" >&2; exit 1; }; } \
 && printf 'user = "%s:%s"\n' "$(sed 's/[\\"]/\\&/g' "${login}/username")" "$(sed 's/[\\"]/\\&/g' "${login}/password")" \
  | curl -fsSL --retry 3 -K - -o "${file}" "${url%%#*}" \
{% else %}
 && if command -v curl >/dev/null; then curl -fsSL --retry 3 -o "${file}" "${url%%#*}"; \
    elif command -v wget >/dev/null; then wget -q -O "${file}" "${url%%#*}"; \
    else echo "kmodgen: the builder image has neither curl nor wget" >&2; exit 1; fi \
{% endif %}
 && echo "{{ source.sha256 }}  ${file}" | sha256sum -c - \
{% include "kmodgen/source/unpack" %}
{% if source.form == "rpm" and install.rpms %}
 && name="${url##*[/#]}" && mkdir -p /usr/src/kmodgen-packages && mv "${file}" "/usr/src/kmodgen-packages/${name%%\?*}" \
{% else %}
 && rm "${file}" \
{% endif %}
 || { echo kmodgen: cannot get {{ source.url | sh }} >&2; exit 1; }

