# The RPMs, and out of them the files: the kmods are looked for beside the source.
RUN cd {{ step.folder | expand }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
rpmbuild -bb --define "_topdir /usr/src/rpmbuild" --define "_sourcedir ${PWD}"
{%- for define in step.defines %} --define {{ define | expand }}{% endfor %} {{ step.spec | expand }} \
 && mkdir -p kmodgen-rpms \
 && for rpm in /usr/src/rpmbuild/RPMS/*/*.rpm; do \
      rpm2cpio "${rpm}" | ( cd kmodgen-rpms && cpio -idm --quiet ) || exit 1; \
    done


