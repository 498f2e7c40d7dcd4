# {{ source.name }}, out of {{ source.container }}: one file, and no link that leads out of it.
RUN mkdir -p {{ source.folder }} \
 && cd {{ source.container_folder }} \
 && set -- {{ source.path | paths }} \
 && { test "$#" = 1 && test -f "$1" && file="$(realpath "$1")" && case "${file}" in "$(pwd -P)"/*) ;; *) false ;; esac \
   || { echo kmodgen: {{ source.container }} must have one file {{ source.path | sh }}, and has: "$*" >&2; exit 1; }; } \
{% include "kmodgen/source/unpack" %}
{% if source.form == "rpm" and install.rpms %}
 && mkdir -p /usr/src/kmodgen-packages && case "${file}" in *.src.rpm) ;; *) cp "${file}" /usr/src/kmodgen-packages/ ;; esac \
{% endif %}
 || { echo kmodgen: cannot unpack {{ source.path | sh }} of {{ source.container }} >&2; exit 1; }

