# The options, and a check of each: kconfig drops in silence what it does not know, and what depends
# on something that is off.
RUN cd {{ step.folder | expand }} \
{% if step.defconfig %}
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
make{% for variable in step.vars %} {{ variable.name }}={{ variable.value | expand }}{% endfor %} {{ step.defconfig | expand }} \
{% endif %}
{% if step.options %}
 && printf '%s\n'{% for option in step.options %} {{ option.line | sh }}{% endfor %} >> .config \
{% endif %}
 && {% for variable in step.env %}{{ variable.name }}={{ variable.value | expand }} {% endfor -%}
make{% for variable in step.vars %} {{ variable.name }}={{ variable.value | expand }}{% endfor %} olddefconfig
{%- for option in step.options %} \
{% if option.off %}
 && { ! grep -q '^{{ option.name }}=' .config \
{% else %}
 && { grep -qxF {{ option.line | sh }} .config \
{% endif %}
   || { echo {{ ("kmodgen: kconfig does not take: " ~ option.line) | sh }} >&2; exit 1; }; }
{%- endfor %}


