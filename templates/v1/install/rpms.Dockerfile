# The files of packages, with their kmods uncompressed. A package's name is that of its file without version,
# release and architecture.
RUN mkdir -p /usr/src/kmodgen-packages/root && cd /usr/src/kmodgen-packages/root \
{% for group in install.rpm_folders %}
 && for package in{% for package in group.packages %} {{ package | expand }}{% endfor %}; do \
      found=; there=; \
{% if group.folder is none %}
      for rpm in /usr/src/kmodgen-packages/*.rpm /usr/src/rpmbuild/RPMS/*/*.rpm; do \
{% else %}
      for rpm in $(find -H {{ group.folder | expand }} -type f -name '*.rpm' ! -name '*.src.rpm' | LC_ALL=C sort); do \
{% endif %}
        test -f "${rpm}" || continue; \
        name="${rpm##*/}"; name="${name%-*-*}"; there="${there} ${name}"; \
        case "${name}" in ${package}) ;; *) continue ;; esac; \
        rpm2cpio "${rpm}" > ../payload && cpio -idmu --quiet < ../payload && found=yes || exit 1; \
      done; \
      test -n "${found}" || { echo "kmodgen: no package is ${package}; there are:${there:- none}" >&2; exit 1; }; \
    done \
{% endfor %}
 && find . -name '*.ko.xz' -exec xz -d {} + \
 && find . -name '*.ko.gz' -exec gzip -d {} + \
 && find . -name '*.ko.zst' -exec zstd -q -d --rm {} +

