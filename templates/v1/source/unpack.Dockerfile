{% if source.form == "tar" %}
 && tar -xf "${file}" -C {{ source.folder }} --no-same-owner --strip-components={{ source.strip_components }} \
{% elif source.form == "zip" %}
 && unzip -q "${file}" -d "${file}.d" && top="${file}.d" \
{% for level in range(source.strip_components) %}
 && set -- "${top}"/*/ && test "$#" = 1 && top="$1" \
{% endfor %}
 && cp -R "${top}/." {{ source.folder }}/ && rm -rf "${file}.d" \
{% elif source.form == "rpm" %}
 && rpm2cpio "${file}" > "${file}.cpio" && ( cd {{ source.folder }} && cpio -idm --quiet < "${file}.cpio" ) && rm "${file}.cpio" \
{% else %}
 && dpkg-deb -x "${file}" {{ source.folder }} \
{% endif %}
