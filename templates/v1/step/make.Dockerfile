RUN cd {{ step.folder | expand }} \
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
make
{%- if step.tool == "kbuild" %} -C "/lib/modules/${KERNEL_VERSION}/build" M="$PWD"{% endif %}
{%- if step.jobs == "all" %} -j"$(nproc)"{% elif step.jobs is not none %} -j{{ step.jobs }}{% endif %}
{% for variable in step.vars %} {{ variable.name }}={{ variable.value | expand }}{% endfor %}
{% for target in step.targets %} {{ target | expand }}{% endfor %}


